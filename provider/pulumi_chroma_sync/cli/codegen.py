"""Python code that declares sources, formatted as ruff does by default."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.cells import cell_len

__all__ = ["Declaration", "Reference", "SecretText", "literal", "logical_names", "program", "variable"]

_WIDTH = 88
_LONGEST_NAME = 60
# `pulumi import` protects what it imports; code without this would show that as a difference.
_PROTECTED = "    opts=pulumi.ResourceOptions(protect=True),"
_TAKEN = frozenset({"chroma_sync", "config", "pulumi"})


@dataclass(frozen=True)
class SecretText:
    """A text that the program reads from the stack's configuration, where it is a secret.

    Args:
        value: never in the code, nor in the repr.
        setting: the configuration's key, without the project's name.
    """

    value: str = field(repr=False)
    setting: str


@dataclass(frozen=True)
class Reference:
    """An output of what the program declares before.

    Args:
        code: such as ``knowledge.name``.
    """

    code: str


@dataclass(frozen=True)
class Declaration:
    """One resource in a program.

    Args:
        name: the resource's name.
        inputs: its arguments; a leaf may be a :class:`SecretText` or a :class:`Reference`.
        comment: a line above it.
        resource: the class.
    """

    name: str
    inputs: Mapping[str, Any]
    comment: str
    resource: str = "Source"


def program(declarations: Sequence[Declaration]) -> str:
    """A whole module that declares these resources, in their order; :func:`logical_names` made the names."""
    secret = any(_has_secret(declared.inputs) for declared in declarations)
    head = ["import pulumi", "import pulumi_chroma_sync as chroma_sync", ""]
    if secret:
        head += ["config = pulumi.Config()", ""]
    blocks = []
    for declared in declarations:
        arguments = [_item(f"{name}=", value, indent=4) for name, value in declared.inputs.items()]
        opening = [f"# {declared.comment}", f"{variable(declared.name)} = chroma_sync.{declared.resource}("]
        blocks.append("\n".join([*opening, f"    {literal(declared.name)},", *arguments, _PROTECTED, ")"]))
    return "\n".join([*head, "\n\n".join(blocks)]) + "\n"


def logical_names(targets: Iterable[tuple[str, str]]) -> list[str]:
    """A name for each (target, id); readable, and so that all names and all variables differ.

    Of those that would have one name, the first keeps it and the others get the beginning of their ids: a
    name doesn't depend on what comes after it.
    """
    names: list[str] = []
    variables: set[str] = set()
    for target, source_id in targets:
        slug, own = _slug(target) or "source", _slug(source_id)
        candidates = (slug, f"{slug}-{own[:8]}", f"{slug}-{own}")
        name = next((name for name in candidates if variable(name) not in variables), None)
        name = name or f"{slug}-{own}-{len(names) + 1}"
        names.append(name)
        variables.add(variable(name))
    return names


def variable(name: str) -> str:
    """A Python identifier for a resource's name: no keyword, and no name that the module uses itself."""
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not word or word[0].isdigit():
        word = f"source_{word}".rstrip("_")
    return f"{word}_source" if keyword.iskeyword(word) or word in _TAKEN else word


def literal(value: str) -> str:
    """A string literal, with the quotes that need fewer escapes; what can't be seen is escaped."""
    quote = "'" if value.count('"') > value.count("'") else '"'
    escaped = (f"\\{mark}" if mark == quote else repr(mark)[1:-1] for mark in value)
    return quote + "".join(escaped) + quote


def _slug(text: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:_LONGEST_NAME].strip("-")


def _has_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_secret, value.values()))
    return isinstance(value, SecretText)


def _item(start: str, value: Any, indent: int) -> str:
    """One argument or item with its comma: on one line where that fits, else a line for each part."""
    line = f"{' ' * indent}{start}{_inline(value)},"
    if cell_len(line) <= _WIDTH or not value or not isinstance(value, (Mapping, list)):
        return line
    if isinstance(value, Mapping):
        parts = [_item(f"{literal(key)}: ", part, indent + 4) for key, part in value.items()]
        opened, closed = "{", "}"
    else:
        parts = [_item("", part, indent + 4) for part in value]
        opened, closed = "[", "]"
    return "\n".join([f"{' ' * indent}{start}{opened}", *parts, f"{' ' * indent}{closed},"])


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {_inline(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, SecretText):
        return f"config.require_secret({literal(value.setting)})"
    if isinstance(value, Reference):
        return value.code
    return literal(value) if isinstance(value, str) else repr(value)
