"""The SQLite store: one connection, transactions, the clock, and who may see what.

A :class:`Store` belongs to one thread (:class:`.core.Emulator` gives it one); all it does is done there, one
piece of work after the other. What it keeps of sources is in :mod:`.sources`, of invocations in :mod:`.jobs`.

On a file it runs in WAL mode with ``synchronous=NORMAL``: whatever was answered is in the file when the
process is killed. A power cut may take the last commits, never the file's integrity.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .errors import Forbidden, NotFound

__all__ = ["Key", "Store", "timestamp"]

DEFAULT_TENANT = "default"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tenants (name TEXT PRIMARY KEY, given INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS api_keys (
  digest TEXT PRIMARY KEY, tenant TEXT NOT NULL, scope TEXT, given INTEGER NOT NULL,
  role TEXT NOT NULL DEFAULT 'owner');
CREATE TABLE IF NOT EXISTS databases (
  tenant TEXT NOT NULL, name TEXT NOT NULL, given INTEGER NOT NULL, id TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (tenant, name));
CREATE TABLE IF NOT EXISTS credentials (
  id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, digest TEXT NOT NULL, UNIQUE (tenant, digest));
CREATE TABLE IF NOT EXISTS sources (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL,
  database TEXT NOT NULL, kind TEXT NOT NULL, identity TEXT NOT NULL, content TEXT NOT NULL,
  document TEXT NOT NULL, created_at TEXT NOT NULL, written_at REAL NOT NULL DEFAULT 0, deleted_at REAL);
CREATE TABLE IF NOT EXISTS deleted_sources (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, database TEXT NOT NULL,
  kind TEXT NOT NULL, document TEXT NOT NULL, created_at TEXT NOT NULL, written_at REAL NOT NULL,
  gone_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS sources_by_identity ON sources (tenant, database, identity);
CREATE INDEX IF NOT EXISTS sources_by_content ON sources (tenant, database, content);
CREATE INDEX IF NOT EXISTS sources_by_age ON sources (tenant, created_at, seq);
CREATE INDEX IF NOT EXISTS sources_of_database ON sources (tenant, database, created_at, seq);
CREATE INDEX IF NOT EXISTS sources_being_deleted ON sources (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS invocations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL,
  database TEXT NOT NULL, source_id TEXT, kind TEXT NOT NULL, collection TEXT NOT NULL, object_key TEXT,
  metadata TEXT NOT NULL, status TEXT NOT NULL, outcome TEXT NOT NULL, due REAL, run_seconds REAL NOT NULL,
  created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS invocations_by_age ON invocations (tenant, created_at, seq);
CREATE INDEX IF NOT EXISTS invocations_of_source ON invocations (source_id, created_at, seq);
CREATE INDEX IF NOT EXISTS invocations_of_key ON invocations (source_id, object_key, seq);
CREATE INDEX IF NOT EXISTS invocations_due ON invocations (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS uploads (
  invocation_id TEXT PRIMARY KEY, filename TEXT NOT NULL, content_type TEXT NOT NULL, size INTEGER NOT NULL,
  sha256 TEXT NOT NULL, options TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS work (
  invocation_id TEXT PRIMARY KEY, document TEXT NOT NULL, upload TEXT, result TEXT);
CREATE TABLE IF NOT EXISTS collections (
  tenant TEXT NOT NULL, database TEXT NOT NULL, name TEXT NOT NULL, finished_ingest INTEGER NOT NULL,
  PRIMARY KEY (tenant, database, name));
"""

_OF_TENANTS = ("sources", "deleted_sources", "invocations", "uploads", "work", "collections", "credentials")
"""What tenants make through the API."""

_LATER_COLUMNS = (
    ("api_keys", "role", "TEXT NOT NULL DEFAULT 'owner'"),
    ("sources", "written_at", "REAL NOT NULL DEFAULT 0"),
    ("sources", "deleted_at", "REAL"),
    ("databases", "id", "TEXT NOT NULL DEFAULT ''"),
)
"""What a file of an earlier version lacks."""


