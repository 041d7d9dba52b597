"""Parts of whole lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["line_spans"]

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


def line_spans(raw: bytes, max_lines: int | None, max_size: int, start: int = 0) -> Iterator[tuple[int, int]]:
    """Parts of whole lines, as byte positions; a line that is longer than a part may be is cut itself.

    Args:
        raw: UTF-8.
        max_lines: of a part; None for any number.
        max_size: bytes of a part, at least 4.
        start: added to the positions.
    """
    first = end = count = 0
    for line in _LINE.finditer(raw):
        full = end > first and (line.end() - first > max_size or count == max_lines)
        if full:
            yield start + first, start + end
            first, count = end, 0
        if line.end() - line.start() > max_size:
            for piece in _pieces(raw, line.start(), line.end(), max_size):
                yield start + piece[0], start + piece[1]
            first = end = line.end()
        else:
            end = line.end()
            count += 1
    if end > first:
        yield start + first, start + end


def _pieces(raw: bytes, start: int, end: int, max_size: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = min(start + max_size, end)
        while stop < end and raw[stop] & 0xC0 == 0x80:
            stop -= 1
        yield start, stop
        start = stop
