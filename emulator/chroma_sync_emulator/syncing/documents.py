"""What is read from a source: texts with a name, and how bytes become one.

The vendor's service turns documents into Markdown, PDFs and pictures among them. Here HTML alone is turned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from .failures import SyncFailed

__all__ = ["HTML", "LARGEST_FILE", "UNREADABLE", "Document", "markdown_of", "read_document", "text_of"]

LARGEST_FILE = 2**20
"""Bytes of a repository's file that is read; a larger one is passed over (documented without a number)."""

HTML = frozenset({".html", ".htm", ".xhtml"})
"""Suffixes of files that are turned into Markdown."""

UNREADABLE = frozenset(
    ".pdf .doc .docx .odt .xls .xlsx .xlsm .xltx .ods .ppt .pptx .odp .epub"
    " .png .jpg .jpeg .webp .gif .tiff .tif".split()
)
"""Suffixes of documents that the vendor's service extracts and this one doesn't."""


@dataclass(frozen=True)
class Document:
    """A text of a source.

    Args:
        key: what makes its chunks' ids, within the collection: a path, an address, an object's key.
        name: a file's name, whose suffix tells the language.
        text: the whole.
        metadata: of each chunk.
        custom_id: stands in the ids in place of the key's hash.
    """

    key: str
    name: str
    text: str
    metadata: dict[str, Any] = field(default_factory=dict)
    custom_id: str | None = None


def text_of(raw: bytes) -> str | None:
    """The text, or None where it is none: not UTF-8, or with a zero in it."""
    if b"\0" in raw:
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def markdown_of(html: str) -> str:
    """A page's content as Markdown, without what isn't shown."""
    from bs4 import BeautifulSoup
    from markdownify import ATX, MarkdownConverter

    page = BeautifulSoup(html, "html.parser")
    for unseen in page(["script", "style", "noscript", "template", "head", "svg"]):
        unseen.decompose()
    return str(MarkdownConverter(heading_style=ATX).convert_soup(page)).strip() + "\n"


def read_document(raw: bytes, name: str, what: str, content_type: str = "") -> tuple[str, str]:
    """The text of one file, and the name that tells its language.

    Args:
        raw: the file.
        name: its name.
        what: what a message calls it, such as ``object "a/b.md"``.
        content_type: where it is known.

    Raises:
        SyncFailed: no text can be had of it.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in UNREADABLE or content_type == "application/pdf":
        raise SyncFailed(f"{what}: the emulator extracts no text of {suffix or content_type} documents")
    text = text_of(raw)
    if text is None:
        raise SyncFailed(f"{what} is not valid UTF-8 text")
    if suffix in HTML or content_type == "text/html":
        return markdown_of(text), f"{name}.md"
    return text, name
