"""When something is asked again, how long is waited, and when it ends: on a clock that the test turns."""

from __future__ import annotations

import email.utils
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.retrying import RetryPolicy
from pulumi_chroma_sync.errors import (
    BadRequestError,
    ChromaSyncError,
    NoAnswerError,
    RateLimitError,
    ServerError,
    UniqueConstraintError,
    UnreachableError,
)
from pulumi_chroma_sync.settings import Settings

from .fakes import KEY, START, FakeClock, Planned, client_of, failing, item

HANGS = httpx.ReadTimeout("late")
REFUSED = httpx.ConnectError("refused")
FOUND = httpx.Response(200, json=item(1))


def test_retries_end() -> None:
    """The first try and as many as the settings, or the caller, say."""
    for retries, asked in ((None, 3), (0, 1), (1, 2), (5, 6)):
        service = Planned(failing(500))
        with pytest.raises(ServerError):
            service.client(retries=2).get_source("s-1", retries=retries)
        assert len(service.started) == asked


def test_a_service_that_always_fails_ends_with_the_total_time() -> None:
    """A hundred retries are not made where the deadline is short, and no wait is begun in vain."""
    service = Planned(failing(500))
    with pytest.raises(ServerError):
        service.client(retries=100, deadline=20).get_source("s-1")
    assert 3 < len(service.started) < 60
    assert service.clock.now < START.timestamp() + 20


def test_each_try_has_no_more_than_what_is_left_of_the_total_time() -> None:
    """Four hanging tries of 30 s don't fit into 70."""
    service = Planned(HANGS)
    with pytest.raises(NoAnswerError):
        service.client(retries=9, timeout=30, deadline=70).get_source("s-1")
    assert service.timeouts[:2] == [30, 30] and service.timeouts[2] < 11
    assert service.clock.now <= START.timestamp() + 71


def test_waits_grow_and_differ_by_chance() -> None:
    """Jitter: clients that failed together don't come back together."""
    waits = []
    for _ in range(20):
        service = Planned(failing(500))
        with pytest.raises(ServerError):
            service.client(retries=8, deadline=600).get_source("s-1")
        waits.append(service.clock.slept)
    assert len({tuple(each) for each in waits}) == 20
    assert all(0.05 <= wait <= 8 for each in waits for wait in each)
    assert max(each[0] for each in waits) <= 0.4 < max(each[-1] for each in waits)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_retry_after_in_seconds_is_waited_for(status: int) -> None:
    """Not a moment less than the service asked for, and little more."""
    service = Planned(failing(status, retry_after="7"), FOUND)
    service.client().get_source("s-1")
    [wait] = service.clock.slept
    assert 7 <= wait <= 7.25


def dated(seconds: float) -> str:
    return email.utils.formatdate(START.timestamp() + seconds, usegmt=True)


@pytest.mark.parametrize("ours", [-3000, 0, 40, 3000])
def test_retry_after_as_a_date_counts_from_the_answers_own_date(ours: int) -> None:
    """Our clock may be minutes off; where the answer has no date, ours is all there is."""
    service = Planned(failing(429, retry_after=dated(9), date=dated(0)), FOUND)
    service.clock.now += ours
    service.client().get_source("s-1")
    assert 9 <= service.clock.slept[0] <= 9.25
    undated = Planned(failing(429, retry_after=dated(9)), FOUND)
    undated.client().get_source("s-1")
    assert 9 <= undated.clock.slept[0] <= 9.25


@pytest.mark.parametrize("text", ["0", "-5", "soon", "1e400", "", "Wed, 99 Foo 2020 00:00:00 GMT", "²"])
def test_a_retry_after_that_makes_no_sense_is_no_obstacle(text: str) -> None:
    """The usual wait takes its place."""
    service = Planned(failing(429), FOUND)
    service.planned[0] = httpx.Response(429, headers=[(b"retry-after", text.encode())])
    service.client().get_source("s-1")
    assert service.clock.slept[0] <= 0.5


