"""What the resources of one process share: the list, and who has which source."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chroma_sync_emulator.testing import emulator
from pulumi_chroma_sync.config import Settings
from pulumi_chroma_sync.errors import ChromaSyncError, NotFoundError, OutcomeUnknownError, SourceExistsError
from pulumi_chroma_sync.session import Session, close_sessions, session_for

from .plugin import Bag
from .service import Service, github

HTML = "<html><title>No such page</title></html>"


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that takes any source, also an equal one."""
    with emulator(unique="never") as emu, emu.client() as api:
        yield Service(emu, api)


@pytest.fixture
def session(service: Service) -> Iterator[Session]:
    """A session of its own."""
    chosen = Settings(apiKey=service.emu.api_key, url=service.emu.url, timeout=20, retries=1)
    with (session := Session(chosen)).client:
        yield session


def given(service: Service, count: int) -> dict[str, Bag]:
    """A state of this many sources."""
    state = {service.make(**github(f"r{number}")): github(f"r{number}") for number in range(count)}
    return {source_id: {**inputs, "source_id": source_id} for source_id, inputs in state.items()}


def test_a_few_are_read_one_by_one_and_many_from_the_list(service: Service) -> None:
    """250 sources: three requests by id, three pages, and each is what the service says."""
    state = given(service, 250)
    with service.process() as process:
        for source_id, outputs in state.items():
            found, read, _inputs = process.read(source_id, outputs)
            assert found == source_id and read["github"] == outputs["github"]
    assert service.asked() == ["get_source"] * 3 + ["list_sources"] * 3


def test_threads_that_read_at_the_same_time_share_one_list(service: Service) -> None:
    """Four at once ask for the list once."""
    state = given(service, 40)
    with service.process() as process, ThreadPoolExecutor(4) as threads:
        read = list(threads.map(lambda item: process.read(*item)[0], state.items()))
    assert read == list(state)
    assert service.asked("list_sources") == ["list_sources"] and len(service.asked("get_source")) == 3


def test_one_that_is_missing_in_the_list_is_asked_for_by_its_id(service: Service) -> None:
    """A page may shift while the list is read: only a 404 means gone."""
    [missing, *_others] = state = given(service, 5)
    service.control.fault("list_sources", "respond", status=200, body=[])
    with service.process() as process:
        for source_id in [*_others, missing]:
            assert process.read(source_id, state[source_id])[0] == source_id


def test_one_that_is_gone_is_dropped_also_among_many(service: Service) -> None:
    """Deleted elsewhere: the state drops it and no other."""
    state = given(service, 6)
    gone = list(state)[4]
    service.api.delete(f"/api/v1/sources/{gone}")
    with service.process() as process:
        kept = [process.read(source_id, outputs)[0] for source_id, outputs in state.items()]
    assert kept == [source_id if source_id != gone else "" for source_id in state]


def test_another_teams_key_drops_nothing(service: Service) -> None:
    """Neither the source nor its database is seen: that is the key, and the error says so."""
    [(source_id, outputs)] = given(service, 1).items()
    service.control.add_tenant("strangers", "strangers-key", ["theirs"])
    service.emu.api_key = "strangers-key"
    with service.process() as process, pytest.raises(ChromaSyncError) as caught:
        process.read(source_id, outputs)
    assert not isinstance(caught.value, NotFoundError)
    for part in (source_id, 'database "demo"', "kept in the state", "chroma-sync:apiKey"):
        assert part in str(caught.value)


@pytest.mark.parametrize("body", [HTML, {"error": "NotFoundError", "message": "not found"}])
def test_a_404_for_what_the_list_has_drops_nothing(service: Service, body: object) -> None:
    """A gateway's 404, or the service's own that contradicts itself."""
    [(source_id, outputs)] = given(service, 1).items()
    service.control.fault("get_source", "respond", status=404, body=body)
    with service.process() as process, pytest.raises(ChromaSyncError, match="kept in the state"):
        process.read(source_id, outputs)


def test_a_404_of_a_gateway_deletes_nothing_from_the_state(service: Service) -> None:
    """The list is asked, and it is there."""
    [(source_id, outputs)] = given(service, 1).items()
    service.control.fault("delete_source", "respond", status=404, body=HTML)
    with service.process() as process:
        with pytest.raises(ChromaSyncError, match=f"{source_id}.* but the list of its database has it"):
            process.delete(source_id, outputs)
        process.delete(source_id, outputs)
    assert service.sources() == {}


def test_a_404_of_a_gateway_is_believed_where_the_source_is_gone(service: Service) -> None:
    """The same page, but the service agrees."""
    [(source_id, outputs)] = given(service, 1).items()
    service.api.delete(f"/api/v1/sources/{source_id}")
    service.control.fault("delete_source", "respond", status=404, body=HTML)
    with service.process() as process:
        process.delete(source_id, outputs)
    assert f"source {source_id} was already gone" in process.text


