"""What stands before the routes: the trace id, the list of requests, the faults, the loopback guard.

The work of an API request is always done to its end and its answer kept back until the faults had their say.
So "done, then dropped" is exactly that: committed, and no byte of an answer sent.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import HTTPConnection
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .core import Emulator
from .errors import TooLarge, error_response
from .faults import Fault
from .server import Connections
from .settings import MAX_UPLOAD_BYTES
from .traffic import Seen, redacted

__all__ = ["API", "CONTROL", "TRACE_HEADER", "Front"]

API = "/api/"
"""How the paths of the API begin, but for ``/health``."""

TRACE_HEADER = "chroma-trace-id"
"""Header of every answer: an id of the request, a UUID."""

CONTROL = "/_emulator"
"""Where the control API is."""

MAX_BODY = 8 * 2**20
"""Bytes of a request's body that are read, but for uploads (a guess; the contract names no limit)."""

MAX_PASSED_BODY = 64 * 2**20
"""The same of what a real Chroma server answers, which reads 40 MiB itself."""


@dataclass
class Answer:
    """An answer that is not sent yet."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def catch(self, message: Message) -> None:
        """An ASGI ``send`` that keeps the answer instead."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        else:
            self.body += message.get("body", b"")

    async def send(self, send: Send, *, part: int | None = None) -> None:
        """Send it, or its first ``part`` bytes under the headers of the whole."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        body = self.body if part is None else self.body[:part]
        await send({"type": "http.response.body", "body": body, "more_body": part is not None})


class Front:
    """The ASGI application that the server runs.

    Args:
        app: the routes.
        emulator: whose traffic and faults these are.
        routes: the API's operations; all other paths have no faults.
    """

    def __init__(self, app: ASGIApp, emulator: Emulator, routes: Iterable[Route]) -> None:
        self.emulator = emulator
        self._app = app
        self._routes = tuple(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        trace_id = str(uuid.uuid4())

        async def traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (TRACE_HEADER.encode(), trace_id.encode())]
            await send(message)

        path: str = scope["path"]
        if reason := _stranger(scope, path):
            await error_response(403, reason)(scope, receive, traced)
        elif path.startswith(API) or path == "/health":
            await self._api(scope, receive, traced, trace_id)
        else:
            await self._app(scope, receive, traced)

    async def _api(self, scope: Scope, receive: Receive, send: Send, trace_id: str) -> None:
        operation = self._operation(scope)
        body = _Body(receive)
        raw = b""
        largest = MAX_PASSED_BODY if operation == "chroma" else MAX_BODY
        if operation != "add_file":
            raw = await body.read(largest)
            if body.gone:
                return
        # Records of a collection are neither requests to look at nor small.
        seen = self._note(scope, operation, b"" if operation == "chroma" else raw, trace_id)
        if len(raw) > largest:
            error = TooLarge(f"the body is larger than {largest} bytes")
            refusal = error_response(error.status_by(self.emulator.settings.statuses), error.message)
            seen.status = refusal.status_code
            await refusal(scope, receive, send)
            return
        target = scope["raw_path"] + b"?" + scope["query_string"] + b"\n"
        fault = self.emulator.faults.take(operation, target + raw)
        work = _Work(self._app, scope, body)
        if fault is None:
            answer = await work()
            await body.drain()
            seen.status = answer.status
            await answer.send(send)
        else:
            seen.fault = fault.spec.action
            await _with_fault(fault, work, seen, scope, receive, send)

    def _operation(self, scope: Scope) -> str:
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                return route.name
        return "unknown"

    def _note(self, scope: Scope, operation: str, raw: bytes, trace_id: str) -> Seen:
        connection = HTTPConnection(scope)
        key = self.emulator.key_of(connection)
        return self.emulator.traffic.add(
            operation=operation,
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            body=redacted(raw) if raw else None,
            user_agent=connection.headers.get("user-agent", ""),
            tenant=key.tenant if key else None,
            fault=None,
            trace_id=trace_id,
        )


class _Body:
    """A request's body: read ahead, replayed to the routes, or passed on as it comes.

    Args:
        receive: the server's.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ahead: bytes | None = None
        self.ended = False
        self.gone = False

    async def read(self, limit: int) -> bytes:
        """All of it; where it is larger than the limit, a little more than the limit."""
        raw = bytearray()
        while not (self.ended or self.gone):
            message = await self._next()
            if len(raw) <= limit:
                raw += message.get("body", b"")
        self._ahead = bytes(raw)
        return self._ahead

    async def drain(self) -> None:
        """Read and drop the rest: a client that still sends doesn't hear an answer."""
        while not (self.ended or self.gone):
            await self._next()

    async def replay(self) -> Message:
        """ASGI ``receive`` for the routes."""
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            return {"type": "http.request", "body": ahead, "more_body": False}
        return await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self.gone = message["type"] == "http.disconnect"
        self.ended = self.ended or not message.get("more_body", False)
        return message


