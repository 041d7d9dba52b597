"""Answers that are errors, or not what the contract says: always the error tree, never a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from tests.provider.scripted import Answer, Scripted, answer, scripted

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.errors import (
    ApiError,
    AuthorizationError,
    BadRequestError,
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    RateLimitError,
    ServerError,
    UniqueConstraintError,
)
from pulumi_chroma_sync.settings import Settings

from .fakes import FakeClock

KEY = 'ck-a"key/with+what<needs>&escaping'
AWS = "wJalr/XUtnFEMI+K7MDENG&bPxRfi=CYEXAMPLEKEY"
PAYLOAD = {"database_name": "demo", "s3": {"aws_access_key_id": "AKIA1", "aws_secret_access_key": AWS}}
SOURCE: dict[str, Any] = {"id": "s-1", "database_name": "demo", "github": {"repository": "acme/handbook"}}

CALLS: dict[str, Callable[[SyncClient], object]] = {
    "create": lambda api: api.create_source(PAYLOAD),
    "get": lambda api: api.get_source("s-1"),
    "delete": lambda api: api.delete_source("s-1"),
    "list": lambda api: api.list_sources("demo"),
}
READS = [name for name in CALLS if name != "delete"]
SINGLE = ["create", "get"]


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    """A server whose answers the tests plan."""
    with scripted(answer(500)) as server:
        yield server


def ask(server: Scripted, call: str, *answers: Answer) -> object:
    """What this call gives, or raises, for these answers."""
    server.answers[:] = list(answers)
    with SyncClient(Settings(apiKey=KEY, url=server.url, timeout=10, retries=0), clock=FakeClock()) as api:
        return CALLS[call](api)


def error_of(server: Scripted, call: str, *answers: Answer) -> ChromaSyncError:
    with pytest.raises(ChromaSyncError) as caught:
        ask(server, call, *answers)
    return caught.value


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthorizationError),
        (403, AuthorizationError),
        (404, NotFoundError),
        (405, ApiError),
        (408, ApiError),
        (409, UniqueConstraintError),
        (410, NotFoundError),
        (413, BadRequestError),
        (415, BadRequestError),
        (418, ApiError),
        (422, BadRequestError),
        (423, ApiError),
        (429, RateLimitError),
        (500, ServerError),
        (502, ServerError),
        (503, ServerError),
        (504, ServerError),
        (529, ServerError),
    ],
)
def test_a_status_has_its_place_in_the_tree(
    server: Scripted, call: str, status: int, kind: type[ApiError]
) -> None:
    """Status, code, message and trace id are attributes, and all of them are in the text."""
    body = {"error": "SomeError", "message": "so it is"}
    error = error_of(server, call, answer(status, body, headers={"chroma-trace-id": "trace-7"}))
    assert type(error) is kind
    assert (error.status, error.code, error.detail, error.trace_id) == (
        status,
        "SomeError",
        "so it is",
        "trace-7",
    )
    for part in (str(status), "SomeError", "so it is", "trace-7", server.url):
        assert part in str(error)


@pytest.mark.parametrize(
    ("status", "parts"),
    [
        (401, ["pulumi config set chroma-sync:apiKey --secret"]),
        (403, ["scoped to one database", "owners and administrators of the team"]),
        (413, ["larger than the service takes"]),
        (415, ["takes no JSON", "chroma-sync:url"]),
        (422, ["a field", "a quota"]),
        (423, ["locked", "again later"]),
    ],
)
@pytest.mark.parametrize("call", CALLS)
def test_a_refusal_says_what_to_do(server: Scripted, call: str, status: int, parts: list[str]) -> None:
    """Each in a sentence of its own."""
    text = str(error_of(server, call, answer(status, {"error": "E", "message": "no"})))
    assert all(part in text for part in parts)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    "body",
    [b"<title>Not Found</title>", b"", b'{"message": "no Route matched"}', b'{"error": "Not Found"}', b"[]"],
)
def test_another_services_404_is_not_the_apis_own(
    server: Scripted, call: str, status: int, body: bytes
) -> None:
    """A wrong address is told as that, not as a source or a database that isn't there."""
    error = error_of(server, call, answer(status, body))
    assert isinstance(error, NotFoundError) and not error.is_the_services_own and error.code is None
    assert "not the Sync Service's own answer" in str(error) and f"Is {server.url} the Sync" in str(error)
    own = error_of(server, call, answer(status, {"error": "NotFoundError", "message": "no source"}))
    assert isinstance(own, NotFoundError) and own.is_the_services_own
    assert "own answer" not in str(own)


