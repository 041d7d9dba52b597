"""A service whose answers are behind its writes, or whose list keeps what is gone: faults 8, 9, 10, 18, 20.

In memory, on a fake clock. The settle window is the default of 20 s.
"""

from __future__ import annotations

import pytest

from pulumi_chroma_sync.errors import ChromaSyncError, OutcomeUnknownError, SourceExistsError

from .memory import Memory
from .model_engine import Engine
from .plugin import Bag
from .service import github
from .turns import Turns

ADOPT: Bag = {"on_conflict": "adopt"}


@pytest.fixture
def engine(memory: Memory) -> Engine:
    """An empty stack on this service."""
    memory.time = Turns()
    return Engine(memory)


# 8: read after write.


@pytest.mark.parametrize("lag", [0.5, 3, 15])
def test_a_create_waits_until_its_source_can_be_read(memory: Memory, lag: float) -> None:
    """What the service decided is among the outputs, though reads are behind."""
    memory.settings(read_lag=lag)
    with memory.process() as process:
        source_id, outputs = process.create(process.check(github()))
    assert outputs["created_at"] and outputs["effective_chunking"]
    assert list(memory.sources()) == [source_id] and memory.time.now < lag + 3


def test_a_create_whose_source_stays_unseen_ends_well_and_says_so(memory: Memory) -> None:
    """Longer than the window: the source must reach the state; a refresh reads the rest."""
    memory.settings(read_lag=120)
    with memory.process() as process:
        source_id, outputs = process.create(process.check(github()))
    assert list(memory.sources()) == [source_id] and "created_at" not in outputs
    assert f"created source {source_id}" in process.text and "could not read it back" in process.text
    memory.time.sleep(120)
    with memory.process() as process:
        assert process.read(source_id, outputs)[1]["created_at"]


def test_without_a_window_a_source_is_gone_in_the_second_in_which_it_was_made(memory: Memory) -> None:
    """An answer tells its moment to the second, so that the source seems to be made after it."""
    memory.time.sleep(0.7)
    with memory.process(settle=0) as process:
        source_id, outputs = process.create(process.check(github()))
        memory.delete(source_id)
    with memory.process(settle=0) as process:
        assert process.read(source_id, outputs)[0] == ""


@pytest.mark.parametrize("settle", [10, 20])
def test_a_refresh_right_after_an_up_keeps_the_source(engine: Engine, settle: float) -> None:
    """It lives, and the service doesn't show it yet: asked again, then an error that keeps it."""
    engine.config = {"settle": settle}
    engine.service.settings(read_lag=30)
    program = {"a": github()}
    assert engine.up(program) == []
    ids = engine.ids
    errors = engine.refresh()
    assert engine.ids == ids
    for error in errors:
        assert "kept in the state" in str(error) and "Run the same command again" in str(error)
    engine.service.time.sleep(60)
    assert engine.refresh() == [] and engine.ids == ids and engine.preview(program) == []


def test_a_create_that_waited_long_makes_its_source_no_older(engine: Engine) -> None:
    """Where the source can't be read back, its entry says how old it is: from when it was made, not asked."""
    engine.service.settings(read_lag=30)
    engine.service.fault("create_source", "respond", status=429, headers={"retry-after": "45"})
    program = {"a": github()}
    assert engine.up(program) == []
    ids = engine.ids
    engine.refresh()
    assert engine.ids == ids
    engine.service.time.sleep(60)
    assert engine.refresh() == [] and engine.ids == ids and engine.preview(program) == []


@pytest.mark.parametrize("lag", [3, 30])
def test_an_up_with_refresh_right_after_an_up_makes_no_second_source(engine: Engine, lag: float) -> None:
    """Not dropped, so not made again."""
    engine.service.settings(read_lag=lag)
    program = {"a": github()}
    engine.up(program)
    for _ in range(3):
        engine.up(program, refresh=True)
    assert list(engine.service.sources()) == list(engine.ids.values())


@pytest.mark.parametrize("lag", [3, 15, 30])
def test_a_destroy_right_after_an_up_leaves_nothing_alive(engine: Engine, lag: float) -> None:
    """A delete that the service's node knows nothing of is asked again, and never taken for done."""
    engine.service.settings(read_lag=lag)
    engine.service.blind_deletes = True
    engine.up({"a": github()})
    if engine.destroy():
        assert engine.ids
        engine.service.time.sleep(60)
        assert engine.destroy() == []
    assert engine.state == [] and engine.service.sources() == {}


def test_a_lost_delete_is_not_believed_of_what_was_never_seen(memory: Memory) -> None:
    """No second try's 404 proves that the first deleted it, where the service doesn't know it yet."""
    memory.settings(read_lag=50)
    memory.blind_deletes = True
    with memory.process() as process:
        source_id, outputs = process.create(process.check(github()))
    memory.fault("delete_source", "drop_after")
    with memory.process() as process, pytest.raises(ChromaSyncError, match="may not show it yet"):
        process.delete(source_id, outputs)
    assert list(memory.sources()) == [source_id]
    with memory.process() as process:
        process.delete(source_id, outputs)
    assert memory.sources() == {}


