"""How many creates the engine, the plugin and the service have under way at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import program

COUNT = 12
PROGRAM = program(
    f"""
    for number in range({COUNT}):
        chroma_sync.Source(f"docs-{{number}}", github={{"repository": f"acme/docs-{{number}}"}})
    """
)
SLOW = 5.0
"""Seconds that the service takes for a create: as long as the engine needs to begin with the others."""


@contextmanager
def open_creates(emu: RunningEmulator) -> Iterator[list[int]]:
    """How many creates the service has taken in and not answered, asked again and again meanwhile."""
    seen: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            seen.append(sum(request["status"] is None for request in emu.control.requests("create_source")))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join(60)


def test_as_many_creates_as_the_engine_allows_are_under_way_at_once(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """The SDK's pool of four is no limit: all wait for the service together, and each makes one source."""
    emu.control.fault("create_source", "delay", delay=SLOW, times=0)
    stack = project(PROGRAM)
    with open_creates(emu) as seen:
        stack.up("--parallel", str(COUNT))
    assert max(seen) == COUNT
    assert len(emu.control.requests("create_source")) == COUNT
    assert len({resource["id"] for resource in stack.resources("chroma-sync:Source")}) == COUNT


def test_the_setting_leaves_the_pool_as_the_sdk_made_it(project: MakeProject, emu: RunningEmulator) -> None:
    """Four at a time, whatever the engine's own PULUMI_PARALLEL allows."""
    emu.control.fault("create_source", "delay", delay=0.5, times=0)
    stack = project(PROGRAM, env={"CHROMA_SYNC_PARALLEL": "4", "PULUMI_PARALLEL": str(COUNT)})
    with open_creates(emu) as seen:
        stack.up()
    assert max(seen) == 4
