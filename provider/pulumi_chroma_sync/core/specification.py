"""What a resource is, as one frozen value that two descriptions of it can be compared by.

A program, a state and a service spell one thing in many ways. Here each spelling is brought to one normal
form: a flat mapping of property paths to values, in which what is left out isn't there. What a field means
is said once, by a :class:`Nature` in the annotation of its pydantic field; the walk over the models is here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

__all__ = ["Difference", "LeftOut", "Nature", "Shape", "Values", "is_absent", "model_in", "short"]

Values = Mapping[str, Any]
"""Property path, such as ``github.repository``, to the value there in normal form."""


class LeftOut(Enum):
    """What it means that a program leaves a field out."""

    NOTHING = "nothing"
    """There shall be none: one that appears on the service is drift."""

    DEFAULT = "default"
    """The service fills it in at the create; another value than that one is drift."""

    OPEN = "open"
    """It is the service's, and may change at any time."""


@dataclass(frozen=True)
class Nature:
    """What a field is, beside its type: a marker in the annotation of a pydantic field.

    Args:
        target: whether it says what the resource stands for; two resources of one target collide.
        left_out: what it means that a program leaves it out.
        is_set: whether the order of a list means nothing.
        write_only: whether the service takes it and never gives it back; such a field is a secret.
        default: a value, in normal form, that says the same as leaving the field out.
        form: the normal form of a text.
        loose: a form for comparing what a program said with what a service answered, where the service may
            have changed more than spelling; also the form of a target.
        spelled: how a program spells what a service answered.
    """

    target: bool = False
    left_out: LeftOut = LeftOut.NOTHING
    is_set: bool = False
    write_only: bool = False
    default: Any = None
    form: Callable[[str], str] | None = None
    loose: Callable[[str], str] | None = None
    spelled: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Difference:
    """One field in which two descriptions differ; values are never secret ones.

    Args:
        path: such as ``chunking.max_lines``.
        declared: the program's value; None where it has none.
        existing: the service's, likewise.
    """

    path: str
    declared: Any
    existing: Any

    def __str__(self) -> str:
        return f"{self.path} (declared {short(self.declared)}, existing {short(self.existing)})"


@dataclass(frozen=True)
class _Field:
    path: str
    nature: Nature
    whole: bool

    def normal(self, value: Any) -> Any:
        """The value in normal form, or None where it says no more than that nothing is there."""
        if is_absent(value):
            return None
        if self.whole:
            value = _whole(value)
        elif isinstance(value, (list, tuple, set, frozenset)):
            items = map(str, value)
            value = tuple(sorted(set(items))) if self.nature.is_set else tuple(items)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(_whole(value))
        if isinstance(value, str) and self.nature.form is not None:
            value = self.nature.form(value)
        return None if value == self.nature.default else value

    def loose(self, value: Any) -> Any:
        if isinstance(value, str) and self.nature.loose is not None:
            return self.nature.loose(value) or None
        return value

    def spelled(self, value: Any) -> Any:
        if self.whole:
            return _whole(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(_whole(value))
        if isinstance(value, str) and self.nature.spelled is not None:
            return self.nature.spelled(value)
        return list(value) if isinstance(value, (tuple, set, frozenset)) else value


class Shape:
    """The fields of a model and of the models in it, by property path.

    Args:
        model: a pydantic model whose fields carry a :class:`Nature` where they are more than their type.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model
        self._fields = {field.path: field for field in _leaves(model, "")}
        self.targets = tuple(path for path, field in self._fields.items() if field.nature.target)

    def nature(self, path: str) -> Nature:
        """What the field at this path is."""
        field = self._fields.get(path)
        return field.nature if field is not None else Nature()

    def has(self, path: str) -> bool:
        """Whether a program can declare a field of this path."""
        return path in self._fields

    def values(self, given: Mapping[str, Any]) -> Values:
        """Everything that these properties say, in normal form.

        A value that isn't known yet stays what it is, and is equal to itself alone. Fields that the model
        doesn't have are passed over: nobody can have declared them.
        """
        return MappingProxyType(dict(self._values(self.model, given, "")))

    def same(self, path: str, ours: Any, theirs: Any) -> bool:
        """Whether a program and a service say the same with these two values in normal form."""
        field = self._fields.get(path)
        return bool(ours == theirs or (field is not None and field.loose(ours) == field.loose(theirs)))

    def loose(self, path: str, value: Any) -> Any:
        """The form in which this value is part of a target."""
        field = self._fields.get(path)
        return value if field is None else field.loose(value)

    def spelled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a service answered, as a program would write it.

        Without fields that no program can declare, without what says nothing, with the types of the model.
        """
        return self._spelled(self.model, given, "")

    def _values(
        self, model: type[BaseModel], given: Mapping[str, Any], above: str
    ) -> Iterator[tuple[str, Any]]:
        for name, inner, _ in _layout(model):
            value, path = given.get(name), f"{above}{name}"
            if inner is not None and isinstance(value, Mapping):
                yield from self._values(inner, value, f"{path}.")
            elif inner is not None:
                if not is_absent(value):
                    yield path, value
            elif (normal := self._fields[path].normal(value)) is not None:
                yield path, normal

    def _spelled(self, model: type[BaseModel], given: Mapping[str, Any], above: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, inner, required in _layout(model):
            value, path = given.get(name), f"{above}{name}"
            if value is None or (is_absent(value) and (inner is not None or not required)):
                continue
            if inner is not None and isinstance(value, Mapping):
                fields = self._spelled(inner, value, f"{path}.")
                # An object without any field is none, unless a program may write it so.
                if fields or not any(needed for _, _, needed in _layout(inner)):
                    found[name] = fields
            else:
                found[name] = value if inner is not None else self._fields[path].spelled(value)
        return found


def is_absent(value: Any) -> bool:
    """Whether this value says that nothing is there; services answer all of these for it."""
    return value is None or (isinstance(value, (str, list, tuple, set, frozenset)) and len(value) == 0)


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that this annotation allows, if any."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(model_in, get_args(annotation)) if found is not None), None)


@functools.cache
def _layout(model: type[BaseModel]) -> tuple[tuple[str, type[BaseModel] | None, bool], ...]:
    """Of each field: its name, the model that it may be, whether it has to be there.

    Kept, because a set of thousands asks for it thousands of times.
    """
    return tuple(
        (name, model_in(info.annotation), info.is_required()) for name, info in model.model_fields.items()
    )


def short(value: Any) -> str:
    """A value in a sentence."""
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return " ".join(short(item) for item in value.values()) or "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(str, value)) + "]"
    return str(value)


def _whole(value: Any) -> Any:
    # As a float it comes through the engine, as a text from services that write large numbers so.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    return value


def _leaves(model: type[BaseModel], above: str) -> Iterator[_Field]:
    for name, info in model.model_fields.items():
        inner = model_in(info.annotation)
        if inner is not None:
            yield from _leaves(inner, f"{above}{name}.")
        else:
            markers = [*info.metadata, *_markers(info.annotation)]
            nature = next((marker for marker in markers if isinstance(marker, Nature)), Nature())
            yield _Field(f"{above}{name}", nature, int in _types(info.annotation))


def _markers(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    for inner in get_args(annotation):
        yield from _markers(inner)


def _types(annotation: Any) -> set[Any]:
    return {annotation, *(found for inner in get_args(annotation) for found in _types(inner))}
