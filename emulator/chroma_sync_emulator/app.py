"""The routes, and one ASGI application around them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from . import control, embeddings, handlers, page, public_api, uploads
from .core import Emulator, emulator_of
from .errors import ApiError, error_response
from .front import API, Front
from .openapi import openapi
from .passing import V2

__all__ = ["BESIDE", "OPERATIONS", "ROUTES", "create_app"]

OPERATIONS: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
    ("POST", "/api/v1/sources", handlers.create_source),
    ("GET", "/api/v1/sources", handlers.list_sources),
    ("GET", "/api/v1/sources/{source_id}", handlers.get_source),
    ("DELETE", "/api/v1/sources/{source_id}", handlers.delete_source),
    ("POST", "/api/v1/sources/{source_id}/invocations", handlers.create_invocation),
    ("POST", "/api/v1/sources/{source_id}/invocations/latest-by-keys", handlers.latest_by_keys),
    ("GET", "/api/v1/invocations", handlers.list_invocations),
    ("GET", "/api/v1/invocations/{invocation_id}", handlers.get_invocation),
    ("PUT", "/api/v1/invocations/{invocation_id}", handlers.cancel_invocation),
    ("POST", "/api/v1/add-file", uploads.add_file),
    ("GET", "/health", handlers.health),
)
"""Method, path and handler of every operation."""

BESIDE = (("GET", "/api/v2/auth/identity", handlers.get_identity),)
"""The same of Chroma's public API, which the vendor has at another address: what an API key opens."""

ROUTES = tuple(
    Route(path, handler, methods=[method], name=handler.__name__)
    for method, path, handler in (*OPERATIONS, *BESIDE)
)
"""The operations; the names are those of the control API and of the requests it shows."""


def create_app(emulator: Emulator) -> Front:
    """The ASGI application of an emulator."""
    app = Starlette(
        routes=[
            *ROUTES,
            *public_api.ROUTES,
            *embeddings.ROUTES,
            Route("/openapi.json", openapi),
            *page.ROUTES,
            *control.ROUTES,
        ],
        exception_handlers={ApiError: _api_error, HTTPException: _http_error, Exception: _failure},
    )
    # A slash at the end is another path, not a redirect that clients would have to follow.
    app.router.redirect_slashes = False
    app.state.emulator = emulator
    return Front(app, emulator, (*ROUTES, *public_api.ROUTES))


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    # The control API is the emulator's own, and answers its tests alike in every mode.
    statuses = emulator_of(request).settings.statuses if request.url.path.startswith(API) else "contract"
    if request.url.path.startswith(V2):
        # Those of the public API are known.
        statuses = "strict"
    return error_response(error.status_by(statuses), error.message)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = {
        404: f"no such path: {request.url.path}",
        405: f"{request.method} is not allowed on {request.url.path}",
    }.get(error.status_code, error.detail)
    headers = dict(error.headers or {})
    if error.status_code == 405 and (allowed := _allowed(request)):
        headers = {"allow": ", ".join(allowed)}
    return error_response(error.status_code, message, headers)


def _allowed(request: Request) -> list[str]:
    # Each operation is a route of its own, so the framework knows only the methods of the first.
    methods = (route.methods or () for route in ROUTES if route.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for of_route in methods for method in of_route})


async def _failure(request: Request, error: Exception) -> Response:
    logging.getLogger("chroma_sync_emulator").error("%s failed", request.url.path, exc_info=error)
    return error_response(500, "the emulator failed; see its log")
