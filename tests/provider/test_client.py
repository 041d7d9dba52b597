"""The client: one pool, retries within a total time, and one POST."""

from __future__ import annotations

import email.utils
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import Any

import pytest

from pulumi_chroma_sync.client import PAGE, SyncClient
from pulumi_chroma_sync.config import Settings
from pulumi_chroma_sync.errors import (
    ApiError,
    ChromaSyncError,
    ConfigError,
    NoAnswerError,
    NotFoundError,
    RateLimitError,
    ServerError,
)

from .scripted import Answer, Request, Scripted, answer, scripted

KEY = "ck-a-key-for-tests"
ERROR = {"error": "InternalError", "message": "sorry"}
SOURCE: dict[str, Any] = {
    "id": "s-1",
    "database_name": "demo",
    "github": {"repository": "acme/handbook"},
    "created_at": "2026-01-01T00:00:00Z",
}
CREATED = answer(201, {"source_id": "s-1"})
FOUND = answer(200, SOURCE)


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A server that has a source."""
    with scripted(FOUND) as server:
        yield server


def client(server: Scripted, **settings: Any) -> SyncClient:
    """A client of this server that loses no time."""
    return SyncClient(Settings(apiKey=KEY, url=server.url, **{"timeout": 5, "retries": 2, **settings}))


def methods(server: Scripted) -> list[str]:
    return [request.method for request in server.requests]


def test_calls_one_after_the_other_share_one_connection(server: Scripted) -> None:
    """Twenty calls, reads and writes, on one kept-alive connection."""
    with client(server) as api:
        for number in range(20):
            server.answers[:] = [CREATED if number % 2 else FOUND]
            api.create_source({}) if number % 2 else api.get_source("s-1")
    assert (len(server.requests), server.connections) == (20, 1)


def test_threads_share_the_pool(server: Scripted) -> None:
    """Four threads need four connections at most, however many calls they make."""
    with client(server) as api, ThreadPoolExecutor(4) as threads:
        assert len(list(threads.map(api.get_source, ["s-1"] * 40))) == 40
    assert server.connections <= 4


def test_a_request_says_who_asks(server: Scripted) -> None:
    """Name and version as User-Agent, the key in the API's header."""
    with client(server) as api:
        api.get_source("s-1")
    [request] = server.requests
    assert request.headers["user-agent"] == f"pulumi-chroma-sync/{metadata.version('pulumi-chroma-sync')}"
    assert request.headers["x-chroma-token"] == KEY


def test_without_a_key_nothing_is_sent(server: Scripted) -> None:
    """The error names both places to set one."""
    with SyncClient(Settings(url=server.url)) as api:
        with pytest.raises(
            ConfigError, match="pulumi config set chroma-sync:apiKey --secret.*CHROMA_API_KEY"
        ):
            api.get_source("s-1")
        with pytest.raises(ConfigError):
            api.create_source({})
    assert server.requests == []


def test_an_id_cannot_leave_its_place_in_the_path(server: Scripted) -> None:
    """An id from a state or a command line is one segment of the path."""
    with client(server) as api:
        api.get_source("../../x?y#z")
    assert server.requests[0].path == "/api/v1/sources/..%2F..%2Fx%3Fy%23z"


DROP: Answer = lambda _request: b""  # noqa: E731
PASSING = {
    "429": answer(429, ERROR),
    "429 that says when": answer(429, ERROR, headers={"retry-after": "0"}),
    "500": answer(500, ERROR),
    "502 HTML": answer(502, b"<html><title>Bad Gateway</title></html>"),
    "503": answer(503, ERROR),
    "503 that says when": answer(503, b"", headers={"retry-after": "0"}),
    "504": answer(504, b""),
    "dropped": DROP,
    "cut": answer(200, b'{"id": "s-', length=200),
    "not JSON": answer(200, b"<html>welcome to the hotel</html>"),
}


@pytest.mark.parametrize("name", PASSING)
def test_get_and_delete_are_sent_again_after_what_may_pass(server: Scripted, name: str) -> None:
    """Both may be repeated without harm, so a fault that passes is not seen."""
    gone = answer(204) if name not in ("cut", "not JSON") else answer(200, {})
    with client(server) as api:
        server.answers[:] = [PASSING[name], PASSING[name], FOUND]
        assert api.get_source("s-1").id == "s-1"
        server.answers[:] = [PASSING[name], gone]
        api.delete_source("s-1")
    assert methods(server)[:4] == ["GET", "GET", "GET", "DELETE"]


@pytest.mark.parametrize("name", PASSING)
def test_post_is_sent_once_whatever_comes_back(server: Scripted, name: str) -> None:
    """What follows a lost answer is decided by who knows more than the client."""
    server.answers[:] = [PASSING[name], CREATED]
    with client(server) as api, pytest.raises(ChromaSyncError):
        api.create_source({"database_name": "demo"})
    assert methods(server) == ["POST"]


def test_a_post_that_is_not_answered_in_time_is_sent_once(server: Scripted) -> None:
    """A time-out is no proof that nothing happened."""
    release = threading.Event()

    def late(request: Request) -> bytes:
        release.wait(30)
        return CREATED(request)

    server.answers[:] = [late]
    with client(server, timeout=0.2) as api, pytest.raises(NoAnswerError, match=r"no answer within 0\.2 s"):
        api.create_source({})
    release.set()
    assert methods(server) == ["POST"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 422])
def test_what_will_not_pass_is_not_sent_again(server: Scripted, status: int) -> None:
    """A refusal is an answer."""
    server.answers[:] = [answer(status, ERROR), FOUND]
    with client(server) as api, pytest.raises(ApiError) as caught:
        api.get_source("s-1")
    assert (caught.value.status, methods(server)) == (status, ["GET"])


