"""What the state holds of a run: the inputs, and what the service said last. All of it is state format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_chroma_sync.api.invocation_replies import OVER, InvocationReply
from pulumi_chroma_sync.api.replies import moment_of
from pulumi_chroma_sync.core.ownership import entry_made_at

from .model import INPUTS

__all__ = ["born", "declared_in", "is_unfinished", "outputs_of", "with_reply"]


def declared_in(props: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs among these properties."""
    return {name: props[name] for name in INPUTS if props.get(name) is not None}


def is_unfinished(props: Mapping[str, Any]) -> bool:
    """Whether the run was under way when the state heard of it last."""
    status = props.get("status")
    return isinstance(status, str) and status not in OVER


def born(props: Mapping[str, Any]) -> Any:
    """When a run was started: by the service's clock, else when its entry in the state was made."""
    return moment_of(str(props.get("created_at") or "")) or entry_made_at(props.get("state_entry"))


def outputs_of(
    inputs: Mapping[str, Any], run_id: str, reply: InvocationReply | None, entry: str
) -> dict[str, Any]:
    """The outputs of a run.

    Args:
        inputs: as declared.
        run_id: the service's id.
        reply: the run as the service answers it; None where it could not be read yet.
        entry: identity of the entry in the state.
    """
    outputs = {**declared_in(inputs), "invocation_id": run_id, "state_entry": entry, "status": "pending"}
    return outputs if reply is None else with_reply(outputs, reply)


def with_reply(outputs: Mapping[str, Any], reply: InvocationReply) -> dict[str, Any]:
    """These outputs with what the service says of the run now."""
    said: dict[str, Any] = {
        "source_id": outputs.get("source_id") or reply.source_id or None,
        "status": reply.status,
        "error": reply.error or None,
        "created_at": reply.created_at or outputs.get("created_at"),
        "finished_at": reply.finished_at or None,
        "duration_ms": reply.duration_ms,
        "collection_name": reply.collection_name or outputs.get("collection_name"),
        "database_name": reply.database_name or outputs.get("database_name"),
    }
    kept = {
        name: value
        for name, value in outputs.items()
        if name not in said and name not in ("__provider", "forgotten")
    }
    return {**kept, **{name: value for name, value in said.items() if value is not None}}
