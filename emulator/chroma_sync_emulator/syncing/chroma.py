"""A Chroma server as runs need it: databases, collections, records; plain HTTP, of the public API alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from .embedding import encoded
from .failures import SyncFailed

__all__ = ["API", "Chroma", "Record"]

API = "/api/v2"
"""How the paths of the public API begin."""

_ALREADY = 409


@dataclass(frozen=True)
class Record:
    """One record of a collection."""

    id: str
    embedding: list[float]
    document: str
    metadata: dict[str, Any]


class Chroma:
    """A Chroma server. Threads may share it. Close it after use.

    Every method raises :class:`.failures.SyncFailed` where the server doesn't answer, or refuses.

    Args:
        url: the server's, such as ``http://127.0.0.1:8000``.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        # Certificates of authorities take long to load, and are for https alone.
        self._http = httpx.Client(
            base_url=self.url, timeout=120.0, trust_env=False, verify=self.url.startswith("https:")
        )

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request below :data:`API`, whatever is answered."""
        try:
            return self._http.request(method, API + path, **options)
        except httpx.HTTPError as error:
            raise SyncFailed(f"the Chroma server at {self.url} doesn't answer: {error}") from None

    def check(self) -> None:
        """Raise SyncFailed where there is no Chroma server."""
        self._call("GET", "/heartbeat")

    def make_database(self, tenant: str, name: str) -> None:
        """Make a database, and its tenant, where they aren't there."""
        self._call("POST", "/tenants", json={"name": tenant}, allowed=_ALREADY)
        self._call("POST", f"{_of(tenant)}/databases", json={"name": name}, allowed=_ALREADY)

    def delete_database(self, tenant: str, name: str) -> None:
        """Delete a database with its collections, where it is there."""
        self._call("DELETE", _of(tenant, name), allowed=404)

    def collections(self, tenant: str, database: str) -> list[dict[str, Any]]:
        """A database's collections, each with its ``count``."""
        return [
            {**found, "count": self._call("GET", f"{_of(tenant, database)}/collections/{found['id']}/count")}
            for found in self._call("GET", f"{_of(tenant, database)}/collections")
        ]

    def collection(self, tenant: str, database: str, name: str) -> dict[str, Any] | None:
        """A collection, or None where it isn't there."""
        path = f"{_of(tenant, database)}/collections/{quote(name, safe='')}"
        found: dict[str, Any] | None = self._call("GET", path, allowed=404)
        return found

    def make_collection(
        self,
        tenant: str,
        database: str,
        name: str,
        *,
        configuration: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """A collection, made where it isn't there; one that is there stays as it is."""
        body: dict[str, Any] = {"name": name, "get_or_create": True}
        body.update({"configuration": configuration} if configuration else {})
        body.update({"metadata": metadata} if metadata else {})
        made: dict[str, Any] = self._call("POST", f"{_of(tenant, database)}/collections", json=body)
        return made

    def delete_collection(self, tenant: str, database: str, name: str) -> None:
        """Delete a collection where it is there."""
        self._call("DELETE", f"{_of(tenant, database)}/collections/{quote(name, safe='')}", allowed=404)

    def set_metadata(self, collection: Mapping[str, Any], **fields: Any) -> None:
        """Add to a collection's metadata, or change it."""
        self._call(
            "PUT",
            self._inside(collection),
            json={"new_metadata": {**(collection["metadata"] or {}), **fields}},
        )

    def upsert(self, collection: Mapping[str, Any], records: Sequence[Record]) -> None:
        """Write records; one of the same id is replaced."""
        body = {
            "ids": [record.id for record in records],
            "embeddings": [encoded(record.embedding) for record in records],
            "documents": [record.document for record in records],
            "metadatas": [record.metadata for record in records],
        }
        self._call("POST", f"{self._inside(collection)}/upsert", json=body)

    def query(
        self, collection: Mapping[str, Any], embedding: list[float], limit: int
    ) -> list[dict[str, Any]]:
        """The nearest records, each with ``id``, ``document``, ``metadata`` and ``distance``."""
        body = {
            "query_embeddings": [embedding],
            "n_results": limit,
            "include": ["documents", "metadatas", "distances"],
        }
        found = self._call("POST", f"{self._inside(collection)}/query", json=body)
        columns = {"id": "ids", "document": "documents", "metadata": "metadatas", "distance": "distances"}
        rows = zip(*(found[column][0] for column in columns.values()), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    @staticmethod
    def _inside(collection: Mapping[str, Any]) -> str:
        return f"{_of(collection['tenant'], collection['database'])}/collections/{collection['id']}"

    def _call(self, method: str, path: str, *, allowed: int | None = None, **options: Any) -> Any:
        answer = self.ask(method, path, **options)
        if answer.is_success:
            return answer.json()
        if answer.status_code == allowed:
            return None
        raise SyncFailed(f"the Chroma server answers {answer.status_code}: {_sentence(answer)}")


def _of(tenant: str, database: str | None = None) -> str:
    below = "" if database is None else f"/databases/{quote(database, safe='')}"
    return f"/tenants/{quote(tenant, safe='')}{below}"


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200] or "nothing"
