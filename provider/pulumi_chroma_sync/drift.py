"""What became of a declared source on the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .meaning import CONTENT, SERVICE_OWN, WRITE_ONLY, kind_of, plain, same_url
from .models import SourceReply

__all__ = ["observed", "server_defaults", "whole"]


def server_defaults(declared: Mapping[str, Any], reply: SourceReply) -> dict[str, Any]:
    """Fields of the kind that the program left out and the service filled; kept to see them change.

    What the service may set by itself at any time (``auto_sync``, the credential) is not among them.
    """
    kind = kind_of(declared)
    theirs = getattr(reply, kind) if kind else None
    if kind is None or theirs is None:
        return {}
    return {
        name: value
        for name, value in theirs.items()
        if value not in (None, "", [])
        and declared[kind].get(name) is None
        and name not in WRITE_ONLY
        and name not in SERVICE_OWN
    }


def observed(declared: Mapping[str, Any], recorded: Mapping[str, Any], reply: SourceReply) -> dict[str, Any]:
    """The declared inputs as they stand on the service.

    Equal values keep the program's spelling, so that an unchanged source gives back its inputs; a changed
    one shows the service's value. A write-only value keeps what was last sent. ``chunking`` and
    ``embedding`` that the program left out are the service's: they are outputs, never drift.

    Args:
        declared: inputs in the state.
        recorded: :func:`server_defaults` of the state: what the service filled in at the time.
        reply: the source as the service answers it now.
    """
    theirs = reply.model_dump()
    theirs["embedding_model"] = theirs["embedding_model"] or (theirs["embedding"] or {}).get("dense")
    seen = {name: value for name, value in declared.items() if name not in CONTENT}
    for name in CONTENT:
        if declared.get(name) is not None:
            value = _observed(name, declared[name], theirs[name])
            if value is not None:
                seen[name] = value
    kind = reply.kind
    if kind is not None:
        filled = server_defaults({kind: declared.get(kind) or {}}, reply)
        drifted = {name: value for name, value in filled.items() if recorded.get(name) != value}
        if drifted:
            seen[kind] = {**seen.get(kind, {}), **drifted}
    return seen


def whole(reply: SourceReply) -> dict[str, Any]:
    """Inputs that declare a source exactly as it stands on the service.

    ``auto_sync`` is left out at its default, and so is ``embedding_model``, which says no more than
    ``embedding.dense``.
    """
    theirs = _without_none(reply.model_dump())
    inputs = {name: theirs[name] for name in CONTENT if name in theirs and name != "embedding_model"}
    if "embedding_model" in theirs and "dense" not in inputs.get("embedding", {}):
        inputs["embedding_model"] = theirs["embedding_model"]
    s3 = inputs.get("s3", {})
    if s3.get("auto_sync") == "none":
        del s3["auto_sync"]
    return inputs


def _observed(name: str, declared: Any, actual: Any) -> Any:
    if isinstance(declared, Mapping) and isinstance(actual, Mapping):
        if name == "chunking" and declared.get("type") != actual.get("type"):
            return _without_none(actual)
        kept = {key: _observed(key, value, actual.get(key)) for key, value in declared.items()}
        return {key: value for key, value in kept.items() if value is not None}
    if name in WRITE_ONLY or _same(name, declared, actual):
        return declared
    return _without_none(actual)


def _same(name: str, declared: Any, actual: Any) -> bool:
    if name == "embedding_model" and isinstance(declared, str):
        return bool(isinstance(actual, Mapping) and actual.get("model") == declared)
    left, right = plain(declared, name), plain(actual, name)
    if isinstance(left, str) and isinstance(right, str):
        if name == "repository":
            return left.casefold() == right.casefold()
        if name == "starting_url":
            return same_url(left) == same_url(right)
    return bool(left == right or (name == "path_prefix" and not left and not right))


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value
