"""Parts along the syntax of a programming language or of Markdown, by tree-sitter.

Neighbours go into one part as long as it is small enough; what is too large alone is taken apart.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from .lines import line_spans

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["GRAMMARS", "grammar_of", "spans"]

GRAMMARS: dict[str, tuple[str, ...]] = {
    "markdown": (".md", ".markdown", ".mdx"),
    "python": (".py", ".pyi"),
    "javascript": (".js", ".mjs", ".cjs", ".jsx"),
    "typescript": (".ts", ".mts", ".cts"),
    "tsx": (".tsx",),
    "go": (".go",),
    "rust": (".rs",),
    "java": (".java",),
    "c": (".c", ".h"),
    "bash": (".sh", ".bash"),
}
"""The suffixes of each grammar."""

_PARSERS = {"typescript": ("typescript", "language_typescript"), "tsx": ("typescript", "language_tsx")}
# A long chain of operators is as deep as it is long.
_DEEPEST = 100


def grammar_of(name: str) -> str | None:
    """The grammar of a file; None where there is none, or it is not installed."""
    suffix = PurePosixPath(name).suffix.lower()
    grammar = next((grammar for grammar, suffixes in GRAMMARS.items() if suffix in suffixes), None)
    return grammar if grammar and _parser(grammar) else None


def spans(raw: bytes, grammar: str, max_size: int) -> Iterator[tuple[int, int]]:
    """The parts as byte positions: all bytes, each once.

    Args:
        raw: UTF-8.
        grammar: that :func:`grammar_of` gave.
        max_size: bytes of a part, at least 4.
    """
    parser = _parser(grammar)
    assert parser is not None
    return _merged(_small(raw, parser.parse(raw).root_node, 0, len(raw), max_size, 0), max_size)


@cache
def _parser(grammar: str) -> Parser | None:
    package, function = _PARSERS.get(grammar, (grammar, "language"))
    try:
        import tree_sitter

        module = importlib.import_module(f"tree_sitter_{package}")
    except ImportError:
        return None
    return tree_sitter.Parser(tree_sitter.Language(getattr(module, function)()))


def _small(
    raw: bytes, node: Node, start: int, end: int, max_size: int, depth: int
) -> Iterator[tuple[int, int]]:
    """The largest parts of a node's bytes, and of what stands behind its children, that are small enough."""
    children = node.children
    if end - start <= max_size:
        yield start, end
    elif not children or depth == _DEEPEST:
        yield from line_spans(raw[start:end], None, max_size, start)
    else:
        for child, after in itertools.zip_longest(children, children[1:]):
            stop = end if after is None else _line_start(raw, after.start_byte)
            if stop > start:
                yield from _small(raw, child, start, stop, max_size, depth + 1)
                start = stop


def _line_start(raw: bytes, position: int) -> int:
    """Where the line begins of which only blanks stand before a position, or the position itself."""
    start = position
    while start > 0 and raw[start - 1 : start] in (b" ", b"\t"):
        start -= 1
    return start if start == 0 or raw[start - 1 : start] == b"\n" else position


def _merged(parts: Iterator[tuple[int, int]], max_size: int) -> Iterator[tuple[int, int]]:
    first = last = 0
    for start, end in parts:
        if end - first > max_size and last > first:
            yield first, last
            first = start
        last = end
    if last > first:
        yield first, last