def test_an_error_says_when_by_the_services_clock(server: Scripted) -> None:
    """The header Date."""
    body = {"error": "E", "message": "no"}
    date = {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    error = error_of(server, "get", answer(404, body, headers=date))
    assert isinstance(error, ApiError) and error.served_at == datetime(2026, 1, 1, tzinfo=timezone.utc)
    for unreadable in ("yesterday", ""):
        error = error_of(server, "get", answer(404, body, headers={"date": unreadable}))
        assert isinstance(error, ApiError) and error.served_at is None


def test_an_error_says_which_source(server: Scripted) -> None:
    """Method and path, so the id."""
    text = str(error_of(server, "get", answer(500, {"error": "E", "message": "no"})))
    assert f"GET {server.url}/api/v1/sources/s-1" in text


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
        b"\xff\xfe\x00binary",
        b'{"error": 7}',
        b'{"error": {"code": "E"}}',
        b"[]",
        b"null",
        b"[" * 100_000,
        b"x" * 100_000,
    ],
    ids=["empty", "html", "binary", "number", "object", "list", "null", "deep", "long"],
)
def test_an_error_whose_body_is_not_the_apis_own_is_short_and_plain(
    server: Scripted, call: str, body: bytes
) -> None:
    """The code is None, and a person can read the line."""
    error = error_of(server, call, answer(502, body))
    assert isinstance(error, ServerError) and error.code is None
    assert "a gateway or proxy answered" in str(error)
    assert len(str(error)) < 700 and str(error).isprintable()


def test_a_page_of_html_is_named_by_its_title(server: Scripted) -> None:
    """The rest of a page is markup."""
    page = b"<html><head><style>p{}</style><title>Maintenance\nuntil noon</title></head><p>x</p></html>"
    assert ": Maintenance until noon." in str(error_of(server, "get", answer(503, page)))


WRONG: dict[str, bytes] = {
    "empty": b"",
    "HTML": b"<html><title>Sign in</title></html>",
    "cut JSON": b'{"id": "s-1", "databas',
    "null": b"null",
    "a number": b"7",
    "text": b'"s-1"',
    "binary": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
}
NO_ID: dict[str, bytes] = {
    "an empty object": b"{}",
    "a list": b"[]",
    "half a character": b'{"id": "\\ud800", "source_id": "\\ud800", "database_name": "demo"}',
    "no id": b'{"database_name": "demo", "github": {"repository": "a/b"}}',
    "an empty id": b'{"id": "", "source_id": "", "database_name": "demo"}',
    "an id that is a number": b'{"id": 7, "source_id": 7, "database_name": "demo"}',
    "an id that is null": b'{"id": null, "source_id": null, "database_name": "demo"}',
}


@pytest.mark.parametrize(
    ("call", "name"),
    [
        *((call, name) for call in READS for name in WRONG),
        *((call, name) for call in SINGLE for name in NO_ID),
    ],
)
def test_a_body_that_is_not_what_the_contract_says_is_no_answer(
    server: Scripted, call: str, name: str
) -> None:
    """Never a KeyError, nor an error of a library's: NoAnswerError, which asks about address and proxy."""
    error = error_of(server, call, answer(200, {**WRONG, **NO_ID}[name]))
    assert isinstance(error, NoAnswerError)
    for part in ("contract", server.url, "proxy", "text/html"):
        assert part in str(error)


def test_a_shape_that_is_wrong_is_not_asked_for_again(server: Scripted) -> None:
    """It would be the same a moment later; a page of a gateway's may pass."""
    with SyncClient(Settings(apiKey=KEY, url=server.url, retries=2), clock=FakeClock()) as api:
        for body, asked in ((b'{"items": []}', 1), (b"<html>one moment please</html>", 3)):
            server.requests.clear()
            server.answers[:] = [answer(200, body)]
            with pytest.raises(NoAnswerError) as caught:
                api.list_sources("demo")
            assert (len(server.requests), caught.value.may_pass) == (asked, asked > 1)


def test_an_answer_about_another_source_is_no_answer(server: Scripted) -> None:
    """A cache or a proxy has mixed something up; a UUID in other letters is the same one."""
    error = error_of(server, "get", answer(200, {**SOURCE, "id": "s-2"}))
    assert isinstance(error, NoAnswerError) and "about another source" in str(error)
    assert ask(server, "get", answer(200, {**SOURCE, "id": "S-1"})).id == "S-1"  # type: ignore[attr-defined]


