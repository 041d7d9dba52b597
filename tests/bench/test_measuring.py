"""What a measurement is worth: the contender did its work, and all of its processes count."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from bench.contenders import CONTENDERS, OPERATIONS, Contender, Operation
from bench.measure import measure
from bench.plan import Cell
from bench.service import Service, running
from bench.tree import CommandFailedError, run


@pytest.fixture
def service() -> Iterator[Service]:
    """The emulator, as the benchmark runs it."""
    with running() as service:
        yield service


@pytest.mark.timeout(900)
def test_the_smallest_cell_is_measured(service: Service) -> None:
    """One source, through all five operations on the real engine: the writes are those that it takes."""
    assert CONTENDERS["source"].missing() is None
    measured = measure(Cell("source", 1, 0), service)
    assert measured.error == ""
    assert [*measured.operations] == [*OPERATIONS]
    writes = {
        operation: (done.requests.get("create_source", 0), done.requests.get("delete_source", 0))
        for operation, done in measured.operations.items()
    }
    assert writes == {
        "up": (1, 0),
        "preview": (0, 0),
        "refresh": (0, 0),
        "change": (1, 1),
        "destroy": (0, 1),
    }
    assert measured.operations["refresh"].requests == {"get_source": 1}
    assert measured.state_bytes > 0
    assert all(done.cpu_seconds > 0 and done.peak_bytes > 0 for done in measured.operations.values())


@pytest.mark.parametrize("count", [1, 101])
def test_bare_httpx_makes_the_fewest_requests(service: Service, count: int) -> None:
    """One for each source, and one for each page of the list."""
    measured = measure(Cell("bare", count, 0), service)
    assert measured.error == ""
    assert {operation: done.requests for operation, done in measured.operations.items()} == {
        "up": {"create_source": count},
        "preview": {},
        "refresh": {"list_sources": count // 100 + 1},
        "change": {"create_source": 1, "delete_source": 1},
        "destroy": {"delete_source": count},
    }


class Idle(Contender):
    """Says that it did everything."""

    name = "idle"
    title = "idle"
    about = "does nothing"
    environment: Mapping[str, str] = os.environ

    def prepare(self) -> None:
        """Nothing."""

    def command(self, operation: Operation) -> Sequence[str]:
        """What always succeeds."""
        return [sys.executable, "-c", ""]

    def state(self) -> Path:
        """A file that is there."""
        return self.folder / "sources.json"


def test_one_that_does_nothing_is_not_measured(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fast answer without the work is an error."""
    monkeypatch.setitem(CONTENDERS, "idle", Idle)
    measured = measure(Cell("idle", 1, 0), service)
    assert measured.error == "up: 0 created and 0 deleted instead of 1 and 0"
    assert measured.operations == {}


def test_every_request_waits_for_the_latency(service: Service) -> None:
    """An operation with a request takes at least as long; a comparison of files makes none."""
    measured = measure(Cell("bare", 1, 300), service)
    assert measured.error == ""
    waiting = {one: measured.operations[one].seconds for one in OPERATIONS if one != "preview"}
    assert min(waiting.values()) >= 0.3


def test_memory_and_cpu_are_of_the_whole_tree(tmp_path: Path) -> None:
    """A child's child counts."""
    grandchild = "import time; kept = bytearray(100_000_000); time.sleep(1); sum(range(5_000_000))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    used = run([sys.executable, "-c", child], tmp_path, os.environ)
    alone = run([sys.executable, "-c", ""], tmp_path, os.environ)
    assert used.peak_bytes > 100_000_000
    assert used.cpu_seconds > alone.cpu_seconds


def test_a_failed_command_says_what_it_said(tmp_path: Path) -> None:
    """The end of its output is in the error."""
    with pytest.raises(CommandFailedError, match=r"ended with 3: no such thing"):
        run([sys.executable, "-c", "print('no such thing'); raise SystemExit(3)"], tmp_path, os.environ)
