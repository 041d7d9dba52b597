"""What the resources of one process share: the list, the answers of a service in trouble, the session itself.

In memory, on a fake clock; ``test_wire.py`` has each fault over a real connection.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pulumi_chroma_sync.core.session import close_sessions, session_for
from pulumi_chroma_sync.core.specification import Difference
from pulumi_chroma_sync.errors import (
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    OutcomeUnknownError,
    SourceExistsError,
)
from pulumi_chroma_sync.kinds.source.sources import Sources
from pulumi_chroma_sync.kinds.source.spec import SourceSpec
from pulumi_chroma_sync.settings import Settings

from .memory import Memory
from .plugin import Bag
from .service import github

HTML = "<html><title>No such page</title></html>"


@pytest.fixture
def memory() -> Memory:
    """A service that takes any source, also an equal one."""
    return Memory(unique="never")


def given(memory: Memory, count: int, name: str = "r") -> dict[str, Bag]:
    """A state of this many sources, made an hour ago."""
    memory.time.now += 1
    state: dict[str, Bag] = {}
    created_at = ""
    for number in range(count):
        inputs = github(f"{name}{number}")
        source_id = memory.make(**inputs)
        created_at = memory.sources()[source_id]["created_at"] if number == 0 else created_at
        state[source_id] = {**inputs, "source_id": source_id, "created_at": created_at}
    memory.time.now += 3600
    return state


# Refreshing.


def test_a_few_are_read_one_by_one_and_many_from_the_list(memory: Memory) -> None:
    """250 sources: three requests by id, then pages, and each is what the service says."""
    state = given(memory, 250)
    with memory.process() as process:
        for source_id, outputs in state.items():
            found, read, _inputs = process.read(source_id, outputs)
            assert found == source_id and read["github"] == outputs["github"]
    # Three pages that overlap by one, and the one that shows the end.
    assert memory.asked() == ["get_source"] * 3 + ["list_sources"] * 4


def test_threads_that_read_at_the_same_time_share_one_list(memory: Memory) -> None:
    """Four at once ask for the list once; the first few, and who asks beside them, by id."""
    state = given(memory, 40)
    with memory.process() as process, ThreadPoolExecutor(4) as threads:
        read = list(threads.map(lambda item: process.read(*item)[0], state.items()))
    assert read == list(state)
    assert memory.asked("list_sources") == ["list_sources"] * 2
    assert 3 <= len(memory.asked("get_source")) <= 6


def test_one_that_is_missing_in_the_list_is_asked_for_by_its_id(memory: Memory) -> None:
    """A list may be wrong: only a 404 means gone."""
    [missing, *_others] = state = given(memory, 5)
    memory.fault("list_sources", "respond", status=200, body=[])
    with memory.process() as process:
        for source_id in [*_others, missing]:
            assert process.read(source_id, state[source_id])[0] == source_id


def test_one_that_is_gone_is_dropped_also_among_many(memory: Memory) -> None:
    """Deleted elsewhere: the state drops it and no other."""
    state = given(memory, 6)
    gone = list(state)[4]
    memory.delete(gone)
    with memory.process() as process:
        kept = [process.read(source_id, outputs)[0] for source_id, outputs in state.items()]
    assert kept == [source_id if source_id != gone else "" for source_id in state]


@pytest.mark.parametrize("cap", [1, 2, 50, 99])
def test_many_are_read_whatever_a_page_holds(memory: Memory, cap: int) -> None:
    """The service chooses how many sources a page has; 120 stay 120."""
    state = given(memory, 120)
    memory.settings(page_cap=cap)
    with memory.process() as process:
        assert [process.read(source_id, outputs)[0] for source_id, outputs in state.items()] == list(state)


def test_another_teams_key_drops_nothing(memory: Memory) -> None:
    """Neither the source nor its database is seen: that is the key, and the error says so."""
    [(source_id, outputs)] = given(memory, 1).items()
    memory.keys["strangers-key"] = {"theirs"}
    with memory.process(key="strangers-key") as process, pytest.raises(ChromaSyncError) as caught:
        process.read(source_id, outputs)
    assert not isinstance(caught.value, NotFoundError)
    for part in (source_id, 'database "demo"', "kept in the state", "chroma-sync:apiKey"):
        assert part in str(caught.value)


def test_a_404_of_a_gateway_drops_nothing(memory: Memory) -> None:
    """A page in the service's place says nothing of the source, and the error says whose it is."""
    [(source_id, outputs)] = given(memory, 1).items()
    memory.fault("get_source", "respond", status=404, body=HTML, times=0)
    with memory.process() as process, pytest.raises(ChromaSyncError, match="kept in the state"):
        process.read(source_id, outputs)


