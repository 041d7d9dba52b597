"""The control API, ``/_emulator/...``: for tests and for people, outside the API's own paths, without a key.

| request | does |
|---|---|
| ``POST reset`` | takes away all but what was given at start; also faults and requests |
| ``GET``, ``PUT settings`` | :class:`.settings.Settings`; fields that are left out stay |
| ``GET``, ``POST tenants`` | ``{"name", "api_key", "databases": [...], "database"?, "role"?}``, see below |
| ``GET``, ``POST databases`` | ``{"name", "tenant"?}`` |
| ``GET``, ``DELETE requests`` | the API's requests, the oldest first; ``?operation=`` for those of one |
| ``GET``, ``POST``, ``DELETE faults``, ``DELETE faults/{id}`` | :class:`.faults.FaultSpec` |
| ``PATCH sources/{id}`` | changes a source, unseen: objects merge, all else is replaced |
| ``POST invocations/{id}`` | ``{"status": ...}``: moves an invocation |
| ``GET``, ``POST collections`` | ``{"database", "name", "tenant"?, "finished_ingest": true}`` |
| ``GET``, ``POST targets`` | ``{"kind", "name", "path"}``: what ``--sync`` reads |

A tenant's ``database`` is the one that the key is good for, ``role`` what its user is in the team. A source
that is to look older than it is gets another ``created_at``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from . import data, jobs, sources
from .core import emulator_of
from .errors import BadRequest, NotFound
from .faults import OPERATIONS, FaultSpec
from .handlers import path_id
from .names import ResourceName
from .parsing import parse_body, parse_json, validate
from .settings import Settings
from .store import DEFAULT_TENANT, Store

__all__ = ["ROUTES"]

Name = Annotated[str, Field(min_length=1)]
Role = Literal["owner", "admin", "member"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _Tenant(_Body):
    name: Name = DEFAULT_TENANT
    api_key: Name | None = None
    databases: list[ResourceName] = []
    database: ResourceName | None = None
    role: Role = "owner"


class _Database(_Body):
    name: ResourceName
    tenant: Name = DEFAULT_TENANT


async def reset(request: Request) -> Response:
    """Back to the start."""
    emulator = emulator_of(request)
    emulator.faults.clear()
    emulator.traffic.clear()
    await data.reset(emulator)
    await emulator.reload_keys()
    return Response(status_code=204)


async def settings(request: Request) -> Response:
    """Read or change the settings."""
    emulator = emulator_of(request)
    if request.method == "PUT":
        changes = parse_json(await request.body())
        if not isinstance(changes, dict):
            raise BadRequest("body: must be an object")
        emulator.settings = validate(Settings, {**emulator.settings.model_dump(), **changes})
    return JSONResponse(emulator.settings.model_dump())


async def tenants(request: Request) -> Response:
    """List tenants, or add one, or add a key and databases to one."""
    emulator = emulator_of(request)
    if request.method == "POST":
        body = parse_body(_Tenant, await request.body())
        databases = [*body.databases, *([body.database] if body.database else [])]
        keys = [body.api_key] if body.api_key else []
        await emulator.call(Store.add_tenant, body.name, keys, databases, scope=body.database, role=body.role)
        await emulator.reload_keys()
        await data.mirror(emulator)
    return JSONResponse(await emulator.call(Store.tenants), 201 if request.method == "POST" else 200)


async def databases(request: Request) -> Response:
    """List databases, or add one to a tenant."""
    emulator = emulator_of(request)
    if request.method == "POST":
        body = parse_body(_Database, await request.body())
        await emulator.call(Store.add_tenant, body.tenant, (), [body.name])
        await data.mirror(emulator)
        return JSONResponse(body.model_dump(), 201)
    return JSONResponse(
        [
            {"name": name, "tenant": tenant["name"]}
            for tenant in await emulator.call(Store.tenants)
            for name in tenant["databases"]
        ]
    )


async def requests(request: Request) -> Response:
    """The requests seen, or forget them."""
    traffic = emulator_of(request).traffic
    if request.method == "DELETE":
        traffic.clear()
        return Response(status_code=204)
    operation = request.query_params.get("operation", "*")
    if operation not in (*OPERATIONS, "unknown"):
        raise BadRequest(f"operation must be one of {', '.join(OPERATIONS)}, unknown")
    return JSONResponse(traffic.describe(None if operation == "*" else operation))


async def faults(request: Request) -> Response:
    """The faults, one more, or none."""
    plan = emulator_of(request).faults
    if request.method == "POST":
        return JSONResponse({"id": plan.add(parse_body(FaultSpec, await request.body()))}, 201)
    if request.method == "DELETE":
        plan.clear()
        return Response(status_code=204)
    return JSONResponse(plan.describe())


async def fault(request: Request) -> Response:
    """Take one fault away."""
    number = int(request.path_params["number"])
    if not emulator_of(request).faults.remove(number):
        raise NotFound(f"fault {number} not found")
    return Response(status_code=204)


async def source(request: Request) -> Response:
    """Change a source on the server."""
    changes: Any = parse_json(await request.body())
    if not isinstance(changes, dict) or "id" in changes:
        raise BadRequest("body: must be an object of a source's fields other than id")
    emulator = emulator_of(request)
    source_id = path_id(request, "source_id")
    return JSONResponse(await emulator.call(sources.patch, source_id, changes, emulator.settings))


class _Invocation(_Body):
    status: Any


class _Collection(_Body):
    database: Name
    name: ResourceName
    tenant: Name = DEFAULT_TENANT
    finished_ingest: bool = True


class _Complete(_Body):
    finished_at: AwareDatetime | None = None
    duration_ms: Annotated[int, Field(ge=0)] = 0


class _Failed(_Body):
    error: str = "failed by hand"


async def invocation(request: Request) -> Response:
    """Move an invocation."""
    status = parse_body(_Invocation, await request.body()).status
    details: dict[str, Any] = {}
    if isinstance(status, dict) and len(status) == 1:
        [(status, given)] = status.items()
        status = status if status in ("complete", "failed") else None
        shapes: dict[str, type[BaseModel]] = {"complete": _Complete, "failed": _Failed}
        shape = shapes.get(str(status))
        if shape is not None:
            details = validate(shape, given, "status").model_dump(mode="json", exclude_none=True)
    elif status in ("complete", "failed"):
        status = None
    if status not in jobs.STATUSES:
        raise BadRequest(
            'status: "pending", "processing", "cancelled", {"complete": {...}} or {"failed": {"error": ...}}'
        )
    emulator = emulator_of(request)
    number = path_id(request, "invocation_id")
    return JSONResponse(await emulator.call(jobs.move, number, status, details))


async def collections(request: Request) -> Response:
    """List collections, or make one."""
    emulator = emulator_of(request)
    if request.method == "POST":
        body = parse_body(_Collection, await request.body())
        place = (body.tenant, body.database, body.name, body.finished_ingest)
        await emulator.call(jobs.add_collection, *place)
        await data.make_collection(emulator, *place)
        return JSONResponse(body.model_dump(), 201)
    there = await data.collections(emulator)
    return JSONResponse(await emulator.call(jobs.collections) if there is None else there)


class _Target(_Body):
    kind: Literal["repo", "site", "bucket"]
    name: Name
    path: Name


async def targets(request: Request) -> Response:
    """List what runs read, or map one more."""
    syncing = emulator_of(request).syncing
    if syncing is None:
        raise BadRequest("the emulator carries out no runs: it was started without --sync")
    if request.method == "POST":
        body = parse_body(_Target, await request.body())
        try:
            syncing.targets.put(body.kind, body.name, body.path)
        except ValueError as error:
            raise BadRequest(str(error)) from None
        return JSONResponse(body.model_dump(), 201)
    return JSONResponse(syncing.targets.describe())


ROUTES = (
    Mount(
        "/_emulator",
        routes=[
            Route("/reset", reset, methods=["POST"]),
            Route("/settings", settings, methods=["GET", "PUT"]),
            Route("/tenants", tenants, methods=["GET", "POST"]),
            Route("/databases", databases, methods=["GET", "POST"]),
            Route("/requests", requests, methods=["GET", "DELETE"]),
            Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
            Route("/faults/{number:int}", fault, methods=["DELETE"]),
            Route("/sources/{source_id}", source, methods=["PATCH"]),
            Route("/invocations/{invocation_id}", invocation, methods=["POST"]),
            Route("/collections", collections, methods=["GET", "POST"]),
            Route("/targets", targets, methods=["GET", "POST"]),
        ],
    ),
)
