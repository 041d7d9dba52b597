"""`kill -9` of the engine or the plugin at any moment, and what the next run makes of it."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable

import pytest

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import Project
from .killing import kill_all, kill_engine, kill_plugin
from .programs import program
from .test_faults import in_the_state, on_the_service

KILLS = 4
SOURCES = 20
MANY = program(
    f"""
    for number in range({SOURCES}):
        chroma_sync.Source(f"d{{number}}", github={{"repository": f"acme/d{{number}}"}}, on_conflict="adopt")
    """
)
ONE = program('chroma_sync.Source("docs", github={"repository": "acme/handbook"})')


def killed(stack: Project, seconds: float, *, whole: bool) -> None:
    """An up that is killed after so many seconds, alone or with its plugins, and its lock taken away."""
    run = stack.start("up", "--yes", "--skip-preview")
    try:
        run.wait(seconds)
    except subprocess.TimeoutExpired:
        if not whole:
            kill_engine(run)
            time.sleep(0.5)  # what the plugin has under way is carried out
    kill_all(run)
    stack.pulumi("cancel", "--yes", check=True)


@pytest.mark.parametrize("rule", ["identity", "never"])
def test_kills_at_random_moments_then_one_up(rule: str, project: MakeProject, emu: RunningEmulator) -> None:
    """With adoption on: exactly 20 sources, all known to the state, and an empty preview."""
    emu.control.settings(unique=rule)
    # Slow enough for kills to meet every phase, also the one between a request and the state's write.
    emu.control.fault("create_source", "delay_after", delay=0.1, times=0)
    stack = project(MANY)
    chance = random.Random(rule)
    started = time.monotonic()
    stack.preview()
    whole = time.monotonic() - started
    for _ in range(KILLS):
        killed(stack, chance.uniform(0.5, 2.5) * whole, whole=chance.random() < 0.5)
    emu.control.clear_faults()
    stack.up()
    assert len(on_the_service(emu)) == SOURCES
    assert in_the_state(stack) == on_the_service(emu)
    assert stack.preview("--expect-no-changes").unchanged


@pytest.mark.parametrize(
    ("kill", "rule"),
    [
        (kill_engine, "identity"),
        (kill_plugin, "content"),
        (kill_all, "never"),
    ],
)
def test_a_kill_between_the_request_and_the_states_write(
    kill: Callable[[subprocess.Popen[str]], None], rule: str, project: MakeProject, emu: RunningEmulator
) -> None:
    """Without adoption the next up says what to do and makes no second one; with it, it heals."""
    emu.control.settings(unique=rule)
    stack = project(ONE)
    emu.control.fault("create_source", "delay_after", delay=60)
    run = stack.start("up", "--yes", "--skip-preview")
    while not on_the_service(emu):
        time.sleep(0.02)
        assert run.poll() is None
    kill(run)
    assert run.wait() != 0
    kill_all(run)
    [orphan] = on_the_service(emu)
    stack.pulumi("cancel", "--yes", check=True)
    assert in_the_state(stack) == []

    failed = stack.up(check=False)
    assert any(orphan in message and 'on_conflict="adopt"' in message for message in failed.errors)
    assert on_the_service(emu) == [orphan]
    stack.program(ONE.replace("})", '}, on_conflict="adopt")'))
    stack.up()
    assert in_the_state(stack) == on_the_service(emu) == [orphan]
    assert stack.preview("--expect-no-changes").unchanged
