"""The service in memory: the provider talks to it without a socket, and time passes only where it waits.

What a body may hold, what makes two sources equal, what is filled in and how it is spelled is the emulator's
own code. What is kept, when it shows, and how an answer gets lost is here, with the emulator's ideas of it;
``test_memory.py`` plays the same requests against both and compares what they say.
"""

from __future__ import annotations

import email.utils
import itertools
import json
import re
import threading
import time as machine
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import httpx

from chroma_sync_emulator import errors, settings
from chroma_sync_emulator.equality import content, identity
from chroma_sync_emulator.faults import Fault, FaultPlan, FaultSpec
from chroma_sync_emulator.parsing import parse_body
from chroma_sync_emulator.payloads import CreateSource
from chroma_sync_emulator.replies import answered, kept
from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.clock import Clock
from pulumi_chroma_sync.settings import Settings

from .plugin import Bag, Process

__all__ = ["KEY", "MANNERS", "URL", "FakeTime", "Memory", "Seen"]

KEY = "key-of-the-memory"
"""The API key that opens it."""

URL = "http://127.0.0.1"
EPOCH = 1_790_000_000.0

MANNERS: dict[str, Bag] = {
    "plain": {},
    "filled": {"defaults": "filled"},
    "normalising": {"normalise": "on"},
}
"""How a service answers what it was sent: as it was, with its defaults, in its own spelling."""

_PATH = re.compile(r"/api/v1/sources(?:/([0-9a-f-]{36}))?")
_OPERATIONS = {
    ("POST", False): "create_source",
    ("GET", False): "list_sources",
    ("GET", True): "get_source",
    ("DELETE", True): "delete_source",
}


