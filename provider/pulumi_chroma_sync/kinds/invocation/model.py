"""What a program may say of a run, field by field: types and bounds. All facts are from the API's contract
unless a comment says otherwise.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pulumi_chroma_sync.kinds.source.model import Name, Text

__all__ = ["ARGUMENTS", "INPUTS", "RUN", "CustomId", "InvocationInputs", "RunPayload", "Seconds"]

LONGEST_CUSTOM_ID = 120
"""In bytes: the contract counts characters, the vendor's documentation bytes."""


def _checked_custom_id(value: str) -> str:
    if len(value.encode()) > LONGEST_CUSTOM_ID:
        raise ValueError(f"must be at most {LONGEST_CUSTOM_ID} bytes")
    return value


CustomId = Annotated[str, AfterValidator(_checked_custom_id)]
Seconds = Annotated[float, Field(ge=1, le=604_800)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Ref(_Request):
    """A commit or a branch; that it is one of the two is in :mod:`.rules`."""

    sha: Text | None = None
    branch: Text | None = None


class RunPayload(_Request):
    """Body of ``POST /api/v1/sources/{source_id}/invocations``."""

    target_collection_name: Name | None = None
    ref_identifier: Ref | None = None
    object_key: Text | None = None
    custom_id: CustomId | None = None
    metadata: dict[str, Any] | None = None


class InvocationInputs(RunPayload):
    """What a program declares: of which source, the payload, and what the API never sees."""

    source_id: Text
    triggers: Any = None
    wait: bool | None = None
    deadline: Seconds | None = None
    on_deadline: Literal["fail", "cancel", "leave"] | None = None
    on_conflict: Literal["error", "adopt", "run"] | None = None
    delete_superseded_collection: bool | None = None
    name: str | None = None
    connection: Any = None


RUN = ("source_id", *RunPayload.model_fields, "triggers")
"""Inputs of which a change is another run."""

ARGUMENTS = (
    "wait",
    "deadline",
    "on_deadline",
    "on_conflict",
    "delete_superseded_collection",
    "name",
    "connection",
)
"""Inputs that only say how this run is looked after."""

INPUTS = (*RUN, *ARGUMENTS)
"""Names of everything that a program passes; ``name`` is the resource's, for what is said of it."""
