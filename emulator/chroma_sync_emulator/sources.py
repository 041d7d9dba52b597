"""Sources in the store: what makes two of them the same, and who sees which.

Every function takes the :class:`.store.Store` first and is called in its thread.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Strict

from .errors import BadRequest, Conflict, NotFound
from .payloads import KINDS, CreateSource, validate
from .store import Key, Store, timestamp

__all__ = ["Page", "create", "delete", "find", "get", "list_all", "list_sources", "patch", "upload_source"]

_SETS = ("include_globs", "include_path_regexes", "exclude_path_regexes")


@dataclass(frozen=True)
class Page:
    """What part of a list is asked for.

    Args:
        limit: how many at most; 0 gives none.
        offset: how many to pass over.
        newest_first: the contract's default.
    """

    limit: int = 100
    offset: int = 0
    newest_first: bool = True

    @property
    def sql(self) -> str:
        """The end of the statement."""
        order = "DESC" if self.newest_first else "ASC"
        return f" ORDER BY created_at {order}, seq {order} LIMIT {self.limit:d} OFFSET {self.offset:d}"


def create(store: Store, key: Key, payload: CreateSource, unique: str) -> str:
    """Create a source; answers its id.

    Args:
        store: the store.
        key: whose source it becomes.
        payload: the checked body.
        unique: ``identity``, ``content`` or ``never``: what gives a conflict.

    Raises:
        Forbidden: the key is scoped to another database.
        NotFound: the tenant has no such database.
        Conflict: the database has the same source already.
    """
    document = payload.document()
    with store.transaction():
        store.require_database(key, payload.database_name)
        if payload.kind == "s3":
            _keep_credential(store, key, document["s3"])
        return _insert(store, key.tenant, payload.database_name, document, unique)


def upload_source(store: Store, tenant: str, database: str, document: Mapping[str, Any]) -> str:
    """The ``file_upload`` source of a database, made on the first upload; inside a transaction."""
    row = store.first(
        "SELECT id FROM sources WHERE tenant = ? AND database = ? AND kind = 'file_upload'",
        (tenant, database),
    )
    if row is not None:
        return str(row["id"])
    return _insert(store, tenant, database, {"file_upload": {}, **document}, "never")


def find(store: Store, key: Key, source_id: str) -> sqlite3.Row:
    """A source's row; another tenant's is not found, another database's is forbidden."""
    row = store.first("SELECT * FROM sources WHERE id = ? AND tenant = ?", (source_id, key.tenant))
    if row is None:
        raise NotFound(f"source {source_id} not found")
    key.check(row["database"])
    return row


def get(store: Store, key: Key, source_id: str) -> dict[str, Any]:
    """A source as the API answers it."""
    return _answer(find(store, key, source_id))


def list_sources(
    store: Store, key: Key, page: Page, database: str | None = None, kind: str | None = None
) -> list[dict[str, Any]]:
    """Sources of a tenant, of one database or one kind where that is asked for."""
    if database is not None:
        store.require_database(key, database)
    where, values = ["tenant = ?"], [key.tenant]
    for column, value in (("database", database or key.scope), ("kind", kind)):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    return [
        _answer(row)
        for row in store.rows(f"SELECT * FROM sources WHERE {' AND '.join(where)}{page.sql}", values)
    ]


def list_all(store: Store, page: Page) -> list[dict[str, Any]]:
    """Sources of every tenant, with the tenant's name as ``tenant``: for people, not for the API."""
    return [
        {"tenant": row["tenant"], **_answer(row)} for row in store.rows(f"SELECT * FROM sources{page.sql}")
    ]


def delete(store: Store, key: Key, source_id: str) -> None:
    """Delete a source. Its invocations stay, without it; those that still ran are cancelled (guesses)."""
    with store.transaction():
        find(store, key, source_id)
        store.execute(
            "UPDATE invocations SET status = 'cancelled', due = NULL"
            " WHERE source_id = ? AND status IN ('pending', 'processing')",
            (source_id,),
        )
        store.execute("UPDATE invocations SET source_id = NULL WHERE source_id = ?", (source_id,))
        store.execute("DELETE FROM sources WHERE id = ?", (source_id,))


