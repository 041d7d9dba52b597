"""Requests of the public API that a real Chroma server answers."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from .core import emulator_of
from .errors import BadGateway

__all__ = ["V2", "passed"]

V2 = "/api/v2"
"""How the paths of the public API begin."""


async def passed(request: Request) -> Response:
    """The server's answer to a request. The key stays here: the server knows none."""
    from .syncing.failures import SyncFailed

    syncing = emulator_of(request).syncing
    assert syncing is not None
    raw, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    path = raw.removeprefix(V2) + (f"?{query}" if query else "")
    kind = request.headers.get("content-type")
    headers = {"content-type": kind} if kind is not None else {}
    body = await request.body()
    try:
        answer = await run_in_threadpool(
            syncing.chroma.ask, request.method, path, content=body, headers=headers
        )
    except SyncFailed as failure:
        raise BadGateway(str(failure)) from None
    return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))
