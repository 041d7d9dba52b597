"""How a text is cut, and what stands for its meaning."""

from __future__ import annotations

import base64
import math
import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chroma_sync_emulator.syncing import syntax
from chroma_sync_emulator.syncing.chunks import Chunk, chunked
from chroma_sync_emulator.syncing.embedding import DIMENSIONS, embed, encoded
from chroma_sync_emulator.syncing.failures import SyncFailed

MARKDOWN = """Intro.

# One

First.

## Below

Of the first.

# Two

Second.
"""
PYTHON = '''"""A module."""

import os


def first():
    """One."""
    return 1


# About the second.
def second():
    return os.sep


class Third:
    def inner(self):
        return 3
'''


def lines(text: str, max_lines: int = 10, max_size: int = 4096) -> list[Chunk]:
    """Cut by lines."""
    return chunked(text, "a.txt", {"type": "lines", "max_lines": max_lines, "max_size_bytes": max_size})


def parts(text: str, name: str, max_size: int) -> list[str]:
    """Cut along the syntax."""
    return [chunk.text for chunk in chunked(text, name, {"type": "tree_sitter", "max_size_bytes": max_size})]


@pytest.mark.parametrize(
    ("text", "max_lines", "max_size", "expected"),
    [
        ("a\nb\nc\n", 2, 100, ["a\nb\n", "c\n"]),
        ("a\nb\nc", 1, 100, ["a\n", "b\n", "c"]),
        ("a\r\nb\r\n", 1, 100, ["a\r\n", "b\r\n"]),
        # Six bytes hold three lines of two, and not a byte more.
        ("a\nb\nc\nd\n", 10, 6, ["a\nb\nc\n", "d\n"]),
        ("ab\nb\nc\nd\n", 10, 6, ["ab\nb\n", "c\nd\n"]),
        # Bytes, not characters.
        ("é\né\n", 10, 5, ["é\n", "é\n"]),
        ("x\nabcdefghij\ny\n", 10, 4, ["x\n", "abcd", "efgh", "ij\n", "y\n"]),
        ("éééé", 10, 5, ["éé", "éé"]),
        ("\n \n\na\n", 3, 100, ["a\n"]),
        ("a\x0bb\u2028c\n", 1, 100, ["a\x0bb\u2028c\n"]),
        ("", 10, 100, []),
    ],
)
def test_lines_are_cut_exactly(text: str, max_lines: int, max_size: int, expected: list[str]) -> None:
    """As many lines as there may be, in as many bytes; a line that is too long is cut between characters."""
    assert [chunk.text for chunk in lines(text, max_lines, max_size)] == expected


@given(st.text(alphabet="ab é€𝄞\n"), st.integers(1, 5), st.integers(4, 20))
def test_no_chunk_is_larger_and_nothing_is_lost(text: str, max_lines: int, max_size: int) -> None:
    """Whatever the text: within both limits, in order, and all that can be seen is in it."""
    found = lines(text, max_lines, max_size)
    assert all(len(chunk.text.encode()) <= max_size for chunk in found)
    assert all(chunk.text.rstrip("\n").count("\n") < max_lines for chunk in found)
    assert "".join("".join(chunk.text for chunk in found).split()) == "".join(text.split())
    assert all(before.end_line <= after.start_line for before, after in zip(found, found[1:], strict=False))


def test_a_chunk_knows_its_lines() -> None:
    """From 1, both included."""
    found = lines("a\nb\n\n\nc\n" + "d" * 10, 2, 8)
    assert [(chunk.text, chunk.start_line, chunk.end_line) for chunk in found] == [
        ("a\nb\n", 1, 2),
        ("c\n", 5, 5),
        ("d" * 8, 6, 6),
        ("dd", 6, 6),
    ]


@pytest.mark.parametrize(("name", "value"), [("max_lines", 0), ("max_size_bytes", 3)])
def test_a_chunk_without_room_is_refused(name: str, value: int) -> None:
    """The API takes any number from 0."""
    chunking = {"type": "lines", "max_lines": 1, "max_size_bytes": 100, name: value}
    with pytest.raises(SyncFailed, match=f"chunking: {name} {value} leaves room for no"):
        chunked("a", "a.txt", chunking)


