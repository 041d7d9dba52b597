"""Documents in chunks: whole lines, or along the syntax with lines as the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import syntax
from .failures import SyncFailed
from .lines import line_spans

__all__ = ["FALLBACK_LINES", "Chunk", "chunked"]

FALLBACK_LINES = 10
"""Lines of a chunk of what no syntax is known of (documented)."""


@dataclass(frozen=True)
class Chunk:
    """A part of a document.

    Args:
        text: as it stands in the document.
        start_line: its first line, from 1.
        end_line: its last line.
        chunker: what cut it: ``lines``, or ``tree_sitter`` and the grammar, such as ``tree_sitter markdown``.
    """

    text: str
    start_line: int
    end_line: int
    chunker: str


def chunked(text: str, name: str, chunking: Mapping[str, Any]) -> list[Chunk]:
    """The chunks of a document, in their order; those without a visible character are left out.

    Args:
        text: the document.
        name: its file's, whose suffix tells the syntax.
        chunking: of the source: ``type``, ``max_size_bytes``, and ``max_lines`` for ``lines``.

    Raises:
        SyncFailed: no chunk can be so small.
    """
    raw = text.encode()
    size, lines = int(chunking["max_size_bytes"]), int(chunking.get("max_lines") or 0)
    if chunking["type"] == "lines" and lines < 1:
        raise SyncFailed("chunking: max_lines 0 leaves room for no line")
    # UTF-8 has up to 4 bytes for a character, which is never cut.
    if size < 4:
        raise SyncFailed(f"chunking: max_size_bytes {size} leaves room for no character")
    if chunking["type"] == "lines":
        return _cut(raw, line_spans(raw, lines, size), "lines")
    grammar = syntax.grammar_of(name)
    if grammar is None:
        return _cut(raw, line_spans(raw, FALLBACK_LINES, size), "lines")
    return _cut(raw, syntax.spans(raw, grammar, size), f"tree_sitter {grammar}")


def _cut(raw: bytes, spans: Iterable[tuple[int, int]], chunker: str) -> list[Chunk]:
    chunks = []
    line, counted = 1, 0
    for start, end in spans:
        line += raw.count(b"\n", counted, start)
        counted = start
        text = raw[start:end].decode()
        if text.strip():
            # A line's end belongs to the line.
            chunks.append(Chunk(text, line, line + raw.count(b"\n", start, end - 1), chunker))
    return chunks
