"""A source whose state was written by a dynamic provider of the user's own, with outputs of any shape.

The engine brings such a resource here by an alias (``docs/import.md``). Its source stays as it is where it is
what the program declares; the state is written anew, and nothing is sent that changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.validation import is_wholly_known
from pulumi_chroma_sync.errors import ChromaSyncError

from .sources import Sources
from .spec import SourceSpec, kind_of
from .state import declared_in, outputs_of

__all__ = ["is_of_a_source", "may_move_in", "moved_in"]


def is_of_a_source(outputs: Mapping[str, Any], source_id: str) -> bool:
    """Whether these are outputs of this resource, of any version, and not of a user's own provider."""
    ours = "state_entry" in outputs or kind_of(outputs) is not None
    return outputs.get("source_id") == source_id and ours


def may_move_in(session: Session, source_id: str, news: Mapping[str, Any]) -> bool:
    """Whether the id is a source that is what the program declares; False while a value isn't known.

    Raises:
        ChromaSyncError: the service could not be asked.
    """
    return is_wholly_known(news) and _equal_one(session, source_id, news) is not None


def moved_in(session: Session, source_id: str, news: Mapping[str, Any], entry: str) -> dict[str, Any]:
    """The outputs of the source that comes over.

    Args:
        session: the process's view of the service.
        source_id: the id in the state.
        news: checked inputs.
        entry: identity of the entry in the state.

    Raises:
        ChromaSyncError: it is no longer what the program declares.
    """
    reply = _equal_one(session, source_id, news)
    if reply is None or not session.ownership.take(source_id, entry):
        raise ChromaSyncError(f"source {source_id} changed since the preview. Run the same command again")
    return outputs_of(declared_in(news), source_id, reply.body, reply.created_at, entry)


def _equal_one(session: Session, source_id: str, news: Mapping[str, Any]) -> SourceReply | None:
    reply = session.part(Sources).read(None, source_id, None)
    if reply is None or reply.problem is not None:
        return None
    spec = SourceSpec.from_inputs(declared_in(news))
    return None if spec.differences(SourceSpec.from_answer(reply.body)) else reply
