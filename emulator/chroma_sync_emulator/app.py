"""The routes, and one ASGI application around them."""

from __future__ import annotations

import logging

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import control, handlers
from .core import Emulator
from .errors import ApiError, error_response
from .front import Front

__all__ = ["ROUTES", "create_app"]

ROUTES: tuple[Route, ...] = (
    Route("/api/v1/sources", handlers.create_source, methods=["POST"], name="create_source"),
    Route("/api/v1/sources", handlers.list_sources, methods=["GET"], name="list_sources"),
    Route("/api/v1/sources/{source_id}", handlers.get_source, methods=["GET"], name="get_source"),
    Route("/api/v1/sources/{source_id}", handlers.delete_source, methods=["DELETE"], name="delete_source"),
    Route("/health", handlers.health, methods=["GET"], name="health"),
)
"""The API's operations; the names are those of the control API and of the requests it shows."""


def create_app(emulator: Emulator) -> Front:
    """The ASGI application of an emulator."""
    app = Starlette(
        routes=[*ROUTES, *control.ROUTES],
        exception_handlers={ApiError: _api_error, HTTPException: _http_error, Exception: _failure},
    )
    # A slash at the end is another path, not a redirect that clients would have to follow.
    app.router.redirect_slashes = False
    app.state.emulator = emulator
    return Front(app, emulator, ROUTES)


async def _api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error_response(error.status, error.error, error.message)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    name, message = {
        404: ("NotFoundError", f"no such path: {request.url.path}"),
        405: ("MethodNotAllowedError", f"{request.method} is not allowed on {request.url.path}"),
    }.get(error.status_code, ("InvalidArgumentError", error.detail))
    return error_response(error.status_code, name, message, dict(error.headers or {}))


async def _failure(request: Request, error: Exception) -> Response:
    logging.getLogger("chroma_sync_emulator").error("%s failed", request.url.path, exc_info=error)
    return error_response(500, "InternalError", "the emulator failed; see its log")
