"""What the service's list said of one database, asked for no more often than is needed."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from .client import PAGE, SyncClient
from .models import SourceReply

__all__ = ["Listing"]

_WHOLE_AGE = 30.0
"""Seconds for which a whole list is good enough to be completed by its newest entries."""

_NEWEST = 20
"""Sources asked for to complete it; more than the engine's four threads create meanwhile."""


@dataclass
class _Snapshot:
    taken: float
    sources: dict[str, SourceReply]


class Listing:
    """The list of one database. Threads may share it; of several that ask at once, one does.

    Args:
        client: asks the service.
        database: the database's name.

    Every method raises ``ChromaSyncError`` where the list could not be read.
    """

    def __init__(self, client: SyncClient, database: str) -> None:
        self._client = client
        self._database = database
        self._lock = threading.Lock()
        self._whole: _Snapshot | None = None
        self._first: _Snapshot | None = None
        self._seen: _Snapshot | None = None

    def ask(self, retries: int) -> None:
        """Read the first page, which tells about the API key and the database, and keep it."""
        with self._lock:
            taken = time.monotonic()
            page = self._client.list_page(self._database, retries=retries)
            self._first = _snapshot(taken, page)
            if len(page) < PAGE:
                self._whole = self._first

    def whole(self, max_age: float, retries: int | None) -> dict[str, SourceReply]:
        """Exactly the sources that there were at most ``max_age`` seconds ago, by id."""
        asked = time.monotonic()
        with self._lock:
            # An answer that was on its way while we waited for the lock may be older than the question.
            if self._whole is None or self._whole.taken < asked - max_age:
                first = self._first
                if first is None or first.taken < asked - max_age:
                    first = None
                self._whole = self._read(first, retries)
            return self._whole.sources

    def seen(self, retries: int | None) -> dict[str, SourceReply]:
        """Every source that there is at this moment; some that are gone may be among them.

        Where the whole list was read a short while ago, this costs one short page.
        """
        asked = time.monotonic()
        with self._lock:
            whole = self._whole
            if whole is not None and (self._seen is None or self._seen.taken < whole.taken):
                self._seen = whole
            if self._seen is None or self._seen.taken < asked:
                self._seen = self._completed(whole, self._seen, retries)
            return self._seen.sources

    def _completed(self, whole: _Snapshot | None, seen: _Snapshot | None, retries: int | None) -> _Snapshot:
        taken = time.monotonic()
        if whole is not None and seen is not None and whole.taken >= taken - _WHOLE_AGE:
            page = self._client.list_page(self._database, limit=_NEWEST, retries=retries)
            if len(page) < _NEWEST:
                self._whole = _snapshot(taken, page)
                return self._whole
            # Newest first: what follows a source that was seen before was seen before as well.
            if page[-1].id in seen.sources:
                return _Snapshot(taken, {**seen.sources, **_snapshot(taken, page).sources})
        self._whole = self._read(None, retries)
        return self._whole

    def _read(self, first: _Snapshot | None, retries: int | None) -> _Snapshot:
        taken = time.monotonic() if first is None else first.taken
        page = None if first is None else list(first.sources.values())
        return _snapshot(taken, self._client.list_sources(self._database, first=page, retries=retries))


def _snapshot(taken: float, sources: list[SourceReply]) -> _Snapshot:
    return _Snapshot(taken, {source.id: source for source in sources})
