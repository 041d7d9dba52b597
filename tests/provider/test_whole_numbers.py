"""Whole numbers stay whole: the engine makes every number a double, and services refuse 8192.0."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync import SourceProvider
from pulumi_chroma_sync.core.border import called_by_the_engine
from pulumi_chroma_sync.core.session import close_sessions

from .calling import PROVIDER, configured, failures, on
from .scripted import Request, answer, scripted
from .strategies import examples, inputs, unknown
from .written import KEYS, github, s3, web

BAGS: dict[str, dict[str, Any]] = {
    "github": {
        **github(),
        "chunking": {"type": "lines", "max_size_bytes": 8192.0, "max_lines": 2.0**53 - 1},
    },
    "web_scrape": web(page_limit=100.0, max_depth=0.0),
    "s3": s3(aws_credential_id=7.0),
    "extra": {
        **github(),
        "extra": {"depth": 3.0, "more": {"list": [1.0, {"deep": -5.0}], "half": 0.5}, "on": True},
    },
    "a kind that is new": {"database_name": "demo", "extra": {"notion": {"pages": 100.0}}},
}


def as_doubles(value: Any) -> Any:
    """The same value as the engine gives it to a provider."""
    if isinstance(value, dict):
        return {name: as_doubles(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_doubles(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def fractions_in(value: Any) -> list[float]:
    """The numbers in it that are whole and aren't ints."""
    if isinstance(value, dict):
        return [found for item in value.values() for found in fractions_in(item)]
    if isinstance(value, list):
        return [found for item in value for found in fractions_in(item)]
    return [value] if isinstance(value, float) and value.is_integer() else []


def no_fraction(text: str) -> float:
    """What ``json.loads`` calls for a number with a point or an exponent."""
    assert text == "0.5", text
    return 0.5


@pytest.mark.parametrize("name", BAGS)
def test_the_body_of_a_create_holds_no_fraction(name: str) -> None:
    """As bytes on the wire, for each kind and for what goes through extra."""
    bodies: list[bytes] = []

    def serve(request: Request) -> bytes:
        if request.method == "POST":
            bodies.append(request.body)
            return answer(201, {"source_id": "s-1"})(request)
        if request.path.startswith("/api/v1/sources/"):
            body = {"id": "s-1", "created_at": "2026-11-02T10:00:00Z", **BAGS[name]}
            return answer(200, {**body, "chunking": {"type": "lines", "max_lines": 10.0}})(request)
        return answer(200, [])(request)

    with scripted(serve) as server:
        provider = configured(url=server.url, apiKey="ck-a-key-for-tests", settle="0")
        checked = provider.check({}, {**PROVIDER, **BAGS[name]})
        assert failures(checked) == {} and fractions_in(checked.inputs) == []
        created = provider.create(as_doubles({**PROVIDER, **checked.inputs}))
        outputs = created.outs or {}
        assert fractions_in({key: outputs[key] for key in checked.inputs}) == []
        read = provider.read("s-1", as_doubles({**PROVIDER, **outputs}))
        assert read.inputs == checked.inputs and fractions_in(read.inputs) == []
        close_sessions()
    [raw] = bodies
    json.loads(raw, parse_float=no_fraction)


@pytest.fixture(scope="module")
def emu() -> Iterator[RunningEmulator]:
    """An emulator that refuses a fraction where the contract says integer."""
    with emulator(["demo"], unique="never") as running:
        yield running


@examples(60)
@given(inputs())
def test_every_method_gets_whole_numbers_back(emu: RunningEmulator, bag: dict[str, Any]) -> None:
    """The whole life of a source with every number a double: taken by a strict service, and no change."""
    close_sessions()
    provider = on(emu)
    checked = provider.check({}, as_doubles({**PROVIDER, **bag}))
    assert failures(checked) == {} and checked.inputs == bag and fractions_in(checked.inputs) == []
    created = provider.create(as_doubles({**PROVIDER, **checked.inputs}))
    state = as_doubles({**PROVIDER, **(created.outs or {})})
    read = provider.read(created.id, state)
    assert read.inputs == bag and fractions_in([read.inputs, read.outs]) == []
    assert provider.diff(created.id, state, as_doubles({**PROVIDER, **bag})).changes is False
    news = {**bag, "on_conflict": "adopt"}
    updated = provider.update(created.id, state, as_doubles({**PROVIDER, **news})).outs
    assert updated is not None and fractions_in(updated) == []
    provider.delete(created.id, state)


@pytest.mark.parametrize("number", [2.0**53, 2.0**53 + 2, 1e30, -1e30, float("nan"), float("inf")])
@pytest.mark.parametrize("place", ["max_size_bytes", "page_limit", "aws_credential_id", "extra"])
def test_a_number_that_would_arrive_as_another_fails_at_preview(place: str, number: float) -> None:
    """Above 2**53-1 the engine rounds silently; what is no number can't be sent at all."""
    bag, path = {
        "max_size_bytes": (
            {**github(), "chunking": {"type": "lines", "max_size_bytes": number}},
            "chunking.max_size_bytes",
        ),
        "page_limit": (web(page_limit=number), "web_scrape.page_limit"),
        "aws_credential_id": (s3(aws_credential_id=number), "s3.aws_credential_id"),
        "extra": ({**github(), "extra": {"a": [{"b": number}]}}, "extra.a[0].b"),
    }[place]
    provider = configured(preflight="false")
    assert failures(provider.check({}, {**PROVIDER, **bag})).keys() == {path}


def test_what_is_no_whole_number_stays_what_it_is() -> None:
    """Fractions, truth, texts of digits, values that aren't known yet; no argument is changed in place."""
    seen: list[Any] = []

    @called_by_the_engine
    def method(_self: object, bag: dict[str, Any]) -> None:
        seen.append(bag)

    later = unknown()
    bag = {"half": 0.5, "on": True, "text": "8192.0", "later": later, "list": [1.0, (2.0, later)]}
    before = repr(bag)
    method(None, bag)
    assert seen == [{"half": 0.5, "on": True, "text": "8192.0", "later": later, "list": [1, [2, later]]}]
    assert type(seen[0]["on"]) is bool and type(seen[0]["list"][0]) is int and repr(bag) == before


@pytest.mark.parametrize("name", ["check", "diff", "create", "read", "update", "delete"])
def test_each_method_of_the_provider_is_called_through_the_border(name: str) -> None:
    """A method that is added without it would send fractions again."""
    assert hasattr(getattr(SourceProvider, name), "__wrapped__")


def test_no_secret_of_a_create_is_among_what_is_made_whole() -> None:
    """Keys are texts, also those of digits alone."""
    bag = s3(**{**KEYS, "aws_secret_access_key": "1234567890.0"})
    checked = configured(preflight="false").check({}, {**PROVIDER, **bag})
    assert checked.inputs == bag
