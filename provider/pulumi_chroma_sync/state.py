"""What the state holds of a source: after create, read and import alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .drift import baseline, observed, server_defaults
from .models import INPUTS, SourceReply

__all__ = ["declared_in", "refreshed", "state_of"]


def declared_in(props: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs among these properties."""
    return {name: props[name] for name in INPUTS if props.get(name) is not None}


def state_of(
    inputs: Mapping[str, Any], source_id: str, reply: SourceReply | None, previous: Mapping[str, Any]
) -> dict[str, Any]:
    """The outputs: the inputs, and what the service decided under names of its own.

    Args:
        inputs: as declared.
        source_id: the service's id.
        reply: the source as the service answers it; None where it could not be read.
        previous: outputs in the state until now.
    """
    outputs: dict[str, Any] = {**inputs, "source_id": source_id}
    if reply is None:
        return outputs
    outputs["created_at"] = reply.created_at or previous.get("created_at")
    outputs["effective_chunking"] = reply.chunking
    outputs["effective_embedding"] = reply.embedding
    if defaults := server_defaults(inputs, reply):
        outputs["server_defaults"] = defaults
    s3 = inputs.get("s3") or {}
    if "aws_access_key_id" in s3 and reply.s3 is not None:
        outputs["aws_credential_id"] = reply.s3.get("aws_credential_id")
    return outputs


def refreshed(
    declared: Mapping[str, Any], source_id: str, reply: SourceReply, previous: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs and outputs after a look at the service.

    Args:
        declared: the inputs in the state.
        source_id: the service's id.
        reply: the source as the service answers it now.
        previous: outputs in the state until now.
    """
    # Without created_at the create could not read the source back.
    recorded = previous.get("server_defaults") or {} if "created_at" in previous else None
    defaults = baseline(declared, recorded, reply)
    inputs = observed(declared, defaults, reply)
    outputs = state_of(inputs, source_id, reply, previous)
    outputs.pop("server_defaults", None)
    if defaults:
        outputs["server_defaults"] = defaults
    return inputs, outputs