def test_a_lost_delete_of_a_young_source_that_stays_listed_ends_well(memory: Memory) -> None:
    """That the first try may have been carried out is remembered for as long as it is asked again."""
    memory.settings(linger=5)
    with memory.process() as process:
        source_id, outputs = process.create(process.check(github()))
    memory.fault("delete_source", "drop_after")
    with memory.process() as process:
        process.delete(source_id, outputs)
    assert memory.sources() == {}


def test_a_source_that_was_deleted_elsewhere_right_away_is_dropped_in_the_end(engine: Engine) -> None:
    """Young and gone looks like young and unseen: an error for a minute, then the truth."""
    program = {"a": github()}
    engine.up(program)
    engine.service.delete(engine.ids["a"])
    assert "kept in the state" in str(engine.refresh()[0])
    engine.service.time.sleep(60)
    assert engine.refresh() == [] and engine.state == []


@pytest.mark.parametrize("lag", [3, 15])
def test_a_lost_answer_is_found_though_reads_are_behind(memory: Memory, lag: float) -> None:
    """The window is for that, too."""
    memory.settings(read_lag=lag)
    memory.fault("create_source", "drop_after")
    with memory.process() as process:
        source_id, _outputs = process.create(process.check(github()))
    assert list(memory.sources()) == [source_id]


@pytest.mark.parametrize("rule", ["identity", "content"])
def test_a_replacement_on_a_service_that_is_behind_ends_well(engine: Engine) -> None:
    """The old one is still shown when its successor is created: it is not met, nor adopted."""
    engine.service.settings(read_lag=3)
    engine.up({"a": github(**ADOPT)})
    old = engine.ids["a"]
    engine.service.time.sleep(60)
    assert engine.up({"a": github(**ADOPT)}, replace=["a"]) == []
    assert engine.ids["a"] != old and list(engine.service.sources()) == [engine.ids["a"]]


# 9: what the list keeps.


def test_a_lingering_entry_is_neither_adopted_nor_in_the_way(memory: Memory) -> None:
    """What can't be read by its id is not there."""
    memory.settings(linger=86_000)
    with memory.process() as process:
        old, outputs = process.create(process.check(github()))
        memory.time.sleep(3600)
        process.delete(old, outputs)
    for way in (ADOPT, {}):
        with memory.process() as process:
            source_id, outputs = process.create(process.check(github(**way)))
            assert source_id != old and source_id in memory.sources()
            memory.time.sleep(3600)
            process.delete(source_id, outputs)
    assert memory.sources() == {}


def test_a_lingering_entry_is_not_taken_for_a_lost_answer(memory: Memory) -> None:
    """It was listed before the request was sent, so it is not what the request made."""
    memory.settings(linger=86_000)
    with memory.process() as process:
        old, _outputs = process.create(process.check(github()))
        memory.time.sleep(3600)
        process.session.client.delete_source(old)
    memory.fault("create_source", "drop_before")
    with memory.process() as process, pytest.raises(OutcomeUnknownError, match="did not appear"):
        process.create(process.check(github()))
    assert memory.sources() == {}


@pytest.mark.parametrize("count", [1, 40])
def test_what_is_gone_and_still_listed_is_dropped_after_a_few_looks(engine: Engine, count: int) -> None:
    """One window for all of them, and then the 404 by id is believed."""
    engine.service.settings(linger=86_000)
    program = {f"s{number}": github(f"r{number}") for number in range(count)}
    engine.up(program)
    engine.service.time.sleep(3600)
    with engine.service.process() as other:
        for entry in engine.state:
            other.session.client.delete_source(entry.id)
    began = engine.service.time.now
    assert engine.refresh() == [] and engine.state == []
    assert engine.service.time.now - began < 60


@pytest.mark.parametrize("count", [1, 40])
def test_what_is_gone_and_still_listed_is_destroyed_after_a_few_looks(engine: Engine, count: int) -> None:
    """The same for a destroy."""
    engine.service.settings(linger=86_000)
    engine.up({f"s{number}": github(f"r{number}") for number in range(count)})
    engine.service.time.sleep(3600)
    with engine.service.process() as other:
        for entry in engine.state:
            other.session.client.delete_source(entry.id)
    began = engine.service.time.now
    assert engine.destroy() == [] and engine.state == []
    assert engine.service.time.now - began < 60


# 10: pages.


@pytest.mark.parametrize("cap", [1, 7, 50])
def test_an_equal_one_behind_the_first_page_is_met(memory: Memory, cap: int) -> None:
    """A page smaller than asked for is no end: no second one is made, and adoption finds it."""
    oldest = memory.make(**github())
    for number in range(120):
        memory.make(**github(f"r{number}"))
    memory.settings(page_cap=cap)
    with memory.process() as process:
        inputs = process.check(github())
        with pytest.raises(SourceExistsError, match=oldest):
            process.create(inputs)
        assert process.create({**inputs, **ADOPT})[0] == oldest
    assert len(memory.sources()) == 121


