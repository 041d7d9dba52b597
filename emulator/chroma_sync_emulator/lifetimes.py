"""When a source is there, and for whom: reads that are behind, deletions that take time, entries that stay.

The table ``sources`` holds those that are there. ``deleted_at`` is set where one is to be gone
``async_delete`` seconds later. Then it moves to ``deleted_sources``, and stays there for as long as a read or
the list may still answer it (``read_lag`` and ``linger`` seconds). The settings count as they are when
somebody asks, so a test may end a waiting time by setting it to 0.
"""

from __future__ import annotations

from .settings import Settings
from .store import Store

__all__ = ["bury", "readable", "settle"]

_KEPT = "seq, id, tenant, database, kind, document, created_at, written_at"


def readable(store: Store, settings: Settings, *, listed: bool) -> tuple[str, list[float]]:
    """What stands behind ``FROM`` for somebody who reads sources, and its values.

    Args:
        store: the store.
        settings: how far reads are behind, and what stays in the list.
        listed: whether it is the list that is read.
    """
    if not (settings.read_lag or settings.linger):
        return "sources", []
    seen_at = store.now() - settings.read_lag
    gone_before = seen_at - (settings.linger if listed else 0)
    return (
        f"(SELECT {_KEPT} FROM sources WHERE written_at <= ? UNION ALL"
        f" SELECT {_KEPT} FROM deleted_sources WHERE written_at <= ? AND gone_at > ?)",
        [seen_at, seen_at, gone_before],
    )


def settle(store: Store, settings: Settings) -> None:
    """Take away the sources whose time is over."""
    if store.first(
        "SELECT 1 FROM sources WHERE deleted_at IS NOT NULL UNION ALL SELECT 1 FROM deleted_sources LIMIT 1"
    ):
        with store.transaction():
            bury(store, settings, store.now())


def bury(store: Store, settings: Settings, now: float) -> None:
    """The same, inside a transaction. Their runs stay and go on, without a source (a guess)."""
    over = "FROM sources WHERE deleted_at IS NOT NULL AND deleted_at + ? <= ?"
    since = (settings.async_delete, now)
    store.execute(f"UPDATE invocations SET source_id = NULL WHERE source_id IN (SELECT id {over})", since)
    store.execute(
        f"INSERT INTO deleted_sources ({_KEPT}, gone_at) SELECT {_KEPT}, deleted_at + ? {over}",
        (settings.async_delete, *since),
    )
    store.execute(f"DELETE {over}", since)
    store.execute(
        "DELETE FROM deleted_sources WHERE gone_at + ? <= ?", (settings.read_lag + settings.linger, now)
    )