class _Patched(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    database_name: str
    created_at: Annotated[AwareDatetime, Strict(False)]
    chunking: dict[str, Any] | None


def patch(store: Store, source_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change a source on the server, unseen by any client: objects merge, everything else is replaced."""
    with store.transaction():
        row = store.first("SELECT * FROM sources WHERE id = ?", (source_id,))
        if row is None:
            raise NotFound(f"source {source_id} not found")
        answer = _answer(row)
        chunking, before = changes.get("chunking"), answer["chunking"] or {}
        if isinstance(chunking, Mapping) and chunking.get("type") not in (None, before.get("type")):
            # The other type's fields don't belong to it.
            answer["chunking"] = {}
        merged: dict[str, Any] = _merged(answer, changes)
        merged["created_at"] = timestamp(validate(_Patched, merged).created_at)
        document = {
            name: merged[name] for name in merged if name not in ("id", "database_name", "created_at")
        }
        kind = row["kind"]
        if not isinstance(document[kind], Mapping):
            raise BadRequest(f"{kind}: must be an object")
        store.execute(
            "UPDATE sources SET database = ?, identity = ?, content = ?, document = ?, created_at = ?"
            " WHERE id = ?",
            (
                merged["database_name"],
                _identity(kind, document[kind]),
                _content(document),
                json.dumps(document),
                merged["created_at"],
                source_id,
            ),
        )
    return merged


def _insert(store: Store, tenant: str, database: str, document: Mapping[str, Any], unique: str) -> str:
    kind = next(name for name in KINDS if name in document)
    same = {"identity": _identity(kind, document[kind]), "content": _content(document)}
    if unique in same and store.first(
        f"SELECT 1 FROM sources WHERE tenant = ? AND database = ? AND {unique} = ?",
        (tenant, database, same[unique]),
    ):
        raise Conflict(f'database "{database}" already has this {kind} source')
    source_id = str(uuid.uuid4())
    store.execute(
        "INSERT INTO sources (id, tenant, database, kind, identity, content, document, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source_id,
            tenant,
            database,
            kind,
            same["identity"],
            same["content"],
            json.dumps(document),
            store.next_created_at(),
        ),
    )
    return source_id


def _keep_credential(store: Store, key: Key, s3: dict[str, Any]) -> None:
    """Put a credential's id in the place of inline keys: the same pair of a tenant has the same id."""
    if s3["aws_access_key_id"] is not None:
        digest = store.digest(json.dumps([s3["aws_access_key_id"], s3["aws_secret_access_key"]]))
        store.execute(
            "INSERT OR IGNORE INTO credentials (tenant, digest) VALUES (?, ?)", (key.tenant, digest)
        )
        s3["aws_credential_id"] = store.one(
            "SELECT id FROM credentials WHERE tenant = ? AND digest = ?", (key.tenant, digest)
        )["id"]
    s3["aws_access_key_id"] = s3["aws_secret_access_key"] = None


def _answer(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "database_name": row["database"],
        **json.loads(row["document"]),
        "created_at": row["created_at"],
    }


def _identity(kind: str, fields: Mapping[str, Any]) -> str:
    # A guess throughout: the contract says "Source exists" and no more.
    target: Any = None
    if kind == "github":
        target = str(fields.get("repository")).lower()
    elif kind == "web_scrape":
        target = fields.get("starting_url")
    elif kind == "s3":
        target = [fields.get("bucket_name"), fields.get("path_prefix") or ""]
    return json.dumps([kind, target])


def _content(document: Mapping[str, Any]) -> str:
    plain = json.loads(json.dumps(document))
    for kind in KINDS:
        fields = plain.get(kind) or {}
        for name in _SETS:
            if isinstance(fields.get(name), list):
                fields[name] = sorted(fields[name], key=json.dumps)
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _merged(old: Any, new: Any) -> Any:
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return new
    return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}
