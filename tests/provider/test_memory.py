"""The service in memory answers as the emulator does, so that what is shown on one holds for the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.testing import emulator

from .fault_cases import RULES, Rule
from .memory import KEY, MANNERS, Memory
from .plugin import Bag

Call = tuple[str, str, Any]
"""Method, what follows ``/api/v1/sources`` (``{0}`` is the first source that was made), body."""

LONG = 3600.0


def script() -> list[Call]:
    """A day in the life of a service: of every kind one, equal ones, mistakes, pages, deletions."""

    def create(**fields: Any) -> Call:
        return "POST", "", {"database_name": "demo", **fields}

    bucket = {"bucket_name": "papers", "region": "us-east-1", "collection_name": "papers"}
    keys = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": "not-so-secret"}
    return [
        create(github={"repository": "acme/handbook"}),
        create(github={"repository": "Acme/Handbook"}),
        create(github={"repository": "acme/handbook", "include_globs": ["b", "a"], "app_id": "123"}),
        create(github={"repository": "acme/handbook", "include_globs": ["a", "b"], "app_id": "123"}),
        create(github={"repository": "acme/lines"}, chunking={"type": "lines", "max_lines": 7}),
        create(web_scrape={"starting_url": "https://ACME.com", "page_limit": 7}),
        create(web_scrape={"starting_url": "https://acme.com/"}, embedding_model={"model": "x"}),
        create(s3={**bucket, **keys, "path_prefix": "/a/"}),
        create(s3={**bucket, **keys, "path_prefix": "a"}),
        create(s3={**bucket, "aws_credential_id": 1}),
        create(github={"repository": "no-owner"}),
        create(github={"repository": "acme/handbook"}, chunking={"type": "lines", "max_lines": 7.0}),
        create(),
        create(github={"repository": "acme/a"}, web_scrape={"starting_url": "https://acme.com"}),
        ("POST", "", {"database_name": "nowhere", "github": {"repository": "acme/a"}}),
        ("GET", "?database_name=demo", None),
        ("GET", "?database_name=demo&order_by=ASC&limit=2&offset=1", None),
        ("GET", "?database_name=demo&order_by=DESC&limit=3&offset=2", None),
        ("GET", "?database_name=demo&limit=0", None),
        ("GET", "?database_name=nowhere", None),
        ("GET", "/{0}", None),
        ("GET", "/11111111-1111-4111-8111-111111111111", None),
        ("DELETE", "/{0}", None),
        ("DELETE", "/{0}", None),
        ("GET", "/{0}", None),
        ("GET", "", None),
        create(github={"repository": "acme/handbook"}),
        ("DELETE", "/11111111-1111-4111-8111-111111111111", None),
    ]


class Side:
    """One of the two, and what it answered."""

    def __init__(self, send: httpx.Client, settings: Callable[..., object]) -> None:
        self.send, self.settings = send, settings
        self.ids: list[str] = []

    def answer(self, call: Call) -> tuple[int, Any]:
        """Status and body; ids and times are no matter."""
        method, path, body = call
        for number, source_id in enumerate(self.ids):
            path = path.replace(f"{{{number}}}", source_id)
        response = self.send.request(method, f"/api/v1/sources{path}", json=body)
        answer: Any = response.json() if response.content else None
        if response.status_code == 201:
            self.ids.append(answer["source_id"])
        return response.status_code, self._plain(answer)

    def _plain(self, answer: Any) -> Any:
        text = json.dumps(answer)
        for number, source_id in enumerate(self.ids):
            text = text.replace(source_id, f"id {number}")
        plain = json.loads(text)
        for source in plain if isinstance(plain, list) else [plain]:
            if isinstance(source, dict):
                source.pop("created_at", None)
                source.pop("message", None)
        return plain


@pytest.fixture(params=RULES)
def sides(request: pytest.FixtureRequest) -> Iterator[Callable[..., list[Side]]]:
    """Makes the two, with these settings."""
    rule: Rule = request.param
    with emulator(unique=rule, api_key=KEY) as emu, emu.client() as real:

        def make(**settings: Any) -> list[Side]:
            emu.control.settings(**settings)
            memory = Memory(unique=rule, **settings)
            fake = httpx.Client(transport=memory, base_url="http://memory", headers={"x-chroma-token": KEY})
            return [Side(real, emu.control.settings), Side(fake, memory.settings)]

        yield make


@pytest.mark.parametrize("manner", MANNERS)
def test_the_same_requests_have_the_same_answers(sides: Callable[..., list[Side]], manner: str) -> None:
    """Status, body and order of each, under every rule and in every manner."""
    real, fake = sides(**MANNERS[manner])
    for call in script():
        assert fake.answer(call) == real.answer(call), call


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"page_cap": 2}, {}),
        ({"read_lag": LONG}, {"read_lag": 0}),
        ({"linger": LONG}, {"linger": 0}),
        ({"async_delete": LONG}, {"async_delete": 0}),
        ({"integers": "lenient"}, {}),
    ],
    ids=lambda bag: "-".join(bag),
)
def test_they_are_difficult_in_the_same_way(sides: Callable[..., list[Side]], first: Bag, then: Bag) -> None:
    """Lag, pages, lingering entries, deletions that take time; and once that is over."""
    real, fake = sides(**first)
    for call in script():
        assert fake.answer(call) == real.answer(call), call
    real.settings(**then)
    fake.settings(**then)
    for path in ("", "/{0}", "/{1}"):
        assert fake.answer(("GET", path, None)) == real.answer(("GET", path, None))


def test_a_wrong_key_is_refused_by_both(sides: Callable[..., list[Side]]) -> None:
    """And nothing is told of what there is."""
    for side in sides():
        side.send.headers["x-chroma-token"] = "a-wrong-key"
        assert side.answer(("GET", "", None)) == (401, {"error": "ChromaError"})
