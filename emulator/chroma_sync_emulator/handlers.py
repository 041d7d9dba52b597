"""The API's operations: HTTP on one side, plain calls on the other."""

from __future__ import annotations

import re
from typing import Literal, TypeVar, get_args

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import data, jobs, sources
from .core import emulator_of
from .errors import BadRequest, WrongMedia
from .parsing import parse_body
from .payloads import CreateInvocation, CreateSource, LatestByKeys
from .sources import Page
from .store import Store

__all__ = [
    "cancel_invocation",
    "create_invocation",
    "create_source",
    "delete_source",
    "get_identity",
    "get_invocation",
    "get_source",
    "health",
    "latest_by_keys",
    "list_invocations",
    "list_sources",
]

MAX_LIMIT = 1000
"""The largest ``limit`` of a list (a guess; the contract names no maximum)."""

SourceTypeFilter = Literal["github", "web_scrape", "s3", "file_upload"]
OrderBy = Literal["ASC", "DESC"]

_Body = TypeVar("_Body", bound=BaseModel)
_Choice = TypeVar("_Choice", bound=str)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


async def create_source(request: Request) -> Response:
    """``POST /api/v1/sources``."""
    emulator = emulator_of(request)
    key = emulator.authenticate(request)
    payload = await body_of(request, CreateSource)
    source_id = await emulator.call(sources.create, key, payload, emulator.settings)
    return JSONResponse({"source_id": source_id}, 201)


async def list_sources(request: Request) -> Response:
    """``GET /api/v1/sources``. The contract types the answer as invocations, by mistake; it is sources."""
    emulator = emulator_of(request)
    key = emulator.authenticate(request)
    kind = choice(request, "source_type", get_args(SourceTypeFilter))
    database = request.query_params.get("database_name")
    page = page_of(request)
    return JSONResponse(
        await emulator.call(sources.list_sources, key, page, emulator.settings, database=database, kind=kind)
    )


async def get_source(request: Request) -> Response:
    """``GET /api/v1/sources/{source_id}``."""
    emulator = emulator_of(request)
    key = emulator.authenticate(request)
    source_id = path_id(request, "source_id")
    return JSONResponse(await emulator.call(sources.get, key, source_id, emulator.settings))


async def delete_source(request: Request) -> Response:
    """``DELETE /api/v1/sources/{source_id}``: 204, or 202 where it takes its time."""
    emulator = emulator_of(request)
    key = emulator.authenticate(request)
    settings = emulator.settings
    await emulator.call(sources.delete, key, path_id(request, "source_id"), settings)
    return JSONResponse({}, 202) if settings.async_delete else Response(status_code=204)


async def create_invocation(request: Request) -> Response:
    """``POST /api/v1/sources/{source_id}/invocations``."""
    emulator = emulator_of(request)
    key = emulator.authenticate(request)
    source_id = path_id(request, "source_id")
    payload = await body_of(request, CreateInvocation)
    if emulator.syncing is not None:
        place = await emulator.call(jobs.target, key, source_id, payload)
        await data.look(emulator, key.tenant, *place)
    invocation_id = await emulator.call(jobs.create, key, source_id, payload, emulator.settings)
    await data.over(emulator, invocation_id)
    return JSONResponse({"invocation_id": invocation_id}, 201)


async def list_invocations(request: Request) -> Response:
    """``GET /api/v1/invocations``."""
    emulator = emulator_of(request)
    key = emulator.authenticate(request)
    query = request.query_params
    source_id, database = query.get("source_id"), query.get("database_name")
    if source_id is not None and database is not None:
        raise BadRequest("give source_id or database_name, not both")
    found = await emulator.call(
        jobs.list_invocations,
        key,
        page_of(request),
        source_id=None if source_id is None else uuid_of(source_id, "source_id"),
        database=database,
        kind=choice(request, "source_type", get_args(SourceTypeFilter)),
        status=choice(request, "status", jobs.STATUSES),
    )
    return JSONResponse(found)


async def get_invocation(request: Request) -> Response:
    """``GET /api/v1/invocations/{invocation_id}``."""
    emulator = emulator_of(request)
    key = emulator.authenticate(request)
    return JSONResponse(await emulator.call(jobs.get, key, path_id(request, "invocation_id")))


async def cancel_invocation(request: Request) -> Response:
    """``PUT /api/v1/invocations/{invocation_id}``: 202, or 412 where it is not pending."""
    emulator = emulator_of(request)
    key = emulator.authenticate(request)
    await emulator.call(jobs.cancel, key, path_id(request, "invocation_id"))
    return JSONResponse({}, 202)


async def latest_by_keys(request: Request) -> Response:
    """``POST /api/v1/sources/{source_id}/invocations/latest-by-keys``."""
    emulator = emulator_of(request)
    key = emulator.authenticate(request)
    source_id = path_id(request, "source_id")
    payload = await body_of(request, LatestByKeys)
    return JSONResponse(await emulator.call(jobs.latest_by_keys, key, source_id, payload.object_keys))


async def get_identity(request: Request) -> Response:
    """``GET /api/v2/auth/identity`` of Chroma's public API: whose the key is, and for which databases."""
    emulator = emulator_of(request)
    return JSONResponse(await emulator.call(Store.identity, emulator.authenticate(request)))


async def health(request: Request) -> Response:
    """``GET /health``: 200 while the store can be read."""
    await emulator_of(request).call(Store.check)
    return Response()


async def body_of(request: Request, model: type[_Body]) -> _Body:
    """The body of a request that says it is JSON; else BadRequest."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise WrongMedia("the body must be JSON, with the header content-type: application/json")
    lenient = emulator_of(request).settings.integers == "lenient"
    return parse_body(model, await request.body(), lenient=lenient)


def path_id(request: Request, name: str) -> str:
    """A UUID of the path; else BadRequest."""
    return uuid_of(str(request.path_params[name]), name)


def uuid_of(value: str, name: str) -> str:
    """A UUID in its usual form; else BadRequest."""
    if not _UUID.fullmatch(value):
        raise BadRequest(f"{name} must be a UUID")
    return value.lower()


def choice(request: Request, name: str, values: tuple[_Choice, ...]) -> _Choice | None:
    """A query parameter that has a few values, or None where it is not there; else BadRequest."""
    given = request.query_params.get(name)
    if given is None:
        return None
    for value in values:
        if given == value:
            return value
    raise BadRequest(f"{name} must be one of {', '.join(values)}")


def page_of(request: Request) -> Page:
    """``limit``, ``offset`` and ``order_by`` of a list, and the settings' cap; out of range is BadRequest."""
    order = choice(request, "order_by", (*get_args(OrderBy), "asc", "desc"))
    limit, cap = _whole(request, "limit", 100, MAX_LIMIT), emulator_of(request).settings.page_cap
    return Page(
        limit=limit if cap is None else min(limit, cap),
        offset=_whole(request, "offset", 0, 2**63 - 1),
        newest_first=(order or "DESC").upper() == "DESC",
    )


def _whole(request: Request, name: str, default: int, largest: int) -> int:
    given = request.query_params.get(name)
    if given is None:
        return default
    if not re.fullmatch(r"[0-9]{1,19}", given) or int(given) > largest:
        raise BadRequest(f"{name} must be a whole number from 0 to {largest}")
    return int(given)
