"""From what a program passed to CheckFailures, for any resource's model.

The only file that knows :class:`pulumi.output.Unknown`: a value that isn't known at preview is passed over,
wherever it stands, and checked when it is known. A failure names its property path and the rule; no secret
is ever part of a message.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, get_origin

from pulumi.dynamic import CheckFailure
from pulumi.output import Unknown
from pydantic import BaseModel, ValidationError

from .specification import model_in

__all__ = [
    "REQUIRED",
    "Path",
    "broken_fields",
    "failure_of",
    "failures_of",
    "is_known",
    "is_wholly_known",
    "stripped",
]

Path = tuple["str | int", ...]
"""Where a value stands in the inputs, such as ``("github", "include_globs", 1)``."""


class _NotKnown:
    """Stands where a value isn't known yet: pydantic refuses it, and that refusal is dropped."""


def is_known(value: object) -> bool:
    """Whether this value itself is known; parts of it may still be unknown."""
    return not isinstance(value, Unknown)


def is_wholly_known(value: object) -> bool:
    """Whether this value and every part of it are known."""
    if isinstance(value, Mapping):
        return all(is_wholly_known(item) for item in value.values())
    if isinstance(value, list):
        return all(is_wholly_known(item) for item in value)
    return is_known(value)


def stripped(value: Any) -> Any:
    """The same value without None in its mappings, and with lists for tuples."""
    if isinstance(value, Mapping):
        return {str(key): stripped(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [stripped(item) for item in value]
    return value


def broken_fields(
    model: type[BaseModel], inputs: Mapping[str, Any], newer: Callable[[Path], str] = lambda _path: ""
) -> list[tuple[Path, str]]:
    """The fields that aren't what the model says, as (path, sentence).

    Args:
        model: of the whole inputs.
        inputs: what the program passed; unknown values at any depth are passed over.
        newer: what to add where a field or a value is none that this version knows.
    """
    hidden: set[Path] = set()
    try:
        model.model_validate(_hide_unknowns(inputs, (), hidden))
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
        broken.append((path, _sentence(model, dict(detail), path, newer)))
    return broken


def failures_of(
    broken: Iterable[tuple[Path, str]], inputs: Mapping[str, Any], names: Container[str]
) -> list[CheckFailure]:
    """At most one failure for each property path, ordered by path; the first sentence for a path wins.

    Args:
        broken: (path, sentence).
        inputs: what the program passed.
        names: of the arguments that hold no secret, whatever is passed.
    """
    first: dict[Path, str] = {}
    for path, sentence in broken:
        first.setdefault(path, sentence)
    named: dict[str, str] = {}
    for path in sorted(first, key=_in_order):
        named.setdefault(_spelled(path, inputs, names), first[path])
    return [CheckFailure(name, sentence) for name, sentence in named.items()]


def failure_of(property_: str, reason: str, inputs: Mapping[str, Any], names: Container[str]) -> CheckFailure:
    """A failure of a setting, or of an input as a whole.

    An unexpected input may have a setting's name, and the engine would print its value.
    """
    if property_ in inputs and property_ not in names:
        property_ = f"chroma-sync:{property_}"
    return CheckFailure(property_, reason)


def _in_order(path: Path) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (-1, part) for part in path]


def _hide_unknowns(value: Any, path: Path, hidden: set[Path]) -> Any:
    if isinstance(value, Mapping):
        return {key: _hide_unknowns(item, (*path, key), hidden) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide_unknowns(item, (*path, index), hidden) for index, item in enumerate(value)]
    if is_known(value):
        return value
    hidden.add(path)
    return _NotKnown()


REQUIRED = "required"
"""What is said of a field that has to be there."""

_SENTENCES = {
    "missing": REQUIRED,
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list of strings",
    "model_type": "must be an object with keys of its own",
    "model_attributes_type": "must be an object with keys of its own",
    "dict_type": "must be an object with keys of its own",
}


def _sentence(
    model: type[BaseModel], detail: Mapping[str, Any], path: Path, newer: Callable[[Path], str]
) -> str:
    """One line for one pydantic error, from its type and bounds; never from the value."""
    kind, context = str(detail["type"]), detail.get("ctx", {})
    if kind == "extra_forbidden":
        return "unknown" + _did_you_mean(model, path, newer)
    if kind == "greater_than_equal":
        return f"must be {_plain(context['ge'])} or more"
    if kind == "less_than_equal":
        return f"must be {_plain(context['le'])} or less"
    if kind == "literal_error":
        allowed = str(context["expected"]).replace("'", '"').replace(" or ", ", ")
        one = f"must be one of {allowed}" if "," in allowed else f"must be {allowed}"
        return one + newer(path)
    if kind == "value_error":
        return str(context["error"])
    return _SENTENCES.get(kind, "is not what the API takes here")


def _plain(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _did_you_mean(model: type[BaseModel], path: Path, newer: Callable[[Path], str]) -> str:
    inner = _model_at(model, path[:-1])
    names = list(inner.model_fields) if inner is not None else []
    given = str(path[-1]).lower()
    near = [name for name in names if f"_{given}_" in f"_{name}_"]  # a word of it: collection
    near = near or difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    # repo, url, depth; and the other way round, s3_bucket
    near = near or [name for name in names if (len(given) > 2 and given in name) or given.startswith(name)]
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known here: {', '.join(names)}{newer(path)}"


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    found: type[BaseModel] | None = model
    is_a_key = False
    for part in path:
        if is_a_key:
            is_a_key = False
            continue
        field = None if found is None else found.model_fields.get(str(part))
        found = None if field is None else model_in(field.annotation)
        is_a_key = field is not None and get_origin(field.annotation) is dict
    return found


def _spelled(path: Path, inputs: Mapping[str, Any], names: Container[str]) -> str:
    """``github.include_globs[1]``.

    The engine prints the value of a property that is named whole, secrets in it too. So where that could
    show more than one plain value of the program, the failure is spelled as one inside it: ``s3.*``.
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    if text in inputs and (text not in names or not isinstance(inputs[text], (str, int, float, bool))):
        return f"{text}.*"
    return text
