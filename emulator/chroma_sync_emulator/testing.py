"""The emulator inside a test: a context manager, and a pytest fixture of the same.

Usage::

    from chroma_sync_emulator.testing import emulator

    with emulator() as emu:
        subprocess.run(["pulumi", "up", "--yes"], env={**os.environ, **emu.environment()})
        assert len(emu.control.requests("create_source")) == 1

The fixture ``chroma_sync_emulator`` gives each test one of its own. Each listens on a free port of loopback
with a store of its own, so tests may run at the same time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import httpx

from .app import create_app
from .core import Emulator
from .server import Server, listen
from .settings import DEFAULT_DATABASE, DEMO_KEY, Settings
from .testing_control import Control

__all__ = ["Control", "RunningEmulator", "emulator"]


class RunningEmulator:
    """An emulator that runs. Threads may share it.

    Args:
        url: where it listens, such as ``http://127.0.0.1:41873``.
        api_key: a key that opens it.
        databases: those given at start, at least one.
    """

    def __init__(self, url: str, api_key: str, databases: Sequence[str]) -> None:
        self.url = url
        self.api_key = api_key
        self.databases = tuple(databases)
        self.database = self.databases[0]
        self.control = Control(url)

    @property
    def key(self) -> str:
        """The same as :attr:`api_key`."""
        return self.api_key

    def client(self, api_key: str | None = None, timeout: float = 30.0) -> httpx.Client:
        """A client for raw calls of the API, such as ``client.get("/api/v1/sources")``; close it after use.

        Args:
            api_key: instead of the emulator's own.
            timeout: seconds.
        """
        headers = {"x-chroma-token": api_key or self.api_key}
        # It is http: not to load the certificates of the authorities saves more time than a test takes.
        return httpx.Client(
            base_url=self.url, headers=headers, timeout=timeout, trust_env=False, verify=False
        )

    def environment(self) -> dict[str, str]:
        """The environment variables that point a program at this emulator."""
        return {
            "CHROMA_SYNC_URL": self.url,
            "CHROMA_API_KEY": self.api_key,
            "CHROMA_DATABASE": self.database,
        }

    def __repr__(self) -> str:
        return f"RunningEmulator({self.url!r}, databases={self.databases!r})"


@contextmanager
def emulator(
    databases: Sequence[str] = (DEFAULT_DATABASE,),
    *,
    unique: Literal["identity", "content", "never"] = "identity",
    invocations: Literal["timed", "instant", "manual"] = "timed",
    store: str = ":memory:",
    api_key: str = DEMO_KEY,
    port: int = 0,
    **settings: Any,
) -> Iterator[RunningEmulator]:
    """An emulator in a thread of this process, for as long as the block lasts.

    Args:
        databases: the databases of the default tenant.
        unique: what gives 409: see :class:`.settings.Settings`.
        invocations: what moves invocations: see :class:`.settings.Settings`.
        store: a SQLite file, or ``:memory:``.
        api_key: the key of the default tenant.
        port: 0 for any that is free.
        settings: any other field of :class:`.settings.Settings`, such as ``processing_seconds=0.1``.

    Raises:
        ValueError: no database, or a setting that there isn't.
    """
    if not databases:
        raise ValueError("databases: give at least one name")
    chosen = Settings(unique=unique, invocations=invocations, **settings)
    core = Emulator(store, api_keys=[api_key], databases=databases, settings=chosen)
    try:
        listener, url = listen("127.0.0.1", port)
        with listener:
            server = Server(create_app(core))
            thread = threading.Thread(
                target=lambda: asyncio.run(server.serve([listener])), name="chroma-sync-emulator", daemon=True
            )
            thread.start()
            running = RunningEmulator(url, api_key, databases)
            try:
                if not server.ready.wait(30):
                    raise RuntimeError("the emulator did not start within 30 seconds")
                yield running
            finally:
                running.control.close()
                server.stop()
                thread.join(30)
    finally:
        core.close()
