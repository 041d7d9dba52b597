"""A server that answers what a test tells it to, byte by byte, also what no real service would."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Answer", "Request", "Scripted", "answer", "scripted"]

Answer = Callable[["Request"], bytes]
"""Makes the bytes of one answer; empty bytes close the connection."""


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    connection: tuple[str, int]
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """The server.

    Attributes:
        url: where it listens.
        answers: what it answers, one after the other; the last one for ever.
        requests: what it was asked.
    """

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def connections(self) -> int:
        """How many connections the requests came on."""
        return len({request.connection for request in self.requests})

    def next(self, request: Request) -> bytes:
        """The answer to this request."""
        with self._lock:
            self.requests.append(request)
            made = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return made(request)


def answer(
    status: int = 200, body: Any = b"", *, headers: dict[str, str] | None = None, length: int | None = None
) -> Answer:
    """An answer that is the same for every request.

    Args:
        status: HTTP status.
        body: bytes as they are, anything else as JSON.
        headers: further headers.
        length: the content length to claim, where it is not the true one.
    """
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, bytes) else "application/json"
    fields = {"content-type": kind, "content-length": str(len(raw) if length is None else length)}
    fields.update(headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return lambda _request: f"HTTP/1.1 {status} Planned\r\n{head}\r\n".encode() + raw


@contextmanager
def scripted(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """A server on a free port of loopback, for as long as the block lasts."""
    script = Scripted(answers=list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave in one piece, or a client waits 40 ms for the second (Nagle's algorithm).
        wbufsize = -1
        disable_nagle_algorithm = True

        def _any(self) -> None:
            promised = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(promised)
            if len(body) < promised:  # the client broke it off, so it is no request
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = script.next(Request(self.client_address, self.command, self.path, headers, body))
            self.wfile.write(told)
            self.wfile.flush()
            # A body that is shorter than promised ends with its connection.
            length = told.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            if int(length or -1) != len(told.partition(b"\r\n\r\n")[2]):
                self.close_connection = True

        do_GET = do_POST = do_DELETE = do_CONNECT = _any

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hangs up, or refuses our certificate, is what tests want."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    script.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=lambda: server.serve_forever(0.05), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)
