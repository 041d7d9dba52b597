"""A small client of the control API, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

__all__ = ["Control"]

_UNSET: Any = object()


class Control:
    """The control API of a running emulator. Threads may share it.

    Every method raises ``httpx.HTTPStatusError``, with the emulator's own message, for an answer that is no
    success.

    Args:
        url: the emulator's.
    """

    def __init__(self, url: str) -> None:
        # It is http, and to load certificates takes long.
        self._http = httpx.Client(base_url=f"{url}/_emulator", timeout=30.0, trust_env=False, verify=False)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def reset(self) -> None:
        """Take away all but the tenants, keys and databases given at start; also faults and requests."""
        self._call("POST", "/reset")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """The settings, after these changes: ``unique``, ``invocations``, ``pending_seconds``, ..."""
        return self._json("PUT", "/settings", changes) if changes else self._json("GET", "/settings")

    def fault(
        self,
        operation: str,
        action: str,
        *,
        times: int = 1,
        delay: float = 0.0,
        status: int | None = None,
        body: Any = _UNSET,
        headers: dict[str, str] | None = None,
        skip: int = 0,
        match: str | None = None,
    ) -> int:
        """Plan a fault; answers its id.

        Args:
            operation: such as ``create_source``; ``*`` for each.
            action: one of :data:`chroma_sync_emulator.faults.ACTIONS`.
            times: how many requests it happens to; 0 for all.
            delay: seconds, for the actions that wait.
            status: of the planned answer.
            body: of the planned answer; JSON, or a string that is sent as it is.
            headers: of the planned answer.
            skip: how many requests that fit pass before.
            match: text that path, query and body must contain.
        """
        spec = {
            "operation": operation,
            "action": action,
            "times": times,
            "delay": delay,
            "status": status,
            "headers": headers,
            "skip": skip,
            "match": match,
        }
        if body is not _UNSET:
            spec["body"] = body
        return int(self._json("POST", "/faults", spec)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """The faults, each with ``hits`` and ``remaining``."""
        return list(self._call("GET", "/faults").json())

    def clear_faults(self) -> None:
        """Take all faults away."""
        self._call("DELETE", "/faults")

    def remove_fault(self, number: int) -> None:
        """Take one fault away."""
        self._call("DELETE", f"/faults/{number}")

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """The API's requests, the oldest first; of one operation where that is given."""
        query = {"operation": operation} if operation else {}
        return list(self._call("GET", "/requests", params=query).json())

    def clear_requests(self) -> None:
        """Forget the requests."""
        self._call("DELETE", "/requests")

    def add_tenant(
        self,
        name: str,
        api_key: str,
        databases: Sequence[str] = (),
        *,
        database: str | None = None,
        role: str = "owner",
    ) -> None:
        """Make a tenant, or add a key and databases to one.

        Args:
            name: the tenant's.
            api_key: a key of the tenant.
            databases: made where they aren't there.
            database: the one database that the key is scoped to.
            role: its user's: ``owner``, ``admin`` or ``member``.
        """
        body = {
            "name": name,
            "api_key": api_key,
            "databases": list(databases),
            "database": database,
            "role": role,
        }
        self._call("POST", "/tenants", json=body)

    def tenants(self) -> list[dict[str, Any]]:
        """The tenants with their databases."""
        return list(self._call("GET", "/tenants").json())

    def add_database(self, name: str, tenant: str | None = None) -> None:
        """Make a database, of the default tenant where none is named."""
        self._call("POST", "/databases", json={"name": name, **({"tenant": tenant} if tenant else {})})

    def patch_source(self, source_id: str, /, **fields: Any) -> dict[str, Any]:
        """Change a source on the server; answers it.

        Args:
            source_id: which.
            fields: of the source; objects merge, all else is replaced. Another ``created_at`` makes it look
                as old as you like.
        """
        return self._json("PATCH", f"/sources/{source_id}", fields)

    def move_invocation(self, invocation_id: str, status: Any) -> dict[str, Any]:
        """Move an invocation: ``"processing"``, ``{"complete": {}}``, ``{"failed": {"error": ...}}``, ..."""
        return self._json("POST", f"/invocations/{invocation_id}", {"status": status})

    def add_collection(self, name: str, database: str, *, finished_ingest: bool = True) -> None:
        """Make a collection, or say whether its ingest is finished."""
        body = {"database": database, "name": name, "finished_ingest": finished_ingest}
        self._call("POST", "/collections", json=body)

    def collections(self) -> list[dict[str, Any]]:
        """The collections; with their ``count`` of chunks where runs are carried out."""
        return list(self._call("GET", "/collections").json())

    def targets(self) -> dict[str, dict[str, str]]:
        """What runs read: the folder of each name, by ``repo``, ``site`` and ``bucket``."""
        return dict(self._call("GET", "/targets").json())

    def add_target(self, kind: str, name: str, path: str | Path) -> None:
        """Have runs read something else, or elsewhere.

        Args:
            kind: ``repo``, ``site`` or ``bucket``.
            name: ``owner/name``, an address, or a bucket's name.
            path: the folder that stands for it.
        """
        self._call("POST", "/targets", json={"kind": kind, "name": name, "path": str(path)})

    def _json(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer: dict[str, Any] = self._call(method, path, **({} if body is None else {"json": body})).json()
        return answer

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        response = self._http.request(method, path, **options)
        if not response.is_success:
            raise httpx.HTTPStatusError(
                f"{method} /_emulator{path}: {response.status_code} {response.text}",
                request=response.request,
                response=response,
            )
        return response
