"""An upload on the wire: its parts and their order, a piece at a time, and what an unfinished one means."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.provider.scripted import answer, scripted

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.errors import (
    AuthorizationError,
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    RateLimitError,
    ServerError,
    UnreachableError,
)
from pulumi_chroma_sync.settings import Settings

KEY = "ck-a-key-for-tests"
FIELDS = {"database_name": "demo", "collection_name": "files", "custom_id": "a", "metadata": '{"page":3}'}
MADE = answer(201, {"invocation_id": "run-1"})
LARGE = 20 * 2**20


class Bytes:
    """So many bytes that are made as they are read, and how they were asked for.

    Attributes:
        asked: the size of each piece that was asked for.
        over: whether the end was given.
    """

    def __init__(self, size: int, *, stop: int | None = None, error: Exception | None = None) -> None:
        self.left, self.stop, self.error = size, stop, error
        self.asked: list[int] = []
        self.over = False

    def read(self, size: int) -> bytes:
        self.asked.append(size)
        if self.error is not None and (self.stop is None or self.left <= self.stop):
            raise self.error
        piece = b"x" * min(size, self.left)
        self.left -= len(piece)
        self.over = not piece
        return piece


def client(url: str, **settings: float) -> SyncClient:
    """A client of this server that loses no time."""
    return SyncClient(Settings.model_validate({"apiKey": KEY, "url": url, "timeout": 5, **settings}))


@contextmanager
def unreceptive(says: bytes, *, resets: bool) -> Iterator[str]:
    """A server that reads 1 MiB of a request and says something; its address.

    Args:
        says: what it says.
        resets: whether it resets the connection then, or reads on.
    """

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            got = 0
            while got < 2**20:
                got += len(connection.recv(65_536))
            connection.sendall(says)
            if resets:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(30)


def test_the_form_is_what_the_api_wants() -> None:
    """Database and collection first, the file last with its name and no type of ours, nothing chunked."""
    with scripted(MADE) as server, client(server.url) as api:
        assert api.add_file(FIELDS, "a guide.md", Bytes(5), 5) == "run-1"
        [request] = server.requests
    assert (request.method, request.path) == ("POST", "/api/v1/add-file")
    assert request.headers["x-upload-content-length"] == "5"
    assert request.headers["x-chroma-token"] == KEY
    assert request.headers["content-length"] == str(len(request.body))
    assert "transfer-encoding" not in request.headers
    boundary = request.headers["content-type"].partition("boundary=")[2].encode()
    parts = request.body.split(b"--" + boundary)
    assert parts[0] == b"" and parts[-1] == b"--\r\n"
    names = [re.search(rb'name="(\w+)"', part)[1].decode() for part in parts[1:-1]]  # type: ignore[index]
    assert names == [*FIELDS, "file"]
    assert parts[4].endswith(b'\r\n\r\n{"page":3}\r\n')
    assert parts[5] == (
        b'\r\nContent-Disposition: form-data; name="file"; filename="a guide.md"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\nxxxxx\r\n"
    )


def test_a_name_in_another_script_leaves_as_utf_8() -> None:
    """As browsers send it."""
    with scripted(MADE) as server, client(server.url) as api:
        api.add_file(FIELDS, "Anleitung für ä.md", Bytes(1), 1)
        assert 'filename="Anleitung für ä.md"'.encode() in server.requests[0].body


def test_a_file_is_read_a_piece_at_a_time() -> None:
    """Never much of it, and the end last."""
    with scripted(MADE) as server, client(server.url) as api:
        content = Bytes(LARGE)
        api.add_file(FIELDS, "big.bin", content, LARGE)
        assert len(server.requests[0].body) > LARGE
    assert max(content.asked) <= 2**16 and len(content.asked) > LARGE // 2**16 and content.over


@pytest.mark.parametrize("error", [UnreachableError("no list"), ChromaSyncError("changed"), KeyError("x")])
def test_what_the_content_raises_leaves_nothing_whole(error: Exception) -> None:
    """It comes through as it is, and the request was never completed."""
    with scripted(MADE) as server, client(server.url) as api:
        with pytest.raises(type(error)) as caught:
            api.add_file(FIELDS, "a.bin", Bytes(LARGE, stop=0, error=error), LARGE)
        assert caught.value is error
        # The server waits for the rest, which never comes.
        assert server.requests == []
        assert api.add_file(FIELDS, "a.bin", Bytes(5), 5) == "run-1"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("", NoAnswerError),
        ("401 No", AuthorizationError),
        ("404 None", NotFoundError),
        ("429 Later", RateLimitError),
        ("502 Bad", ServerError),
    ],
)
def test_a_refusal_before_the_end_is_heard_at_the_end(status: str, kind: type[ChromaSyncError]) -> None:
    """Of a server that reads on, as long as the client sends."""
    says = f"HTTP/1.1 {status}\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".encode() if status else b""
    content = Bytes(LARGE)
    with unreceptive(says, resets=False) as url, client(url) as api, pytest.raises(kind) as caught:
        api.add_file(FIELDS, "a.bin", content, LARGE)
    assert content.over and getattr(caught.value, "retry_after", 7) == 7


@pytest.mark.parametrize("status", ["", "408 Slow", "500 Sorry", "502 Bad", "503 Busy"])
def test_what_broke_off_left_nothing_behind(status: str) -> None:
    """Whatever was said in between: a file that didn't arrive whole may be sent again."""
    says = f"HTTP/1.1 {status}\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".encode() if status else b""
    content = Bytes(LARGE)
    with unreceptive(says, resets=True) as url, client(url) as api, pytest.raises(UnreachableError) as caught:
        api.add_file(FIELDS, "a.bin", content, LARGE)
    assert not content.over and caught.value.may_pass
    assert re.search(r"after [\d,]+ of 20,971,520 bytes of the file", str(caught.value))
    assert caught.value.retry_after == (7 if status else None)