@pytest.mark.parametrize("text", ["3600", "99999999999", "Fri, 31 Dec 2399 23:59:59 GMT"])
def test_what_would_be_waited_for_in_vain_is_not(text: str) -> None:
    """Where the service asks for more than the deadline leaves, the error comes at once and says so."""
    service = Planned(failing(429, retry_after=text))
    with pytest.raises(RateLimitError, match="asked to wait 3600 s") as caught:
        service.client(deadline=60).get_source("s-1")
    assert (caught.value.retry_after, service.clock.slept) == (3600, [])


@pytest.mark.parametrize("status", [409, 500])
def test_a_try_that_would_have_no_time_is_not_begun(status: int) -> None:
    """A time-out of what the deadline left over would hide the answer that there was."""
    service = Planned(failing(status, retry_after="59"), HANGS)
    with pytest.raises(UniqueConstraintError if status == 409 else ServerError):
        service.client(deadline=60).delete_source("s-1")
    assert (len(service.started), service.clock.slept) == (1, [])


def test_a_request_time_out_of_the_services_is_asked_again() -> None:
    """408: somebody gave up waiting for us."""
    service = Planned(failing(408), FOUND)
    assert service.client().get_source("s-1").id == "s-1"


# A delete that meets a run.


def test_a_delete_waits_for_a_run_until_the_deadline() -> None:
    """However few retries there are; other faults have their own count."""
    service = Planned(*[failing(409)] * 9, failing(500), *[failing(409)] * 9, httpx.Response(204))
    assert service.client(retries=1, deadline=600).delete_source("s-1") is True
    assert len(service.started) == 20


def test_a_run_that_does_not_end_is_told() -> None:
    """The error is the service's, and says what to do."""
    service = Planned(failing(409))
    with pytest.raises(UniqueConstraintError, match="while a run of it is in progress; run the same command"):
        service.client(retries=0, deadline=60).delete_source("s-1")
    assert START.timestamp() + 50 < service.clock.now <= START.timestamp() + 60


@pytest.mark.parametrize("call", [lambda api: api.get_source("s-1"), lambda api: api.create_source({})])
def test_only_a_delete_waits_for_a_run(call: Callable[[SyncClient], object]) -> None:
    """Elsewhere a 409 is an answer."""
    service = Planned(failing(409))
    with pytest.raises(UniqueConstraintError):
        call(service.client())
    assert len(service.started) == 1


