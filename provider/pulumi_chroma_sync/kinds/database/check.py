"""What check makes of a program's inputs: normalised, validated, with every mistake by its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.dynamic import CheckFailure

from pulumi_chroma_sync.core.validation import broken_fields, failure_of, failures_of, is_known, stripped

from .model import INPUTS, DatabaseInputs

__all__ = ["check_inputs", "is_text", "setting_failure"]


def check_inputs(news: Mapping[str, Any]) -> tuple[dict[str, Any], list[CheckFailure]]:
    """Normalise and validate what a program passed.

    Returns:
        The inputs to keep, and every failure, at most one for each property path, ordered by path.
    """
    inputs = stripped({name: value for name, value in news.items() if name != "__provider"})
    return inputs, failures_of(broken_fields(DatabaseInputs, inputs), inputs, INPUTS)


def is_text(value: object) -> bool:
    """Whether this is known, and a text."""
    return is_known(value) and isinstance(value, str)


def setting_failure(setting: str, reason: str, inputs: Mapping[str, Any]) -> CheckFailure:
    """The failure of a setting, told as a property's."""
    return failure_of(setting, reason, inputs, INPUTS)
