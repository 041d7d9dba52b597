"""A clock that a test turns, and a service in memory that pages as it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.clock import Clock
from pulumi_chroma_sync.settings import Settings

__all__ = ["KEY", "START", "Database", "FakeClock", "Planned", "client_of", "failing", "item"]

KEY = "ck-a-key-for-tests"
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


class FakeClock(Clock):
    """Moves when somebody sleeps, and when the test says so."""

    def __init__(self) -> None:
        self.now = START.timestamp()
        self.slept: list[float] = []
        super().__init__(monotonic=lambda: self.now, time=lambda: self.now, sleep=self._sleep)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.now += seconds


def client_of(
    handler: Callable[[httpx.Request], httpx.Response], clock: Clock | None = None, **settings: Any
) -> SyncClient:
    """A client whose requests go to this function, and which loses no time waiting."""
    return SyncClient(
        Settings(apiKey=KEY, url="http://127.0.0.1:1", **settings),
        transport=httpx.MockTransport(handler),
        clock=clock or FakeClock(),
    )


def failing(status: int, **headers: str) -> httpx.Response:
    """The API's own error."""
    body = {"error": "InternalError", "message": "sorry"}
    return httpx.Response(
        status, json=body, headers={name.replace("_", "-"): headers[name] for name in headers}
    )


def item(number: int, **fields: Any) -> dict[str, Any]:
    """A source as the list has it; a higher number is newer."""
    created_at = (START + timedelta(seconds=number)).isoformat()
    github = {"repository": f"acme/r{number}"}
    return {
        "id": f"s-{number}",
        "database_name": "demo",
        "created_at": created_at,
        "github": github,
        **fields,
    }


@dataclass
class Database:
    """The list of one database, the newest first, as a handler for :func:`client_of`.

    Attributes:
        items: what there is, the newest first.
        cap: the most that a page holds.
        before: called before the answer to each request, with how many came before it.
        asked: offset, limit and order of each request.
    """

    items: list[Any]
    cap: int = 100
    before: Callable[[int], None] = lambda _count: None
    asked: list[tuple[int, int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, numbers: Iterable[int], **options: Any) -> Database:
        """Sources with these numbers."""
        return cls([item(number) for number in sorted(numbers, reverse=True)], **options)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.before(len(self.asked))
        query = dict(request.url.params)
        assert query["database_name"] == "demo"
        offset, limit = int(query["offset"]), int(query["limit"])
        self.asked.append((offset, limit, query["order_by"]))
        return httpx.Response(200, content=json.dumps(self.page(offset, limit)))

    def page(self, offset: int, limit: int) -> list[Any]:
        """What a request is answered with."""
        return self.items[offset : offset + min(limit, self.cap)]

    def create(self, number: int) -> None:
        """Something new, at the front."""
        self.items.insert(0, item(number))

    def delete(self, index: int) -> None:
        """The source at this row is gone."""
        del self.items[index]


class Planned:
    """Answers what is planned, one after the other, the last one for ever; notes each time-out given."""

    def __init__(self, *planned: httpx.Response | Exception) -> None:
        self.planned = [*planned]
        self.timeouts: list[float] = []
        self.clock = FakeClock()
        self.started: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.timeouts.append(request.extensions["timeout"]["read"])
        self.started.append(self.clock.now)
        now = self.planned.pop(0) if len(self.planned) > 1 else self.planned[0]
        if isinstance(now, httpx.TimeoutException):
            self.clock.now += request.extensions["timeout"]["read"]
        if isinstance(now, Exception):
            raise now
        return now

    def client(self, **settings: Any) -> SyncClient:
        return client_of(self, self.clock, **settings)
