"""The chunking and embedding that the service applies; the state leaves out what goes without saying.

Half of what a source's state held above that of an empty resource was the service's answer repeating what was
declared, and its one default; the engine writes the whole state at every step. So an output of these is kept
where it says more than that:

=========================  ==================================================================================
in the state               what the service applies
=========================  ==================================================================================
no key                     what was declared; where nothing was, the API's one embedding, and no chunking
``{}``                     nothing, in spite of that
anything else              this; earlier versions always wrote it
=========================  ==================================================================================

Without ``created_at`` the answer was never read, and no key means that nobody knows. All of this is state
format: it never changes. Nothing is imported here, because a program reads these outputs, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["APPLIED", "applied", "applied_in", "kept_of"]

APPLIED = {"effective_chunking": "chunking", "effective_embedding": "embedding"}
"""Outputs, each with the input that it answers; the service answers under the input's name."""

_USUAL: dict[str, Any] = {"embedding": {"dense": {"model": "Qwen/Qwen3-Embedding-0.6B"}}}
"""What the API applies where nothing is declared, as far as that is one thing. A service that comes to apply
another is kept in the state, so this stays true of every state."""


def applied(name: str, kept: Any, declared: Any) -> Any:
    """What the service applies; None for nothing.

    Args:
        name: of the output.
        kept: what the state has under this name, of a source that was read.
        declared: what it has under the input's.
    """
    if kept is None:
        return declared or _USUAL.get(APPLIED[name])
    return kept or None


def applied_in(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The same of both, by the service's names; empty where it was never read."""
    if "created_at" not in outputs:
        return {}
    return {
        input_name: applied(name, outputs.get(name), outputs.get(input_name))
        for name, input_name in APPLIED.items()
    }


def kept_of(answer: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs that say more than what goes without saying.

    Args:
        answer: what the service applies, by its own names.
        declared: the inputs that stand beside them in the state.
    """
    kept = {}
    for name, input_name in APPLIED.items():
        theirs = _without_none(answer.get(input_name)) or {}
        if theirs != (applied(name, None, _without_none(declared.get(input_name))) or {}):
            kept[name] = theirs
    return kept


def _without_none(value: Any) -> Any:
    # Nobody sees them: the SDK drops them wherever they stand.
    if isinstance(value, Mapping):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value
