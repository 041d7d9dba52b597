"""The sources of a database, page after page, while others create and delete.

How many sources a page holds at most is the service's choice, so a page that is shorter than asked for
proves nothing. A list ends with a page that brings nothing new. To ask for that one each time would double
the requests for a small database; so the oldest source of a list that was read to its end is remembered: the
newest come first, and nothing can come behind the oldest.

Each page begins with the last source of the page before. Where it doesn't, the list has shifted:

- That source stands further down: something was created. What follows it is as good as before; only the
  list's front is read again, so that what is new is known too.
- It is not there: something was deleted, and what moved up may have been passed over. All is read again.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import replace

from pulumi_chroma_sync.errors import ChromaSyncError

from .replies import Listed, SourceReply

__all__ = ["PAGE", "Pager"]

PAGE = 100
"""Sources asked for in one page: the contract's default, and more than one page for few databases."""

_READINGS = 6
"""The first one, and five more where the list shifts."""

Page = tuple[SourceReply, ...]

Ask = Callable[[int, int], Listed]
"""Asks for a page of the newest first: offset, limit."""


class _Shifted(Exception):
    """A page doesn't follow on the one before it."""


class Pager:
    """Reads lists to their end, and knows of each database how to tell the end. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._oldest: dict[str, str] = {}

    def whole(self, database: str, ask: Ask) -> Listed:
        """Every source of the database, the newest first.

        ``complete`` is False where the service doesn't know the offset, or gives one source a page, so that
        pages can't overlap.

        Args:
            database: its name.
            ask: asks for one page.

        Raises:
            ChromaSyncError: the list changes faster than it can be read; or what ``ask`` raises.
        """
        for _ in range(_READINGS):
            try:
                listed = _Reading(ask, lambda page: self.ends(database, page)).whole()
            except _Shifted:
                continue
            if listed.complete and listed.sources:
                self.begins_with(database, listed.sources[-1])
            return listed
        raise ChromaSyncError(
            f'the list of the sources of database "{database}" changes faster than it can be read: '
            f"{_READINGS} times a page did not follow on the one before it. Nothing was concluded from it. "
            "Run the same command again when fewer sources are deleted there"
        )

    def begins_with(self, database: str, oldest: SourceReply) -> None:
        """Remember the oldest source of a database."""
        with self._lock:
            self._oldest[database] = oldest.id

    def ends(self, database: str, page: Page) -> bool:
        """Whether nothing can follow this page of the newest first; False where that isn't known."""
        if not page:
            return True
        with self._lock:
            oldest = self._oldest.get(database)
        return bool(oldest) and page[-1].id == oldest and _descends(page)


class _Reading:
    """One attempt to read a list from its front to its end.

    Args:
        ask: asks for one page.
        ends: whether nothing can follow a page, from what is known of the database.
    """

    def __init__(self, ask: Ask, ends: Callable[[Page], bool]) -> None:
        self._ask = ask
        self._ends = ends
        self._found: dict[str, SourceReply] = {}

    def whole(self) -> Listed:
        """The whole list; raises :class:`_Shifted` where it has to be read anew."""
        first = self._ask(0, PAGE)
        self._add(first.sources)
        row, page, barren = 0, first.sources, 0
        complete, grew = True, False
        while not self._ends(page):
            row += max(1, len(page) - 1)
            before, page = page, self._ask(row, PAGE).sources
            if page == before:
                # Much was created just now; or the service doesn't know the offset, so there may be more.
                if self._ask(0, PAGE).sources != first.sources:
                    raise _Shifted
                complete = False
                break
            if len(before) == 1:
                # Pages of one can't overlap, so a shift may not show.
                if any(_name(source) in self._found for source in page):
                    raise _Shifted
                complete = complete and not page
                self._add(page)
                continue
            down, added = self._after(before[-1], page)
            grew = grew or down > 0
            barren = 0 if added else barren + 1
            if barren and not down:
                break
            if barren > 1:
                raise _Shifted  # created as fast as we read
        front = self._front() if grew else ()
        return replace(first, sources=(*front, *self._found.values()), complete=complete)

    def _after(self, last: SourceReply, page: Page) -> tuple[int, int]:
        """Take what follows the last source of the page before.

        Returns:
            How far down it stands by now, and how many sources followed it.
        """
        names = [*map(_name, page)]
        if _name(last) not in names:
            raise _Shifted
        down = names.index(_name(last))
        # A stranger above it, or an old acquaintance below it: the order is not what it was.
        if any(name not in self._found for name in names[:down]):
            raise _Shifted
        if any(name in self._found for name in names[down + 1 :]):
            raise _Shifted
        self._add(page[down + 1 :])
        return down, len(page) - down - 1

    def _front(self) -> Page:
        """What is new since the first page was read."""
        new: dict[str, SourceReply] = {}
        row = 0
        while True:
            page = self._ask(row, PAGE).sources
            count = len(new)
            for source in page:
                if _name(source) in self._found:
                    return tuple(new.values())
                new.setdefault(_name(source), source)
            if len(new) == count:
                raise _Shifted  # nothing of what we know is there any more
            row += max(1, len(page) - 1)

    def _add(self, page: Page) -> None:
        for source in page:
            self._found.setdefault(_name(source), source)


def _name(source: SourceReply) -> str:
    """What tells a source from the others, also where it has no id."""
    return source.id or json.dumps(source.body, sort_keys=True)


def _descends(page: Page) -> bool:
    """Whether the newest comes first, as far as the page shows: a service may not know the order."""
    moments = [source.moment for source in page]
    known = [moment for moment in moments if moment is not None]
    if len(known) < len(moments):
        return False
    return len(known) == 1 or (
        known[0] > known[-1] and all(newer >= older for newer, older in itertools.pairwise(known))
    )