def test_a_server_that_takes_nothing_ends_an_upload() -> None:
    """Each piece has its time-out, all of them together theirs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with client(url, timeout=0.3) as api, pytest.raises(UnreachableError, match="no answer within 0.3 s"):
            api.add_file(FIELDS, "a.bin", Bytes(LARGE), LARGE)


def test_an_upload_has_an_end() -> None:
    """Many pieces that are each in time are not in time together."""

    class Slow(Bytes):
        def read(self, size: int) -> bytes:
            threading.Event().wait(0.05)
            return super().read(size)

    with scripted(MADE) as server, client(server.url) as api, pytest.raises(UnreachableError):
        api.add_file(FIELDS, "a.bin", Slow(LARGE), LARGE, deadline=0.2)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (answer(200, b""), NoAnswerError),
        (answer(201, {"invocation_id": ""}), NoAnswerError),
        (answer(500, {"error": "InternalError", "message": "sorry"}), ServerError),
        (lambda _request: b"", NoAnswerError),
    ],
)
def test_after_the_end_nobody_knows(told: object, kind: type[ChromaSyncError]) -> None:
    """It was sent whole, and once."""
    with scripted(told) as server, client(server.url) as api:  # type: ignore[arg-type]
        with pytest.raises(kind):
            api.add_file(FIELDS, "a.bin", Bytes(5), 5)
        assert len(server.requests) == 1


def test_the_newest_uploads_of_a_database_are_one_page() -> None:
    """Of this source type alone."""
    run = {"id": "r-1", "status": "pending", "created_at": "2026-01-01T00:00:00Z"}
    names = {"Unknown": None, "database_name": "demo", "collection_name": "files"}
    with scripted(answer(200, [{**run, "metadata": names}])) as server, client(server.url) as api:
        [found] = api.newest_uploads("demo").items
        assert server.requests[0].path == (
            "/api/v1/invocations?database_name=demo&source_type=file_upload&order_by=DESC&limit=100&offset=0"
        )
    assert (found.kind, found.collection_name) == ("Unknown", "files")
