"""What check makes of a program's inputs: normalised, validated, with every mistake by its path."""

from __future__ import annotations

from collections.abc import Mapping
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

from .model import INPUTS, InvocationInputs
from .rules import broken_rules, unfit_for

__all__ = ["check_inputs", "setting_failure", "unfit"]

_NO_SECRETS = frozenset(INPUTS) - {"metadata", "triggers"}


def check_inputs(news: Mapping[str, Any]) -> tuple[dict[str, Any], list[CheckFailure]]:
    """Normalise and validate what a program passed.

    Returns:
        The inputs to keep, and every failure, at most one for each property path, ordered by path.
    """
    inputs = {name: value for name, value in news.items() if name != "__provider" and value is not None}
    # Of what the service never sees nothing is taken away: null among triggers is a trigger.
    kept: dict[str, Any] = {name: inputs[name] for name in ("triggers", "metadata") if name in inputs}
    inputs = {**stripped(inputs), **kept}
    broken: list[tuple[Path, str]] = [
        *broken_rules(inputs, is_known),
        *broken_fields(InvocationInputs, inputs),
    ]
    return inputs, failures_of(broken, inputs, _NO_SECRETS)


def unfit(source: SourceReply, inputs: Mapping[str, Any]) -> list[CheckFailure]:
    """What the source of this run demands and these inputs don't give."""
    fields = source.body.get(source.kind_name)
    broken = unfit_for(source.kind_name, fields if isinstance(fields, Mapping) else {}, inputs, is_known)
    return failures_of(broken, inputs, _NO_SECRETS)


def setting_failure(setting: str, reason: str, inputs: Mapping[str, Any]) -> CheckFailure:
    """The failure of a setting, told as a property's."""
    return failure_of(setting, reason, inputs, INPUTS)
