"""What became of a declared source on the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .meaning import CONTENT, DEFAULTED, SERVICE_OWN, WRITE_ONLY, kind_of, plain, same_url, told
from .models import SourceReply

__all__ = ["baseline", "observed", "server_defaults", "whole"]


def server_defaults(declared: Mapping[str, Any], reply: SourceReply) -> dict[str, Any]:
    """Fields of the kind that the program left out and the service filled; kept to see them change.

    What the service may set by itself at any time (``auto_sync``, the credential) is not among them, nor
    is a field that this version doesn't know.
    """
    kind = kind_of(declared)
    if kind is None:
        return {}
    return {
        name: value
        for name, value in told(reply).get(kind, {}).items()
        if value not in ("", []) and declared[kind].get(name) is None and name not in SERVICE_OWN
    }


def baseline(
    declared: Mapping[str, Any], recorded: Mapping[str, Any] | None, reply: SourceReply
) -> dict[str, Any]:
    """The service's defaults to compare with from now on.

    Args:
        declared: inputs in the state.
        recorded: the baseline of the state; None where the create could not read the source back, so that
            nobody knows what the service filled in then.
        reply: the source as the service answers it now.
    """
    filled = server_defaults(declared, reply)
    if recorded is None:
        return filled
    # A limit that the service didn't answer before and does now is its own default, newly shown.
    shown = {name: value for name, value in filled.items() if name in DEFAULTED}
    return {**shown, **recorded}


def observed(declared: Mapping[str, Any], recorded: Mapping[str, Any], reply: SourceReply) -> dict[str, Any]:
    """The declared inputs as they stand on the service.

    Equal values keep the program's spelling, so that an unchanged source gives back its inputs; a changed
    one shows the service's value. A write-only value keeps what was last sent. ``chunking`` and
    ``embedding`` that the program left out are the service's: they are outputs, never drift.

    Args:
        declared: inputs in the state.
        recorded: :func:`baseline` of the state: what the service filled in by itself.
        reply: the source as the service answers it now.
    """
    theirs = told(reply)
    seen = {name: value for name, value in declared.items() if name not in CONTENT}
    for name in CONTENT:
        if declared.get(name) is None:
            continue
        value = _observed(name, declared[name], theirs.get(name))
        if name == "embedding_model" and value != declared[name]:
            # The service may keep the two names of one thing apart; the other may be the equal one.
            dense = theirs.get("embedding", {}).get("dense")
            value = declared[name] if _observed(name, declared[name], dense) == declared[name] else value
        if value is not None:
            seen[name] = value
    kind = reply.kind
    if kind is not None:
        filled = server_defaults({kind: declared.get(kind) or {}}, reply)
        drifted = {
            name: value for name, value in filled.items() if not _same(name, recorded.get(name), value)
        }
        if drifted:
            seen[kind] = {**seen.get(kind, {}), **drifted}
    return seen


def whole(reply: SourceReply) -> dict[str, Any]:
    """Inputs that declare a source exactly as it stands on the service.

    ``auto_sync`` is left out at its default, and so is ``embedding_model`` where it says no more than
    ``embedding.dense``.
    """
    theirs = told(reply)
    inputs = {name: _tidy(theirs[name]) for name in CONTENT if name in theirs}
    if inputs.get("embedding_model") == inputs.get("embedding", {}).get("dense"):
        inputs.pop("embedding_model", None)
    s3 = inputs.get("s3", {})
    if s3.get("auto_sync") == "none":
        del s3["auto_sync"]
    return inputs


def _observed(name: str, declared: Any, actual: Any) -> Any:
    if isinstance(declared, Mapping) and isinstance(actual, Mapping):
        if name == "chunking" and declared.get("type") != actual.get("type"):
            return actual
        kept = {key: _observed(key, value, actual.get(key)) for key, value in declared.items()}
        return {key: value for key, value in kept.items() if value is not None}
    if name in WRITE_ONLY or _same(name, declared, actual):
        return declared
    return actual


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


def _tidy(value: Any) -> Any:
    """As a program would write it: whole numbers as such, and no empty lists."""
    if isinstance(value, Mapping):
        return {name: _tidy(item) for name, item in value.items() if item != []}
    return int(value) if isinstance(value, float) and value.is_integer() else value
