"""The service in memory, with runs: they move on as its time passes, and each that was started is counted."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import httpx

from chroma_sync_emulator import errors, rules
from chroma_sync_emulator.parsing import parse_body
from chroma_sync_emulator.payloads import CreateInvocation, LatestByKeys
from pulumi_chroma_sync import InvocationProvider
from pulumi_chroma_sync.core import cancelling
from pulumi_chroma_sync.core.provider import Provider

from .memory import EPOCH, Memory, Seen
from .plugin import Bag, Process

__all__ = ["RunsMemory"]

_PATHS = {
    "create_invocation": ("POST", re.compile(r"/api/v1/sources/([0-9a-f-]{36})/invocations")),
    "latest_by_keys": ("POST", re.compile(r"/api/v1/sources/([0-9a-f-]{36})/invocations/latest-by-keys")),
    "list_invocations": ("GET", re.compile(r"/api/v1/invocations()")),
    "get_invocation": ("GET", re.compile(r"/api/v1/invocations/([0-9a-f-]{36})")),
    "cancel_invocation": ("PUT", re.compile(r"/api/v1/invocations/([0-9a-f-]{36})")),
}


@dataclass
class _Run:
    id: str
    source_id: str
    kind: str
    metadata: Bag
    object_key: str | None
    created_at: float
    ends: Any = "complete"
    moved: Any = None
    forgotten: bool = False


class RunsMemory(Memory):
    """A service with runs: pending for some seconds, processing for some, and then what they end with.

    Attributes:
        pending: seconds.
        processing: seconds.
        ends: how runs end that are started from now on: ``"complete"``, or the text of the error.
    """

    def __init__(self, **chosen: Any) -> None:
        super().__init__(**chosen)
        self.pending, self.processing = 5.0, 20.0
        self.ends = "complete"
        self._runs: dict[str, _Run] = {}
        self._run_numbers = itertools.count(1)

    def process(self, *, provider: type[Provider] = InvocationProvider, **config: Any) -> Process:
        """One run of the plugin, for runs."""
        cancelling.reset()
        return super().process(provider=provider, **config)

    def runs(self) -> dict[str, Bag]:
        """Every run that was ever started, by id, the oldest first, as it is answered."""
        with self._lock:
            self._catch_up()
            return {run.id: self._answer(run, self.time.now) for run in self._runs.values()}

    def start(self, source_id: str, **payload: Any) -> str:
        """Start a run by another hand; its id."""
        with self._lock:
            return self._start(source_id, json.dumps(payload).encode(), self.time.now)

    def move(self, run_id: str, status: Any) -> None:
        """Move a run by hand; time has no hold on it from then on."""
        self._runs[run_id].moved = status

    def forget_run(self, run_id: str) -> None:
        """The service no longer knows it."""
        self._runs[run_id].forgotten = True

    def _operation_of(self, request: httpx.Request) -> tuple[str, str | None]:
        for operation, (method, path) in _PATHS.items():
            if request.method == method and (matched := path.fullmatch(request.url.path)):
                return operation, matched[1] or None
        return super()._operation_of(request)

    def _done(self, key: str, seen: Seen, now: float) -> tuple[int, Any]:
        if seen.operation not in _PATHS:
            return super()._done(key, seen, now)
        if key not in self.keys:
            raise errors.Unauthorized("no such API key")
        if seen.operation == "create_invocation":
            return 201, {"invocation_id": self._start(str(seen.source_id), seen.raw, now)}
        if seen.operation == "list_invocations":
            return 200, self._list_runs(seen.query, now)
        if seen.operation == "latest_by_keys":
            keys = parse_body(LatestByKeys, seen.raw, lenient=True).object_keys
            newest = {
                run.object_key: run
                for run in self._runs.values()
                if run.source_id == seen.source_id and self._shows_run(run, now)
            }
            return 200, {name: self._answer(newest[name], now) for name in keys if name in newest}
        run = self._runs.get(str(seen.source_id))
        reading = seen.operation == "get_invocation"
        if run is None or run.forgotten or (reading and not self._shows_run(run, now)):
            raise errors.NotFound(f"invocation {seen.source_id} not found")
        if seen.operation == "get_invocation":
            return 200, self._answer(run, now)
        if self._status(run, now) != "pending":
            raise errors.PreconditionFailed("only a pending invocation can be cancelled")
        run.moved = "cancelled"
        return 202, {}

    def _start(self, source_id: str, raw: bytes, now: float) -> str:
        source = self._kept.get(source_id)
        if source is None:
            raise errors.NotFound(f"source {source_id} not found")
        payload = parse_body(CreateInvocation, raw, lenient=self._settings.integers == "lenient")
        kind = next(name for name in ("github", "web_scrape", "s3") if source.document.get(name))
        fields = source.document[kind]
        collection = rules.collection_of(kind, fields, payload)
        names = {"database_name": source.database, "collection_name": collection}
        metadata = {**rules.metadata_of(kind, fields, payload), **names}
        return self._begin(source_id, kind, metadata, payload.object_key, now)

    def _begin(self, source_id: str, kind: str, metadata: Bag, object_key: str | None, now: float) -> str:
        """A new run, unless the ingest of its collection is finished; its id."""
        collection = metadata["collection_name"]
        if any(
            run.kind in ("github", "web_scrape")
            and run.metadata["collection_name"] == collection
            and self._status(run, now) == "complete"
            for run in self._runs.values()
        ):
            raise errors.Conflict(f'the ingest of collection "{collection}" is finished; name another one')
        number = next(self._run_numbers)
        run_id = f"00000000-0000-4000-9000-{number:012d}"
        self._runs[run_id] = _Run(
            run_id, source_id, kind, metadata, object_key, now + number / 1e6, self.ends
        )
        return run_id

    def _list_runs(self, query: dict[str, str], now: float) -> list[Bag]:
        limit, offset = int(query.get("limit", 100)), int(query.get("offset", 0))
        limit = min(limit, self._settings.page_cap or limit)
        found = [
            run
            for run in self._runs.values()
            if self._shows_run(run, now)
            and query.get("source_id") in (None, run.source_id)
            and query.get("database_name") in (None, run.metadata["database_name"])
            and query.get("source_type") in (None, run.kind)
        ]
        found.sort(key=lambda run: run.created_at, reverse=query.get("order_by", "DESC") == "DESC")
        return [self._answer(run, now) for run in found[offset : offset + limit]]

    def _shows_run(self, run: _Run, now: float) -> bool:
        return not run.forgotten and run.created_at <= now - self._settings.read_lag

    def _status(self, run: _Run, now: float) -> str:
        status = self._state(run, now)
        return status if isinstance(status, str) else str(next(iter(status)))

    def _state(self, run: _Run, now: float) -> Any:
        if run.moved is not None:
            return run.moved
        age = now - run.created_at
        if age < self.pending:
            return "pending"
        if age < self.pending + self.processing:
            return "processing"
        if run.ends != "complete":
            return {"failed": {"error": run.ends}}
        ended = run.created_at + self.pending + self.processing
        return {"complete": {"finished_at": _moment(ended), "duration_ms": int(self.processing * 1000)}}

    def _answer(self, run: _Run, now: float) -> Bag:
        return {
            "id": run.id,
            "source_id": run.source_id,
            "status": self._state(run, now),
            "metadata": run.metadata,
            "created_at": _moment(run.created_at),
        }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(EPOCH + seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