def test_a_create_in_a_large_database_asks_for_one_short_page(service: Service) -> None:
    """The whole list once, then what is new: a thousand creates are not a thousand lists."""
    given(service, 250)
    with service.process() as process:
        for number in range(5):
            process.create(process.check(github(f"new{number}")))
    lists = [request["query"]["limit"] for request in service.control.requests("list_sources")]
    assert lists == ["100"] * 3 + ["20"] * 5


def test_what_others_created_meanwhile_is_seen_also_where_it_is_much(
    session: Session, service: Service
) -> None:
    """More than a short page of new sources: the whole list is read again, and none is missed."""
    given(service, 130)
    assert len(session.seen("demo")) == 130
    for more in (3, 19, 20, 21, 130):
        given(service, more)
        assert set(session.seen("demo")) >= set(service.sources())


def test_what_this_process_deleted_is_in_no_list(session: Session, service: Service) -> None:
    """Also not in one that was read before."""
    state = given(service, 3)
    assert set(session.sources("demo")) == set(session.seen("demo")) == set(state)
    [gone, *kept] = state
    assert session.delete("demo", gone)
    assert list(session.sources("demo", max_age=60)) == kept[::-1] == list(session.seen("demo"))


def test_a_list_is_as_old_as_was_allowed_and_no_older(session: Session, service: Service) -> None:
    """An earlier answer serves who allows it; who asks for now gets now."""
    given(service, 1)
    assert len(session.sources("demo")) == 1
    given(service, 1)
    assert len(session.sources("demo", max_age=60)) == 1
    assert len(session.sources("demo")) == 2 == len(session.seen("demo"))


def test_a_lost_answer_is_found_among_many(service: Service) -> None:
    """251 sources, the new one first."""
    state = given(service, 250)
    service.control.fault("create_source", "drop_after")
    with service.process() as process:
        source_id, _outputs = process.create(process.check(github("new")))
    assert set(service.sources()) == {*state, source_id}


def test_an_equal_source_on_the_last_page_is_met(service: Service) -> None:
    """The oldest of 250."""
    state = given(service, 250)
    with service.process() as process, pytest.raises(SourceExistsError, match=next(iter(state))):
        process.create(process.check(github("r0")))


def test_a_source_that_a_shifting_page_hid_is_not_taken_for_ours(service: Service) -> None:
    """Others delete while we read page after page, so the list misses an old one: its age gives it away."""
    state = given(service, 120)
    hidden = list(state)[10]

    def shift() -> None:
        for source_id in list(state)[-15:]:
            service.api.delete(f"/api/v1/sources/{source_id}")

    def flood() -> None:
        # More than a short page of new ones, so that the whole list is read again.
        for number in range(25):
            service.make(**github(f"new{number}"))

    with service.process(preflight=False, settle=2) as process:
        inputs = process.check(github("r10"))
        # It is the eleventh from the end, on the second page; fifteen less before it, and it is on the first.
        service.control.fault("list_sources", "delay", delay=1, skip=1)
        service.control.fault("create_source", "drop_before")
        with (
            service.meanwhile("list_sources", shift, count=2),
            service.meanwhile("create_source", flood),
            pytest.raises(OutcomeUnknownError) as caught,
        ):
            process.create(inputs)
    assert hidden in service.sources() and hidden not in str(caught.value)


def test_the_live_check_asks_once_for_a_database_and_process(service: Service) -> None:
    """Forty resources on four threads: one request, and the list that it brought serves the notices."""
    service.make(**github("r3"))
    with service.process() as process, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: process.check(github(f"r{number}")), range(40)))
    assert service.asked() == ["list_sources"]
    assert "already has source" in process.text


def test_a_service_in_trouble_holds_up_a_preview_once(service: Service) -> None:
    """One warning for all resources, and no further question that would wait as long."""
    service.control.fault("list_sources", "respond", status=500, times=0)
    with service.process() as process:
        for number in range(10):
            process.check(github(f"r{number}"))
    assert process.text.count("not checked yet") == 1
    assert len(service.asked()) == 2


def test_a_session_is_made_once_for_its_settings(service: Service) -> None:
    """And another key, or another timeout, is another session."""
    one = Settings(apiKey="k-one", url=service.emu.url)
    try:
        assert session_for(one) is session_for(Settings(apiKey="k-one", url=service.emu.url))
        assert session_for(one) is not session_for(Settings(apiKey="k-two", url=service.emu.url))
        assert session_for(one) is not session_for(one.model_copy(update={"timeout": 1.0}))
        first = session_for(one)
        close_sessions()
        assert session_for(one) is not first
    finally:
        close_sessions()
