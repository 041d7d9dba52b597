"""What the service's list says of one database, asked for no more often than is needed.

Each source is brought to its normal form once, when it is first listed, and found by its identity: equal
sources share one, so nothing here walks over a database's sources for a single resource.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.replies import Listed, SourceReply
from pulumi_chroma_sync.core.shared import Shared

from .spec import SourceSpec

__all__ = ["Known", "Look", "SourceList"]

_WHOLE_AGE = 30.0
"""Seconds for which a whole list is good enough to be completed by its newest entries."""

_NEWEST = 20
"""Sources asked for to complete it; more than the engine's four threads create meanwhile."""


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
        self._whole_at: float | None = None
        self._first: tuple[float, Listed] | None = None
        self._wholes: Shared[Look] = Shared(client.clock.monotonic)
        self._looks: Shared[Look] = Shared(client.clock.monotonic)

    def whole(self, max_age: float = 0.0, retries: int | None = None) -> Look:
        """Know exactly the sources that there were at most ``max_age`` seconds ago.

        Raises:
            ChromaSyncError: the list could not be read.
        """
        return self._wholes.get(lambda: self._read_whole(max_age, retries), max_age)

    def look(self, retries: int | None = None) -> Look:
        """Know every source that there is at this moment; some that are gone may be among them.

        Where the whole list was read a short while ago, this costs one short page.

        Raises:
            ChromaSyncError: the list could not be read.
        """
        return self._looks.get(lambda: self._look(retries))

    def first_page(self, retries: int | None = None) -> None:
        """Read the first page, which tells about the API key and the database, and keep it for a while.

        Raises:
            ChromaSyncError: it could not be read.
        """
        began = self._client.clock.monotonic()
        page = self._client.list_page(self._database, retries=retries)
        with self._lock:
            self._first = (began, page)

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

    def _look(self, retries: int | None) -> Look:
        now, before = self._client.clock.monotonic(), self._number
        if self._whole_at is not None and self._whole_at >= now - _WHOLE_AGE:
            page = self._client.newest_sources(self._database, _NEWEST, retries=retries)
            if page.complete:
                return self._take_in_whole(page, now, before)
            # Newest first: what follows a source that was seen before was seen before as well.
            if page.sources and self.get(page.sources[-1].id) is not None:
                return self._take_in(page)
        return self.whole(retries=retries)

    def _read_whole(self, max_age: float, retries: int | None) -> Look:
        began, before, first = self._client.clock.monotonic(), self._number, None
        if self._first is not None and self._first[0] >= began - max_age:
            began, first = self._first
        listed = self._client.list_sources(self._database, first=first, retries=retries)
        return self._take_in_whole(listed, began, before)

    def _take_in_whole(self, listed: Listed, began: float, before: int) -> Look:
        """Take in all that there is: what was known before and isn't in it is gone.

        Args:
            listed: every source.
            began: when it was asked for.
            before: the number of the last look before that.
        """
        look = self._take_in(listed)
        with self._lock:
            there = {reply.id for reply in listed.sources}
            for source_id in [key for key in self._known if key not in there]:
                if self._known[source_id].number <= before:
                    self._drop(source_id)
            self._whole_at = began
        return look

    def _take_in(self, listed: Listed) -> Look:
        with self._lock:
            self._number += 1
            for reply in listed.sources:
                old = self._known.get(reply.id)
                if old is None:
                    self._keep(Known(reply, _spec_of(reply), self._number))
                elif old.reply.body != reply.body:
                    self._drop(reply.id)
                    self._keep(replace(old, reply=reply, spec=_spec_of(reply)))
            return Look(self._number, listed.served_at)

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
