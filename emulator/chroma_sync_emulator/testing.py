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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx

from .app import create_app
from .core import Emulator
from .embeddings import PATH as EMBED
from .server import Server, listen
from .settings import DEFAULT_DATABASE, DEMO_KEY, Settings
from .starting import open_data
from .store import DEFAULT_TENANT
from .testing_control import Control

__all__ = ["Control", "RunningEmulator", "emulator"]


class RunningEmulator:
    """An emulator that runs. Threads may share it.

    Args:
        url: where it listens, such as ``http://127.0.0.1:41873``.
        api_key: a key that opens it.
        databases: those given at start, at least one.
        chroma_url: the Chroma server that runs write to; None where they aren't carried out.
    """

    tenant = DEFAULT_TENANT
    """Whose everything given at start is, also on the Chroma server."""

    def __init__(
        self, url: str, api_key: str, databases: Sequence[str], chroma_url: str | None = None
    ) -> None:
        self.url = url
        self.chroma_url = chroma_url
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
        """The environment variables that point a program at this emulator.

        Where runs are carried out, ``CHROMA_EMBED_URL`` is one of them, by which Chroma's own client embeds
        with the same stand-in, and ``CHROMA_API_URL``, which is Chroma's public API.
        """
        variables = {
            "CHROMA_SYNC_URL": self.url,
            "CHROMA_API_KEY": self.api_key,
            "CHROMA_DATABASE": self.database,
        }
        data = {"CHROMA_API_URL": self.url, "CHROMA_EMBED_URL": self.url + EMBED} if self.chroma_url else {}
        return {**variables, **data}

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
    sync: bool = False,
    chroma: str | None = None,
    repos: Mapping[str, str | Path] | None = None,
    sites: Mapping[str, str | Path] | None = None,
    buckets: Mapping[str, str | Path] | None = None,
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
        sync: whether runs are carried out; so they are where any of the next four is given.
        chroma: the URL of the Chroma server that they write to; None for one of its own.
        repos: a folder for each ``owner/name``.
        sites: a folder of pages for each address.
        buckets: a folder for each bucket.
        settings: any other field of :class:`.settings.Settings`, such as ``processing_seconds=0.1``.

    Raises:
        ValueError: no database, a setting that there isn't, or a folder that there isn't.
        RuntimeError: runs can't be carried out, since something that it needs is not installed.
    """
    if not databases:
        raise ValueError("databases: give at least one name")
    chosen = Settings(unique=unique, invocations=invocations, **settings)
    targets = {"repo": repos or {}, "site": sites or {}, "bucket": buckets or {}}
    with ExitStack() as stack:
        syncing = None
        if sync or chroma or any(targets.values()):
            syncing = stack.enter_context(open_data(store, chroma, targets))
        core = Emulator(store, api_keys=[api_key], databases=databases, settings=chosen, syncing=syncing)
        stack.callback(core.close)
        listener, url = listen("127.0.0.1", port)
        stack.enter_context(listener)
        server = Server(create_app(core))
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve([listener])), name="chroma-sync-emulator", daemon=True
        )
        thread.start()
        running = RunningEmulator(url, api_key, databases, syncing.chroma.url if syncing else None)
        try:
            if not server.ready.wait(30):
                raise RuntimeError("the emulator did not start within 30 seconds")
            yield running
        finally:
            running.control.close()
            server.stop()
            thread.join(30)
