"""What was just created, as the service shows it: one page of the newest for all creates that wait.

A create ends with the service's own view of its source, which costs one more round trip. Where many are under
way, pages of the newest sources are asked for beside them instead. Such a page begins once creates were sent,
so that it comes back with their answers; what it doesn't show yet, the next one does.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from pulumi_chroma_sync.api.clock import Clock
from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.errors import ChromaSyncError

from .listing import SourceList

__all__ = ["Arrivals"]

_MANY = 4
"""Creates under way from which on a page costs less than asking for each source by its id."""

_AT_ONCE = 2
"""Pages on their way at the same time."""

_SHORTEST_PAUSE = 0.05
"""Seconds between the beginnings of two pages, at least."""

_PAUSE = 0.8
"""The same, in what the last page took: a create waits for half of that on average."""

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
        self._wanted = False
        self._begun = 0
        self._back = 0
        self._next_at = 0.0
        self._pause = _SHORTEST_PAUSE
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
                self._turn.notify_all()

    def sent(self) -> None:
        """A create is sent in this moment: a page that begins from now on may show its source."""
        self._listing.one_more()
        with self._turn:
            self._want()

    def shown(self, source_id: str) -> SourceReply | None:
        """What the service shows of a source that was created.

        Returns:
            None where no page is to be waited for, or where one that began after this call doesn't show it:
            it has to be asked for by its id.
        """
        with self._turn:
            late = self._begun + 1
            while (found := self._found(source_id)) is None:
                # With few under way, only a page that is on its way already is worth the wait.
                if self._back >= late or not (self._want() or self._begun > self._back):
                    return None
                self._turn.wait()
            return found

    def _found(self, source_id: str) -> SourceReply | None:
        return next((page[source_id] for page in self._pages if source_id in page), None)

    def _want(self) -> bool:
        """See to it that a page begins soon; False where so few are under way that none is worth it."""
        if self._under_way < _MANY:
            return False
        self._wanted = True
        if self._asking < _AT_ONCE:
            self._asking += 1
            self._beside(self._ask)
        return True

    def _ask(self) -> None:
        """Ask for pages as long as somebody wants one."""
        while True:
            with self._turn:
                if not self._wanted:
                    self._asking -= 1
                    return
                now = self._clock.monotonic()
                pause = self._next_at - now
                if pause <= 0:
                    self._wanted = False
                    self._begun += 1
                    number = self._begun
                    self._next_at = now + self._pause
            if pause > 0:
                self._clock.sleep(pause)
                continue
            page: Mapping[str, SourceReply] = {}
            try:
                page = {reply.id: reply for reply in self._listing.newest(retries=0)}
            except ChromaSyncError:
                pass  # who waits asks by id, and says what is wrong
            finally:
                with self._turn:
                    self._pages.append(page)
                    self._back = max(self._back, number)
                    self._pause = max(_SHORTEST_PAUSE, (self._clock.monotonic() - now) * _PAUSE)
                    self._turn.notify_all()
