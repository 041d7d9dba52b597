"""Databases and collections in the store, as the public API has them where no real server has them.

Every function takes the :class:`.store.Store` first and is called in its thread.
"""

from __future__ import annotations

import uuid
from typing import Any

from .errors import ApiError, BadRequest, NotFound
from .names import NAME_PATTERN, checked_name
from .store import Store

__all__ = [
    "Taken",
    "add",
    "collection",
    "collections",
    "count_records",
    "delete_collection",
    "drop",
    "get",
    "list_databases",
    "remove",
]


class Taken(ApiError):
    """There is one of this name."""

    status = 409


def add(store: Store, tenant: str, name: str) -> None:
    """Make a database; Taken where it is there, BadRequest where none can be called that."""
    try:
        checked_name(name)
    except ValueError:
        raise BadRequest(_rule(name)) from None
    if store.has_database(tenant, name):
        raise Taken(f"Database [{name}] already exists")
    store.add_tenant(tenant, (), [name])


def list_databases(
    store: Store, tenant: str, scope: str | None, limit: int | None, offset: int
) -> list[dict[str, Any]]:
    """A tenant's databases by name, or the one of a key's scope."""
    rows = store.rows(
        "SELECT * FROM databases WHERE tenant = ? AND name = coalesce(?, name)"
        " ORDER BY name LIMIT ? OFFSET ?",
        (tenant, scope, -1 if limit is None else limit, offset),
    )
    return [_answer(row["tenant"], row["name"], row["id"]) for row in rows]


def get(store: Store, tenant: str, name: str) -> dict[str, Any]:
    """One of them."""
    row = store.first("SELECT * FROM databases WHERE tenant = ? AND name = ?", (tenant, name))
    if row is None:
        raise NotFound(f"Database [{name}] not found. Are you sure it exists?")
    return _answer(row["tenant"], row["name"], row["id"])


def remove(store: Store, tenant: str, name: str) -> None:
    """Delete a database and its collections. Sources and runs of it stay (a guess); NotFound without one."""
    if not store.has_database(tenant, name):
        raise NotFound(f"Database [{name}] not found")
    drop(store, tenant, name)


def drop(store: Store, tenant: str, name: str) -> None:
    """The same, whether it is there or not."""
    with store.transaction():
        for table, column in (("databases", "name"), ("collections", "database")):
            store.execute(f"DELETE FROM {table} WHERE tenant = ? AND {column} = ?", (tenant, name))


def collections(store: Store, tenant: str, database: str) -> list[dict[str, Any]]:
    """A database's collections, the oldest first; none of one that isn't there, as the server has it."""
    rows = store.rows(
        "SELECT * FROM collections WHERE tenant = ? AND database = ? ORDER BY rowid", (tenant, database)
    )
    return [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{tenant}/{database}/{row['name']}")),
            "name": row["name"],
            "configuration_json": {},
            "schema": None,
            "metadata": {"finished_ingest": True} if row["finished_ingest"] else None,
            "dimension": None,
            "tenant": tenant,
            "database": database,
            "log_position": 0,
            "version": 0,
        }
        for row in rows
    ]


def collection(store: Store, tenant: str, database: str, name: str) -> dict[str, Any]:
    """One of them."""
    for found in collections(store, tenant, database):
        if found["name"] == name:
            return found
    raise NotFound(f"Collection [{name}] does not exist")


def count_records(store: Store, tenant: str, database: str, collection_id: str) -> int:
    """How many records one has: none, since nothing is kept here."""
    try:
        uuid.UUID(collection_id)
    except ValueError:
        raise BadRequest("Collection ID is not a valid UUIDv4") from None
    if collection_id not in {found["id"] for found in collections(store, tenant, database)}:
        raise NotFound(f"Collection [{collection_id}] does not exist.")
    return 0


def delete_collection(store: Store, tenant: str, database: str, name: str) -> None:
    """Delete one of them."""
    with store.transaction():
        collection(store, tenant, database, name)
        store.execute(
            "DELETE FROM collections WHERE tenant = ? AND database = ? AND name = ?", (tenant, database, name)
        )


def _answer(tenant: str, name: str, database_id: str) -> dict[str, Any]:
    # A store of before databases had ids has none of those that were made then.
    made_up = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{tenant}/{name}"))
    return {"id": database_id or made_up, "name": name, "tenant": tenant}


def _rule(name: str) -> str:
    if ".." in name:
        return f"{name}: must have no two consecutive periods"
    return f"{name}: must match {NAME_PATTERN} and be no IP address"
