"""The emulator's own OpenAPI document, at ``/openapi.json``: the same names as the contract's.

What it says of an operation is in one table; :mod:`.schemas` has the schemas. Where the contract is mistaken,
this says what is answered: the list of sources holds sources, and latest-by-keys needs the API key too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .core import emulator_of
from .handlers import MAX_LIMIT
from .schemas import SCHEMAS, UPLOAD_FORM, ref
from .settings import MAX_UPLOAD_BYTES

__all__ = ["document", "openapi"]

_PHRASES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    409: "Exists already, or is in use",
    412: "Not in a state that can be cancelled",
    413: "Too large",
    415: "Another content type than the operation takes",
    422: "A field is missing, not known or of another type; or a quota is exceeded",
    429: "Too many uploads at once",
    500: "Server error",
}


def _path(name: str, schema: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": ref(schema)}


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


_SOURCE = _path("source_id", "SourceId")
_JOB = _path("invocation_id", "JobId")
_PAGE = (
    _query(
        "limit", {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT}, "How many at most; 100 by default."
    ),
    _query(
        "offset",
        {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
        "How many to pass over; 0 by default.",
    ),
    _query("order_by", ref("OrderBy"), "By creation time; DESC by default."),
)
_DATABASE = _query("database_name", {"type": "string"}, "Only those of a database.")
_TYPE = _query("source_type", ref("SourceTypeFilter"), "Only those of a kind of source.")
_UPLOAD_LENGTH = {
    "name": "x-upload-content-length",
    "in": "header",
    "required": True,
    "description": "The file's size in bytes.",
    "schema": {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_UPLOAD_BYTES},
}


@dataclass(frozen=True)
class Operation:
    """One operation: what the document says of it.

    Args:
        method: in lower case.
        path: with its parameters in braces.
        identifier: the contract's ``operationId``.
        tag: the contract's.
        summary: a few words.
        success: the status of success.
        answer: the schema of its body, or None where there is none.
        failures: the other statuses.
        parameters: of path, query and header.
        body: the schema of a JSON body.
    """

    method: str
    path: str
    identifier: str
    tag: str
    summary: str
    success: int
    answer: str | None
    failures: Sequence[int]
    parameters: Sequence[dict[str, Any]] = ()
    body: str | None = None


_USUAL = (400, 401, 403, 404)
OPERATIONS = (
    Operation(
        "get", "/api/v1/sources", "list_sources", "Source", "List sources", 200, "VecOfSources", _USUAL,
        (_DATABASE, _TYPE, *_PAGE),
    ),
    Operation(
        "post", "/api/v1/sources", "create_source", "Source", "Create source", 201, "CreateSourceResponse",
        (*_USUAL, 409), body="CreateSourcePayload",
    ),
    Operation(
        "get", "/api/v1/sources/{source_id}", "get_source", "Source", "Get source", 200, "Source", _USUAL,
        (_SOURCE,),
    ),
    Operation(
        "delete", "/api/v1/sources/{source_id}", "delete_source", "Source", "Delete source", 204, None,
        (*_USUAL, 409), (_SOURCE,),
    ),
    Operation(
        "post", "/api/v1/sources/{source_id}/invocations", "create_job", "Invocation", "Create invocation",
        201, "CreateJobResponse", (*_USUAL, 409), (_SOURCE,), "CreateJobPayload",
    ),
    Operation(
        "post", "/api/v1/sources/{source_id}/invocations/latest-by-keys", "latest_invocations_by_keys",
        "Invocation", "Get latest invocations by keys", 200, "HashMap", _USUAL, (_SOURCE,),
        "LatestByKeysRequest",
    ),
    Operation(
        "get", "/api/v1/invocations", "list_jobs", "Invocation", "List invocations", 200, "Vec", _USUAL,
        (
            _query("source_id", ref("SourceId"), "Only those of a source; not together with database_name."),
            _DATABASE, _TYPE, _query("status", ref("JobStatusFilter"), "Only those in a state."), *_PAGE,
        ),
    ),
    Operation(
        "get", "/api/v1/invocations/{invocation_id}", "get_job", "Invocation", "Get invocation", 200, "Job",
        _USUAL, (_JOB,),
    ),
    Operation(
        "put", "/api/v1/invocations/{invocation_id}", "cancel_pending_job", "Invocation", "Cancel invocation",
        202, "CancelJobResponse", (*_USUAL, 412), (_JOB,),
    ),
    Operation(
        "post", "/api/v1/add-file", "add_file", "File Upload", "Upload and index a file", 201,
        "AddFileResponse", (*_USUAL, 409, 429), (_UPLOAD_LENGTH,),
    ),
    Operation("get", "/health", "health_check", "System", "Get service health status", 200, None, (503,)),
)  # fmt: skip
"""Every operation of the API."""

# What an answer's id is good for.
_LINKS: dict[str, dict[str, str]] = {
    "create_source": dict.fromkeys(
        ("get_source", "delete_source", "create_job", "latest_invocations_by_keys"), "source_id"
    ),
    "create_job": dict.fromkeys(("get_job", "cancel_pending_job"), "invocation_id"),
    "add_file": dict.fromkeys(("get_job", "cancel_pending_job"), "invocation_id"),
}


@cache
def document(statuses: str = "contract") -> dict[str, Any]:
    """The whole document, OpenAPI 3.1.

    Args:
        statuses: as in :class:`.settings.Settings`.
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation, statuses)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Chroma Sync Service (emulator)",
            "version": metadata.version("pulumi-chroma-sync"),
            "description": "The Sync API as the emulator answers it. LIMITS.md says what is a guess.",
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "x-chroma-token": {"type": "apiKey", "in": "header", "name": "x-chroma-token"}
            },
        },
    }


async def openapi(request: Request) -> Response:
    """``GET /openapi.json``."""
    return JSONResponse(document(emulator_of(request).settings.statuses))


def _described(operation: Operation, statuses: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.identifier,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": _responses(operation, statuses),
    }
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _json(operation.body)}
    if operation.identifier == "add_file":
        described["requestBody"] = {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": UPLOAD_FORM,
                    "encoding": {"file": {"contentType": "application/octet-stream"}},
                }
            },
        }
    if operation.tag != "System":
        described["security"] = [{"x-chroma-token": []}]
    return described


def _responses(operation: Operation, statuses: str) -> dict[str, Any]:
    success: dict[str, Any] = {"description": f"{operation.summary}: done"}
    if operation.answer is not None:
        success["content"] = _json(operation.answer)
    if links := _LINKS.get(operation.identifier):
        success["links"] = {
            target: {"operationId": target, "parameters": {name: f"$response.body#/{name}"}}
            for target, name in links.items()
        }
    responses = {str(operation.success): success}
    if operation.tag == "System":
        return {**responses, "503": {"description": "Service is unavailable"}}
    if operation.identifier == "delete_source":
        responses["202"] = {"description": "It will be gone soon", "content": _json("AcceptedResponse")}
    has_body = operation.method == "post"
    stricter = (413, 415, 422) if statuses == "strict" and has_body else ()
    for status in (*operation.failures, *stricter, 500):
        responses[str(status)] = {"description": _PHRASES[status], "content": _json("ErrorResponse")}
    return responses


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": ref(schema)}}
