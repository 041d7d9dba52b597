"""What a run is, as one value that two descriptions of it can be compared by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.core.border import with_whole_numbers
from pulumi_chroma_sync.core.specification import is_absent

from .model import RUN, RunPayload

__all__ = ["RunSpec", "changed_inputs", "payload"]


@dataclass(frozen=True)
class RunSpec:
    """A run in normal form.

    Args:
        source_id: of which source.
        collection: that it writes; "" where the source says it.
        ref: ``branch:main``, ``sha:3f2a...``, or "".
        object_key: of an S3 run, or "".
        custom_id: likewise.
        metadata: as JSON with sorted keys; "" for none.
    """

    source_id: str
    collection: str = ""
    ref: str = ""
    object_key: str = ""
    custom_id: str = ""
    metadata: str = ""

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> RunSpec:
        """What these inputs ask for; all known."""
        return cls(
            str(inputs.get("source_id")).casefold(),
            inputs.get("target_collection_name") or "",
            _ref(inputs.get("ref_identifier")),
            inputs.get("object_key") or "",
            inputs.get("custom_id") or "",
            _json(inputs.get("metadata")),
        )

    def is_met_by(self, reply: InvocationReply) -> bool:
        """Whether this run of the service is one of what was asked for.

        What was left out is the service's to fill in. Only runs of the very source are compared.
        """
        return (
            reply.problem is None
            and (not self.collection or reply.collection_name == self.collection)
            and (not self.ref or _ref(reply.ref) == self.ref)
            and reply.object_key == self.object_key
            and reply.custom_id == self.custom_id
            and _json(reply.metadata) == self.metadata
        )


def payload(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the request for a run of these inputs."""
    body = {name: inputs[name] for name in RunPayload.model_fields if inputs.get(name) is not None}
    if isinstance(metadata := body.get("metadata"), Mapping):
        body["metadata"] = {name: _of_one_type(value) for name, value in metadata.items()}
    return body


def changed_inputs(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """The inputs that ask for another run than before, in order; an unknown value is a change."""
    return [name for name in RUN if _normal(name, olds.get(name)) != _normal(name, news.get(name))]


def _normal(name: str, value: Any) -> Any:
    if is_absent(value) or value == {}:
        return None
    return value.casefold() if name == "source_id" and isinstance(value, str) else value


def _ref(ref: object) -> str:
    if not isinstance(ref, Mapping):
        return ""
    return next((f"{name}:{ref[name]}" for name in ("sha", "branch") if ref.get(name)), "")


def _json(metadata: object) -> str:
    return json.dumps(with_whole_numbers(metadata), sort_keys=True) if metadata else ""


def _of_one_type(value: Any) -> Any:
    # Through the engine 2.0 comes as 2, and beside 1.5 a service would see two types.
    if isinstance(value, list) and any(isinstance(item, float) for item in value):
        return [float(item) if isinstance(item, int) else item for item in value]
    return value
