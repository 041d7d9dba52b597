"""What the service's list says of one database, asked for no more often than is needed.

Each source is brought to its normal form once, when it is first listed, and found by its identity: equal
sources share one, so nothing here walks over a database's sources for a single resource.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.paging import PAGE
from pulumi_chroma_sync.api.replies import Listed, SourceReply
from pulumi_chroma_sync.core.shared import Shared

from .spec import SourceSpec

__all__ = ["Known", "Look", "SourceList"]

_WHOLE_AGE = 30.0
"""Seconds for which what is known is good enough to be completed by the newest entries of the list."""

_LONG = 3.0
"""What a list may be older for, in the time that it took to read: that of 10,000 sources 0.3 s away takes
half a minute, and would be read anew for each few of them."""

_OF_OTHERS = 20
"""Sources that others may have created since, for a page of the newest to complete what is known."""


@dataclass(frozen=True)
class Known:
    """A source that the list has shown.

    Args:
        reply: as the service answered it last.
        spec: the same in normal form; None where this version doesn't understand its shape, and then it is
            equal to nothing.
        number: of the look that showed it first.
    """

    reply: SourceReply
    spec: SourceSpec | None
    number: int

    @property
    def id(self) -> str:
        """The service's id."""
        return self.reply.id


@dataclass(frozen=True)
class Look:
    """One look at all that there was at a moment.

    Args:
        number: looks are numbered in their order.
        served_at: the service's clock then, where it said so.
    """

    number: int
    served_at: datetime | None