class _Work:
    def __init__(self, app: ASGIApp, scope: Scope, body: _Body) -> None:
        self._app, self._scope, self.body = app, scope, body

    async def __call__(self) -> Answer:
        answer = Answer()
        try:
            await self._app(self._scope, self.body.replay, answer.catch)
        except Exception:
            if not answer.headers:
                raise
        return answer


async def _with_fault(
    fault: Fault, work: _Work, seen: Seen, scope: Scope, receive: Receive, send: Send
) -> None:
    spec = fault.spec
    action = spec.action
    if action == "drop_then_commit" and not work.body.ended:
        # Once the connection is closed there is nothing to read any more.
        await work.body.read(2 * MAX_UPLOAD_BYTES)
    if action == "drop_then_commit":
        await _drop(scope, receive)
    if action in ("delay", "drop_then_commit"):
        await asyncio.sleep(spec.delay)
    answer = Answer() if action in ("respond", "drop_before") else await work()
    if action == "delay_after":
        await asyncio.sleep(spec.delay)
    if action in ("respond", "respond_after"):
        answer = _planned(fault)
    if not action.startswith("drop"):
        await work.body.drain()
    if action in ("drop_before", "drop_after"):
        await _drop(scope, receive)
    elif action == "cut_body":
        seen.status = answer.status
        await answer.send(send, part=len(answer.body) // 2)
        await _drop(scope, receive, flush=True)
    elif action != "drop_then_commit":
        seen.status = answer.status
        await answer.send(send)


def _planned(fault: Fault) -> Answer:
    spec = fault.spec
    status = 500 if spec.status is None else spec.status
    content, body = "application/json", spec.body
    if "body" not in spec.model_fields_set or body is None:
        phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "planned"
        raw = json.dumps(
            {"error": phrase.replace(" ", ""), "message": f"planned fault {fault.number}"}
        ).encode()
    elif isinstance(body, str):
        raw, content = body.encode(), "text/plain; charset=utf-8"
    else:
        raw = json.dumps(body).encode()
    if status in (204, 304):
        raw = b""
    headers = {"content-type": content, "content-length": str(len(raw))}
    headers.update({name.lower(): value for name, value in (spec.headers or {}).items()})
    return Answer(status, [(name.encode(), value.encode()) for name, value in headers.items()], raw)


async def _drop(scope: Scope, receive: Receive, *, flush: bool = False) -> None:
    """Close the connection; returns when it is closed."""
    connections: Connections = scope["state"]["connections"]
    connections.close(scope["client"], flush=flush)
    while (await receive())["type"] != "http.disconnect":
        pass


def _stranger(scope: Scope, path: str) -> str | None:
    """Why this request is not answered, although whoever sends it reached the port; None if it is.

    A browser of this machine is on loopback too, whatever web site sends it here. Such a site shows in the
    name that the browser asks for (a name of the site's own that leads here), or in the header Origin. The
    API wants a key, but its demo key is known to everybody; the page and the control API know none.
    """
    own = path == "/" or path.startswith(CONTROL)
    if not (own or path.startswith(API)):
        return None
    headers = HTTPConnection(scope).headers
    host, origin = headers.get("host", "localhost"), headers.get("origin")
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = ""
    if not _is_loopback(name):
        return "the emulator answers to the names of loopback alone, such as localhost; see the header Host"
    if not own:
        return None
    client, _port = scope.get("client") or ("", 0)
    if not _is_loopback(client):
        return "the page and the control API answer on loopback alone"
    if origin is not None and origin != f"{scope['scheme']}://{host}":
        return "the page and the control API don't answer other web sites"
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
