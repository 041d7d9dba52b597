"""What check makes of a program's inputs: normalised, validated, with every mistake by its path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pulumi.dynamic import CheckFailure

from pulumi_chroma_sync.core.account import how_to_set_database
from pulumi_chroma_sync.core.validation import (
    REQUIRED,
    Path,
    broken_fields,
    failure_of,
    failures_of,
    is_known,
    stripped,
)

from .model import INPUTS, PAYLOAD, SourceInputs
from .rules import broken_rules

__all__ = ["NO_DATABASE", "check_inputs", "setting_failure", "without_database_failure"]

_PROVIDER = "__provider"
"""The SDK's own key in every property bag."""

_NO_SECRETS = frozenset(INPUTS) - {"s3", "extra"}
"""Those two hold a secret where they are what they should be, and may be one where they aren't."""

NO_DATABASE = how_to_set_database()
"""Where nobody has asked which one it could be."""


def check_inputs(
    news: Mapping[str, Any], database: str | None, no_database: str = NO_DATABASE
) -> tuple[dict[str, Any], list[CheckFailure]]:
    """Normalise and validate what a program passed.

    Args:
        news: the property bag as the engine gives it; may hold unknown values at any depth.
        database: the database where the program names none.
        no_database: the failure where nobody names one.

    Returns:
        The inputs to keep (None values gone, the database filled in) and every failure, at most one for
        each property path, ordered by path.
    """
    inputs = stripped({name: value for name, value in news.items() if name != _PROVIDER})
    if "database_name" not in inputs and database:
        inputs["database_name"] = database
    broken: list[tuple[Path, str]] = []
    if "database_name" not in inputs:
        broken.append((("database_name",), no_database))
    broken += broken_rules(inputs, is_known)
    broken += [
        (path, sentence)
        for path, sentence in broken_fields(SourceInputs, inputs, _through_extra)
        if path != ("file_upload",)  # broken_rules explains it
        and not (sentence == REQUIRED and _comes_through(inputs.get("extra"), path))
    ]
    return inputs, failures_of(broken, inputs, _NO_SECRETS)


def setting_failure(setting: str, reason: str, inputs: Mapping[str, Any]) -> CheckFailure:
    """The failure of a setting, told as a property's."""
    return failure_of(setting, reason, inputs, INPUTS)


def without_database_failure(failures: Iterable[CheckFailure]) -> list[CheckFailure]:
    """These failures but for the one that no database is named."""
    return [failure for failure in failures if failure.reason != NO_DATABASE]


def _comes_through(extra: Any, path: Path) -> bool:
    """Whether ``extra`` has this field, or may turn out to."""
    for part in path:
        if not is_known(extra):
            return True
        extra = extra.get(part) if isinstance(extra, Mapping) else None
    return extra is not None


def _through_extra(path: Path) -> str:
    """How to pass a field or a value that the service knows and this version doesn't."""
    if path[0] not in PAYLOAD and len(path) > 1:
        return ""
    if path[0] in INPUTS and path[0] not in PAYLOAD:
        return ""
    example = "..."
    for part in reversed(path):
        example = f'{{"{part}": {example}}}'
    return f"; if the service is newer than this version, pass extra={example} instead"