def test_retries_end(server: Scripted) -> None:
    """The first try and as many as the settings say."""
    server.answers[:] = [answer(500, ERROR)]
    with client(server, retries=2) as api, pytest.raises(ServerError):
        api.get_source("s-1")
    assert methods(server) == ["GET"] * 3


def wait_of(server: Scripted, retry_after: str, **settings: Any) -> float | None:
    """Seconds between the first try and the second, or None where there was none."""
    times: list[float] = []

    def noted(request: Request) -> bytes:
        times.append(time.monotonic())
        made = FOUND if len(times) > 1 else answer(429, ERROR, headers={"retry-after": retry_after})
        return made(request)

    server.answers[:] = [noted]
    with client(server, **settings) as api:
        try:
            api.get_source("s-1")
        except RateLimitError as error:
            assert error.retry_after is not None
            return None
    return times[1] - times[0]


def test_retry_after_in_seconds_is_waited_for(server: Scripted) -> None:
    """Not a moment less than the service asked for."""
    waited = wait_of(server, "1")
    assert waited is not None and waited >= 1


def test_retry_after_as_a_date_is_waited_for(server: Scripted) -> None:
    """The other form that HTTP knows; dates have whole seconds, so two ahead is one at least."""
    waited = wait_of(server, email.utils.formatdate(time.time() + 2, usegmt=True))
    assert waited is not None and waited >= 0.9


@pytest.mark.parametrize("text", ["0", "-5", "soon", "1e400", "", "Wed, 99 Foo 2020 00:00:00 GMT", "²"])
def test_a_retry_after_that_makes_no_sense_is_no_obstacle(server: Scripted, text: str) -> None:
    """The usual wait takes its place."""
    assert wait_of(server, text) is not None


@pytest.mark.parametrize("text", ["3600", "99999999999", "Fri, 31 Dec 2399 23:59:59 GMT"])
def test_the_total_time_is_not_waited_over(server: Scripted, text: str) -> None:
    """Where the service asks for more than the deadline leaves, the error comes at once and says so."""
    assert wait_of(server, text, deadline=60) is None
    with client(server) as api, pytest.raises(RateLimitError, match="asked to wait 3600 s"):
        server.answers[:] = [answer(429, ERROR, headers={"retry-after": "3600"})]
        api.get_source("s-1")


def test_a_service_that_always_fails_ends_with_the_total_time(server: Scripted) -> None:
    """A hundred retries are not made where the deadline is short."""
    server.answers[:] = [answer(500, ERROR)]
    with client(server, retries=100, deadline=0.5) as api, pytest.raises(ServerError):
        api.get_source("s-1")
    assert 1 < len(server.requests) < 30


def test_a_body_that_drips_ends_with_the_total_time() -> None:
    """Each byte comes in time, all of them never do."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def drip() -> None:
            connection, _address = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
                while not stop.wait(0.02):
                    try:
                        connection.sendall(b" ")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        settings = Settings(
            apiKey=KEY,
            url=f"http://127.0.0.1:{listener.getsockname()[1]}",
            retries=0,
            deadline=0.4,
            timeout=30,
        )
        with SyncClient(settings) as api, pytest.raises(NoAnswerError):
            api.get_source("s-1")
        stop.set()
        thread.join(30)


def test_waits_differ_by_chance(server: Scripted) -> None:
    """Jitter: clients that failed together don't come back together."""
    from types import SimpleNamespace

    from pulumi_chroma_sync.client import wait_before_retry

    state: Any = SimpleNamespace(attempt_number=4, outcome=None)
    waits = {wait_before_retry(state) for _ in range(20)}
    assert len(waits) > 10 and all(0 < wait <= 8 for wait in waits)


def pages(count: int) -> Answer:
    """A list of this many sources, paged as the contract says."""
    everything = [{**SOURCE, "id": f"s-{number}"} for number in range(count)]

    def page(request: Request) -> bytes:
        query = dict(re.findall(r"[?&](\w+)=([^&]*)", request.path))
        first = int(query["offset"])
        return answer(200, everything[first : first + int(query["limit"])])(request)

    return page


@pytest.mark.parametrize(("count", "asked"), [(0, 1), (1, 1), (PAGE, 2), (PAGE + 1, 2), (250, 3)])
def test_a_list_is_read_to_its_end(server: Scripted, count: int, asked: int) -> None:
    """Page after page of a hundred, without a request too many."""
    server.answers[:] = [pages(count)]
    with client(server) as api:
        assert len(api.list_sources("demo")) == count
    assert len(server.requests) == asked


def test_a_service_that_ignores_the_offset_is_not_asked_for_ever(server: Scripted) -> None:
    """A page that brings nothing new is the last one."""
    server.answers[:] = [answer(200, [{**SOURCE, "id": f"s-{number}"} for number in range(PAGE)])]
    with client(server) as api:
        assert len(api.list_sources("demo")) == PAGE
    assert len(server.requests) == 2


def test_not_found_is_told_apart(server: Scripted) -> None:
    """Only a 404 is a NotFoundError, for reading and for deleting."""
    server.answers[:] = [answer(404, {"error": "NotFoundError", "message": "source s-1 not found"})]
    with client(server) as api:
        with pytest.raises(NotFoundError):
            api.get_source("s-1")
        with pytest.raises(NotFoundError):
            api.delete_source("s-1")


def test_a_closed_client_opens_again(server: Scripted) -> None:
    """Closing ends connections, not the client."""
    with client(server) as api:
        api.get_source("s-1")
    with api:
        api.get_source("s-1")
    assert server.connections == 2
