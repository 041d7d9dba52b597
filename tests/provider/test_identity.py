"""The database of an API key that is scoped to one, where nobody names any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync import SourceProvider, SourceSetProvider
from pulumi_chroma_sync.core.account import how_to_set_database
from pulumi_chroma_sync.core.provider import Provider

from .calling import PROVIDER, configured, failures
from .plugin import Bag, Process
from .scripted import answer, scripted

HANDBOOK: Bag = {"github": {"repository": "acme/handbook"}}
A_SET: Bag = {"name": "docs", "sources": {"one": HANDBOOK}}
REQUIRED = f"property database_name: {how_to_set_database()}"
OF_TEAM_B = REQUIRED.replace("chroma-sync:", "chroma-sync:team-b.").replace("_DATABASE", "_DATABASE_TEAM_B")


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """An account with two databases, and a key that is scoped to the second."""
    with emulator(["first", "second"]) as running:
        running.control.add_tenant("default", "scoped-key", database="second")
        yield running


def process(
    emu: RunningEmulator, key: str = "", provider: type[Provider] = SourceProvider, **config: Any
) -> Process:
    """One run of the plugin, without a database in its settings."""
    whole = {"settle": 0, "retries": 0, **config}
    return Process(emu.url, key or emu.api_key, provider=provider, **whole)


def of_team_b(key: str, **more: Any) -> dict[str, Any]:
    """The configuration of a second connection."""
    return {f"team-b.{name}": value for name, value in {"apiKey": key, **more}.items()}


def refusal(process: Process, inputs: Bag = HANDBOOK) -> str:
    """What check says is wrong."""
    with pytest.raises(ValueError) as caught:
        process.check(inputs)
    return str(caught.value)


def test_the_one_database_of_a_key_is_used_and_told_once(emu: RunningEmulator) -> None:
    """Asked for once in a process, however many resources; for a source and for a set."""
    for provider, inputs in ((SourceProvider, HANDBOOK), (SourceSetProvider, A_SET)):
        emu.control.clear_requests()
        with process(emu, "scoped-key", provider) as up:
            assert {up.check(inputs)["database_name"] for _ in range(3)} == {"second"}
            line = 'this API key is good for database "second" alone, which is used where none is named'
            assert up.text.count(line) == 1
            assert len(emu.control.requests("get_identity")) == 1
            _, outputs = up.create(up.check(inputs))
            assert outputs["database_name"] == "second"


def test_each_connection_is_asked_for_itself(emu: RunningEmulator) -> None:
    """The plain database is none of its own, and what one key opens is nothing of another's."""
    with process(emu, database="first", **of_team_b("scoped-key")) as preview:
        assert preview.check(HANDBOOK)["database_name"] == "first"
        assert emu.control.requests("get_identity") == []
        assert preview.check({**HANDBOOK, "connection": "team-b"})["database_name"] == "second"
        assert 'the API key of connection "team-b" is good for database "second" alone' in preview.text


NOT_ASKED: dict[str, tuple[Bag, Bag]] = {
    "the program names one": ({}, {**HANDBOOK, "database_name": "second"}),
    "a setting names one": ({"database": "second"}, HANDBOOK),
}


@pytest.mark.parametrize("name", NOT_ASKED)
def test_nobody_is_asked_where_somebody_says(name: str, emu: RunningEmulator) -> None:
    """Not one request more than before."""
    config, inputs = NOT_ASKED[name]
    with process(emu, **config) as preview:
        assert preview.check(inputs)["database_name"] == "second"
    assert emu.control.requests("get_identity") == []


