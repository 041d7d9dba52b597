"""The HTTP server: uvicorn on loopback, and a way to drop a connection."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Connections", "Server", "listen"]


class Connections:
    """The open connections by the client's address; ASGI has no way to drop one, so this is it."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def add(self, client: tuple[str, int], transport: asyncio.Transport) -> None:
        """One was opened."""
        self._open[client] = transport

    def remove(self, client: tuple[str, int]) -> None:
        """One is gone."""
        self._open.pop(client, None)

    def close(self, client: tuple[str, int], *, flush: bool) -> None:
        """Close one: after what was written is sent, or as it stands."""
        transport = self._open.get(client)
        if transport is not None:
            transport.close() if flush else transport.abort()


class _Protocol(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # The same dictionary is every request's scope["state"], as a copy.
        self._by_client = self.app_state.setdefault("connections", Connections())
        if self.client is not None:
            self._by_client.add(self.client, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            self._by_client.remove(self.client)
        super().connection_lost(exc)


class Server(uvicorn.Server):
    """A server for an ASGI application.

    Args:
        app: the application.
        on_ready: called once, when connections are answered.
    """

    def __init__(self, app: Any, on_ready: Callable[[], None] | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
                backlog=4096,
            )
        )
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer."""
        await super().startup(sockets)
        self.ready.set()
        if self._on_ready is not None:
            self._on_ready()

    def stop(self) -> None:
        """End now, from any thread: connections are cut, and planned delays are not waited for."""
        self.should_exit = self.force_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)

    async def main_loop(self) -> None:
        """Tick until the end; the base class would notice :meth:`stop` only at its next tick."""
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            try:
                await asyncio.wait_for(self._stopped.wait(), 0.1)
            except asyncio.TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is open."""
        if not self.force_exit:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        # Lost connections are told so in the next turn of the loop.
        await asyncio.sleep(0)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End on a signal. The base class raises it once more afterwards, before the store is closed."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def listen(host: str, port: int) -> tuple[socket.socket, str]:
    """A listening socket and its URL.

    Args:
        host: a loopback address or ``localhost``.
        port: 0 for any that is free.

    Raises:
        ValueError: the host is not loopback; the emulator knows no TLS and its control API no key.
        OSError: the port is taken.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise ValueError(f"{host} is not an IP address") from None
    if not parsed.is_loopback:
        raise ValueError(f"{host} is not a loopback address; the emulator listens on loopback alone")
    family = socket.AF_INET6 if parsed.version == 6 else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms for each answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(4096)
    except OSError:
        listener.close()
        raise
    shown = f"[{address}]" if parsed.version == 6 else address
    return listener, f"http://{shown}:{listener.getsockname()[1]}"
