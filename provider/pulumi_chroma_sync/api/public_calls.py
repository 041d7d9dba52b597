"""Chroma's public API, another service at another address: what a key opens, databases, collections.

The paths and answers are those of the open-source server 1.5.9, on which each was tried; that the cloud has
the same is the vendor's documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from pulumi_chroma_sync.errors import ChromaSyncError, NoAnswerError, NotFoundError, ServerError

from .caller import Caller
from .replies import Answer, WrongShape, is_usable_id, service_error_in
from .retrying import Allowance

__all__ = ["CollectionReply", "DatabaseReply", "Identity", "PublicClient"]

_V2 = "/api/v2"
_PAGE = 100
_READINGS = 4
_T = TypeVar("_T")


@dataclass(frozen=True)
class Identity:
    """What an API key opens.

    Attributes:
        tenant: whose it is; "" where the service doesn't say.
        databases: sorted; ``"*"`` stands for all of the team's.
    """

    tenant: str
    databases: tuple[str, ...]


@dataclass(frozen=True)
class DatabaseReply:
    """A database as the service answered it.

    Attributes:
        id: the service's id; another one where it was deleted and made again.
        name: its name.
        tenant: its tenant.
    """

    id: str
    name: str
    tenant: str


@dataclass(frozen=True)
class CollectionReply:
    """A collection as the service answered it.

    Attributes:
        id: the service's id.
        name: its name.
        metadata: as it was set.
        dimension: of its vectors; None where it has none yet.
    """

    id: str
    name: str
    metadata: Mapping[str, Any] = field(hash=False)
    dimension: int | None = None

    @property
    def finished_ingest(self) -> bool:
        """Whether its ingest is finished, so that no run can write into it."""
        return self.metadata.get("finished_ingest") is True


class PublicClient(Caller):
    """A client of the public API. Threads may share it; its connections are kept alive and pooled.

    Its settings' ``url`` is the address of the public API. Every method that asks raises as those of
    :class:`.client.SyncClient` do.
    """

    setting = "apiUrl"
    service = "Chroma's public API"

    def identity(self, *, retries: int | None = None) -> Identity:
        """``GET /api/v2/auth/identity``."""
        return self._read(f"{_V2}/auth/identity", _identity_from, retries)

    def sees_tenant(self, tenant: str) -> bool:
        """``GET /api/v2/tenants/{tenant}``: whether there is one for this key."""
        try:
            self._read(f"{_V2}/tenants/{_quoted(tenant)}", lambda _: None)
        except NotFoundError as error:
            if not error.is_the_services_own:
                raise
            return False
        return True

    def create_database(self, tenant: str, name: str) -> None:
        """``POST /api/v2/tenants/{tenant}/databases``, sent once.

        Raises:
            UniqueConstraintError: there is one of this name.
            UnreachableError: nothing was created.
            NoAnswerError: it may have been created, or may yet be.
        """
        path = f"{_V2}/tenants/{_quoted(tenant)}/databases"
        self.policy.once(
            lambda allowed: self._ask("POST", path, allowed, _done, payload={"name": name}, makes=True)
        )

    def get_database(self, tenant: str, name: str, *, retries: int | None = None) -> DatabaseReply:
        """``GET /api/v2/tenants/{tenant}/databases/{name}``.

        Raises:
            NotFoundError: there is none; only where ``is_the_services_own`` does that mean something.
        """

        def parse(answer: Answer) -> DatabaseReply:
            body = _object_in(answer)
            found = DatabaseReply(_text(body, "id"), _text(body, "name"), _text(body, "tenant"))
            if found.name != name:
                raise WrongShape("it is about another database than was asked for")
            return found

        return self._read(_database(tenant, name), parse, retries)

    def delete_database(self, tenant: str, name: str) -> None:
        """``DELETE /api/v2/tenants/{tenant}/databases/{name}``: its collections go with it.

        Raises:
            NotFoundError: there is none; ``after_doubt`` where an earlier try may have deleted it.
        """
        self._delete(_database(tenant, name))

    def count_collections(self, tenant: str, database: str) -> int:
        """``GET .../collections_count``."""
        return self._read(f"{_database(tenant, database)}/collections_count", _count_in)

    def some_collections(self, tenant: str, database: str, limit: int) -> tuple[CollectionReply, ...]:
        """A page of ``GET .../collections``. Of a database that isn't there the server answers none."""
        return self._page(tenant, database, limit, 0)

    def list_collections(self, tenant: str, database: str) -> tuple[CollectionReply, ...]:
        """Every collection of a database, by name.

        Raises:
            ChromaSyncError: also where the list changes faster than it can be read.
        """
        for _ in range(_READINGS):
            found: dict[str, CollectionReply] = {}
            while True:
                page = self._page(tenant, database, _PAGE, len(found))
                new = {each.id: each for each in page if each.id not in found}
                found.update(new)
                if len(new) < len(page) or not page:
                    break
            # Pages shift where something is made or deleted meanwhile.
            if not page and len(found) == self.count_collections(tenant, database):
                return tuple(sorted(found.values(), key=lambda each: each.name))
        raise ChromaSyncError(
            f'the list of the collections of database "{database}" changes faster than it can be read. Run '
            "the same command again when less is made and deleted there"
        )

    def get_collection(self, tenant: str, database: str, name: str) -> CollectionReply:
        """``GET .../collections/{name}``.

        Raises:
            NotFoundError: there is none; only where ``is_the_services_own`` does that mean something.
        """

        def parse(answer: Answer) -> CollectionReply:
            found = _collection_from(_object_in(answer))
            if found.name != name:
                raise WrongShape("it is about another collection than was asked for")
            return found

        return self._read(f"{_database(tenant, database)}/collections/{_quoted(name)}", parse)

    def count_records(self, tenant: str, database: str, collection_id: str) -> int:
        """``GET .../collections/{id}/count``."""
        path = f"{_database(tenant, database)}/collections/{_quoted(collection_id)}/count"
        return self._read(path, _count_in)

    def delete_collection(self, tenant: str, database: str, name: str) -> None:
        """``DELETE .../collections/{name}``.

        Raises:
            NotFoundError: there is none; ``after_doubt`` where an earlier try may have deleted it.
        """
        self._delete(f"{_database(tenant, database)}/collections/{_quoted(name)}")

    def _page(self, tenant: str, database: str, limit: int, offset: int) -> tuple[CollectionReply, ...]:
        def parse(answer: Answer) -> tuple[CollectionReply, ...]:
            value = answer.json()
            if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
                raise WrongShape("it must be a list of objects")
            return tuple(map(_collection_from, value))

        path = f"{_database(tenant, database)}/collections"
        query: dict[str, str | int] = {"limit": limit, "offset": offset}
        return self.policy.run(lambda allowed: self._ask("GET", path, allowed, parse, query=query))

    def _read(self, path: str, parse: Callable[[Answer], _T], retries: int | None = None) -> _T:
        return self.policy.run(lambda allowed: self._ask("GET", path, allowed, parse), retries=retries)

    def _delete(self, path: str) -> None:
        doubt = False

        def ask(allowed: Allowance) -> None:
            nonlocal doubt
            try:
                self._ask("DELETE", path, allowed, _done)
            except NotFoundError as error:
                error.after_doubt = doubt
                raise
            except (NoAnswerError, ServerError):
                doubt = True
                raise

        self.policy.run(ask)