@pytest.mark.parametrize("call", ["get", "list", "create", "delete"])
def test_a_byte_order_mark_does_not_matter(server: Scripted, call: str) -> None:
    """Some gateways put one before JSON."""
    bodies = {"list": [SOURCE], "create": {"source_id": "s-1"}}
    body = b"\xef\xbb\xbf" + json.dumps(bodies.get(call, SOURCE)).encode()
    assert ask(server, call, answer(200, body))
    own = b"\xef\xbb\xbf" + json.dumps({"error": "NotFoundError", "message": "no"}).encode()
    error = error_of(server, call, answer(404, own))
    assert isinstance(error, NotFoundError) and error.is_the_services_own


@pytest.mark.parametrize("status", [200, 404])
def test_a_content_encoding_that_nobody_asked_for_is_named(server: Scripted, status: int) -> None:
    """What came can't be read, and this is why."""
    error = error_of(server, "get", answer(status, b"\x0b\x02\x80", headers={"content-encoding": "x-lzma"}))
    assert 'content encoding "x-lzma"' in str(error) and "nobody asked for" in str(error)
    # A header that is wrong alone is no obstacle.
    assert ask(server, "get", answer(200, SOURCE, headers={"content-encoding": "utf-8"}))


def test_unknown_fields_and_kinds_are_tolerated(server: Scripted) -> None:
    """The API may grow: what we don't know is none of our business."""
    grown = {**SOURCE, "shoe_size": 43, "github": {"repository": "a/b", "branch": "x"}}
    upload = {"id": "s-2", "database_name": "demo", "file_upload": {}}
    assert ask(server, "get", answer(200, grown)) is not None
    listed: Any = ask(server, "list", answer(200, [grown, upload]))
    assert [source.problem for source in listed.items] == [None, None]
    made: Any = ask(server, "create", answer(201, {"source_id": "s-9", "warnings": []}))
    assert made.source_id == "s-9"


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_with_an_id_is_a_success(server: Scripted, status: int) -> None:
    """The contract says 201; an id is an id."""
    made: Any = ask(server, "create", answer(status, {"source_id": "s-9"}))
    assert made.source_id == "s-9"


@pytest.mark.parametrize("body", [b"", b"null", b'{"ok": true}'])
@pytest.mark.parametrize(("status", "done"), [(200, True), (204, True), (202, False)])
def test_a_delete_says_whether_it_is_done(server: Scripted, status: int, done: bool, body: bytes) -> None:
    """The contract has no body; 202 says that it happens later."""
    assert ask(server, "delete", answer(status, body if status != 204 else b"")) is done


@pytest.mark.parametrize("status", [200, 202])
def test_a_delete_whose_success_holds_an_error_is_a_failure(server: Scripted, status: int) -> None:
    """It is asked again, and never counts as deleted."""
    refused = answer(status, {"error": "InternalError", "message": "could not delete"})
    error = error_of(server, "delete", refused)
    assert isinstance(error, ServerError) and error.is_the_services_own
    assert f"{status} InternalError: could not delete" in str(error)
    server.answers[:] = [refused, answer(204)]
    with SyncClient(Settings(apiKey=KEY, url=server.url, retries=1), clock=FakeClock()) as api:
        assert api.delete_source("s-1") is True


def test_a_create_whose_success_holds_an_error_is_no_answer(server: Scripted) -> None:
    """Nobody knows whether it was made, so it must not look as if it could be sent again."""
    error = error_of(server, "create", answer(200, {"error": "InternalError", "message": "sorry"}))
    assert isinstance(error, NoAnswerError)


def test_a_page_in_the_place_of_a_delete_is_no_success(server: Scripted) -> None:
    """A proxy that answers with a page has deleted nothing."""
    assert isinstance(error_of(server, "delete", answer(200, WRONG["HTML"])), NoAnswerError)


@pytest.mark.parametrize("status", [200, 500])
def test_a_huge_body_is_not_read_to_its_end(server: Scripted, status: int) -> None:
    """33 MiB of an answer are no answer."""
    error = error_of(server, "get", answer(status, b"x" * (33 * 2**20)))
    assert isinstance(error, NoAnswerError) and "larger than 32 MiB" in str(error)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_cannot_be_decoded_is_no_answer(server: Scripted, encoding: str) -> None:
    """A promise of compression that isn't kept."""
    error = error_of(server, "get", answer(200, b"plain", headers={"content-encoding": encoding}))
    assert isinstance(error, NoAnswerError) and f"content encoding {encoding}" in str(error)


def no_http(_request: object) -> bytes:
    return b"SSH-2.0-OpenSSH_9.2\r\n"


def test_a_server_that_speaks_no_http_is_no_answer(server: Scripted) -> None:
    """Something else listens on that port."""
    assert isinstance(error_of(server, "get", no_http), NoAnswerError)
