"""What check makes of a program's inputs: every mistake by its key and path, and not thousands of lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi.dynamic import CheckFailure

from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.core.validation import (
    Path,
    broken_fields,
    failure_of,
    failures_of,
    is_known,
    stripped,
)
from pulumi_chroma_sync.kinds.invocation.rules import broken_metadata, unfit_for

from .model import INPUTS, InvocationsInputs, objects_in

__all__ = ["check_inputs", "setting_failure", "unfit"]

_SHOWN = 20
"""Failures of objects that are told in full; the rest is counted."""

_NO_SECRETS = frozenset(INPUTS) - {"metadata", "triggers", "keys"}


def check_inputs(news: Mapping[str, Any]) -> tuple[dict[str, Any], list[CheckFailure]]:
    """Normalise and validate what a program passed.

    Returns:
        The inputs to keep, and the failures: of what all objects share first, then of at most 20 objects.
    """
    inputs = {name: value for name, value in news.items() if name != "__provider" and value is not None}
    # Null is a trigger, a value of metadata, and an object of which nothing is said.
    kept: dict[str, Any] = {name: inputs[name] for name in ("triggers", "metadata", "keys") if name in inputs}
    inputs = {**stripped(inputs), **kept}
    if isinstance(inputs.get("keys"), Mapping):
        inputs["keys"] = {key: {} if own is None else own for key, own in inputs["keys"].items()}
    checked = {**inputs, "keys": objects_in(inputs)} if isinstance(inputs.get("keys"), list) else inputs
    broken = [*_broken_keys(inputs), *_broken_rules(inputs), *broken_fields(InvocationsInputs, checked)]
    return inputs, _failures(broken, inputs)


def unfit(source: SourceReply, inputs: Mapping[str, Any]) -> list[CheckFailure]:
    """What the source of these runs demands and these inputs don't give."""
    if source.kind_name != "s3":
        reason = "must be a source of kind s3; of any other kind one run syncs everything (Invocation)"
        return _failures([(("source_id",), reason)], inputs)
    fields = source.body.get("s3")
    fields = fields if isinstance(fields, Mapping) else {}
    broken: list[tuple[Path, str]] = []
    for key in objects_in(inputs):
        broken += [(("keys", key), why) for _, why in unfit_for("s3", fields, {"object_key": key}, is_known)]
    return _failures(broken, inputs)


def setting_failure(setting: str, reason: str, inputs: Mapping[str, Any]) -> CheckFailure:
    """The failure of a setting, told as a property's."""
    return failure_of(setting, reason, inputs, INPUTS)


def _broken_keys(inputs: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    keys = inputs.get("keys")
    if isinstance(keys, Mapping) and "" in keys:
        yield ("keys",), "the key of an object must not be empty"
    seen: dict[str, int] = {}
    for index, key in enumerate(keys) if isinstance(keys, list) else ():
        if not is_known(key):
            yield ("keys", index), "must be known at preview; a list that is unknown as a whole may be"
        elif not isinstance(key, str) or not key:
            yield ("keys", index), "must be the key of an object"
        elif key in seen:
            yield ("keys", index), f"is the same as keys[{seen[key]}]; an object is run once"
        else:
            seen[key] = index


def _broken_rules(inputs: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    yield from broken_metadata(inputs.get("metadata"), is_known)
    for key, own in objects_in(inputs).items():
        yield from broken_metadata(own.get("metadata"), is_known, ("keys", key, "metadata"))


def _failures(broken: list[tuple[Path, str]], inputs: Mapping[str, Any]) -> list[CheckFailure]:
    of_all = [each for each in broken if each[0][0] != "keys" or len(each[0]) == 1]
    of_objects: dict[str, str] = {}
    for path, sentence in broken:
        if path[0] == "keys" and len(path) > 1:
            of_objects.setdefault(_place(path), sentence)
    shown = [CheckFailure(place, sentence) for place, sentence in list(of_objects.items())[:_SHOWN]]
    if len(of_objects) > _SHOWN:
        shown.append(CheckFailure("keys.*", f"and {len(of_objects) - _SHOWN:,} more failures"))
    return [*failures_of(of_all, inputs, _NO_SECRETS), *shown]


def _place(path: Path) -> str:
    """``keys["a.pdf"].custom_id``, or ``keys[3]``."""
    _, key, *rest = path
    return f"keys[{json.dumps(key, ensure_ascii=False)}]" + "".join(f".{part}" for part in rest)
