"""Answers that are errors, or not what the contract says: always the error tree, never a secret."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from pulumi_chroma_sync.client import SyncClient
from pulumi_chroma_sync.config import Settings
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

from .scripted import Answer, Scripted, answer, scripted

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


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A server whose answers the tests plan."""
    with scripted(answer(500)) as server:
        yield server


def ask(server: Scripted, call: str, *answers: Answer) -> object:
    """What this call gives, or raises, for these answers."""
    server.answers[:] = list(answers)
    with SyncClient(Settings(apiKey=KEY, url=server.url, timeout=10, retries=0)) as api:
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
        (409, UniqueConstraintError),
        (418, ApiError),
        (422, BadRequestError),
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
    ("status", "remedy"), [(401, "pulumi config set chroma-sync:apiKey --secret"), (403, "scoped")]
)
def test_a_refused_key_says_what_to_do(server: Scripted, status: int, remedy: str) -> None:
    """Where to set another one, or what its scope means."""
    assert remedy in str(error_of(server, "get", answer(status, {"error": "E", "message": "no"})))


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
    "an empty object": b"{}",
    "no id": b'{"database_name": "demo", "github": {"repository": "a/b"}}',
    "an empty id": b'{"id": "", "source_id": "", "database_name": "demo"}',
    "an id that is a number": b'{"id": 7, "source_id": 7, "database_name": "demo"}',
    "an id that is null": b'{"id": null, "source_id": null, "database_name": "demo"}',
    "a kind that is text": b'{"id": "s-1", "source_id": [], "database_name": "demo", "github": "acme"}',
    "a database that is a number": b'{"id": "s-1", "source_id": {}, "database_name": 7}',
    "binary": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("call", READS)
def test_a_body_that_is_not_what_the_contract_says_is_no_answer(
    server: Scripted, call: str, name: str
) -> None:
    """Never a KeyError, nor an error of a library's: NoAnswerError, which asks about address and proxy."""
    error = error_of(server, call, answer(200, WRONG[name]))
    assert isinstance(error, NoAnswerError)
    for part in ("contract", server.url, "proxy", "text/html"):
        assert part in str(error)


@pytest.mark.parametrize("item", [None, 7, {}, {"id": "s-1"}, {**SOURCE, "chunking": "lines"}])
def test_a_list_with_one_item_that_makes_no_sense_is_no_answer(server: Scripted, item: object) -> None:
    """To pass over it would be to say that it isn't there."""
    assert isinstance(error_of(server, "list", answer(200, [SOURCE, item])), NoAnswerError)


def test_unknown_fields_and_kinds_are_tolerated(server: Scripted) -> None:
    """The API may grow: what we don't know is none of our business."""
    grown = {**SOURCE, "shoe_size": 43, "github": {"repository": "a/b", "branch": "x"}}
    upload = {"id": "s-2", "database_name": "demo", "file_upload": {}}
    assert ask(server, "get", answer(200, grown)) is not None
    assert len(list(ask(server, "list", answer(200, [grown, upload])))) == 2  # type: ignore[call-overload]
    assert ask(server, "create", answer(201, {"source_id": "s-9", "warnings": []})) == "s-9"


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_with_an_id_is_a_success(server: Scripted, status: int) -> None:
    """The contract says 201; an id is an id."""
    assert ask(server, "create", answer(status, {"source_id": "s-9"})) == "s-9"


@pytest.mark.parametrize("body", [b"", b"null", b'{"ok": true}'])
def test_a_delete_needs_no_body(server: Scripted, body: bytes) -> None:
    """The contract has none."""
    assert ask(server, "delete", answer(200, body)) is None


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
    assert isinstance(error, NoAnswerError)


def no_http(_request: object) -> bytes:
    return b"SSH-2.0-OpenSSH_9.2\r\n"


def test_a_server_that_speaks_no_http_is_no_answer(server: Scripted) -> None:
    """Something else listens on that port."""
    assert isinstance(error_of(server, "get", no_http), NoAnswerError)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in a URL": lambda secret: quote(secret, safe=""),
    "in a path": quote,
    "in a page": html.escape,
    "in JSON": lambda secret: json.dumps(secret)[1:-1],
    "in other JSON": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [KEY, AWS], ids=["API key", "AWS secret"])
@pytest.mark.parametrize("place", ["message", "error", "text", "title", "late", "trace", "location", "type"])
def test_a_secret_that_the_server_echoes_is_in_no_error(
    server: Scripted, place: str, secret: str, spelling: str
) -> None:
    """Wherever it is quoted, and also where the text is cut in the middle of it."""
    spelled = SPELLINGS[spelling](secret)
    answers = {
        "message": answer(400, {"error": "E", "message": f"your {spelled} is wrong"}),
        "error": answer(400, {"error": spelled, "message": "m"}),
        "text": answer(502, f"got {spelled}".encode()),
        "title": answer(502, f"<title>{spelled}</title>".encode()),
        "late": answer(400, {"error": "E", "message": "x" * (290 - len(spelled) // 2) + spelled}),
        "trace": answer(400, {"error": "E"}, headers={"chroma-trace-id": spelled}),
        "location": answer(302, headers={"location": f"https://x.example/?k={spelled}"}),
        "type": answer(200, b"no JSON", headers={"content-type": f"text/{spelled}"}),
    }
    error = error_of(server, "create", answers[place])
    told = [str(error), repr(error), *map(str, vars(error).values())]
    for text in told:
        assert spelled not in text and secret not in text
        # Half a secret is half too much.
        assert secret[:8] not in text and secret[-8:] not in text
