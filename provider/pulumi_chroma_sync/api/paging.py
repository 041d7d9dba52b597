"""A list of sources or of their runs, page after page, while others create and delete.

How many items a page holds at most is the service's choice, so a page that is shorter than asked for
proves nothing. A list ends with a page that brings nothing new. To ask for that one each time would double
the requests for a small list; so the oldest item of a list that was read to its end is remembered: the newest
come first, and nothing can come behind the oldest.

Each page begins with the last item of the page before. Where it doesn't, the list has shifted:

- That item stands further down: something was created. What follows it is as good as before; only the
  list's front is read again, so that what is new is known too.
- It is not there: something was deleted, and what moved up may have been passed over. All is read again.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pulumi_chroma_sync.errors import ChromaSyncError

from .replies import Listed

__all__ = ["PAGE", "Pager"]

PAGE = 100
"""Items asked for in one page: the contract's default, and more than one page for few databases."""

_READINGS = 6
"""The first one, and five more where the list shifts."""


class Item(Protocol):
    """What a list holds."""

    @property
    def id(self) -> str: ...

    @property
    def moment(self) -> datetime | None: ...

    @property
    def body(self) -> Mapping[str, Any]: ...


_I = TypeVar("_I", bound=Item)

Ask = Callable[[int, int], Listed[_I]]
"""Asks for a page of the newest first: offset, limit."""


class _Shifted(Exception):
    """A page doesn't follow on the one before it."""


class Pager:
    """Reads lists to their end, and knows of each how to tell the end. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._oldest: dict[str, str] = {}

    def whole(self, what: str, ask: Ask[_I], at_most: int | None = None) -> Listed[_I]:
        """Every item of a list, the newest first; or the newest ones.

        ``complete`` is False where the service doesn't know the offset, or gives one item a page, so that
        pages can't overlap; and where there may be more than were wanted.

        Args:
            what: the list, such as ``sources of database "knowledge"``.
            ask: asks for one page.
            at_most: how many are wanted, 1 or more; None for all.

        Raises:
            ChromaSyncError: the list changes faster than it can be read; or what ``ask`` raises.
        """
        for _ in range(_READINGS):
            try:
                listed = _Reading(ask, lambda page: self.ends(what, page), at_most).whole()
            except _Shifted:
                continue
            if listed.complete and listed.items:
                self.begins_with(what, listed.items[-1])
            return listed
        raise ChromaSyncError(
            f"the list of the {what} changes faster than it can be read: {_READINGS} times a page did not "
            "follow on the one before it. Nothing was concluded from it. Run the same command again when "
            "less is deleted there"
        )

    def begins_with(self, what: str, oldest: Item) -> None:
        """Remember the oldest item of a list."""
        with self._lock:
            self._oldest[what] = oldest.id

    def ends(self, what: str, page: Sequence[Item]) -> bool:
        """Whether nothing can follow this page of the newest first; False where that isn't known."""
        if not page:
            return True
        with self._lock:
            oldest = self._oldest.get(what)
        return bool(oldest) and page[-1].id == oldest and _descends(page)


class _Reading(Generic[_I]):
    """One attempt to read a list from its front to its end.

    Args:
        ask: asks for one page.
        ends: whether nothing can follow a page, from what is known of the list.
        at_most: how many items are wanted; None for all.
    """

    def __init__(
        self, ask: Ask[_I], ends: Callable[[Sequence[_I]], bool], at_most: int | None = None
    ) -> None:
        self._ask = ask
        self._ends = ends
        self._at_most = at_most
        # Pages of one can't overlap.
        self._page = PAGE if at_most is None else min(PAGE, max(2, at_most))
        self._found: dict[str, _I] = {}

    def whole(self) -> Listed[_I]:
        """The whole list; raises :class:`_Shifted` where it has to be read anew."""
        first = self._ask(0, self._page)
        self._add(first.items)
        row, page, barren = 0, first.items, 0
        complete, grew = True, False
        while not self._ends(page):
            if self._at_most is not None and len(self._found) >= self._at_most:
                complete = False
                break
            row += max(1, len(page) - 1)
            before, page = page, self._ask(row, self._page).items
            if page == before:
                # Much was created just now; or the service doesn't know the offset, so there may be more.
                if self._ask(0, self._page).items != first.items:
                    raise _Shifted
                complete = False
                break
            if len(before) == 1:
                # Pages of one can't overlap, so a shift may not show.
                if any(_name(item) in self._found for item in page):
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
        items = (*front, *self._found.values())
        complete = complete and (self._at_most is None or len(items) <= self._at_most)
        return replace(first, items=items[: self._at_most], complete=complete)

    def _after(self, last: _I, page: Sequence[_I]) -> tuple[int, int]:
        """Take what follows the last item of the page before.

        Returns:
            How far down it stands by now, and how many items followed it.
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

    def _front(self) -> tuple[_I, ...]:
        """What is new since the first page was read."""
        new: dict[str, _I] = {}
        row = 0
        while True:
            page = self._ask(row, self._page).items
            count = len(new)
            for item in page:
                if _name(item) in self._found:
                    return tuple(new.values())
                new.setdefault(_name(item), item)
            if len(new) == count:
                raise _Shifted  # nothing of what we know is there any more
            row += max(1, len(page) - 1)

    def _add(self, page: Sequence[_I]) -> None:
        for item in page:
            self._found.setdefault(_name(item), item)


def _name(item: Item) -> str:
    """What tells an item from the others, also where it has no id."""
    return item.id or json.dumps(item.body, sort_keys=True)


def _descends(page: Sequence[Item]) -> bool:
    """Whether the newest comes first, as far as the page shows: a service may not know the order."""
    moments = [item.moment for item in page]
    known = [moment for moment in moments if moment is not None]
    if len(known) < len(moments):
        return False
    return len(known) == 1 or (
        known[0] > known[-1] and all(newer >= older for newer, older in itertools.pairwise(known))
    )
