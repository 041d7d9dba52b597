"""What a program may say of many runs, field by field: types and bounds, as for one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pulumi_chroma_sync.kinds.invocation.model import CustomId
from pulumi_chroma_sync.kinds.source.model import Name, Text

__all__ = ["ARGUMENTS", "INPUTS", "InvocationsInputs", "objects_in", "run_inputs"]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class ObjectInputs(_Request):
    """What is particular to the run of one object."""

    custom_id: CustomId | None = None
    metadata: dict[str, Any] | None = None


class InvocationsInputs(_Request):
    """What a program declares."""

    source_id: Text
    keys: dict[str, ObjectInputs]
    target_collection_name: Name | None = None
    metadata: dict[str, Any] | None = None
    triggers: Any = None
    wait: bool | None = None
    deadline: Annotated[float, Field(ge=1, le=604_800)] | None = None
    on_deadline: Literal["fail", "cancel", "leave"] | None = None
    on_conflict: Literal["adopt", "run"] | None = None
    name: str | None = None
    connection: Any = None


ARGUMENTS = ("wait", "deadline", "on_deadline", "on_conflict", "name", "connection")
"""Inputs that only say how runs are looked after."""

INPUTS = tuple(InvocationsInputs.model_fields)
"""Names of everything that a program passes; ``name`` is the resource's, for what is said of it."""


def objects_in(inputs: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Object key -> what is particular to its run. A list of keys says nothing more of them."""
    keys = inputs.get("keys")
    if isinstance(keys, Mapping):
        return {key: own if isinstance(own, Mapping) else {} for key, own in keys.items()}
    return {key: {} for key in keys if isinstance(key, str)} if isinstance(keys, list) else {}


def run_inputs(inputs: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The inputs of the run of one object, as those of an ``Invocation``."""
    own = objects_in(inputs).get(key) or {}
    shared = {
        name: inputs[name]
        for name in (
            "source_id",
            "target_collection_name",
            "deadline",
            "on_deadline",
            "on_conflict",
            "connection",
        )
        if inputs.get(name) is not None
    }
    metadata = {**(inputs.get("metadata") or {}), **(own.get("metadata") or {})}
    more = {"metadata": metadata} if metadata else {}
    custom_id = {"custom_id": own["custom_id"]} if own.get("custom_id") else {}
    return {"name": key, **shared, "object_key": key, **custom_id, **more}
