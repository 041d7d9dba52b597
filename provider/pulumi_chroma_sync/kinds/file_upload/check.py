"""What check makes of a program's inputs: normalised, validated, with every mistake by its path; and what it
finds in the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi.dynamic import CheckFailure

from pulumi_chroma_sync.core.account import how_to_set_database
from pulumi_chroma_sync.core.validation import (
    Path,
    broken_fields,
    failure_of,
    failures_of,
    is_known,
    is_wholly_known,
    stripped,
)
from pulumi_chroma_sync.kinds.invocation.rules import broken_metadata

from .content import UnusableFileError, look_at
from .model import INPUTS, UploadInputs
from .spec import as_json

__all__ = ["check_inputs", "setting_failure", "without_database_failure"]

_NO_SECRETS = frozenset(INPUTS) - {"metadata", "triggers"}
_NO_DATABASE = how_to_set_database()
_MOST_METADATA = 16 * 1024
_RESERVED = "chroma_"


def check_inputs(
    news: Mapping[str, Any], database: str | None, no_database: str = _NO_DATABASE
) -> tuple[dict[str, Any], list[CheckFailure]]:
    """Normalise and validate what a program passed, and look at the file.

    Args:
        news: the property bag as the engine gives it; may hold unknown values at any depth.
        database: the database where the program names none.
        no_database: the failure where nobody names one.

    Returns:
        The inputs to keep, with the file's ``sha256``, ``size`` and ``filename``, and every failure, at most
        one for each property path, ordered by path.
    """
    inputs = {name: value for name, value in news.items() if name != "__provider" and value is not None}
    # Of what the program's own is nothing is taken away: null among triggers is a trigger.
    kept: dict[str, Any] = {name: inputs[name] for name in ("triggers", "metadata") if name in inputs}
    inputs = {**stripped(inputs), **kept}
    if "database_name" not in inputs and database:
        inputs["database_name"] = database
    path = inputs.get("file")
    is_named = "filename" in inputs
    if isinstance(path, str) and path and not is_named:
        inputs["filename"] = os.path.basename(os.path.normpath(path))
    broken: list[tuple[Path, str]] = []
    if "database_name" not in inputs:
        broken.append((("database_name",), no_database))
    broken += _broken_rules(inputs)
    for where, sentence in broken_fields(UploadInputs, inputs):
        if where == ("filename",) and not is_named:
            where, sentence = ("file",), f"its name can't be the document's: {sentence}; give filename"
        broken.append((where, sentence))
    if isinstance(path, str) and path:
        try:
            content = look_at(path)
        except UnusableFileError as error:
            broken.insert(0, (("file",), error.message))
        else:
            # Where the program ignores changes of the content, the engine gives what was before.
            inputs.setdefault("sha256", content.sha256)
            inputs.setdefault("size", content.size)
    return inputs, failures_of(broken, inputs, _NO_SECRETS)


def setting_failure(setting: str, reason: str, inputs: Mapping[str, Any]) -> CheckFailure:
    """The failure of a setting, told as a property's."""
    return failure_of(setting, reason, inputs, INPUTS)


def without_database_failure(failures: Iterable[CheckFailure]) -> list[CheckFailure]:
    """These failures but for the one that no database is named."""
    return [failure for failure in failures if failure.reason != _NO_DATABASE]


def _broken_rules(inputs: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    chunking = inputs.get("chunking")
    if (
        isinstance(chunking, Mapping)
        and chunking.get("type") == "tree_sitter"
        and "max_lines" in chunking
        and is_known(chunking["max_lines"])
    ):
        yield ("chunking", "max_lines"), 'belongs to type "lines"; this is "tree_sitter"'
    metadata = inputs.get("metadata")
    if not isinstance(metadata, Mapping):
        return
    for name in metadata:
        if str(name).startswith(_RESERVED):
            yield ("metadata", name), f"keys that begin with {_RESERVED} are Chroma's own; give another name"
    yield from broken_metadata(metadata, is_known)
    if is_wholly_known(metadata):
        try:
            size = len(as_json(metadata).encode())
        except ValueError:
            yield ("metadata",), "must have numbers that JSON has"
            return
        if size > _MOST_METADATA:
            yield (
                ("metadata",),
                f"has {size:,} bytes as JSON; the API takes at most {_MOST_METADATA:,} (16 KiB)",
            )
