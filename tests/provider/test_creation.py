"""Creating exactly once, whatever the service refuses and whatever gets lost: in memory, on a fake clock.

``test_wire.py`` has each fault once over a real connection.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pulumi_chroma_sync.errors import (
    ChromaSyncError,
    OutcomeUnknownError,
    SourceClaimedError,
    SourceExistsError,
)

from .fault_cases import Rule
from .memory import Memory
from .service import github


def test_a_create_is_a_look_a_request_and_a_reading_back(memory: Memory) -> None:
    """Four requests in all, check's one included: nobody waits for more. Where check has seen all within the
    last second, that was the look."""
    with memory.process() as process:
        inputs = process.check(github())
        memory.time.sleep(1.1)
        source_id, outputs = process.create(inputs)
    assert memory.asked() == ["list_sources", "list_sources", "create_source", "get_source"]
    assert list(memory.sources()) == [source_id] == [outputs["source_id"]]
    memory.delete(source_id)
    memory.clear_requests()
    with memory.process() as process:
        source_id, outputs = process.create(process.check(github()))
    assert memory.asked() == ["list_sources", "create_source", "get_source"]
    assert list(memory.sources()) == [source_id] == [outputs["source_id"]]


def test_an_equal_source_from_before_is_never_taken_over(memory: Memory) -> None:
    """Under every rule: the error names it and both ways out, and nothing is sent."""
    existing = memory.make(**github())
    with memory.process() as process, pytest.raises(SourceExistsError) as caught:
        process.create(process.check(github()))
    assert caught.value.source_id == existing
    for part in (
        'create source "github acme/handbook" in database "demo"',
        f"existing   {existing} created 2",
        ", equal",
        'on_conflict="adopt"',
        f"pulumi-chroma-sync import --database demo --source {existing}",
    ):
        assert part in str(caught.value)
    assert memory.asked("create_source") == []


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_one_created_elsewhere_after_the_preview_is_not_taken_for_ours(memory: Memory, action: str) -> None:
    """What was there before is asked for right before the request, not remembered from the preview."""
    with memory.process() as process:
        inputs = process.check(github())
        memory.time.sleep(1.1)
        existing = memory.make(**github())
        memory.fault("create_source", action)
        with pytest.raises(SourceExistsError) as caught:
            process.create(inputs)
    assert caught.value.source_id == existing and list(memory.sources()) == [existing]


def test_one_created_elsewhere_while_ours_is_under_way(memory: Memory, rule: Rule) -> None:
    """The service decides: 409 names the other one, or there are two and we know ours."""
    with memory.process() as process:
        inputs = process.check(github())
        made: list[str] = []
        memory.meanwhile("create_source", lambda: made.append(memory.make(**github())))
        if rule == "never":
            source_id, _outputs = process.create(inputs)
            assert set(memory.sources()) == {source_id, *made} and source_id not in made
        else:
            with pytest.raises(SourceExistsError) as caught:
                process.create(inputs)
            assert [caught.value.source_id] == made == list(memory.sources())


def test_a_source_that_is_found_after_a_lost_answer_is_told(memory: Memory) -> None:
    """The user hears which source it is, in case another hand made one in the very same moment."""
    with memory.process() as process:
        memory.fault("create_source", "drop_after")
        source_id, outputs = process.create(process.check(github()))
    assert list(memory.sources()) == [source_id] and outputs["created_at"]
    assert f"took source {source_id}, equal and created since" in process.text
    assert memory.asked("create_source") == ["create_source"]


@pytest.mark.parametrize("rule", ["never"])
def test_two_that_appear_since_are_nobodys(memory: Memory) -> None:
    """Where nobody can tell which is ours, none is taken, and the error names both."""
    with memory.process() as process:
        inputs = process.check(github())
        memory.fault("create_source", "drop_after")
        memory.meanwhile("list_sources", lambda: memory.make(**github()), count=2)
        with pytest.raises(OutcomeUnknownError) as caught:
            process.create(inputs)
    assert len(memory.sources()) == 2
    assert all(source_id in str(caught.value) for source_id in memory.sources())


def test_an_unknown_outcome_says_what_may_be_and_how_to_look(memory: Memory) -> None:
    """Which source, in which database, what happened, that nothing was sent twice, what to run."""
    with memory.process() as process:
        memory.fault("create_source", "drop_before")
        with pytest.raises(OutcomeUnknownError) as caught:
            process.create(process.check(github()))
    for part in (
        'create source "github acme/handbook" in database "demo"',
        "connection broke before the answer",
        "did not appear in the list within 20 s",
        "may still appear",
        "Nothing was sent twice",
        "Run `pulumi up` again",
        "pulumi-chroma-sync list --database demo",
    ):
        assert part in str(caught.value)


def test_a_request_time_out_of_the_service_is_an_unknown_outcome(memory: Memory) -> None:
    """408 says that somebody gave up, not that nothing was done."""
    with memory.process() as process:
        memory.fault("create_source", "respond_after", status=408)
        source_id, _outputs = process.create(process.check(github()))
    assert list(memory.sources()) == [source_id]
    assert len(memory.asked("create_source")) == 1


def test_after_the_services_own_failure_the_list_is_looked_at_before_a_second_request(
    memory: Memory,
) -> None:
    """Its own 500 says that it failed; that nothing was done, only the list says, and it may be behind."""
    with memory.process(settle=20) as process:
        inputs = process.check(github())
        memory.time.sleep(1.1)
        memory.clear_requests()
        memory.fault("create_source", "respond", status=500)
        process.create(inputs)
    asked = memory.asked()
    looks = asked.count("list_sources") - 1
    assert asked == [
        "list_sources",
        "create_source",
        *["list_sources"] * looks,
        "create_source",
        "get_source",
    ]
    first, second = memory.requests("create_source")
    assert 20 <= second.at - first.at < 22 and looks > 5


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_that_was_carried_out_is_found_on_a_service_that_lags(memory: Memory, status: int) -> None:
    """One look proves nothing where reads are behind; a second request would make a second source."""
    memory.settings(read_lag=3)
    with memory.process(settle=20) as process:
        inputs = process.check(github())
        memory.fault("create_source", "respond_after", status=status, headers={"retry-after": "0"})
        source_id, _outputs = process.create(inputs)
    assert list(memory.sources()) == [source_id] and len(memory.asked("create_source")) == 1
    assert f"took source {source_id}" in process.text


@pytest.mark.parametrize("status", [500, 503])
def test_where_the_list_cannot_be_read_nothing_is_sent_again(memory: Memory, status: int) -> None:
    """A failure that was carried out all the same would be doubled by a second request on hope."""
    with memory.process(retries=0) as process:
        inputs = process.check(github())
        memory.fault("create_source", "respond_after", status=status, headers={"retry-after": "0"})
        memory.fault("list_sources", "respond", status=500, skip=1, times=0)
        with pytest.raises(OutcomeUnknownError, match="the list could not be read either"):
            process.create(inputs)
    assert len(memory.asked("create_source")) == 1 == len(memory.requests("create_source"))


@pytest.mark.parametrize("status", [429, 503])
def test_a_create_waits_as_long_as_the_service_asks(memory: Memory, status: int) -> None:
    """Retry-After holds for the request that creates, too."""
    with memory.process() as process:
        memory.fault("create_source", "respond", status=status, headers={"retry-after": "50"})
        process.create(process.check(github()))
    first, second = memory.requests("create_source")
    assert 50 <= second.at - first.at < 51


@pytest.mark.parametrize("rule", ["identity", "content"])
def test_a_conflict_after_a_lost_first_attempt_is_ours(memory: Memory) -> None:
    """The first attempt failed loudly, landed all the same, and the second met it."""
    with memory.process() as process:
        inputs = process.check(github())
        memory.fault("create_source", "respond", status=500)
        memory.meanwhile("create_source", lambda: memory.make(**github()), count=2)
        source_id, _outputs = process.create(inputs)
    assert list(memory.sources()) == [source_id]


def test_a_conflict_that_the_list_does_not_explain_says_so(memory: Memory) -> None:
    """409, and nothing like it in the list: the detail of the service, and how to look."""
    with memory.process() as process:
        taken = {"error": "E", "message": "taken"}
        memory.fault("create_source", "respond", status=409, body=taken, times=0)
        with pytest.raises(SourceExistsError) as caught:
            process.create(process.check(github()))
    assert caught.value.source_id is None
    for part in ("409: taken", "shows none like it", "Nothing was created", "list --database demo"):
        assert part in str(caught.value)


def test_a_conflict_whose_list_cannot_be_read_says_so(memory: Memory) -> None:
    """Both faults are named."""
    with memory.process(retries=0) as process:
        inputs = process.check(github())
        memory.fault("create_source", "respond", status=409)
        memory.fault("list_sources", "respond", status=500)
        with pytest.raises(SourceExistsError, match=r"409.*could not be read.*500.*Nothing was created"):
            process.create(inputs)


def test_a_success_with_the_id_of_an_older_source_is_a_conflict(memory: Memory) -> None:
    """Not in the contract, but a service may answer "created" with what it has already."""
    other = memory.make(**github("other"))
    with memory.process() as process:
        inputs = process.check(github())
        memory.fault("create_source", "respond", status=201, body={"source_id": other})
        with pytest.raises(SourceExistsError) as caught:
            process.create(inputs)
    assert caught.value.source_id == other


def test_a_success_with_the_id_of_another_resource_is_refused(memory: Memory) -> None:
    """Two resources never end with one id."""
    with memory.process() as process:
        one, two = process.check(github("one")), process.check(github("two"))
        memory.fault("list_sources", "respond", status=200, body=[], times=0)
        taken, _outputs = process.create(one)
        memory.fault("create_source", "respond", status=201, body={"source_id": taken})
        with pytest.raises(SourceClaimedError, match=taken):
            process.create(two)


def test_two_equal_resources_never_end_with_one_id(memory: Memory, rule: Rule) -> None:
    """One after the other: refused with the reason, or two sources."""
    with memory.process() as process:
        inputs = process.check(github())
        first, _outputs = process.create(inputs)
        if rule == "never":
            second, _outputs = process.create(inputs)
            assert set(memory.sources()) == {first, second} and first != second
        else:
            with pytest.raises(SourceExistsError, match="another resource of this program has it"):
                process.create({**inputs, "on_conflict": "adopt"})
            assert list(memory.sources()) == [first]


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_equal_resources_on_four_threads_never_end_with_one_id(memory: Memory, rule: Rule, lost: int) -> None:
    """As the engine calls; also where answers get lost. What is there, somebody has, or was told of."""
    with memory.process() as process:
        inputs = process.check(github())
        if lost:
            memory.fault("create_source", "drop_after", times=lost)

        def create(_number: int) -> str | ChromaSyncError:
            try:
                return process.create(inputs)[0]
            except ChromaSyncError as error:
                return error

        with ThreadPoolExecutor(4) as threads:
            results = list(threads.map(create, range(8)))
    ids = [result for result in results if isinstance(result, str)]
    assert len(ids) == len(set(ids)) == (8 if rule == "never" else 1)
    assert set(ids) == set(memory.sources())
    # An answer of 409 may be among the lost ones: nobody knows then, and the user is told.
    others = [result for result in results if not isinstance(result, (str, SourceExistsError))]
    assert all(isinstance(result, OutcomeUnknownError) for result in others) and len(others) <= max(
        0, lost - 1
    )


def test_what_this_run_deleted_is_not_met(memory: Memory) -> None:
    """Old first, then new: the old one may still be in a list that was read before."""
    with memory.process() as process:
        inputs = process.check(github())
        old, outputs = process.create(inputs)
        process.delete(old, outputs)
        new, _outputs = process.create(inputs)
    assert list(memory.sources()) == [new] and new != old


def test_a_source_that_vanishes_after_the_list_was_read_is_no_obstacle(memory: Memory) -> None:
    """It is asked for once more before anybody is told about it."""
    existing = memory.make(**github())
    with memory.process() as process:
        inputs = process.check(github())
        memory.meanwhile("list_sources", lambda: memory.delete(existing), after=True)
        source_id, _outputs = process.create(inputs)
    assert list(memory.sources()) == [source_id] and source_id != existing


def test_a_404_of_a_gateway_hides_no_equal_source(memory: Memory) -> None:
    """Whether one that was listed is gone, the list says once more."""
    existing = memory.make(**github())
    with memory.process() as process:
        inputs = process.check(github())
        memory.fault("get_source", "respond", status=404, body="<html>no such page</html>")
        with pytest.raises(SourceExistsError, match=existing):
            process.create(inputs)
    assert list(memory.sources()) == [existing]