def test_a_key_of_several_is_a_failure_that_lists_them(emu: RunningEmulator) -> None:
    """With both ways to say which one."""
    with process(emu) as preview:
        assert refusal(preview) == f'{REQUIRED}; this API key is good for "first", "second"'
        assert refusal(preview) == f'{REQUIRED}; this API key is good for "first", "second"'
    with process(emu, provider=SourceSetProvider) as preview:
        assert '; this API key is good for "first", "second"' in refusal(preview, A_SET)
    with process(emu, **of_team_b(emu.api_key)) as preview:
        assert refusal(preview, {**HANDBOOK, "connection": "team-b"}) == (
            f'{OF_TEAM_B}; the API key of connection "team-b" is good for "first", "second"'
        )
    assert len(emu.control.requests("get_identity")) == 3


@pytest.mark.parametrize("databases", [[], ["*"]])
def test_a_key_of_none_in_particular_is_told_so(emu: RunningEmulator, databases: list[str]) -> None:
    """``*`` is no name of a database."""
    body = {"user_id": "u", "tenant": "t", "databases": databases}
    emu.control.fault("get_identity", "respond", status=200, body=body)
    with process(emu) as preview:
        assert refusal(preview) == f"{REQUIRED}; this API key is good for no database in particular"


FAULTS: dict[str, Bag] = {
    "a failure": {"status": 500},
    "a refused key": {"status": 401},
    "no such path": {"status": 404, "body": "<html><title>Not here</title></html>"},
    "a page": {"status": 200, "body": "<html>"},
    "another shape": {"status": 200, "body": {"databases": "second"}},
    "strange names": {"status": 200, "body": {"databases": [1]}},
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_failing_question_is_no_error_of_its_own(name: str, emu: RunningEmulator) -> None:
    """The database is what is missing: that is said, and why the API at its own address could not tell it."""
    emu.control.fault("get_identity", "respond", times=0, **FAULTS[name])
    with process(emu, "scoped-key") as preview:
        told = refusal(preview)
        assert told.startswith(
            f"{REQUIRED}. A key that is scoped to one database needs neither, but which one"
        )
        at = f"could not be asked at {emu.url} (chroma-sync:apiUrl): GET {emu.url}/api/v2/auth/identity: "
        assert at in told
        assert "scoped-key" not in told and "chroma-sync:url" not in told and "Sync Service" not in told
        assert preview.check({**HANDBOOK, "database_name": "second"})["database_name"] == "second"


def test_another_address_is_asked_with_its_own_connections_key(emu: RunningEmulator) -> None:
    """``apiUrl`` of the connection; the sync service itself is asked at its own address."""
    body = {"user_id": "u", "tenant": "t", "databases": ["second"]}
    with scripted(answer(200, body)) as api:
        with process(emu, **of_team_b("scoped-key", apiUrl=f"{api.url}/api/v2")) as preview:
            inputs = preview.check({**HANDBOOK, "connection": "team-b"})
        assert inputs["database_name"] == "second" and len(emu.control.requests("list_sources")) == 1
        [request] = api.requests
        assert (request.path, request.headers["x-chroma-token"]) == ("/api/v2/auth/identity", "scoped-key")
        assert request.headers["user-agent"].startswith("pulumi-chroma-sync/")
    assert emu.control.requests("get_identity") == []


def test_a_key_for_somebody_elses_service_is_shown_to_nobody() -> None:
    """Where its address is neither the vendor's nor an emulator's, the vendor's public API isn't asked."""
    with Process("https://sync.acme.com", "ck") as preview:
        assert refusal(preview) == (
            f"{REQUIRED}. Or set chroma-sync:apiUrl: the API there tells which one this API key is scoped to"
        )


def test_preflight_off_asks_nobody(emu: RunningEmulator) -> None:
    """Nor is anybody asked without a key."""
    with process(emu, "scoped-key", preflight="false") as preview:
        assert refusal(preview) == REQUIRED
    provider = configured(url=emu.url)
    found = failures(provider.check({}, {**HANDBOOK, **PROVIDER}))
    assert found.keys() == {"database_name", "apiKey"}
    assert found["database_name"] == REQUIRED.removeprefix("property database_name: ")
    assert emu.control.requests() == []
