"""The emulator as a process of its own, so many milliseconds away; run as a module, it is that process.

The way there and back is a delay in the emulator, asleep, so it costs no CPU and holds up no other request.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from chroma_sync_emulator.app import create_app
from chroma_sync_emulator.core import Emulator
from chroma_sync_emulator.server import Server, listen
from chroma_sync_emulator.settings import DEMO_KEY
from chroma_sync_emulator.testing import Control
from chroma_sync_emulator.traffic import Traffic

from .workload import DATABASE

__all__ = ["Service", "running"]

REMEMBERED = 500_000
"""Requests that are kept: the emulator keeps 10,000 by itself, and a set of 10,000 sources makes more."""


class Service:
    """A running service.

    Args:
        url: where it listens.
    """

    def __init__(self, url: str) -> None:
        self.environment: Mapping[str, str] = {
            "CHROMA_SYNC_URL": url,
            "CHROMA_API_KEY": DEMO_KEY,
            "CHROMA_DATABASE": DATABASE,
        }
        self._control = Control(url)

    def begin(self, latency: float) -> None:
        """Forget everything, and be so many seconds away from now on."""
        self._control.reset()
        if latency:
            self._control.fault("*", "delay", delay=latency, times=0)

    def seen(self) -> tuple[Counter[str], Counter[str]]:
        """The requests since the last call by operation: all, and those that succeeded."""
        requests = self._control.requests()
        self._control.clear_requests()
        succeeded = [request for request in requests if 200 <= (request["status"] or 0) < 300]
        return Counter(one["operation"] for one in requests), Counter(one["operation"] for one in succeeded)

    def close(self) -> None:
        """Close the connection to it."""
        self._control.close()


@contextmanager
def running() -> Iterator[Service]:
    """A service for as long as the block lasts."""
    command = [sys.executable, "-m", "bench.service"]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise click.ClickException("the emulator did not start")
            service = Service(url)
            yield service
            service.close()
        finally:
            process.terminate()


def main() -> None:
    """Serve until the end; the first line printed is the URL."""
    emulator = Emulator(":memory:", api_keys=[DEMO_KEY], databases=[DATABASE])
    emulator.traffic = Traffic(REMEMBERED)
    listener, url = listen("127.0.0.1", 0)
    with listener:
        asyncio.run(Server(create_app(emulator), lambda: click.echo(url)).serve([listener]))
    emulator.close()


if __name__ == "__main__":
    main()
