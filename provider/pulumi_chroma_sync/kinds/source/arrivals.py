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

_AT_ONCE = 4
"""Pages on their way at the same time."""

_SHORTEST_PAUSE = 0.03
"""Seconds between the beginnings of two pages, at least."""

_PAUSE = 0.3
"""The same, in what the last page took. Creates that one page shows end together, and the next begin once the
engine has seen to each: groups that end in turn are faster than all at once (measured)."""

_SHORTEST_GATHER = 0.012
"""Seconds that a page waits for further creates to be sent before it, at least."""

_GATHER = 0.08
"""The same, in what the last page took."""

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
        self._wanted_at = 0.0
        self._last = 0.0
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

    def sent(self) -> int:
        """A create is sent in this moment: a page that begins from now on may show its source.

        Returns:
            How many pages have begun before it, for :meth:`shown`.
        """
        self._listing.one_more()
        with self._turn:
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
        if not self._wanted:
            self._wanted, self._wanted_at = True, self._clock.monotonic()
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
                pause = (
                    max(self._next_at, self._wanted_at + max(_SHORTEST_GATHER, self._last * _GATHER)) - now
                )
                if pause <= 0:
                    self._wanted = False
                    self._begun += 1
                    number = self._begun
                    self._next_at = now + max(_SHORTEST_PAUSE, self._last * _PAUSE)
            if pause > 0:
                self._clock.sleep(pause)
                continue
            try:
                self._listing.newest(partial(self._came, number, now), retries=0)
            except ChromaSyncError:
                pass  # who waits asks by id, and says what is wrong
            finally:
                self._came(number, now, ())

    def _came(self, number: int, began: float, page: Sequence[SourceReply]) -> None:
        """A page came back, or will not come."""
        with self._turn:
            if page:
                self._pages.append({reply.id: reply for reply in page})
                self._last = self._clock.monotonic() - began
            self._back = max(self._back, number)
            self._turn.notify_all()
