"""Invocations in the store: what each kind of source needs, and how a run moves on.

``pending -> processing -> complete | failed``, and ``cancelled`` from the first. In timed mode nothing runs
in the background: :class:`.core.Emulator` calls :func:`settle` before each piece of work, so whoever looks
finds what time has done until then. A run that is carried out (:mod:`.work`) is over no sooner than that is
done. Every function takes the :class:`.store.Store` first and is called in its thread.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from . import sources, work
from .errors import Conflict, NotFound, PreconditionFailed
from .payloads import CreateInvocation
from .rules import collection_of, metadata_of
from .settings import Settings
from .sources import Page
from .store import Key, Store, timestamp

__all__ = [
    "STATUSES",
    "add_collection",
    "cancel",
    "collections",
    "create",
    "get",
    "insert",
    "latest_by_keys",
    "list_all",
    "list_invocations",
    "move",
    "note_collection",
    "require_unfinished",
    "settle",
    "state",
    "target",
]

STATUSES = ("pending", "processing", "complete", "failed", "cancelled")
"""The states; the last three are final."""

_WHOLE = ("github", "web_scrape")
_MOVED = "UPDATE invocations SET status = ?, outcome = ?, due = ? WHERE id = ?"


def create(store: Store, key: Key, source_id: str, payload: CreateInvocation, settings: Settings) -> str:
    """Create an invocation; answers its id.

    Raises:
        NotFound: the tenant has no such source.
        BadRequest: a field is missing, or is not for this kind of source.
        Conflict: the ingest of the collection is finished.
    """
    with store.transaction():
        source = sources.find(store, key, source_id)
        store.require_database(key, source["database"])
        kind, fields = source["kind"], json.loads(source["document"])[source["kind"]]
        collection = collection_of(kind, fields, payload)
        require_unfinished(store, key.tenant, source["database"], collection)
        metadata = metadata_of(kind, fields, payload)
        return insert(store, source, collection, metadata, settings, object_key=payload.object_key)


def require_unfinished(store: Store, tenant: str, database: str, collection: str) -> None:
    """Raise Conflict where the ingest of a collection is finished: it takes no run of any kind."""
    if store.first(
        "SELECT 1 FROM collections WHERE tenant = ? AND database = ? AND name = ? AND finished_ingest",
        (tenant, database, collection),
    ):
        raise Conflict(f'the ingest of collection "{collection}" is finished; name another one')


def insert(
    store: Store,
    source: Mapping[str, Any] | sqlite3.Row,
    collection: str,
    metadata: Mapping[str, Any],
    settings: Settings,
    *,
    object_key: str | None = None,
    document: str | None = None,
    upload: str | None = None,
) -> str:
    """A new run of a source's row; inside a transaction. Answers its id.

    Args:
        store: the store.
        source: the row.
        collection: the name of the one that it writes.
        metadata: what the answer says of its kind.
        settings: what moves it.
        object_key: of S3.
        document: the fields that it is carried out by, as JSON; None for the source's.
        upload: where the content of an uploaded file is.
    """
    invocation_id, now = str(uuid.uuid4()), store.now()
    instant = settings.invocations == "instant"
    carried_out = store.syncing and settings.invocations != "manual"
    timed = settings.invocations == "timed" or (instant and carried_out)
    store.execute(
        "INSERT INTO invocations (id, tenant, database, source_id, kind, collection, object_key, metadata,"
        " status, outcome, due, run_seconds, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', '{}', ?, ?, ?)",
        (
            invocation_id,
            source["tenant"],
            source["database"],
            source["id"],
            source["kind"],
            collection,
            object_key,
            json.dumps(metadata),
            now + (0 if instant else settings.pending_seconds) if timed else None,
            0 if instant else settings.processing_seconds,
            store.next_created_at(),
        ),
    )
    store.execute(
        "INSERT OR IGNORE INTO collections VALUES (?, ?, ?, 0)",
        (source["tenant"], source["database"], collection),
    )
    if carried_out:
        work.plan(store, invocation_id, document or source["document"], upload)
    elif instant:
        row = store.one("SELECT * FROM invocations WHERE id = ?", (invocation_id,))
        _complete(store, row, {"finished_at": row["created_at"], "duration_ms": 0})
    return invocation_id


def get(store: Store, key: Key, invocation_id: str) -> dict[str, Any]:
    """An invocation as the API answers it."""
    return _answer(_find(store, key, invocation_id))


def list_invocations(
    store: Store,
    key: Key,
    page: Page,
    *,
    source_id: str | None = None,
    database: str | None = None,
    kind: str | None = None,
    status: str | None = None,
) -> list[dict[str, Any]]:
    """Invocations of a source, of a database, or of all the tenant's (a guess) where neither is named."""
    if source_id is not None:
        sources.find(store, key, source_id)
    if database is not None:
        store.require_database(key, database)
    where, values = ["tenant = ?"], [key.tenant]
    for column, value in (
        ("source_id", source_id),
        ("database", database or key.scope),
        ("kind", kind),
        ("status", status),
    ):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    found = store.rows(f"SELECT * FROM invocations WHERE {' AND '.join(where)}{page.sql}", values)
    return [_answer(row) for row in found]


