"""The service as the outside world sees it, beside the provider's own requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from chroma_sync_emulator.testing import Control, RunningEmulator

from .plugin import Bag, Process

__all__ = ["Service", "github", "until"]


def github(name: str = "handbook", **fields: Any) -> Bag:
    """Inputs of a source of the repository ``acme/NAME``."""
    return {"database_name": "demo", "github": {"repository": f"acme/{name}"}, **fields}


def until(true: Callable[[], bool]) -> None:
    """Wait until this is so."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


@dataclass
class Service:
    """An emulator and a client of it that is not the provider's.

    Args:
        emu: the emulator.
        api: the client.
    """

    emu: RunningEmulator
    api: httpx.Client

    @property
    def control(self) -> Control:
        """Faults and what was asked."""
        return self.emu.control

    def process(self, **config: Any) -> Process:
        """One run of the plugin; close it after use."""
        return Process(self.emu.url, self.emu.api_key, **{"timeout": 20, "settle": 0, "retries": 2, **config})

    def make(self, **inputs: Any) -> str:
        """Create a source by another hand; answers its id."""
        answer = self.api.post("/api/v1/sources", json=inputs).raise_for_status()
        return str(answer.json()["source_id"])

    def sources(self) -> dict[str, Any]:
        """Every source by id."""
        found: dict[str, Any] = {}
        while True:
            answer = self.api.get("/api/v1/sources", params={"offset": len(found)}).raise_for_status()
            found.update((source["id"], source) for source in answer.json())
            if len(answer.json()) < 100:
                return found

    def asked(self, operation: str | None = None) -> list[str]:
        """The requests of the provider, by name."""
        return [
            str(request["operation"])
            for request in self.control.requests(operation)
            if request["user_agent"].startswith("pulumi-chroma-sync/")
        ]

    @contextmanager
    def meanwhile(self, operation: str, act: Callable[[], object], count: int = 1) -> Iterator[None]:
        """Do something while the provider's request waits: this one and the ``count``-th of its kind.

        Plan the fault ``delay`` for it before.
        """
        failed: list[BaseException] = []

        def wait_and_act() -> None:
            try:
                until(lambda: len(self.asked(operation)) >= count)
                act()
            except BaseException as error:  # noqa: BLE001 - raised again below
                failed.append(error)

        thread = threading.Thread(target=wait_and_act)
        self.control.clear_requests()
        thread.start()
        try:
            yield
        finally:
            thread.join(60)
        if failed:
            raise failed[0]