@dataclass(frozen=True)
class Key:
    """Whom an API key belongs to.

    Args:
        tenant: its name.
        scope: the one database that the key is good for, or None for all of the tenant's.
        role: its user's in the team: ``owner``, ``admin`` or ``member``.
    """

    tenant: str
    scope: str | None = None
    role: str = "owner"

    def check(self, database: str) -> None:
        """Raise :class:`.errors.Forbidden` where the key is scoped to another database."""
        if self.scope is not None and database != self.scope:
            raise Forbidden(f'this API key is scoped to another database than "{database}"')

    def check_role(self) -> None:
        """Raise :class:`.errors.Forbidden` where its user may not create and delete sources."""
        if self.role == "member":
            raise Forbidden("only owners and administrators of the team create and delete sources")


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, such as ``2026-11-02T10:00:00.000001Z``."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Store:
    """The emulator's data. One thread at a time may use it.

    Args:
        path: a file, made where there is none, or ``:memory:``.
        syncing: whether runs are carried out, see :mod:`.work`.
    """

    def __init__(self, path: str, *, syncing: bool = False) -> None:
        self.path = path
        self.syncing = syncing
        if path != ":memory:" and (folder := os.path.dirname(path)):
            os.makedirs(folder, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA busy_timeout = 5000")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        with self.transaction():
            self._add_later_columns()
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('salt', ?)", (secrets.token_hex(16),))
        self._salt = bytes.fromhex(self.one("SELECT value FROM meta WHERE name = 'salt'")["value"])
        self._last = datetime.fromtimestamp(0, timezone.utc)
        for table in ("sources", "invocations"):
            newest = self.one(f"SELECT max(created_at) AS at FROM {table}")["at"]
            if newest:
                self._last = max(self._last, datetime.fromisoformat(newest.replace("Z", "+00:00")))

    def _add_later_columns(self) -> None:
        for table, column, declared in _LATER_COLUMNS:
            there = [row["name"] for row in self.rows(f"PRAGMA table_info({table})")]
            if there and column not in there:
                self.execute(f"ALTER TABLE {table} ADD COLUMN {column} {declared}")

    def close(self) -> None:
        """Close the connection; the write-ahead log is folded into the file."""
        self._db.close()

    def check(self) -> None:
        """Raise sqlite3.Error where the store can't be read."""
        self._db.execute("SELECT count(*) FROM meta").fetchone()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is done as a whole or not at all."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """One statement."""
        return self._db.execute(sql, values)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a question."""
        return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row:
        """The only row of a question that always has one."""
        row: sqlite3.Row = self._db.execute(sql, values).fetchone()
        return row

    def first(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row, or None."""
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def next_created_at(self) -> str:
        """Now, and later than any time that it answered before, also across restarts."""
        self._last = max(datetime.now(timezone.utc), self._last + timedelta(microseconds=1))
        return timestamp(self._last)

    @staticmethod
    def now() -> float:
        """Seconds since the epoch."""
        return time.time()

    def digest(self, secret: str) -> str:
        """What is kept of a secret: a keyed hash, with a key of this store's own."""
        return hmac.new(self._salt, secret.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()

    # Tenants, their keys and databases.

    def keys(self) -> dict[str, Key]:
        """Every API key, by its digest."""
        return {
            row["digest"]: Key(row["tenant"], row["scope"], row["role"])
            for row in self.rows("SELECT * FROM api_keys")
        }

    def give(
        self, api_keys: Sequence[str], databases: Sequence[str], scopes: Mapping[str, str] | None = None
    ) -> None:
        """What was given at start, for the default tenant; keys given at an earlier start are over.

        Args:
            api_keys: good for all databases, but for those with a scope.
            databases: made where they aren't there.
            scopes: API key -> the one database that it is good for; made as well.
        """
        scopes = scopes or {}
        with self.transaction():
            self.execute("DELETE FROM api_keys WHERE given = 1")
            self.execute("UPDATE databases SET given = 0")
        self.add_tenant(DEFAULT_TENANT, (), databases, given=True)
        for key in api_keys:
            scope = scopes.get(key)
            self.add_tenant(DEFAULT_TENANT, [key], [scope] if scope else [], scope=scope, given=True)

    def add_tenant(
        self,
        name: str,
        api_keys: Sequence[str] = (),
        databases: Sequence[str] = (),
        *,
        scope: str | None = None,
        role: str = "owner",
        given: bool = False,
    ) -> None:
        """Make a tenant, or add keys and databases to it. A key that exists moves to this tenant."""
        with self.transaction():
            self.execute("INSERT OR IGNORE INTO tenants VALUES (?, ?)", (name, given))
            for key in api_keys:
                self.execute(
                    "INSERT OR REPLACE INTO api_keys (digest, tenant, scope, role, given)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (self.digest(key), name, scope, role, given),
                )
            for database in databases:
                self.execute(
                    "INSERT INTO databases (tenant, name, given, id) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET given = max(given, excluded.given)",
                    (name, database, given, str(uuid.uuid4())),
                )

    def tenants(self) -> list[dict[str, Any]]:
        """Every tenant with its databases and how many keys it has; never a key."""
        return [
            {
                "name": row["name"],
                "databases": [
                    found["name"]
                    for found in self.rows(
                        "SELECT name FROM databases WHERE tenant = ? ORDER BY name", (row["name"],)
                    )
                ],
                "api_keys": [
                    {"database": found["scope"], "role": found["role"]}
                    for found in self.rows(
                        "SELECT scope, role FROM api_keys WHERE tenant = ? ORDER BY rowid", (row["name"],)
                    )
                ],
            }
            for row in self.rows("SELECT name FROM tenants ORDER BY rowid")
        ]

    def databases(self) -> list[tuple[str, str]]:
        """Every database: its tenant's name, and its own."""
        return [
            (row["tenant"], row["name"])
            for row in self.rows("SELECT tenant, name FROM databases ORDER BY tenant, name")
        ]

    def has_database(self, tenant: str, name: str) -> bool:
        """Whether a tenant has a database."""
        return self.first("SELECT 1 FROM databases WHERE tenant = ? AND name = ?", (tenant, name)) is not None

    def identity(self, key: Key) -> dict[str, Any]:
        """Whose a key is, and which databases it is good for: the one that it is scoped to, or all."""
        names = self.rows("SELECT name FROM databases WHERE tenant = ? ORDER BY name", (key.tenant,))
        databases = [row["name"] for row in names] if key.scope is None else [key.scope]
        return {"user_id": f"{key.tenant}-{key.role}", "tenant": key.tenant, "databases": databases}

    def require_database(self, key: Key, name: str) -> None:
        """Raise Forbidden where the key is scoped to another, NotFound where the tenant has none."""
        key.check(name)
        if not self.has_database(key.tenant, name):
            raise NotFound(f'database "{name}" not found')

    def reset(self) -> None:
        """Take away everything but the tenants, keys and databases given at start."""
        with self.transaction():
            for table in _OF_TENANTS:
                self.execute(f"DELETE FROM {table}")
            for table in ("api_keys", "databases", "tenants"):
                self.execute(f"DELETE FROM {table} WHERE given = 0")