def list_all(store: Store, page: Page) -> list[dict[str, Any]]:
    """Invocations of every tenant, with the tenant's name as ``tenant``: for people, not for the API."""
    rows = store.rows(f"SELECT * FROM invocations{page.sql}")
    return [{"tenant": row["tenant"], **_answer(row)} for row in rows]


def cancel(store: Store, key: Key, invocation_id: str) -> None:
    """Cancel a run that is pending; any other raises PreconditionFailed."""
    with store.transaction():
        row = _find(store, key, invocation_id)
        if row["status"] != "pending":
            raise PreconditionFailed(f"invocation {invocation_id} is {row['status']} and can't be cancelled")
        store.execute(_MOVED, ("cancelled", "{}", None, invocation_id))


def latest_by_keys(
    store: Store, key: Key, source_id: str, object_keys: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The newest invocation of each object key; a key that was never synced is left out (a guess)."""
    sources.find(store, key, source_id)
    rows = {
        object_key: store.first(
            "SELECT * FROM invocations WHERE source_id = ? AND object_key = ? ORDER BY seq DESC LIMIT 1",
            (source_id, object_key),
        )
        for object_key in object_keys
    }
    return {object_key: _answer(row) for object_key, row in rows.items() if row is not None}


def move(store: Store, invocation_id: str, status: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Move an invocation by hand, from any state to any; time has no hold on it from then on.

    Args:
        store: the store.
        invocation_id: which.
        status: one of :data:`STATUSES`.
        details: of ``complete``: ``finished_at`` and ``duration_ms``; of ``failed``: ``error``.
    """
    with store.transaction():
        row = store.first("SELECT * FROM invocations WHERE id = ?", (invocation_id,))
        if row is None:
            raise NotFound(f"invocation {invocation_id} not found")
        if status == "complete":
            _complete(store, row, {"finished_at": _moment(store.now()), "duration_ms": 0, **details})
        elif status == "failed":
            outcome = {"error": "failed by hand", **details}
            store.execute(_MOVED, (status, json.dumps(outcome), None, invocation_id))
        else:
            store.execute(_MOVED, (status, "{}", None, invocation_id))
        return _answer(store.one("SELECT * FROM invocations WHERE id = ?", (invocation_id,)))


def collections(store: Store) -> list[dict[str, Any]]:
    """Every collection that a run named or the control API made."""
    return [
        {**dict(row), "finished_ingest": bool(row["finished_ingest"])}
        for row in store.rows("SELECT * FROM collections ORDER BY tenant, database, name")
    ]


def state(store: Store, invocation_id: str) -> str | None:
    """A run's state, or None where there is none."""
    row = store.first("SELECT status FROM invocations WHERE id = ?", (invocation_id,))
    return None if row is None else str(row["status"])


def target(store: Store, key: Key, source_id: str, payload: CreateInvocation) -> tuple[str, str]:
    """The database and the collection that a run would write; raises as :func:`create` does."""
    source = sources.find(store, key, source_id)
    fields = json.loads(source["document"])[source["kind"]]
    return source["database"], collection_of(source["kind"], fields, payload)


def note_collection(store: Store, tenant: str, database: str, name: str, finished: bool | None) -> None:
    """Take notice of what a collection is on a real server: None where it isn't there."""
    where = (tenant, database, name)
    with store.transaction():
        store.execute("DELETE FROM collections WHERE tenant = ? AND database = ? AND name = ?", where)
        if finished is not None:
            store.execute("INSERT INTO collections VALUES (?, ?, ?, ?)", (*where, finished))


def add_collection(store: Store, tenant: str, database: str, name: str, finished_ingest: bool) -> None:
    """Make a collection, or say whether its ingest is finished."""
    with store.transaction():
        store.require_database(Key(tenant), database)
        store.execute(
            "INSERT OR REPLACE INTO collections VALUES (?, ?, ?, ?)",
            (tenant, database, name, finished_ingest),
        )


def _find(store: Store, key: Key, invocation_id: str) -> sqlite3.Row:
    row = store.first("SELECT * FROM invocations WHERE id = ? AND tenant = ?", (invocation_id, key.tenant))
    if row is None:
        raise NotFound(f"invocation {invocation_id} not found")
    key.check(row["database"])
    return row


def _answer(row: sqlite3.Row) -> dict[str, Any]:
    status: Any = row["status"]
    if status in ("complete", "failed"):
        status = {status: json.loads(row["outcome"])}
    names = {"database_name": row["database"], "collection_name": row["collection"]}
    return {
        "id": row["id"],
        "source_id": row["source_id"],
        "status": status,
        "metadata": {**json.loads(row["metadata"]), **names},
        "created_at": row["created_at"],
    }


def settle(store: Store) -> None:
    """Move the runs that time has moved."""
    if not _due(store):
        return
    with store.transaction():
        while rows := _due(store):
            for row in rows:
                if row["status"] == "pending":
                    store.execute(_MOVED, ("processing", "{}", row["due"] + row["run_seconds"], row["id"]))
                else:
                    _end(store, row)


def _due(store: Store) -> list[sqlite3.Row]:
    return store.rows(
        "SELECT * FROM invocations AS run WHERE due IS NOT NULL AND due <= ? AND (status = 'pending' OR"
        " NOT EXISTS (SELECT 1 FROM work WHERE invocation_id = run.id AND result IS NULL))",
        (store.now(),),
    )


def _end(store: Store, row: sqlite3.Row) -> None:
    result, began = work.result_of(store, row["id"]), row["due"] - row["run_seconds"]
    if result is not None and "error" in result:
        store.execute(_MOVED, ("failed", json.dumps({"error": result["error"]}), None, row["id"]))
        return
    ended = max(row["due"], result["at"] if result else 0.0)
    duration = round((ended - began) * 1000)
    _complete(store, row, {"finished_at": _moment(ended), "duration_ms": duration})


def _complete(store: Store, row: sqlite3.Row, outcome: Mapping[str, Any]) -> None:
    store.execute(_MOVED, ("complete", json.dumps(outcome), None, row["id"]))
    if row["kind"] in _WHOLE:
        # Runs of these kinds fill a collection as a whole; S3 objects and uploads are appended for ever.
        store.execute(
            "UPDATE collections SET finished_ingest = 1 WHERE tenant = ? AND database = ? AND name = ?",
            (row["tenant"], row["database"], row["collection"]),
        )


def _moment(seconds: float) -> str:
    return timestamp(datetime.fromtimestamp(seconds, timezone.utc))
