"""The client on real connections: one pool, repeated reads, and one POST."""

from __future__ import annotations

import gc
import json
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from importlib import metadata
from typing import Any

import pytest
from tests.provider.scripted import Answer, Request, Scripted, answer, scripted

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.replies import Created
from pulumi_chroma_sync.errors import (
    ApiError,
    ChromaSyncError,
    ConfigError,
    NoAnswerError,
    NotFoundError,
)
from pulumi_chroma_sync.settings import Settings

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


@pytest.mark.parametrize("count", [32, 64])
def test_no_thread_waits_for_anothers_connection(count: int) -> None:
    """As many requests are on the wire as there are threads: each is answered only when all are there."""
    together = threading.Barrier(count)

    def at_once(request: Request) -> bytes:
        together.wait(60)
        return FOUND(request)

    with (
        scripted(at_once) as server,
        client(server, timeout=60) as api,
        ThreadPoolExecutor(count) as threads,
    ):
        assert len(list(threads.map(api.get_source, ["s-1"] * count))) == count


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
    server.answers[:] = [answer(200, {**SOURCE, "id": "../../x?y#z"})]
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
        assert api.delete_source("s-1") is True
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


def test_a_client_that_nobody_closes_leaves_no_socket(server: Scripted) -> None:
    """No ResourceWarning at the end of a program that forgot it."""
    api = client(server)
    api.get_source("s-1")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del api
        gc.collect()
    assert [warning.message for warning in caught] == []


@pytest.mark.parametrize("source_id", ["", ".", "..", "\ud800"])
def test_what_can_not_be_an_id_is_not_asked_for(server: Scripted, source_id: str) -> None:
    """An empty one would be the address of the list."""
    with client(server) as api:
        for call in (api.get_source, api.delete_source):
            with pytest.raises(ChromaSyncError, match="can't be the id of a source; nothing was sent"):
                call(source_id)
    assert server.requests == []


def no_fraction(text: str) -> float:
    raise AssertionError(f"{text} is a fraction")


def test_the_body_of_a_create_is_the_payload_as_it_is(server: Scripted) -> None:
    """Whole numbers stay whole, nothing is added or left out, and it is JSON by its header too."""
    payload = {
        "database_name": "ünïcode \u2028",
        "web_scrape": {"starting_url": "https://a.example/é", "page_limit": 100, "max_depth": 2**53 - 1},
        "chunking": {"type": "lines", "max_size_bytes": 8192, "max_lines": None},
    }
    server.answers[:] = [CREATED]
    with client(server) as api:
        api.create_source(payload)
    [request] = server.requests
    assert json.loads(request.body, parse_float=no_fraction) == payload
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == str(len(request.body))


def test_a_create_says_when_by_the_services_clock(server: Scripted) -> None:
    """The header Date, or None where there is none to read."""
    made = answer(201, {"source_id": "s-1"}, headers={"date": "Thu, 01 Jan 2026 00:00:00 GMT"})
    server.answers[:] = [made, CREATED]
    with client(server) as api:
        assert api.create_source({}) == Created("s-1", datetime(2026, 1, 1, tzinfo=timezone.utc))
        assert api.create_source({}).served_at is None
