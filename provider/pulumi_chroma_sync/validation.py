"""From what a program passed to checked inputs and CheckFailures.

The only file that knows :class:`pulumi.output.Unknown`: a value that isn't known at preview is passed over,
wherever it stands, and checked when it is known. A failure names its property path and the rule; no value
is ever part of a message.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pulumi.dynamic import CheckFailure
from pulumi.output import Unknown
from pydantic import BaseModel, ValidationError

from .models import Path, SourceInputs, broken_rules

__all__ = ["check_inputs", "is_known", "is_wholly_known"]

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
    inputs = {
        name: _stripped(value) for name, value in news.items() if name != _PROVIDER and value is not None
    }
    if "database_name" not in inputs and database:
        inputs["database_name"] = database
    failures: dict[Path, str] = {}
    if "database_name" not in inputs:
        failures["database_name",] = _NO_DATABASE
    for path, reason in broken_rules(inputs, is_known):
        failures.setdefault(path, reason)
    for path, reason in _broken_fields(inputs):
        failures.setdefault(path, reason)
    return inputs, [
        CheckFailure(_spelled(path), reason)
        for path, reason in sorted(failures.items(), key=lambda item: [str(part) for part in item[0]])
    ]


def is_wholly_known(value: object) -> bool:
    """Whether this value and every part of it are known."""
    if isinstance(value, Mapping):
        return all(is_wholly_known(item) for item in value.values())
    if isinstance(value, list):
        return all(is_wholly_known(item) for item in value)
    return is_known(value)


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
        if any(path[: len(place)] == place for place in hidden):
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
        return f"must be one of {context['expected']}".replace("'", '"').replace(" or ", ", ")
    if kind == "value_error":
        return str(context["error"])
    return _SENTENCES.get(kind, "is not what the API takes here")


def _did_you_mean(path: Path) -> str:
    names = _names_at(path[:-1])
    near = difflib.get_close_matches(str(path[-1]), names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known here: {', '.join(names)}"


def _names_at(path: Sequence[str | int]) -> list[str]:
    model: type[BaseModel] = SourceInputs
    for part in path:
        found = _model_in(model.model_fields[str(part)].annotation)
        if found is None:
            return []
        model = found
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_model_in, get_args(annotation)) if found is not None), None)


def _spelled(path: Path) -> str:
    """``github.include_globs[1]``.

    The engine prints the value of a property that is named whole, so a failure of ``s3`` itself is
    spelled as one inside it: its value may hold an AWS secret key.
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return "s3.*" if text == "s3" else text