def test_a_404_that_the_service_takes_back_drops_nothing(memory: Memory) -> None:
    """The service's own, which its list contradicts: it is asked again."""
    [(source_id, outputs)] = given(memory, 1).items()
    body = {"error": "NotFoundError", "message": "not found"}
    memory.fault("get_source", "respond", status=404, body=body, times=3)
    with memory.process() as process:
        assert process.read(source_id, outputs)[0] == source_id


def test_a_404_of_a_gateway_deletes_nothing_from_the_state(memory: Memory) -> None:
    """Whether the source is there or not: the page isn't the service's word, and the next run asks anew."""
    [(source_id, outputs)] = given(memory, 1).items()
    memory.fault("delete_source", "respond", status=404, body=HTML)
    with memory.process() as process:
        with pytest.raises(ChromaSyncError, match=f"{source_id}.*kept in the state"):
            process.delete(source_id, outputs)
        process.delete(source_id, outputs)
    assert memory.sources() == {}


# What a command costs.


def test_a_create_in_a_large_database_asks_for_one_short_page(memory: Memory) -> None:
    """The whole list once, then what is new: a thousand creates are not a thousand lists."""
    given(memory, 250)
    with memory.process() as process:
        for number in range(5):
            process.create(process.check(github(f"new{number}")))
            memory.time.now += 1
    lists = [request.query["limit"] for request in memory.requests("list_sources")]
    assert lists == ["100"] * 4 + ["20"] + ["21"] * 4


