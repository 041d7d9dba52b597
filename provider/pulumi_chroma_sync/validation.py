"""From what a program passed to checked inputs and CheckFailures.

The only file that knows :class:`pulumi.output.Unknown`: a value that isn't known at preview is passed over,
wherever it stands, and checked when it is known. A failure names its property path and the rule; no value
is ever part of a message.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pulumi.dynamic import CheckFailure
from pulumi.output import Unknown
from pydantic import ValidationError

from .models import INPUTS, Path, SourceInputs, broken_rules, model_at

__all__ = ["check_inputs", "failure_of", "is_known", "is_wholly_known", "without_database_failure"]

_PROVIDER = "__provider"
"""The SDK's own key in every property bag."""

_NO_DATABASE = "required; or set `pulumi config set chroma-sync:database NAME` or CHROMA_DATABASE"


class _NotKnown:
    """Stands where a value isn't known yet: pydantic refuses it, and that refusal is dropped."""


def is_known(value: object) -> bool:
    """Whether this value itself is known; parts of it may still be unknown."""
    return not isinstance(value, Unknown)


def check_inputs(news: Mapping[str, Any], database: str | None) -> tuple[dict[str, Any], list[CheckFailure]]:
    """Normalise and validate what a program passed.

    Args:
        news: the property bag as the engine gives it; may hold unknown values at any depth.
        database: the database where the program names none.

    Returns:
        The inputs to keep (None values gone, the database filled in) and every failure, at most one for
        each property path, ordered by path.
    """
    inputs = _stripped({name: value for name, value in news.items() if name != _PROVIDER})
    if "database_name" not in inputs and database:
        inputs["database_name"] = database
    failures: dict[Path, str] = {}
    if "database_name" not in inputs:
        failures["database_name",] = _NO_DATABASE
    for path, reason in broken_rules(inputs, is_known):
        failures.setdefault(path, reason)
    for path, reason in _broken_fields(inputs):
        failures.setdefault(path, reason)
    named: dict[str, str] = {}
    for path in sorted(failures, key=_in_order):
        named.setdefault(_spelled(path, inputs), failures[path])
    return inputs, [CheckFailure(name, reason) for name, reason in named.items()]


def failure_of(property_: str, reason: str, inputs: Mapping[str, Any]) -> CheckFailure:
    """A failure of a setting, or of an input as a whole.

    An unexpected input may have a setting's name, and the engine would print its value.
    """
    if property_ in inputs and property_ not in INPUTS:
        property_ = f"chroma-sync:{property_}"
    return CheckFailure(property_, reason)


def without_database_failure(failures: Iterable[CheckFailure]) -> list[CheckFailure]:
    """These failures but for the one that no database is named."""
    return [failure for failure in failures if failure.reason != _NO_DATABASE]


def is_wholly_known(value: object) -> bool:
    """Whether this value and every part of it are known."""
    if isinstance(value, Mapping):
        return all(is_wholly_known(item) for item in value.values())
    if isinstance(value, list):
        return all(is_wholly_known(item) for item in value)
    return is_known(value)


def _in_order(path: Path) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (-1, part) for part in path]


def _stripped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _stripped(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_stripped(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _broken_fields(inputs: Mapping[str, Any]) -> list[tuple[Path, str]]:
    hidden: set[Path] = set()
    try:
        SourceInputs.model_validate(_hide_unknowns(inputs, (), hidden))
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
    else:
        return []
    broken = []
    for detail in found:
        path = detail["loc"]
        # A key that is no one's is wrong whatever its value turns out to be.
        if detail["type"] != "extra_forbidden" and any(path[: len(place)] == place for place in hidden):
            continue
        if path == ("file_upload",):  # broken_rules explains it
            continue
        broken.append((path, _sentence(dict(detail), path)))
    return broken


def _hide_unknowns(value: Any, path: Path, hidden: set[Path]) -> Any:
    if isinstance(value, Mapping):
        return {key: _hide_unknowns(item, (*path, key), hidden) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide_unknowns(item, (*path, index), hidden) for index, item in enumerate(value)]
    if is_known(value):
        return value
    hidden.add(path)
    return _NotKnown()


_SENTENCES = {
    "missing": "required",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "list_type": "must be a list of strings",
    "model_type": "must be an object with keys of its own",
    "model_attributes_type": "must be an object with keys of its own",
    "dict_type": "must be an object with keys of its own",
}


def _sentence(detail: Mapping[str, Any], path: Path) -> str:
    """One line for one pydantic error, from its type and bounds; never from the value."""
    kind, context = str(detail["type"]), detail.get("ctx", {})
    if kind == "extra_forbidden":
        return "unknown" + _did_you_mean(path)
    if kind == "greater_than_equal":
        return f"must be {context['ge']} or more"
    if kind == "less_than_equal":
        return f"must be {context['le']} or less"
    if kind == "literal_error":
        allowed = str(context["expected"]).replace("'", '"').replace(" or ", ", ")
        return f"must be one of {allowed}" if "," in allowed else f"must be {allowed}"
    if kind == "value_error":
        return str(context["error"])
    return _SENTENCES.get(kind, "is not what the API takes here")


def _did_you_mean(path: Path) -> str:
    model = model_at(path[:-1])
    names = list(model.model_fields) if model is not None else []
    given = str(path[-1]).lower()
    near = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    # repo, url, depth; and the other way round, s3_bucket
    near = near or [name for name in names if (len(given) > 2 and given in name) or given.startswith(name)]
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known here: {', '.join(names)}"


def _spelled(path: Path, inputs: Mapping[str, Any]) -> str:
    """``github.include_globs[1]``.

    The engine prints the value of a property that is named whole, secrets in it too. So where that could
    show more than one plain value of the program, the failure is spelled as one inside it: ``s3.*``.
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    if text in inputs and (text == "s3" or text not in INPUTS or isinstance(inputs[text], (dict, list))):
        return f"{text}.*"
    return text