@pytest.mark.parametrize("cap", [2, 50])
def test_a_lost_answer_is_found_on_small_pages(memory: Memory, cap: int) -> None:
    """Among 120 others."""
    for number in range(120):
        memory.make(**github(f"r{number}"))
    memory.settings(page_cap=cap)
    memory.fault("create_source", "drop_after")
    with memory.process() as process:
        source_id, _outputs = process.create(process.check(github()))
    assert len(memory.sources()) == 121 and source_id in memory.sources()


# 18: deletes that take time.


@pytest.mark.parametrize("rule", ["identity", "content"])
@pytest.mark.parametrize("way", [{"async_delete": 3}, {"held": 3}, {"async_delete": 3, "linger": 5}])
def test_a_replacement_waits_for_its_target(engine: Engine, way: Bag) -> None:
    """202, or 404 at once and the target taken for 3 s: the old-first replacement is one run all the same."""
    engine.up({"a": github(), "b": github("other")})
    engine.service.time.sleep(3600)
    engine.service.held = way.pop("held", 0) if (way := dict(way)) else 0
    engine.service.settings(**way)
    before = engine.ids
    program = {"a": github("other"), "b": github()}
    assert engine.up(program, replace=["a", "b"]) == []
    assert not set(before.values()) & set(engine.ids.values())
    engine.service.time.sleep(60)
    assert list(engine.service.sources()) == sorted(engine.ids.values())


@pytest.mark.parametrize("rule", ["identity"])
def test_a_target_that_stays_taken_is_told(memory: Memory) -> None:
    """Longer than the window: 409, nothing like it to be seen, nothing created, how to look."""
    memory.held = 300
    with memory.process() as process:
        old, outputs = process.create(process.check(github()))
        process.delete(old, outputs)
        with pytest.raises(SourceExistsError, match="shows none like it") as caught:
            process.create(process.check(github()))
    assert "Nothing was created" in str(caught.value) and "list --database demo" in str(caught.value)


@pytest.mark.parametrize("times", [1, 4])
def test_a_delete_while_a_run_is_in_progress_is_asked_again(memory: Memory, times: int) -> None:
    """409 on DELETE passes when the run ends."""
    body = {"error": "ChromaError", "message": "a run is in progress"}
    with memory.process() as process:
        source_id, outputs = process.create(process.check(github()))
        memory.fault("delete_source", "respond", status=409, body=body, times=times)
        process.delete(source_id, outputs)
    assert memory.sources() == {} and len(memory.asked("delete_source")) == times + 1


def test_a_delete_beside_a_run_that_does_not_end_is_an_error_that_keeps_the_source(memory: Memory) -> None:
    """Within the deadline, and then with what to do."""
    body = {"error": "ChromaError", "message": "a run is in progress"}
    with memory.process(deadline=60) as process:
        source_id, outputs = process.create(process.check(github()))
        memory.fault("delete_source", "respond", status=409, body=body, times=0)
        with pytest.raises(ChromaSyncError, match="run the same command again later"):
            process.delete(source_id, outputs)
    assert list(memory.sources()) == [source_id] and memory.time.now < 70


# 20: clocks.


@pytest.mark.parametrize("apart", [(0.0, -5.0), (7.0, -7.0, 0.0), (-20.0, 5.0)])
def test_clocks_that_differ_do_not_hide_our_own_source(memory: Memory, apart: tuple[float, ...]) -> None:
    """The node that created it is some seconds behind the node that answered the look before."""
    memory.clocks = apart
    memory.make(**github("other"))
    for skip in range(len(apart)):
        memory.time.sleep(100)
        memory.fault("create_source", "drop_after")
        for _ in range(skip):
            memory._next_clock()
        with memory.process() as process:
            source_id, _outputs = process.create(process.check(github(f"r{skip}")))
        assert source_id in memory.sources() and f"took source {source_id}" in process.text


def test_one_that_looks_too_old_is_named_and_not_taken(memory: Memory) -> None:
    """Clocks a minute apart: it may be ours or not; nothing is sent twice, and the error names it."""
    memory.clocks = (0.0, -60.0)
    memory.fault("create_source", "drop_after")
    with memory.process(preflight=False) as process:
        inputs = process.check(github())
        if memory.clocks[0] > -60:
            memory._next_clock()
        try:
            source_id, _outputs = process.create(inputs)
        except OutcomeUnknownError as error:
            [source_id] = memory.sources()
            assert source_id in str(error) and "older than this create" in str(error)
    assert list(memory.sources()) == [source_id]


@pytest.mark.parametrize("status", [429, 503])
def test_a_date_to_wait_for_counts_from_the_services_clock(memory: Memory, status: int) -> None:
    """Our clock and the service's are an hour apart; it asked for ten seconds."""
    headers = {"retry-after": "Mon, 05 Jan 2026 10:00:10 GMT", "date": "Mon, 05 Jan 2026 10:00:00 GMT"}
    memory.fault("create_source", "respond", status=status, headers=headers)
    with memory.process(settle=5) as process:
        process.create(process.check(github()))
    first, second = memory.requests("create_source")
    assert 10 <= second.at - first.at < 11
