"""What was just created, as the service shows it: one page of the newest for all creates that wait.

A create ends with the service's own view of its source, which costs one more round trip. Where many are under
way, pages of the newest sources are asked for beside them instead. Such a page begins once creates were sent,
so that it comes back with their answers; what it doesn't show yet, the next one does.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from pulumi_chroma_sync.api.clock import Clock
from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.errors import ChromaSyncError

from .listing import SourceList

__all__ = ["Arrivals"]

_MANY = 4
"""Creates under way from which on a page costs less than asking for each source by its id."""

_AT_ONCE = 6
"""Pages on their way at the same time."""

_PAUSE = 0.33
"""Between the beginnings of two pages, in what the last one took. So three pages are on their way, and the
creates end in three groups, not all at once: the engine writes its state after each (measured)."""

_GATHER = 0.06
"""How long a page waits for further creates to be sent before it, likewise."""

_AHEAD = 0.015
"""Seconds after which a create has gone out, so that no page that begins then is there before it."""

_PAGES, _PAGES_A_CREATE = 2, 0.13
"""How many pages are spent: at first, and for each create. Beyond, a create waits for one for as long as"""

_LONGEST_WAIT = 0.45
"""this, in what the last page took."""

_SLICE = 0.01
"""Seconds after which somebody who waits to begin a page looks again whether it is time."""

_KEPT = 2 * _AT_ONCE
"""Pages that are remembered: one may come back before the answer to a create that it shows."""


class Arrivals:
    """The creates under way in one database, and what the service shows of them. Threads may share it.

    Args:
        listing: of the database.
        clock: what waiting is measured on.
        beside: runs something on a thread of its own.
    """

    def __init__(
        self, listing: SourceList, clock: Clock, beside: Callable[[Callable[[], None]], None]
    ) -> None:
        self._listing = listing
        self._clock = clock
        self._beside = beside
        self._turn = threading.Condition()
        self._under_way = 0
        self._asking = 0
        self._waits = False
        self._sent = 0
        self._begun_at = 0.0
        self._unseen: list[float] = []
        self._begun = 0
        self._back = 0
        self._pages: deque[Mapping[str, SourceReply]] = deque(maxlen=_KEPT)

    @contextmanager
    def expected(self) -> Iterator[None]:
        """A create is under way."""
        with self._turn:
            self._under_way += 1
        try:
            yield
        finally:
            with self._turn:
                self._under_way -= 1
                if self._under_way < _MANY:  # from now on nobody is to wait for a page that isn't on its way
                    self._turn.notify_all()

    def sent(self) -> int:
        """A create is sent in this moment: a page that begins from now on may show its source.

        Returns:
            How many pages have begun before it, for :meth:`shown`.
        """
        self._listing.one_more()
        with self._turn:
            self._sent += 1
            self._want()
            return self._begun

    def shown(self, source_id: str, before: int) -> SourceReply | None:
        """What the service shows of a source that was created.

        Args:
            source_id: its id.
            before: pages that have begun before it was sent.

        Returns:
            None where no page is to be waited for, or where one that began after this call doesn't show it:
            it has to be asked for by its id.
        """
        with self._turn:
            late = self._begun + 1
            while (found := self._found(source_id)) is None:
                # A page that began since it was sent may show it; else another one is asked for. With few
                # under way, only one that is on its way already is worth the wait.
                on_its_way = self._begun > max(before, self._back)
                if self._back >= late or not (on_its_way or self._want() or self._begun > self._back):
                    return None
                self._turn.wait()
            return found

    def _found(self, source_id: str) -> SourceReply | None:
        return next((page[source_id] for page in self._pages if source_id in page), None)

    def _want(self) -> bool:
        """See to it that a page begins soon; False where so few are under way that none is worth it."""
        if self._under_way < _MANY:
            return False
        self._unseen.append(self._clock.monotonic())
        self._see_to_it()
        return True

    def _see_to_it(self) -> None:
        """Have a thread wait for the moment at which the next page begins, if one is wanted."""
        if self._unseen and not self._waits and self._asking < _AT_ONCE:
            self._waits = True
            self._asking += 1
            self._beside(self._ask)

    def _ask(self) -> None:
        """Ask for a page when it is time."""
        while True:
            with self._turn:
                now = self._clock.monotonic()
                pause = self._due() - now
                if pause <= 0:
                    self._unseen = [sent for sent in self._unseen if sent > now - _AHEAD]
                    self._begun += 1
                    self._begun_at = now
                    number = self._begun
                    self._waits = False
                    self._see_to_it()
                    break
            self._clock.sleep(min(pause, _SLICE))
        try:
            self._listing.newest(partial(self._came, number), retries=0)
        except ChromaSyncError:
            pass  # who waits asks by id, and says what is wrong
        finally:
            self._came(number, ())
            with self._turn:
                self._asking -= 1
                self._see_to_it()

    def _due(self) -> float:
        """When the next page is to begin, as far as is known."""
        took = self._listing.took
        first, last = self._unseen[0], self._unseen[-1]
        due = min(first + max(_AHEAD, took * _GATHER), last + _AHEAD)
        if self._begun >= _PAGES + self._sent * _PAGES_A_CREATE:
            due = first + max(_AHEAD, took * _LONGEST_WAIT)
        return max(due, self._begun_at + took * _PAUSE)

    def _came(self, number: int, page: Sequence[SourceReply]) -> None:
        """A page came back, or will not come."""
        with self._turn:
            if page:
                self._pages.append({reply.id: reply for reply in page})
            self._back = max(self._back, number)
            self._turn.notify_all()
