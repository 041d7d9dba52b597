"""The documents of the checkout, and what stands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from scripts.docs import pages

__all__ = ["ROOT", "Block", "Document", "documents"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        place: document and line of its first line, such as ``README.md:12``.
        language: what stands after the fence; empty where nothing does.
        text: what is inside, its common indentation taken off.
    """

    place: str
    language: str
    text: str


@dataclass(frozen=True)
class Document:
    """A Markdown file; its place is relative to the checkout."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """Without its fenced blocks."""
        return FENCE.sub("", self.text)

    def blocks(self, *languages: str) -> list[Block]:
        """The fenced blocks of these languages; without one, all."""
        return [
            Block(
                f"{self}:{self.text[: match.start('text')].count(chr(10)) + 1}",
                match["language"],
                _dedented(match["text"], match["indent"]),
            )
            for match in FENCE.finditer(self.text)
            if not languages or match["language"] in languages
        ]

    def code(self) -> str:
        """What is meant for a shell: blocks without a comment's words, and code within lines."""
        lines = [
            line.partition(" #")[0]
            for block in self.blocks("", "sh", "shell", "console", "text")
            for line in block.text.splitlines()
            if not line.startswith("#")
        ]
        return "\n".join([*lines, *re.findall(r"`([^`\n]+)`", self.prose)])

    def anchors(self) -> set[str]:
        """What a link may name after ``#``: its headings, as GitHub spells them."""
        headings = re.findall(r"^#+ +(.*?)\s*$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)


def _dedented(text: str, indent: str) -> str:
    return "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))


def documents() -> list[Document]:
    """Every Markdown file that people read."""
    return [Document(path) for path in pages.documents(ROOT)]
