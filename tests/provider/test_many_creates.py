"""Many creates at once: about one round trip and one request each, and as exact as one alone.

In memory, on a time of its own: what is said of seconds and requests doesn't depend on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pulumi_chroma_sync.errors import ChromaSyncError
from pulumi_chroma_sync.kinds.source.sources import Sources
from pulumi_chroma_sync.kinds.source.spec import SourceSpec

from .memory import Memory
from .plugin import Bag, Process
from .service import github
from .turns import Turns

LATENCY = 0.3
AT_ONCE = 16
COUNT = 100


@pytest.fixture
def memory(rule: str) -> Memory:
    """A service that takes 0.3 s for each request."""
    service = Memory(Turns(at_once=AT_ONCE), unique=rule)
    service.latency = LATENCY
    return service


@contextmanager
def running(memory: Memory) -> Iterator[Process]:
    """A plugin process whose calls take turns."""
    turns = memory.time
    assert isinstance(turns, Turns)
    with turns.installed(), memory.process() as process:
        yield process


def create(process: Process, memory: Memory, count: int = COUNT) -> tuple[dict[str, Bag], list[Exception]]:
    """Outputs by id, and errors, of this many creates."""
    turns, made, errors = memory.time, dict[str, Bag](), list[Exception]()
    assert isinstance(turns, Turns)
    inputs = process.check(github("r0"))

    def one(number: int) -> None:
        try:
            source_id, outputs = process.create({**inputs, **github(f"r{number}")})
        except ChromaSyncError as error:
            errors.append(error)
        else:
            made[source_id] = outputs

    turns.run([lambda number=number: one(number) for number in range(count)])  # type: ignore[misc]
    return made, errors


def test_many_creates_take_about_one_round_trip_and_one_request_each(memory: Memory) -> None:
    """At most 1.2 requests a source; 7 turns of 16 take 9 round trips, where each alone took 21."""
    with running(memory) as process:
        began = memory.time.now
        made, errors = create(process, memory)
        took = memory.time.now - began
    assert not errors and set(made) == set(memory.sources()) and len(made) == COUNT
    assert len(memory.asked("create_source")) == COUNT
    assert len(memory.asked()) <= 1.2 * COUNT
    assert took <= 9 * LATENCY


def test_how_an_empty_database_begins_is_asked_by_one_of_the_pages(memory: Memory) -> None:
    """Each page beside the first creates would ask the same; the rest of them shows what it shows."""
    turns, pages = memory.time, list[int]()
    assert isinstance(turns, Turns)
    with running(memory) as process:
        process.check(github("r0"))
        listing = process.session.part(Sources).listing("demo")
        for number in range(5):
            memory.make(**github(f"r{number}"))
        turns.run([lambda: listing.newest(lambda page: pages.append(len(page)))] * 3)
        asked = [seen.query.get("order_by") for seen in memory.requests("list_sources")]
        known = len(listing.of(SourceSpec.from_inputs(process.check(github("r4"))).key))
    assert pages == [5, 5, 5]
    assert asked.count("ASC") == 1
    assert known == 1


def test_what_a_page_shows_is_what_a_question_by_id_would_have_shown(memory: Memory) -> None:
    """The state is the same, whether few are created or many."""
    with running(memory) as process:
        made, _ = create(process, memory, 20)
    assert len(memory.asked("get_source")) < 20
    alone = Memory(unique="never")
    with alone.process() as process:
        _, one = process.create(process.check(github("r0")))
    for source_id, outputs in made.items():
        assert outputs.keys() == one.keys()
        assert outputs["created_at"] == memory.sources()[source_id]["created_at"]
        assert outputs["effective_chunking"] == one["effective_chunking"]


@pytest.mark.parametrize(
    "manner", [{"read_lag": 3}, {"page_cap": 5}, {"linger": 60}, {"defaults": "filled", "normalise": "on"}]
)
def test_what_a_service_may_do_loses_and_doubles_nothing(rule: str, manner: Bag) -> None:
    """Reads that lag, pages that are short, entries that linger: each source once, and known in full."""
    memory = Memory(Turns(at_once=AT_ONCE), unique=rule, **manner)
    with running(memory) as process:
        made, errors = create(process, memory, 40)
    assert not errors and set(made) == set(memory.sources()) and len(made) == 40
    assert all(outputs["created_at"] for outputs in made.values())


@pytest.mark.parametrize("action", ["drop_after", "drop_then_commit", "respond"])
def test_pages_that_fail_are_made_up_for(memory: Memory, action: str) -> None:
    """Where the list can't be read after the first look, each source is asked for by its id."""
    with running(memory) as process:
        process.check(github())
        process.session.part(Sources).listing("demo").look()
        plan = {"status": 500} if action == "respond" else {}
        memory.fault("list_sources", action, times=3, **plan)
        made, errors = create(process, memory, 30)
    assert not errors and set(made) == set(memory.sources()) and len(made) == 30
    assert all(outputs["created_at"] for outputs in made.values())


def test_answers_that_get_lost_among_many_are_found(memory: Memory) -> None:
    """Each source once, whatever its siblings do at the same time."""
    with running(memory) as process:
        memory.fault("create_source", "drop_after", times=9)
        made, errors = create(process, memory, 40)
    assert not errors and set(made) == set(memory.sources()) and len(made) == 40
    assert len(memory.asked("create_source")) == 40


def test_a_look_serves_the_creates_of_a_second(memory: Memory) -> None:
    """No more than one short page a second, and none that is older than that."""
    memory.make(**github("others"))
    memory.time.now += 60
    with memory.process() as process:
        inputs = process.check(github())
        for number in range(8):
            process.create({**inputs, **github(f"r{number}")})  # two requests, 0.6 s
    limits = [seen.query["limit"] for seen in memory.requests("list_sources")]
    assert limits == ["100", "100", "20", "22", "22", "22"]


def test_a_page_that_does_not_reach_what_is_known_is_no_look(memory: Memory) -> None:
    """Others made more than a page holds: what stands behind it is looked for before the next create."""
    with running(memory) as process:
        listing = process.session.part(Sources).listing("demo")
        for number in range(5):
            memory.make(**github(f"old{number}"))
        listing.look()
        hidden = memory.make(**github("hidden"))
        for number in range(40):
            memory.make(**github(f"new{number}"))
        pages: list[int] = []
        for _ in range(2):
            listing.newest(lambda page: pages.append(len(page)))
        assert pages == [20, 20] and listing.get(hidden) is None
        memory.time.now += 1.1
        listing.look(1.0)
        assert listing.get(hidden) is not None
