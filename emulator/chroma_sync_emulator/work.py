"""Runs that are carried out (``--sync``): what is still to be done, and what became of it.

The table ``work`` has a row for each, with the source's fields as they were when it was asked for: a source
that is deleted leaves its runs. A run is done while it is ``processing``; :func:`.jobs.settle` moves it on
once there is a result. Every function takes the :class:`.store.Store` first and is called in its thread.
"""

from __future__ import annotations

import json
from typing import Any

from .store import Store

__all__ = ["finish", "forget", "next_due", "next_run", "plan", "report_of", "result_of", "uploads"]

_OPEN = (
    " FROM invocations AS run JOIN work ON work.invocation_id = run.id"
    " WHERE result IS NULL AND due IS NOT NULL"
)


def plan(store: Store, invocation_id: str, document: str, upload: str | None) -> None:
    """A run is to be carried out; inside a transaction.

    Args:
        store: the store.
        invocation_id: which.
        document: the source's fields, as JSON.
        upload: where the content of an uploaded file is.
    """
    store.execute("INSERT INTO work VALUES (?, ?, ?, NULL)", (invocation_id, document, upload))


def next_run(store: Store) -> dict[str, Any] | None:
    """The oldest run that is to be done now: the invocation's columns, ``document``, ``upload``, ``file``."""
    row = store.first(f"SELECT run.*, document, upload{_OPEN} AND status = 'processing' ORDER BY seq LIMIT 1")
    if row is None:
        return None
    file = store.first("SELECT * FROM uploads WHERE invocation_id = ?", (row["id"],))
    return {**dict(row), "file": dict(file) if file else None}


def next_due(store: Store) -> float | None:
    """Seconds until the next run is to be done; None where none waits."""
    due = store.one(f"SELECT min(due) AS due{_OPEN} AND status = 'pending'")["due"]
    return None if due is None else max(0.0, due - store.now())


def finish(store: Store, invocation_id: str, *, error: str | None, report: str) -> None:
    """A run is done.

    Args:
        store: the store.
        invocation_id: which.
        error: why it failed, or None.
        report: what it did, for people.
    """
    result = {"at": store.now(), "report": report, **({"error": error} if error else {})}
    with store.transaction():
        store.execute(
            "UPDATE work SET result = ? WHERE invocation_id = ?", (json.dumps(result), invocation_id)
        )


def result_of(store: Store, invocation_id: str) -> dict[str, Any] | None:
    """What became of a run; None where it isn't carried out."""
    row = store.first("SELECT result FROM work WHERE invocation_id = ?", (invocation_id,))
    result: dict[str, Any] | None = json.loads(row["result"]) if row and row["result"] else None
    return result


def report_of(store: Store, invocation_id: str) -> str:
    """What a run did, for people; empty where it isn't carried out."""
    return str((result_of(store, invocation_id) or {}).get("report", ""))


def uploads(store: Store) -> list[str]:
    """Where the contents of uploads are that still have to be read."""
    rows = store.rows(f"SELECT upload{_OPEN} AND upload IS NOT NULL")
    return [row["upload"] for row in rows]


def forget(store: Store) -> None:
    """Nobody carries out any more what an earlier start left: time alone moves it."""
    with store.transaction():
        store.execute("DELETE FROM work WHERE result IS NULL")
