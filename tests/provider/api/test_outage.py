"""An outage: the first operation finds it out, the next ones try once, and an answer ends it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from pulumi_chroma_sync.api.retrying import OUTAGE_SECONDS
from pulumi_chroma_sync.errors import (
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    RateLimitError,
    ServerError,
)

from .fakes import START, Planned, client_of, failing, item

HANGS = httpx.ReadTimeout("late")
REFUSED = httpx.ConnectError("refused")
FOUND = httpx.Response(200, json=item(1))


@pytest.mark.parametrize("fault", [HANGS, REFUSED, failing(500), httpx.Response(503)], ids=str)
def test_after_an_operation_without_an_answer_the_next_ones_try_once(fault: Any) -> None:
    """For a while, and shortly; then again in full."""
    service = Planned(fault)
    api = service.client(retries=2, timeout=30, deadline=120)
    with pytest.raises(ChromaSyncError):
        api.get_source("s-1")
    assert (len(service.timeouts), service.timeouts[0]) == (3, 30)
    for call in (
        lambda: api.get_source("s-2"),
        lambda: api.delete_source("s-2"),
        lambda: api.list_sources("d"),
    ):
        service.timeouts.clear()
        with pytest.raises(ChromaSyncError):
            call()
        assert service.timeouts == [5]
    service.clock.now += OUTAGE_SECONDS
    service.timeouts.clear()
    with pytest.raises(ChromaSyncError):
        api.get_source("s-1")
    assert service.timeouts == [30] * 3


def test_the_settings_time_out_stays_where_it_is_shorter() -> None:
    """5 s is the most, not the least."""
    service = Planned(HANGS)
    api = service.client(retries=0, timeout=2)
    for _ in range(3):
        with pytest.raises(NoAnswerError):
            api.get_source("s-1")
    assert service.timeouts == [2, 2, 2]


def test_thirty_sources_in_an_outage_take_minutes_not_an_hour() -> None:
    """One operation in full, the others 5 s each; every 30 s one gets its whole time-out."""
    service = Planned(HANGS)
    api = service.client()
    for _ in range(30):
        with pytest.raises(NoAnswerError):
            api.get_source("s-1")
    assert service.clock.now - START.timestamp() < 400
    # A service that needs 10 s for an answer is found to be well by these.
    assert 3 <= service.timeouts[5:].count(30) <= 6


@pytest.mark.parametrize(
    "answer", [FOUND, failing(404), failing(401), failing(429, retry_after="500")], ids=str
)
def test_an_answer_ends_the_outage(answer: httpx.Response) -> None:
    """Also one that is a refusal: somebody is there."""
    service = Planned(failing(500), failing(500), answer, failing(500))
    api = service.client(retries=1)
    with pytest.raises(ServerError):
        api.get_source("s-1")
    try:
        api.get_source("s-1")
    except (NotFoundError, RateLimitError, ChromaSyncError):
        pass
    service.timeouts.clear()
    with pytest.raises(ServerError):
        api.get_source("s-1")
    assert len(service.timeouts) == 2


def test_a_create_is_never_cut_short() -> None:
    """It has its whole time-out in an outage as well, and its answer ends it; its failure begins none."""
    service = Planned(
        failing(500), failing(500), httpx.Response(201, json={"source_id": "s-1"}), failing(500)
    )
    api = service.client(retries=1, timeout=30)
    with pytest.raises(ServerError):
        api.get_source("s-1")
    api.create_source({})
    assert service.timeouts[-1] == 30
    service.timeouts.clear()
    with pytest.raises(ServerError):
        api.get_source("s-1")
    assert len(service.timeouts) == 2
    other = Planned(HANGS)
    with pytest.raises(NoAnswerError):
        (api := other.client(retries=1)).create_source({})
    with pytest.raises(NoAnswerError):
        api.get_source("s-1")
    assert other.timeouts == [30, 30, 30]


def test_one_look_of_a_callers_loop_begins_no_outage() -> None:
    """With ``retries=0`` a single failure says little."""
    service = Planned(failing(500))
    api = service.client(retries=1)
    for _ in range(3):
        with pytest.raises(ServerError):
            api.get_source("s-1", retries=0)
    service.timeouts.clear()
    with pytest.raises(ServerError):
        api.get_source("s-1")
    assert len(service.timeouts) == 2


def test_what_will_not_pass_is_no_outage() -> None:
    """An answer of the wrong shape came from somebody."""
    service = Planned(httpx.Response(200, json=[]), failing(500))
    api = service.client(retries=1)
    with pytest.raises(NoAnswerError):
        api.get_source("s-1")
    with pytest.raises(ServerError):
        api.get_source("s-1")
    assert len(service.timeouts) == 3


def test_no_lock_is_held_during_a_request() -> None:
    """Four requests are on their way at once, also in an outage."""
    together = threading.Barrier(4, timeout=20)

    def service(_request: httpx.Request) -> httpx.Response:
        together.wait()
        return failing(500)

    api = client_of(service, retries=0)

    def ask(_number: int) -> str:
        with pytest.raises(ServerError):
            api.get_source("s-1")
        return "asked"

    with ThreadPoolExecutor(4) as threads:
        assert [*threads.map(ask, range(12))] == ["asked"] * 12
