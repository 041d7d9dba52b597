"""A folder of pages as a web site: links are followed, nothing is fetched, nothing else is read."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

from .documents import HTML, Document, markdown_of, text_of
from .failures import SyncFailed
from .folders import inside
from .targets import site_key

__all__ = ["read_site"]

PAGE_LIMIT = 100
MAX_DEPTH = 10
_TEXTS = frozenset({".md", ".markdown", ".txt"})


@dataclass(frozen=True)
class _Page:
    title: str
    text: str
    links: tuple[str, ...]


def read_site(prefix: str, folder: Path, fields: Mapping[str, Any]) -> Iterator[Document]:
    """The pages that links lead to from the starting address, each once, the nearest first.

    The starting page is always read for its links. A link is followed where its path fits the regular
    expressions, and the page limit counts the pages that are written (both are guesses).

    Args:
        prefix: the address that the folder stands for; what is not below it is another site's.
        folder: its pages.
        fields: of the source, whose address :meth:`.targets.Targets.site_of` took: ``starting_url``,
            ``page_limit`` (100 where it is left out), ``max_depth`` (10), ``include_path_regexes``,
            ``exclude_path_regexes``.

    Raises:
        SyncFailed: there is no starting page, or a regular expression is none.
    """
    start = site_key(str(fields["starting_url"]))
    if _file(prefix, folder, start) is None:
        raise SyncFailed(f'page "{start}" not found (404)')
    fits = _filter(fields)
    return _crawled(prefix, folder, start, fits, _number(fields, "page_limit", PAGE_LIMIT), _depth(fields))


def _crawled(
    prefix: str, folder: Path, start: str, fits: _Filter, page_limit: int, max_depth: int
) -> Iterator[Document]:
    waiting = deque([(start, 0)])
    known = {start}
    read: set[Path] = set()
    while waiting and page_limit > 0:
        address, depth = waiting.popleft()
        path = _file(prefix, folder, address)
        # A page has one address, though /guide, /guide/ and /guide/index.html lead to it.
        page = None if path is None or path in read else _page(path)
        if page is None or path is None:
            continue
        read.add(path)
        if fits(address):
            page_limit -= 1
            yield Document(address, f"{path.stem}.md", page.text, {"url": address, "title": page.title})
        for link in page.links if depth < max_depth else ():
            target = _followed(address, link)
            if target and target not in known and fits(target):
                known.add(target)
                waiting.append((target, depth + 1))


class _Filter:
    def __init__(self, include: Sequence[re.Pattern[str]], exclude: Sequence[re.Pattern[str]]) -> None:
        self._include, self._exclude = include, exclude

    def __call__(self, address: str) -> bool:
        path = "/" + address.split("://", 1)[1].partition("/")[2]
        if any(pattern.search(path) for pattern in self._exclude):
            return False
        return not self._include or any(pattern.search(path) for pattern in self._include)


def _filter(fields: Mapping[str, Any]) -> _Filter:
    patterns: dict[str, list[re.Pattern[str]]] = {}
    for name in ("include_path_regexes", "exclude_path_regexes"):
        patterns[name] = []
        for text in fields.get(name) or ():
            try:
                patterns[name].append(re.compile(text))
            except re.error as error:
                raise SyncFailed(f'{name}: "{text}" is no regular expression: {error}') from None
    return _Filter(patterns["include_path_regexes"], patterns["exclude_path_regexes"])


def _depth(fields: Mapping[str, Any]) -> int:
    return _number(fields, "max_depth", MAX_DEPTH)


def _number(fields: Mapping[str, Any], name: str, default: int) -> int:
    value = fields.get(name)
    # With the setting `normalise` numbers are texts.
    return default if value in (None, "") else int(value)


def _followed(address: str, link: str) -> str | None:
    try:
        target = urljoin(address, link.strip())
        return site_key(target) if target.startswith(("http://", "https://")) else None
    except ValueError:
        return None


def _file(prefix: str, folder: Path, address: str) -> Path | None:
    """The file that answers an address, as a server of static files finds it; None where there is none."""
    key = site_key(address)
    if not f"{key}/".startswith(prefix):
        return None
    below = unquote(key[len(prefix) :])
    choices = [f"{below}index.html"] if not below or below.endswith("/") else []
    choices += [below, f"{below}.html", f"{below}/index.html", f"{below}.md"]
    for choice in choices:
        found = inside(folder, choice)
        if found is not None and found.suffix.lower() in HTML | _TEXTS:
            return found
    return None


def _page(path: Path) -> _Page | None:
    text = text_of(path.read_bytes())
    if text is None:
        return None
    if path.suffix.lower() not in HTML:
        return _Page(path.stem, text, ())
    from bs4 import BeautifulSoup

    page = BeautifulSoup(text, "html.parser")
    base = page.find("base", href=True)
    links = [str(link["href"]) for link in page.find_all("a", href=True)]
    if base is not None:
        links = [urljoin(str(base["href"]), link) for link in links]
    named = page.title or page.h1
    title = named.get_text(" ", strip=True) if named else ""
    return _Page(title or path.stem, markdown_of(text), tuple(links))