class FakeTime:
    """Seconds that pass only where somebody waits; threads that wait at the same time wait together."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        """Let time pass, and other threads run."""
        until = self.now + seconds
        machine.sleep(0)
        with self._lock:
            self.now = max(self.now, until)

    @property
    def clock(self) -> Clock:
        """The same for the provider."""
        return Clock(lambda: self.now, lambda: EPOCH + self.now, lambda seconds: self.sleep(seconds))


@dataclass
class Seen:
    """One request as it came in."""

    operation: str
    query: dict[str, str]
    body: Any
    at: float
    fault: str | None
    source_id: str | None
    raw: bytes = field(default=b"", repr=False)
    who: Any = None


@dataclass
class _Kept:
    id: str
    key: str
    database: str
    document: Bag
    created_at: float
    written_at: float
    deleted_at: float | None = None

    def gone_at(self, takes: float) -> float | None:
        return None if self.deleted_at is None else self.deleted_at + takes


@dataclass
class _Hook:
    operation: str
    act: Callable[[], object]
    left: int
    after: bool


class Memory(httpx.BaseTransport):
    """A service. Threads may share it.

    Args:
        time: what passes; a time of its own where none is given.
        chosen: the emulator's settings, such as ``unique="never"``, ``read_lag=3``, ``page_cap=50``.

    Attributes:
        time: as given.
        listening: False refuses every connection.
        latency: seconds that each request takes.
        blind_deletes: a source that reads don't show yet can't be deleted either.
        held: seconds for which the target of a source that is gone stays taken.
        clocks: how many seconds the clocks of the service's nodes are wrong; they serve in turns.
        keys: the databases of each API key.
        seen: every request.
        who: its ``number`` names who asks in a thread.
        made: what was created over the API: id, and who asked.
        removed: the same of what was deleted.
    """

    def __init__(self, time: FakeTime | None = None, **chosen: Any) -> None:
        self.time = time or FakeTime()
        self.listening = True
        self.latency = 0.01
        self.blind_deletes = False
        self.held = 0.0
        self.clocks: tuple[float, ...] = (0.0,)
        self.keys: dict[str, set[str]] = {KEY: {"demo"}}
        self.seen: list[Seen] = []
        self.who = threading.local()
        self.made: list[tuple[str, Any]] = []
        self.removed: list[tuple[str, Any]] = []
        self._settings = settings.Settings(**chosen)
        self._lock = threading.RLock()
        self._kept: dict[str, _Kept] = {}
        self._same: defaultdict[object, set[str]] = defaultdict(set)
        self._credentials: dict[tuple[str, str], int] = {}
        self._faults = FaultPlan()
        self._hooks: list[_Hook] = []
        self._later: list[tuple[float, str, Seen]] = []
        self._numbers = itertools.count(1)

    # For tests: what the provider is run with, and the outside world's hand.

    def process(self, **config: Any) -> Process:
        """One run of the plugin."""
        return Process(URL, config.pop("key", KEY), client=self.client, **config)

    def client(self, chosen: Settings) -> SyncClient:
        """A client of this service, on its time."""
        return SyncClient(chosen, transport=self, clock=self.time.clock)

    @property
    def control(self) -> Memory:
        """The same names as an emulator's control."""
        return self

    def make(self, **inputs: Any) -> str:
        """Create a source by another hand; its id. Raises the service's own error."""
        return self.create(KEY, inputs)

    def create(self, key: str, inputs: Bag) -> str:
        """The same with another key."""
        with self._lock:
            self._catch_up()
            return self._create(key, json.dumps(inputs).encode(), self.time.now)

    def delete(self, source_id: str) -> None:
        """Delete a source by another hand, at once and for every reader."""
        with self._lock:
            self._forget(source_id)

    def sources(self) -> dict[str, Bag]:
        """Every source that is there, by id, the oldest first, as it is kept: whatever reads show."""
        with self._lock:
            self._catch_up()
            there = [source for source in self._kept.values() if self._is_there(source, self.time.now)]
            return {source.id: self._shown(source) for source in there}

    def patch_source(self, source_id: str, /, **fields: Any) -> None:
        """Change a source on the server: objects merge, everything else is replaced."""
        with self._lock:
            source = self._kept[source_id]
            document = dict(source.document)
            for name, value in fields.items():
                old = document.get(name)
                if isinstance(old, dict) and isinstance(value, dict):
                    value = {**old, **value}
                document[name] = value
            self._forget(source_id)
            self._keep(_Kept(**{**vars(source), "document": kept(document, self._settings)}))

    @property
    def is_behind(self) -> bool:
        """Whether what it shows isn't always what there is."""
        chosen = self._settings
        return bool(chosen.read_lag or chosen.linger or chosen.async_delete or self.held)

    def settings(self, **changes: Any) -> None:
        """Change the emulator's settings."""
        self._settings = settings.Settings(**{**self._settings.model_dump(), **changes})

    def fault(self, operation: str, action: str, **plan: Any) -> None:
        """Plan a fault, as the emulator's control does."""
        with self._lock:
            self._faults.add(FaultSpec(operation=operation, action=action, **plan))

    def clear_faults(self) -> None:
        """Take all faults away."""
        self._faults.clear()

    def meanwhile(
        self, operation: str, act: Callable[[], object], count: int = 1, *, after: bool = False
    ) -> None:
        """Do something while the ``count``-th such request from now is under way.

        Args:
            operation: such as ``create_source``.
            act: what is done.
            count: which request.
            after: once the service has done its work, and not before.
        """
        self._hooks.append(_Hook(operation, act, count, after))

    def requests(self, operation: str | None = None) -> list[Seen]:
        """The requests, of one operation where that is given."""
        return [seen for seen in self.seen if operation in (None, seen.operation)]

    def asked(self, operation: str | None = None) -> list[str]:
        """Their names."""
        return [seen.operation for seen in self.requests(operation)]

    def clear_requests(self) -> None:
        """Forget the requests."""
        self.seen.clear()

    # HTTP.

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request, its faults, its answer."""
        if not self.listening:
            raise httpx.ConnectError("Connection refused") from ConnectionRefusedError(111, "refused")
        operation, object_id = self._operation_of(request)
        raw, query = request.read(), dict(request.url.params)
        key = request.headers.get("x-chroma-token", "")
        with self._lock:
            self._catch_up()
            fault = self._faults.take(operation, request.url.raw_path + b"\n" + raw)
            who = getattr(self.who, "number", None)
            seen = Seen(operation, query, None, self.time.now, None, object_id, raw, who)
            seen.body = self._body_of(operation, raw)
            seen.fault = fault.spec.action if fault else None
            self.seen.append(seen)
        self._run_hooks(operation, after=False)
        response = self._carry_out(fault, key, seen, request)
        self._run_hooks(operation, after=True)
        return response

    def _operation_of(self, request: httpx.Request) -> tuple[str, str | None]:
        """What is asked for, and of which object."""
        matched = _PATH.fullmatch(request.url.path)
        assert matched, request.url
        return _OPERATIONS[request.method, matched[1] is not None], matched[1]

    def _body_of(self, operation: str, raw: bytes) -> Any:
        """What a request carries, as tests look at it."""
        del operation
        return json.loads(raw) if raw else None

    def _carry_out(self, fault: Fault | None, key: str, seen: Seen, request: httpx.Request) -> httpx.Response:
        timeout = request.extensions.get("timeout", {}).get("read") or 1e9
        self._wait(self.latency / 2, timeout)
        action = fault.spec.action if fault else ""
        delay = fault.spec.delay if fault else 0.0
        if action == "drop_before":
            raise _dropped()
        if action in ("delay", "drop_then_commit"):
            if action == "drop_then_commit" or delay > timeout:
                self._later.append((self.time.now + delay, key, seen))
                if action == "delay":
                    self._wait(delay, timeout)
                raise _dropped()
            self.time.sleep(delay)
        if fault is not None and action == "respond":
            return _planned(fault.spec)
        status, body = self._do(key, seen, self.time.now)
        self.time.sleep(self.latency / 2)
        if action == "drop_after":
            raise _dropped()
        if action == "delay_after":
            self._wait(delay, timeout)
        if fault is not None and action == "respond_after":
            return _planned(fault.spec)
        raw = b"" if body is None else json.dumps(body).encode()
        date = EPOCH + self.time.now + self._next_clock()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(raw)),
            "date": email.utils.formatdate(date, usegmt=True),
        }
        # Of an empty body there is nothing to cut.
        stream = _Cut(raw) if raw and action == "cut_body" else None
        return httpx.Response(status, headers=headers, content=None if stream else raw, stream=stream)

    def _wait(self, seconds: float, timeout: float) -> None:
        self.time.sleep(min(seconds, timeout))
        if seconds > timeout:
            raise httpx.ReadTimeout("timed out")

    def _run_hooks(self, operation: str, *, after: bool) -> None:
        for hook in [hook for hook in self._hooks if (hook.operation, hook.after) == (operation, after)]:
            hook.left -= 1
            if hook.left == 0:
                self._hooks.remove(hook)
                hook.act()

    def _catch_up(self) -> None:
        """Carry out what is due by now of the requests whose clients are gone."""
        for late in sorted((late for late in self._later if late[0] <= self.time.now), key=lambda it: it[0]):
            self._later.remove(late)
            self._do(late[1], late[2], late[0])

    # The service's own.

    def _do(self, key: str, seen: Seen, now: float) -> tuple[int, Any]:
        with self._lock:
            try:
                return self._done(key, seen, now)
            except errors.ApiError as error:
                status = error.status_by(self._settings.statuses)
                return status, json.loads(bytes(errors.error_response(status, error.message).body))

    def _done(self, key: str, seen: Seen, now: float) -> tuple[int, Any]:
        if key not in self.keys:
            raise errors.Unauthorized("no such API key")
        if seen.operation == "create_source":
            source_id = self._create(key, seen.raw, now)
            self.made.append((source_id, seen.who))
            return 201, {"source_id": source_id}
        if seen.operation == "list_sources":
            return 200, self._list(key, seen.query, now)
        source = self._kept.get(seen.source_id or "")
        reading = seen.operation == "get_source" or self.blind_deletes
        if (
            source is None
            or source.key != key
            or not (self._shows(source, now) if reading else self._is_there(source, now))
        ):
            raise errors.NotFound(f"source {seen.source_id} not found")
        if seen.operation == "get_source":
            return 200, self._shown(source)
        if source.deleted_at is None:
            source.deleted_at = now
            self.removed.append((source.id, seen.who))
        return (202, {}) if self._settings.async_delete else (204, None)

    def _create(self, key: str, raw: bytes, now: float) -> str:
        payload = parse_body(CreateSource, raw, lenient=self._settings.integers == "lenient")
        if payload.database_name not in self.keys[key]:
            raise errors.NotFound(f'database "{payload.database_name}" not found')
        document = payload.document()
        if s3 := document.get("s3"):
            if s3["aws_access_key_id"] is not None:
                pair = s3["aws_access_key_id"], s3["aws_secret_access_key"]
                s3["aws_credential_id"] = self._credentials.setdefault(pair, len(self._credentials) + 1)
            s3["aws_access_key_id"] = s3["aws_secret_access_key"] = None
        number = next(self._numbers)
        source = _Kept(
            f"00000000-0000-4000-8000-{number:012d}",
            key,
            payload.database_name,
            kept(document, self._settings),
            now + self._next_clock() + number / 1e6,
            now,
        )
        same = self._same[self._sameness(source)]
        if self._settings.unique != "never" and any(
            self._is_there(self._kept[other], now, self.held) for other in same
        ):
            raise errors.Conflict(f'database "{payload.database_name}" already has this source')
        self._keep(source)
        return source.id

    def _list(self, key: str, query: dict[str, str], now: float) -> list[Bag]:
        database = query.get("database_name")
        if database is not None and database not in self.keys[key]:
            raise errors.NotFound(f'database "{database}" not found')
        limit, offset = int(query.get("limit", 100)), int(query.get("offset", 0))
        limit = min(limit, self._settings.page_cap or limit)
        found = [
            source
            for source in list(self._kept.values())
            if source.key == key
            and database in (None, source.database)
            and self._shows(source, now, self._settings.linger)
        ]
        found.sort(key=lambda source: source.created_at, reverse=query.get("order_by", "DESC") == "DESC")
        return [self._shown(source) for source in found[offset : offset + limit]]

    def _is_there(self, source: _Kept, now: float, longer: float = 0.0) -> bool:
        gone_at = source.gone_at(self._settings.async_delete)
        return gone_at is None or now < gone_at + longer

    def _shows(self, source: _Kept, now: float, longer: float = 0.0) -> bool:
        seen_at = now - self._settings.read_lag
        return source.written_at <= seen_at and self._is_there(source, seen_at, longer)

    def _shown(self, source: _Kept) -> Bag:
        moment = datetime.fromtimestamp(EPOCH + source.created_at, timezone.utc)
        return {
            "id": source.id,
            "database_name": source.database,
            **answered(source.document, self._settings),
            "created_at": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }

    def _keep(self, source: _Kept) -> None:
        self._kept[source.id] = source
        self._same[self._sameness(source)].add(source.id)

    def _forget(self, source_id: str) -> None:
        source = self._kept.pop(source_id)
        self._same[self._sameness(source)].discard(source_id)

    def _sameness(self, source: _Kept) -> object:
        kind = next(name for name in ("github", "web_scrape", "s3") if name in source.document)
        same = (
            identity(kind, source.document[kind])
            if self._settings.unique == "identity"
            else content(source.document)
        )
        return source.key, source.database, same

    def _next_clock(self) -> float:
        self.clocks = (*self.clocks[1:], self.clocks[0])
        return self.clocks[-1]


class _Cut(httpx.SyncByteStream):
    """Half of a body, and then nothing."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def __iter__(self) -> Iterator[bytes]:
        yield self._raw[: len(self._raw) // 2]
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def _dropped() -> httpx.RemoteProtocolError:
    return httpx.RemoteProtocolError("Server disconnected without sending a response.")


def _planned(spec: FaultSpec) -> httpx.Response:
    """The planned answer; where no body is planned, an error body of the API's own."""
    status = 500 if spec.status is None else spec.status
    headers = {name.lower(): value for name, value in (spec.headers or {}).items()}
    if spec.body is None:
        raw, kind = json.dumps({"error": "Planned", "message": "planned fault"}).encode(), "application/json"
    elif isinstance(spec.body, str):
        raw, kind = spec.body.encode(), "text/plain; charset=utf-8"
    else:
        raw, kind = json.dumps(spec.body).encode(), "application/json"
    return httpx.Response(status, headers={"content-type": kind, **headers}, content=raw)
