"""``/api/v2``: as much of Chroma's public API as a stack or a client asks for beside the Sync API.

With ``--sync`` a real server answers (:mod:`.passing`), and the emulator sees to the keys alone. Without it
the emulator answers for databases and the names of collections by itself, as the open-source server does; a
test compares the two request by request.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from . import databases
from .core import emulator_of
from .errors import BadRequest, Forbidden, NotFound, WrongMedia
from .parsing import parse_body
from .passing import V2, passed
from .store import Key, Store

__all__ = ["ROUTES"]

_Handler = Callable[[Request], Awaitable[Response]]
_Row = dict[str, Any]

_DATABASES = f"{V2}/tenants/{{tenant}}/databases"
_COLLECTIONS = f"{_DATABASES}/{{database}}/collections"
_MAX = 2**32 - 1


class _NewDatabase(BaseModel):
    # Fields that it doesn't know the open-source server ignores.
    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)

    name: str


async def create_database(request: Request) -> Response:
    """``POST .../databases``: 200 and nothing to read, 409 where it is there."""
    emulator, key = emulator_of(request), _key(request)
    _require_whole(key)
    if emulator.syncing is not None:
        answer = await passed(request)
        if answer.status_code in (200, 409):
            await emulator.call(Store.add_tenant, key.tenant, (), [await _name(request)])
        return answer
    await emulator.call(databases.add, key.tenant, await _name(request))
    return JSONResponse({})


async def list_databases(request: Request) -> Response:
    """``GET .../databases``: a page of them; of a key with a scope, the one."""
    emulator, key = emulator_of(request), _key(request)
    if emulator.syncing is not None and key.scope is None:
        return await passed(request)
    limit, offset = _whole(request, "limit"), _whole(request, "offset") or 0
    found = await emulator.call(databases.list_databases, key.tenant, key.scope, limit, offset)
    return JSONResponse(found)


async def get_database(request: Request) -> Response:
    """``GET .../databases/{database}``."""
    return await _answered(request, databases.get)


async def delete_database(request: Request) -> Response:
    """``DELETE .../databases/{database}``: with its collections."""
    emulator, key = emulator_of(request), _key(request)
    _require_whole(key)
    name = str(request.path_params["database"])
    if emulator.syncing is not None:
        answer = await passed(request)
        if answer.status_code in (200, 404):
            await emulator.call(databases.drop, key.tenant, name)
        return answer
    await emulator.call(databases.remove, key.tenant, name)
    return JSONResponse({})


async def chroma(request: Request) -> Response:
    """Whatever else there is: the real server's, else a few things that clients look at."""
    emulator = emulator_of(request)
    below = request.url.path.removeprefix(V2)
    if below in _SMALL:
        return await passed(request) if emulator.syncing is not None else JSONResponse(_SMALL[below]())
    if emulator.syncing is not None:
        _key(request)
        return await passed(request)
    for route in _OWN:
        matched, scope = route.matches(request.scope)
        if matched is Match.FULL:
            request.scope.update(scope)
            handler: _Handler = route.endpoint
            return await handler(request)
    known = [route for route in (*ROUTES[:-1], *_OWN) if route.matches(request.scope)[0] is not Match.NONE]
    return Response(status_code=405 if known else 404)


async def _get_tenant(request: Request) -> Response:
    return JSONResponse({"name": _key(request).tenant, "resource_name": None})


async def _list_collections(request: Request) -> Response:
    limit, offset = _whole(request, "limit"), _whole(request, "offset") or 0

    def page(store: Store, tenant: str, database: str) -> list[_Row]:
        found = databases.collections(store, tenant, database)[offset:]
        return found if limit is None else found[:limit]

    return await _answered(request, page)


async def _count_collections(request: Request) -> Response:
    return await _answered(request, lambda store, *place: len(databases.collections(store, *place)))


async def _get_collection(request: Request) -> Response:
    return await _answered(request, databases.collection, request.path_params["name"])


async def _count_records(request: Request) -> Response:
    return await _answered(request, databases.count_records, request.path_params["id"])


async def _delete_collection(request: Request) -> Response:
    await _answered(request, databases.delete_collection, request.path_params["name"])
    return JSONResponse({})


_SMALL: dict[str, Callable[[], Any]] = {
    "/heartbeat": lambda: {"nanosecond heartbeat": time.time_ns()},
    "/version": lambda: "1.0.0",
    "/healthcheck": lambda: {"is_executor_ready": True, "is_log_client_ready": True},
    "/pre-flight-checks": lambda: {"max_batch_size": 5461, "supports_base64_encoding": True},
}

_OWN = (
    Route(f"{V2}/tenants/{{tenant}}", _get_tenant, methods=["GET"]),
    Route(f"{_DATABASES}/{{database}}/collections_count", _count_collections, methods=["GET"]),
    Route(_COLLECTIONS, _list_collections, methods=["GET"]),
    Route(f"{_COLLECTIONS}/{{name}}", _get_collection, methods=["GET"]),
    Route(f"{_COLLECTIONS}/{{name}}", _delete_collection, methods=["DELETE"]),
    Route(f"{_COLLECTIONS}/{{id}}/count", _count_records, methods=["GET"]),
)

ROUTES = (
    Route(_DATABASES, create_database, methods=["POST"]),
    Route(_DATABASES, list_databases, methods=["GET"]),
    Route(f"{_DATABASES}/{{database}}", get_database, methods=["GET"]),
    Route(f"{_DATABASES}/{{database}}", delete_database, methods=["DELETE"]),
    # Behind the others: it takes any path and method.
    Route(f"{V2}/{{path:path}}", chroma, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
)
"""The operations; the names are those of faults and of the requests seen."""


async def _answered(request: Request, ask: Callable[..., Any], *arguments: Any) -> Response:
    emulator, key = emulator_of(request), _key(request)
    if emulator.syncing is not None:
        return await passed(request)
    place = (key.tenant, str(request.path_params["database"]))
    return JSONResponse(await emulator.call(ask, *place, *arguments))


_PLACE = re.compile(re.escape(V2) + r"/tenants/([^/]+)(?:/databases(?:/([^/]+).*)?)?")


def _key(request: Request) -> Key:
    """The caller's key, where it is good for what the path is about; else Unauthorized or Forbidden."""
    key = emulator_of(request).authenticate(request)
    place = _PLACE.fullmatch(request.url.path)
    if place is None:
        raise NotFound(f"no such path: {request.url.path}")
    tenant, database = place.groups()
    if tenant != key.tenant:
        raise Forbidden(f'this API key is not of the tenant "{tenant}"')
    if database is not None:
        key.check(database)
    return key


def _require_whole(key: Key) -> None:
    if key.scope is not None:
        raise Forbidden("an API key that is scoped to one database makes and deletes none")


async def _name(request: Request) -> str:
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise WrongMedia("Expected request with `Content-Type: application/json`")
    return parse_body(_NewDatabase, await request.body()).name


def _whole(request: Request, name: str) -> int | None:
    given = request.query_params.get(name)
    if given is None:
        return None
    if not re.fullmatch(r"\+?[0-9]{1,10}", given) or int(given) > _MAX:
        raise BadRequest(f"{name}: must be a whole number from 0 to {_MAX}")
    return int(given)
