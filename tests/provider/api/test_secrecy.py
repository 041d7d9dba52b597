"""The API key and an AWS key in no error, wherever and however a server quotes them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from tests.provider.scripted import Answer, Scripted, answer, scripted

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.secrecy import without_users
from pulumi_chroma_sync.errors import BadRequestError, ChromaSyncError
from pulumi_chroma_sync.settings import Settings

KEY = 'ck-a"key/with+what<needs>&escaping'
AWS = "wJalr/XUtnFEMI+K7MDENG&bPxRfi=CYEXAMPLEKEY"
PAYLOAD = {"database_name": "demo", "s3": {"aws_access_key_id": "AKIA1", "aws_secret_access_key": AWS}}


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    """A server whose answers the tests plan."""
    with scripted(answer(500)) as server:
        yield server


def error_of(server: Scripted, planned: Answer) -> ChromaSyncError:
    """What a create ends with that is answered like this."""
    server.answers[:] = [planned]
    with SyncClient(Settings(apiKey=KEY, url=server.url)) as api, pytest.raises(ChromaSyncError) as caught:
        api.create_source(PAYLOAD)
    return caught.value


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in a URL": lambda secret: quote(secret, safe=""),
    "in a path": quote,
    "in a page": html.escape,
    "in JSON": lambda secret: json.dumps(secret)[1:-1],
    "in other JSON": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "in small percents": lambda secret: re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
    "in a URL in a URL": lambda secret: quote(quote(secret, safe=""), safe=""),
    "in JSON for pages": lambda secret: re.sub(r"\W", lambda found: f"\\u{ord(found[0]):04x}", secret),
    "in numbers of a page": lambda secret: re.sub(r"\W", lambda found: f"&#{ord(found[0])};", secret),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [KEY, AWS], ids=["API key", "AWS secret"])
def test_a_secret_that_the_server_echoes_is_in_no_error(server: Scripted, secret: str, spelling: str) -> None:
    """Wherever it is quoted, and also where the text is cut in the middle of it."""
    spelled = SPELLINGS[spelling](secret)
    answers = {
        "message": answer(400, {"error": "E", "message": f"your {spelled} is wrong"}),
        "error": answer(400, {"error": spelled, "message": "m"}),
        "text": answer(502, f"got {spelled}".encode()),
        "title": answer(502, f"<title>{spelled}</title>".encode()),
        "late": answer(400, {"error": "E", "message": "x" * (290 - len(spelled) // 2) + spelled}),
        "cut": answer(502, b" " * (2**16 - len(spelled) // 2) + spelled.encode()),
        "hidden": answer(502, b"<p>" + b" " * (2**15) + spelled.encode()),
        "encoding": answer(502, b"", headers={"content-encoding": f"x-{spelled}"}),
        "trace": answer(400, {"error": "E"}, headers={"chroma-trace-id": spelled}),
        "location": answer(302, headers={"location": f"https://x.example/?k={spelled}"}),
        "type": answer(200, b"no JSON", headers={"content-type": f"text/{spelled}"}),
    }
    for place, planned in answers.items():
        error = error_of(server, planned)
        for text in (str(error), repr(error), *map(str, vars(error).values())):
            assert spelled not in text and secret not in text, place
            # Half a secret is half too much.
            assert secret[:8] not in text and secret[-8:] not in text, place


def test_hidden_texts_are_in_no_error(server: Scripted) -> None:
    """Also what the client was told to hide, and one that holds another one."""
    server.answers[:] = [answer(400, {"error": "E", "message": "word-1, word-1-and-more, fine"})]
    with SyncClient(Settings(apiKey=KEY, url=server.url)) as api:
        api.hide(["word-1", "", "word-1-and-more"])
        api.hide("words")  # one text, not its letters
        with pytest.raises(BadRequestError) as caught:
            api.get_source("s-1")
    assert caught.value.detail == "[secret], [secret], fine"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("clone of https://bob:hu@shed@git.acme.com/a failed", "clone of https://***@git.acme.com/a failed"),
        ("ssh://git@a and http:\\\\u@b", "ssh://***@a and http:\\\\***@b"),
        ("https://docs.acme.com/@team, me@acme.com", "https://docs.acme.com/@team, me@acme.com"),
        ("", ""),
    ],
)
def test_a_text_is_shown_without_the_users_of_its_addresses(text: str, shown: str) -> None:
    """Wherever in the text they stand; what is no user stays."""
    assert without_users(text) == shown
