"""A list that takes longer to read than it would be trusted for is not read again and again.

10,000 sources that are 0.3 s away are 100 pages and half a minute; here as many pages have few sources each.
"""

from __future__ import annotations

import pytest

from .memory import Memory
from .plugin import Bag
from .service import github

PAGES = 110
CAP = 3
LATENCY = 0.4
COUNT = PAGES * (CAP - 1)  # pages overlap by one


@pytest.fixture
def memory() -> Memory:
    """A service whose list takes 44 s to read."""
    service = Memory(page_cap=CAP)
    service.latency = LATENCY
    return service


def lists(memory: Memory) -> int:
    """Requests for pages since the last time."""
    asked = len(memory.asked("list_sources"))
    memory.clear_requests()
    return asked


def created(memory: Memory) -> dict[str, Bag]:
    """Outputs by id, of so many sources on a service that is near."""
    memory.latency = 0.0
    with memory.process() as process:
        made = dict(process.create(process.check(github(f"r{number}"))) for number in range(COUNT))
    memory.latency = LATENCY
    memory.clear_requests()
    memory.time.now += 600
    return made


def other_sources(memory: Memory) -> None:
    """As many that nobody here has declared."""
    for number in range(COUNT):
        memory.make(**github(f"other-{number}"))
    memory.time.now += 600


def test_a_refresh_reads_it_once(memory: Memory) -> None:
    """Every source is found in it, however long the first of them had to wait."""
    made = created(memory)
    with memory.process() as process:
        for source_id, outputs in made.items():
            assert process.read(source_id, outputs)[0] == source_id
    assert PAGES <= lists(memory) <= PAGES + 2


def test_a_preview_reads_it_once(memory: Memory) -> None:
    """Each new source is looked for among those that exist."""
    other_sources(memory)
    with memory.process() as process:
        for number in range(30):
            process.check(github(f"r{number}"))
    assert PAGES <= lists(memory) <= PAGES + 3


def test_creates_read_it_once(memory: Memory) -> None:
    """And then a short page each, as they come one after the other."""
    other_sources(memory)
    with memory.process() as process:
        for number in range(30):
            process.create(process.check(github(f"r{number}")))
    assert PAGES <= lists(memory) <= PAGES + 2 + 30