class SourceList:
    """The list of one database. Threads may share it; of several that ask at once, one does.

    Args:
        client: asks the service.
        database: the database's name.
    """

    def __init__(self, client: SyncClient, database: str) -> None:
        self._client = client
        self._database = database
        self._lock = threading.Lock()
        self._known: dict[str, Known] = {}
        self._by_key: defaultdict[object, dict[str, Known]] = defaultdict(dict)
        self._number = 0
        self._served_at: datetime | None = None
        self._known_at: float | None = None
        self._took = 0.0
        self._unlisted = 0
        self._finding_out = 0
        self._first: tuple[float, Listed[SourceReply]] | None = None
        self._wholes: Shared[None] = Shared(client.clock.monotonic)
        self._looks: Shared[None] = Shared(client.clock.monotonic)

    def whole(self, max_age: float = 0.0, retries: int | None = None) -> None:
        """Know exactly the sources that there were at most ``max_age`` seconds ago.

        Raises:
            ChromaSyncError: the list could not be read.
        """
        self._wholes.get(lambda: self._read_whole(max_age, retries), max_age)

    def recent(self, age: float, retries: int | None = None) -> None:
        """Know the sources that there were a short while ago.

        Args:
            age: seconds. Of a list that takes long to read, three times as long as that is short, too.
            retries: instead of the settings'.

        Raises:
            ChromaSyncError: the list could not be read.
        """
        self.whole(age + _LONG * self._took, retries)

    def look(self, max_age: float = 0.0, meanwhile: float = 0.0, retries: int | None = None) -> Look:
        """Know every source that there was at most ``max_age`` seconds ago; some may be gone.

        While another thread looks, one from ``meanwhile`` seconds ago is good enough.

        Where the list was read a short while ago, this costs one short page, or nothing. What the list was
        read for before the first look, such as a preview, is no look.

        Returns:
            What is known now: whatever this process learns later was not there in this look.

        Raises:
            ChromaSyncError: the list could not be read.
        """
        self._looks.get(lambda: self._look(retries), max_age, meanwhile)
        with self._lock:
            return Look(self._number, self._served_at)

    def newest(self, shown: Callable[[Sequence[SourceReply]], None], retries: int | None = None) -> None:
        """One page of the newest sources; where it completes what is known, it is a look as well.

        Empty where what is known is too old to be completed by one page.

        Args:
            shown: told what the page shows, before it is known whether that is all.
            retries: instead of the settings'.

        Raises:
            ChromaSyncError: it could not be read.
        """
        self._newest(retries, shown)

    def one_more(self) -> None:
        """One of our own is being created, which the next page of the newest has to have room for."""
        with self._lock:
            self._unlisted += 1

    def first_page(self, retries: int | None = None) -> None:
        """Read the first page, which tells about the API key and the database, and keep it for a while.

        Raises:
            ChromaSyncError: it could not be read.
        """
        began = self._client.clock.monotonic()
        with self._lock:
            before = self._number
        page = self._client.list_page(self._database, retries=retries)
        with self._lock:
            self._first = (began, page)
        if page.complete:
            self._take_in_whole(page, began, before)
            self._looks.offer(began, None)

    def get(self, source_id: str) -> Known | None:
        """The source of this id, if the last looks showed it."""
        with self._lock:
            return self._known.get(source_id)

    def of(self, key: object) -> list[Known]:
        """The sources with this key of their specification, the oldest look's first."""
        with self._lock:
            return sorted(self._by_key.get(key, {}).values(), key=lambda known: known.number)

    def was_there(self, source_id: str, look: Look) -> bool:
        """Whether this look, or one before, showed the source."""
        known = self.get(source_id)
        return known is not None and known.number <= look.number

    def _look(self, retries: int | None) -> None:
        if not self._newest(retries):
            self.whole(retries=retries)

    def _newest(
        self, retries: int | None, shown: Callable[[Sequence[SourceReply]], None] | None = None
    ) -> bool:
        """Ask for the newest sources; whether every source is known with them."""
        began = self._client.clock.monotonic()
        with self._lock:
            before, unlisted, known_at = self._number, self._unlisted, self._known_at
        if known_at is None or known_at < began - _WHOLE_AGE - _LONG * self._took:
            return False
        limit = min(PAGE, unlisted + _OF_OTHERS)
        page = self._client.newest_sources(self._database, limit, retries=retries)
        if shown is not None:
            shown(page.items)
        if page.complete or self._is_all(page, retries, beside=shown is not None):
            self._take_in_whole(page, began, before)
        # Newest first: what follows a source that a look has shown was shown as well.
        elif page.items and self.get(page.items[-1].id) is not None:
            self._take_in(page, began)
        else:
            return False
        with self._lock:
            self._unlisted -= min(unlisted, self._unlisted)
        self._looks.offer(began, None)
        return True

    def _is_all(self, page: Listed[SourceReply], retries: int | None, *, beside: bool) -> bool:
        """Whether a page of the newest shows all of a database that was empty.

        That is one more request. Of the pages beside creates, one sends it at a time: what another doesn't
        find out now, the next one will.
        """
        with self._lock:
            if self._known or (beside and self._finding_out):
                return False
            self._finding_out += 1
        try:
            return self._client.is_whole(self._database, page.items, retries=retries)
        finally:
            with self._lock:
                self._finding_out -= 1

    def _read_whole(self, max_age: float, retries: int | None) -> None:
        asked = began = self._client.clock.monotonic()
        before, first = self._number, None
        if self._first is not None and self._first[0] >= began - max_age:
            began, first = self._first
        listed = self._client.list_sources(self._database, first=first, retries=retries)
        self._took = self._client.clock.monotonic() - asked
        self._take_in_whole(listed, began, before)

    def _take_in_whole(self, listed: Listed[SourceReply], began: float, before: int) -> None:
        """Take in all that there is: what was known before and isn't in it is gone.

        Args:
            listed: every source.
            began: when it was asked for.
            before: the number of the last look before that.
        """
        self._take_in(listed, began)
        with self._lock:
            there = {reply.id for reply in listed.items}
            for source_id in [key for key in self._known if key not in there]:
                if self._known[source_id].number <= before:
                    self._drop(source_id)

    def _take_in(self, listed: Listed[SourceReply], began: float) -> None:
        with self._lock:
            self._number += 1
            for reply in listed.items:
                old = self._known.get(reply.id)
                if old is None:
                    self._keep(Known(reply, _spec_of(reply), self._number))
                elif old.reply.body != reply.body:
                    self._drop(reply.id)
                    self._keep(replace(old, reply=reply, spec=_spec_of(reply)))
            if self._known_at is None or began >= self._known_at:
                self._known_at, self._served_at = began, listed.served_at

    def _keep(self, known: Known) -> None:
        self._known[known.id] = known
        if known.spec is not None:
            self._by_key[known.spec.key][known.id] = known

    def _drop(self, source_id: str) -> None:
        known = self._known.pop(source_id)
        if known.spec is not None:
            del self._by_key[known.spec.key][source_id]


def _spec_of(reply: SourceReply) -> SourceSpec | None:
    return SourceSpec.from_answer(reply.body) if reply.problem is None else None