def test_the_syntax_says_where_a_text_is_cut() -> None:
    """Sections of Markdown; functions with the comment before them; what fits is one."""
    assert parts(MARKDOWN, "a.md", 38) == [
        "Intro.\n\n# One\n\nFirst.\n\n",
        "## Below\n\nOf the first.\n\n",
        "# Two\n\nSecond.\n",
    ]
    assert parts(PYTHON, "a.py", 60) == [
        '"""A module."""\n\nimport os\n\n\n',
        'def first():\n    """One."""\n    return 1\n\n\n',
        "# About the second.\ndef second():\n    return os.sep\n\n\n",
        "class Third:\n    def inner(self):\n        return 3\n",
    ]
    assert parts(PYTHON, "a.py", 4096) == [PYTHON]


@pytest.mark.parametrize(
    "name", ["a.md", "a.py", "a.js", "a.ts", "a.tsx", "a.go", "a.rs", "a.java", "a.c", "a.sh"]
)
@pytest.mark.parametrize("max_size", [4, 30, 200])
def test_no_part_is_larger_and_nothing_is_lost(name: str, max_size: int) -> None:
    """Whatever the grammar makes of a text, also of one that is none of its."""
    deep = "x = " + "+".join("y" * 400) + "\n"
    for text in (PYTHON, MARKDOWN, "é" * 50, deep, "(" * 3000):
        found = chunked(text, name, {"type": "tree_sitter", "max_size_bytes": max_size})
        assert all(len(chunk.text.encode()) <= max_size for chunk in found)
        assert "".join("".join(chunk.text for chunk in found).split()) == "".join(text.split())
        assert {chunk.chunker.partition(" ")[0] for chunk in found} == {"tree_sitter"}


def test_each_chunk_says_what_cut_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The grammar, or lines, ten of them, where there is none or it is not installed."""
    chunking = {"type": "tree_sitter", "max_size_bytes": 4096}

    def chunkers(name: str) -> list[tuple[str, int]]:
        return [(chunk.chunker, chunk.end_line) for chunk in chunked("a\n" * 12, name, chunking)]

    assert chunkers("a.MD") == [("tree_sitter markdown", 12)]
    assert chunkers("a.unknown") == chunkers("Makefile") == [("lines", 10), ("lines", 12)]
    assert syntax.grammar_of("a.tsx") == "tsx"
    syntax._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter_go", None)
    assert chunkers("a.go") == [("lines", 10), ("lines", 12)]
    syntax._parser.cache_clear()


def near(one: str, other: str) -> float:
    """The cosine of two texts' vectors."""
    return sum(a * b for a, b in zip(embed(one), embed(other), strict=True))


def test_what_shares_words_is_near() -> None:
    """Forms of a word too; case, order and the words of every text count for nothing."""
    question = "How do I ask for vacation?"
    texts = [
        "Ask for vacation two weeks before.",
        "Vacations are asked for in May.",
        "Push to main to deploy.",
    ]
    ranked = sorted(texts, key=lambda text: near(question, text), reverse=True)
    assert ranked == texts
    assert near("the vacation", "VACATION is") == pytest.approx(1)
    assert near("runTests", "run tests") == pytest.approx(1)
    assert near("holiday", "vacation") < 0.2


@given(st.text())
def test_a_vector_is_always_one(text: str) -> None:
    """1,024 numbers, of length 1, also of a text without a word."""
    vector = embed(text)
    assert len(vector) == DIMENSIONS == 1024
    assert math.sqrt(sum(value * value for value in vector)) == pytest.approx(1)


def test_vectors_are_the_same_everywhere() -> None:
    """In another process too, whose hashes of texts are others; the server gets them as 32-bit floats."""
    ask = "from chroma_sync_emulator.syncing.embedding import *; print(encoded(embed('Ask for vacation')))"
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout
    assert said.strip() == encoded(embed("Ask for vacation"))
    numbers = struct.unpack("<1024f", base64.b64decode(said))
    assert [place for place, value in enumerate(numbers) if abs(value) > 0.5] == [408, 942]