def turned_away(times: int, *, others: bool, **settings: Any) -> tuple[SyncClient, list[int]]:
    """A client whose ``s-1`` is answered with 429 so often, others being served meanwhile or not."""
    asked: list[int] = []

    def service(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/s-2"):
            return httpx.Response(200, json=item(2))
        asked.append(1)
        if len(asked) > times:
            return FOUND
        if others:
            client.get_source("s-2")
        return failing(429)

    client = client_of(service, **{"retries": 2, **settings})
    return client, asked


def test_a_429_while_others_are_served_is_no_try() -> None:
    """Thirty threads that share a small rate are turned away more often than the settings allow tries."""
    client, asked = turned_away(20, others=True)
    assert client.get_source("s-1").id == "s-1"
    assert len(asked) == 21


def test_a_429_while_nobody_is_served_is_a_try() -> None:
    """A key whose quota is used up is told so soon."""
    client, asked = turned_away(20, others=False)
    with pytest.raises(RateLimitError):
        client.get_source("s-1")
    assert len(asked) == 3


def test_a_429_ends_with_the_total_time_whoever_is_served() -> None:
    """And a look in somebody's loop stays one look."""
    client, asked = turned_away(10**6, others=True, deadline=60)
    with pytest.raises(RateLimitError):
        client.get_source("s-1")
    assert 10 < len(asked) < 100
    client, asked = turned_away(20, others=True)
    with pytest.raises(RateLimitError):
        client.get_source("s-1", retries=0)
    assert len(asked) == 1


# The policy for loops of others.


class Again(Exception):
    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__("again")
        self.retry_after = retry_after


def policy(**settings: Any) -> tuple[RetryPolicy, FakeClock]:
    clock = FakeClock()
    return RetryPolicy(Settings(apiKey=KEY, **settings), clock), clock


def counted(*results: Any) -> tuple[Callable[[], Any], list[int]]:
    """A function that gives or raises these, the last one for ever, and its calls."""
    planned, calls = [*results], []

    def call() -> Any:
        calls.append(1)
        now = planned.pop(0) if len(planned) > 1 else planned[0]
        if isinstance(now, BaseException):
            raise now
        return now

    return call, calls


def test_again_repeats_on_one_kind_of_exception() -> None:
    """As often as the settings say, as the fault asks to wait; the last one is raised as it is."""
    rules, clock = policy(retries=3)
    call, calls = counted(Again(), Again(4), "done")
    assert rules.again(Again)(call) == "done"
    assert len(calls) == 3 and 4 <= clock.slept[1] <= 4.5
    last = Again()
    call, calls = counted(last)
    with pytest.raises(Again) as caught:
        rules.again(Again)(call)
    assert caught.value is last and len(calls) == 4
    call, calls = counted(KeyError("other"))
    with pytest.raises(KeyError):
        rules.again(Again)(call)
    assert len(calls) == 1


def test_again_ends_before_the_deadline() -> None:
    """On the same clock."""
    rules, clock = policy(retries=100, deadline=30)
    call, calls = counted(Again(9))
    with pytest.raises(Again):
        rules.again(Again)(call)
    assert (len(calls), clock.now < START.timestamp() + 30) == (4, True)


def test_attempts_repeat_on_what_may_pass() -> None:
    """The same rule as the client's own."""
    for fault, asked in (
        (UnreachableError("x"), 3),
        (UnreachableError("x", may_pass=False), 1),
        (NoAnswerError("x"), 3),
        (NoAnswerError("x", may_pass=False), 1),
        (BadRequestError("x", status=400), 1),
    ):
        rules, _clock = policy(retries=2)
        call, calls = counted(fault)
        with pytest.raises(ChromaSyncError):
            rules.attempts()(call)
        assert len(calls) == asked
    rules, _clock = policy(retries=2)
    for chosen, asked in ((rules.attempts(retries=5), 6), (rules.attempts(deadline=0.01), 1)):
        call, calls = counted(NoAnswerError("x"))
        with pytest.raises(NoAnswerError):
            chosen(call)
        assert len(calls) == asked


def test_settling_looks_until_there_is_something() -> None:
    """Waits of 0.1 s at first; what it finds, it gives."""
    rules, clock = policy()
    call, _calls = counted(None, [], ["s-1"])
    assert rules.settling(20)(call) == ["s-1"]
    assert clock.slept == [0.1, 0.2]


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_settling_ends_with_the_window_and_gives_what_it_has(nothing: Any) -> None:
    """The last look begins where the window ends; no RetryError."""
    rules, clock = policy()
    call, calls = counted(nothing)
    assert rules.settling(20)(call) == nothing
    assert clock.now == pytest.approx(START.timestamp() + 20, abs=0.2)
    assert max(clock.slept) == 2 and 10 < len(calls) < 20


@pytest.mark.parametrize("seconds", [0, 0.05, 5])
def test_settling_looks_twice_at_least(seconds: float) -> None:
    """One look alone may take as long as the window."""
    rules, clock = policy()
    calls = []

    def look() -> None:
        calls.append(1)
        clock.now += 30

    assert rules.settling(seconds)(look) is None
    assert len(calls) == 2


def test_settling_does_not_swallow_errors() -> None:
    """They are the caller's."""
    rules, _clock = policy()
    with pytest.raises(KeyError):
        rules.settling(5)(counted(KeyError("x"))[0])
