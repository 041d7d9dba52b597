"""Sources in the store: what makes two of them the same, and who sees which.

Every function takes the :class:`.store.Store` first and is called in its thread.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Strict

from .equality import content, identity
from .errors import BadRequest, Conflict, NotFound, QuotaExceeded
from .lifetimes import bury, readable
from .parsing import validate
from .payloads import KINDS, CreateSource
from .replies import answered, kept
from .settings import Settings
from .store import Key, Store, timestamp

__all__ = ["Page", "create", "delete", "find", "get", "list_all", "list_sources", "patch", "upload_source"]


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


def create(store: Store, key: Key, payload: CreateSource, settings: Settings) -> str:
    """Create a source; answers its id.

    Args:
        store: the store.
        key: whose source it becomes.
        payload: the checked body.
        settings: what gives a conflict, which GitHub apps there are, how many sources a tenant may have.

    Raises:
        Forbidden: the key's user may not, or it is scoped to another database.
        NotFound: the tenant has no such database, or there is no such GitHub app.
        Conflict: the database has the same source already.
        QuotaExceeded: the tenant has as many sources as it may.
    """
    document = payload.document()
    key.check_role()
    with store.transaction():
        store.require_database(key, payload.database_name)
        if payload.kind == "github":
            _require_app(document["github"]["app_id"], settings)
        if payload.kind == "s3":
            _keep_credential(store, key, document["s3"])
        source_id = _insert(store, key.tenant, payload.database_name, document, settings, settings.unique)
        _require_quota(store, key, settings)
        return source_id


def _require_app(app_id: str | None, settings: Settings) -> None:
    if app_id and settings.github_apps is not None and app_id not in settings.github_apps:
        raise NotFound(f'GitHub app "{app_id}" not found')


def _require_quota(store: Store, key: Key, settings: Settings) -> None:
    # With the new one among them, which is undone with the transaction.
    count = store.one("SELECT count(*) AS n FROM sources WHERE tenant = ?", (key.tenant,))["n"]
    if settings.max_sources is not None and count > settings.max_sources:
        raise QuotaExceeded(f"at most {settings.max_sources} sources")


def upload_source(
    store: Store, tenant: str, database: str, document: Mapping[str, Any], settings: Settings
) -> str:
    """The ``file_upload`` source of a database, made on the first upload; inside a transaction."""
    row = store.first(
        "SELECT id FROM sources WHERE tenant = ? AND database = ? AND kind = 'file_upload'",
        (tenant, database),
    )
    if row is not None:
        return str(row["id"])
    return _insert(store, tenant, database, {"file_upload": {}, **document}, settings, "never")


def find(store: Store, key: Key, source_id: str) -> sqlite3.Row:
    """A source's row; another tenant's is not found, another database's is forbidden."""
    return _find(store, key, source_id, "sources", [])


def _find(store: Store, key: Key, source_id: str, table: str, values: Sequence[Any]) -> sqlite3.Row:
    row = store.first(f"SELECT * FROM {table} WHERE id = ? AND tenant = ?", (*values, source_id, key.tenant))
    if row is None:
        raise NotFound(f"source {source_id} not found")
    key.check(row["database"])
    return row


def get(store: Store, key: Key, source_id: str, settings: Settings) -> dict[str, Any]:
    """A source as the API answers it."""
    table, values = readable(store, settings, listed=False)
    return _answer(_find(store, key, source_id, table, values), settings)


def list_sources(
    store: Store,
    key: Key,
    page: Page,
    settings: Settings,
    *,
    database: str | None = None,
    kind: str | None = None,
) -> list[dict[str, Any]]:
    """Sources of a tenant, of one database or one kind where that is asked for."""
    if database is not None:
        store.require_database(key, database)
    table, first = readable(store, settings, listed=True)
    where, values = ["tenant = ?"], [*first, key.tenant]
    for column, value in (("database", database or key.scope), ("kind", kind)):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    return [
        _answer(row, settings)
        for row in store.rows(f"SELECT * FROM {table} WHERE {' AND '.join(where)}{page.sql}", values)
    ]


def list_all(store: Store, page: Page) -> list[dict[str, Any]]:
    """Sources of every tenant as they are kept, with the tenant's name as ``tenant``: for people."""
    return [
        {"tenant": row["tenant"], **_answer(row)} for row in store.rows(f"SELECT * FROM sources{page.sql}")
    ]


def delete(store: Store, key: Key, source_id: str, settings: Settings) -> None:
    """Delete a source, now or (``async_delete``) soon; again, where it is under way, changes nothing.

    Raises:
        Forbidden: the key's user may not, or it is scoped to another database.
        NotFound: the tenant has no such source.
        Conflict: a run of it is not over, and the settings let it not be deleted then.
    """
    key.check_role()
    with store.transaction():
        row = find(store, key, source_id)
        if (
            settings.delete_while_running == "refused"
            and row["deleted_at"] is None
            and store.first(
                "SELECT 1 FROM invocations WHERE source_id = ? AND status IN ('pending', 'processing')",
                (source_id,),
            )
        ):
            raise Conflict(f"a run of source {source_id} is in progress")
        now = store.now()
        store.execute(
            "UPDATE sources SET deleted_at = coalesce(deleted_at, ?) WHERE id = ?", (now, source_id)
        )
        bury(store, settings, now)


class _Patched(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    database_name: str
    created_at: Annotated[AwareDatetime, Strict(False)]
    chunking: dict[str, Any] | None


def patch(store: Store, source_id: str, changes: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Change a source on the server, unseen by any client: objects merge, everything else is replaced.

    Reads see it at once, however far behind they are: it is what is on the server that is said here.
    """
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
        moment = validate(_Patched, merged).created_at
        merged["created_at"] = timestamp(moment)
        document = {
            name: merged[name] for name in merged if name not in ("id", "database_name", "created_at")
        }
        kind = row["kind"]
        if not isinstance(document[kind], Mapping):
            raise BadRequest(f"{kind}: must be an object")
        document = kept(document, settings)
        store.execute(
            "UPDATE sources SET database = ?, identity = ?, content = ?, document = ?, created_at = ?,"
            " written_at = min(written_at, ?) WHERE id = ?",
            (
                merged["database_name"],
                identity(kind, document[kind]),
                content(document),
                json.dumps(document),
                merged["created_at"],
                # One that is made to look older is one that reads have caught up with.
                moment.timestamp(),
                source_id,
            ),
        )
    return {**merged, **document}


def _insert(
    store: Store, tenant: str, database: str, document: dict[str, Any], settings: Settings, unique: str
) -> str:
    document = kept(document, settings)
    kind = next(name for name in KINDS if name in document)
    same = {"identity": identity(kind, document[kind]), "content": content(document)}
    if unique in same and store.first(
        f"SELECT 1 FROM sources WHERE tenant = ? AND database = ? AND {unique} = ?",
        (tenant, database, same[unique]),
    ):
        raise Conflict(f'database "{database}" already has this {kind} source')
    source_id = str(uuid.uuid4())
    store.execute(
        "INSERT INTO sources (id, tenant, database, kind, identity, content, document, created_at,"
        " written_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source_id,
            tenant,
            database,
            kind,
            same["identity"],
            same["content"],
            json.dumps(document),
            store.next_created_at(),
            store.now(),
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


def _answer(row: sqlite3.Row, settings: Settings | None = None) -> dict[str, Any]:
    document = json.loads(row["document"])
    return {
        "id": row["id"],
        "database_name": row["database"],
        **(answered(document, settings) if settings else document),
        "created_at": row["created_at"],
    }


def _merged(old: Any, new: Any) -> Any:
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return new
    return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}