def _quoted(name: str) -> str:
    if not is_usable_id(name):  # a dot or two would be another path
        raise ChromaSyncError(f"{name!r} can't be a name; nothing was sent")
    return quote(name, safe="")


def _database(tenant: str, name: str) -> str:
    return f"{_V2}/tenants/{_quoted(tenant)}/databases/{_quoted(name)}"


def _identity_from(answer: Answer) -> Identity:
    # The vendor's documentation: {user_id, tenant, databases}, the latter a list of different texts.
    value = answer.json()
    databases = value.get("databases") if isinstance(value, dict) else None
    if not isinstance(databases, list) or not all(isinstance(name, str) for name in databases):
        raise WrongShape("databases must be a list of names")
    tenant = value.get("tenant")
    return Identity(
        tenant if isinstance(tenant, str) else "", tuple(sorted({name for name in databases if name}))
    )


def _object_in(answer: Answer) -> dict[str, Any]:
    value = answer.json()
    if not isinstance(value, dict):
        raise WrongShape("it must be an object")
    return value


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise WrongShape(f"{name} must be a text")
    return value


def _collection_from(body: Mapping[str, Any]) -> CollectionReply:
    metadata, dimension = body.get("metadata"), body.get("dimension")
    return CollectionReply(
        _text(body, "id"),
        _text(body, "name"),
        metadata if isinstance(metadata, dict) else {},
        dimension if isinstance(dimension, int) and not isinstance(dimension, bool) else None,
    )


def _count_in(answer: Answer) -> int:
    value = answer.json()
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WrongShape("it must be a whole number")
    return value


def _done(answer: Answer) -> None:
    # A page that a proxy answers in the service's place is no success.
    if answer.body.strip():
        answer.json()
    if service_error_in(answer):
        raise WrongShape("it is an error under a status of success")