def test_a_create_beside_thousands_looks_at_none_of_them_twice(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source is brought to its normal form when it is listed first, and found by its identity."""
    formed: list[object] = []
    compared: list[object] = []
    from_answer, unmet_by = SourceSpec.from_answer, SourceSpec.unmet_by

    def forming(answer: Bag) -> SourceSpec:
        formed.append(answer)
        return from_answer(answer)

    def comparing(self: SourceSpec, answer: SourceSpec) -> list[Difference]:
        compared.append(answer)
        return unmet_by(self, answer)

    monkeypatch.setattr(SourceSpec, "from_answer", forming)
    monkeypatch.setattr(SourceSpec, "unmet_by", comparing)
    for number in range(3_000):
        memory.make(**github(f"r{number}"))
    memory.time.now += 60
    with memory.process() as process:
        process.create(process.check(github("first")))
        assert 3_000 <= len(formed) < 3_010
        memory.clear_requests()
        for number in range(20):
            memory.time.now += 1
            process.create(process.check(github(f"new{number}")))
    assert len(formed) < 3_010 + 20 * 5 and len(compared) <= 21 * 5
    assert len(memory.asked("list_sources")) == 20


def test_a_destroy_of_what_is_gone_asks_for_the_list_once(memory: Memory) -> None:
    """400 that are gone beside 400 others: one list that is younger than the first 404 is proof for all."""
    state = given(memory, 400)
    given(memory, 400, "other")
    for source_id in state:
        memory.delete(source_id)
    with memory.process() as process:
        for source_id, outputs in state.items():
            process.delete(source_id, outputs)
    # 400 in overlapping pages of 100, and the one that shows the end.
    assert len(memory.asked("list_sources")) <= 6
    assert len(memory.asked()) <= 406


def test_what_others_created_meanwhile_is_seen_also_where_it_is_much(memory: Memory) -> None:
    """More than a short page of new sources: the whole list is read again, and none is missed."""
    given(memory, 130)
    with memory.process() as process:
        listing = process.session.part(Sources).listing("demo")
        listing.look()
        for more in (3, 19, 20, 21, 130):
            memory.time.now -= 3600  # so that the list is still good enough to be completed
            given(memory, more)
            listing.look()
            assert all(listing.get(source_id) for source_id in memory.sources())


def test_a_list_is_as_old_as_was_allowed_and_no_older(memory: Memory) -> None:
    """An earlier answer serves who allows it; who asks for now gets now."""
    [first] = given(memory, 1)
    with memory.process() as process:
        listing = process.session.part(Sources).listing("demo")
        listing.whole()
        second = memory.make(**github())
        listing.whole(max_age=60)
        assert listing.get(first) and not listing.get(second)
        listing.whole()
        assert listing.get(second)
        memory.delete(first)
        listing.whole()
        assert not listing.get(first)


# Looking for what was lost.


def test_a_lost_answer_is_found_among_many(memory: Memory) -> None:
    """251 sources, the new one first."""
    state = given(memory, 250)
    memory.fault("create_source", "drop_after")
    with memory.process() as process:
        source_id, _outputs = process.create(process.check(github("new")))
    assert set(memory.sources()) == {*state, source_id}


def test_an_equal_source_on_the_last_page_is_met(memory: Memory) -> None:
    """The oldest of 250."""
    state = given(memory, 250)
    with memory.process() as process, pytest.raises(SourceExistsError, match=next(iter(state))):
        process.create(process.check(github("r0")))


def test_a_source_that_a_shifting_page_hid_is_not_taken_for_ours(memory: Memory) -> None:
    """Others delete while we read page after page: the list is read anew, and the old one is in it."""
    state = given(memory, 120)
    hidden = list(state)[10]

    def shift() -> None:
        for source_id in list(state)[-15:]:
            memory.delete(source_id)

    with memory.process(preflight=False) as process:
        inputs = process.check(github("r10"))
        # It is the eleventh from the end, on the second page; fifteen less before it, and it is on the first.
        memory.meanwhile("list_sources", shift, count=2)
        memory.fault("create_source", "drop_before")
        with pytest.raises((SourceExistsError, OutcomeUnknownError)) as caught:
            process.create(inputs)
    assert hidden in memory.sources()
    assert isinstance(caught.value, SourceExistsError) and caught.value.source_id == hidden


# A service in trouble.


def test_the_live_check_asks_once_for_a_database_and_process(memory: Memory) -> None:
    """Forty resources on four threads: one list, which serves the notices, and one look at what it shows."""
    memory.make(**github("r3"))
    with memory.process() as process, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: process.check(github(f"r{number}")), range(40)))
    assert sorted(memory.asked()) == ["get_source", "list_sources", "list_sources"]
    assert "already has source" in process.text


def test_a_service_in_trouble_holds_up_a_preview_once(memory: Memory) -> None:
    """One warning for all resources, and no further question that would wait as long."""
    memory.fault("list_sources", "respond", status=500, times=0)
    with memory.process() as process:
        for number in range(10):
            process.check(github(f"r{number}"))
    assert process.text.count("not checked yet") == 1
    assert len(memory.asked()) == 2


def test_a_refresh_in_an_outage_finds_it_out_once(memory: Memory) -> None:
    """30 sources on a service that hangs: the first uses its time, the others try once and shortly."""
    state = given(memory, 30)
    for operation in ("get_source", "list_sources"):
        memory.fault(operation, "delay", delay=3600, times=0)
    began = memory.time.now
    with memory.process(timeout=2, deadline=6, retries=4) as process:
        for source_id, outputs in state.items():
            with pytest.raises(NoAnswerError):
                process.read(source_id, outputs)
    assert len(memory.asked()) <= 70
    assert memory.time.now - began <= 6 + 30 * 2 * 2


def test_with_the_defaults_a_hanging_service_costs_minutes_and_not_an_hour(memory: Memory) -> None:
    """The same with the settings that users have."""
    state = given(memory, 30)
    for operation in ("get_source", "list_sources"):
        memory.fault(operation, "delay", delay=3600, times=0)
    began = memory.time.now
    with memory.process(deadline=120) as process:
        for source_id, outputs in state.items():
            with pytest.raises(NoAnswerError):
                process.read(source_id, outputs)
    assert memory.time.now - began <= 660


def test_four_threads_on_a_hanging_service_wait_together(memory: Memory) -> None:
    """No lock is held during a request: nobody stands behind another's time-out."""
    state = given(memory, 30)
    for operation in ("get_source", "list_sources"):
        memory.fault(operation, "delay", delay=3600, times=0)

    def read(item: tuple[str, Bag]) -> None:
        with pytest.raises(NoAnswerError):
            process.read(*item)

    with memory.process(timeout=2, deadline=6) as process, ThreadPoolExecutor(4) as threads:
        list(threads.map(read, state.items()))
    assert len(memory.asked()) <= 80


def test_after_an_outage_the_next_answer_ends_it(memory: Memory) -> None:
    """One answer, and every operation has its tries again."""
    state = given(memory, 8)
    memory.listening = False
    with memory.process() as process:
        [first, second, *rest] = state
        for source_id in (first, second):
            with pytest.raises(ChromaSyncError):
                process.read(source_id, state[source_id])
        memory.listening = True
        for source_id in rest:
            assert process.read(source_id, state[source_id])[0] == source_id
        memory.fault("get_source", "drop_before", times=2)
        assert process.read(first, state[first])[0] == first


# The session itself.


def test_a_session_is_made_once_for_its_settings() -> None:
    """And another key, or another timeout, is another session."""
    url = "http://127.0.0.1:9"
    one = Settings(apiKey="k-one", url=url)
    try:
        assert session_for(one) is session_for(Settings(apiKey="k-one", url=url))
        assert session_for(one) is not session_for(Settings(apiKey="k-two", url=url))
        assert session_for(one) is not session_for(one.model_copy(update={"timeout": 1.0}))
        first = session_for(one)
        close_sessions()
        assert session_for(one) is not first
    finally:
        close_sessions()
