"""The control API beyond faults: requests, settings, tenants, drift, reset; on loopback alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.app import create_app
from chroma_sync_emulator.core import Emulator
from chroma_sync_emulator.testing import RunningEmulator

Create = Callable[..., str]
GITHUB = {"repository": "acme/handbook"}


def test_requests_are_shown_without_secrets(client: httpx.Client, emu: RunningEmulator) -> None:
    """Everything of a request but its secrets, the oldest first."""
    s3 = {"bucket_name": "b", "region": "r", "collection_name": "docs", "aws_access_key_id": "A"}
    body = {"database_name": "demo", "s3": {**s3, "aws_secret_access_key": "hush-hush"}}
    client.post("/api/v1/sources", json=body, headers={"user-agent": "tester/1"})
    client.get("/api/v1/sources", params={"limit": "2"}, headers={"x-chroma-token": "wrong"})
    first, second = emu.control.requests()
    for name, value in {
        "operation": "create_source",
        "method": "POST",
        "path": "/api/v1/sources",
        "query": {},
        "status": 201,
        "body": {"database_name": "demo", "s3": {**s3, "aws_secret_access_key": "[secret]"}},
        "user_agent": "tester/1",
        "tenant": "default",
        "fault": None,
    }.items():
        assert first[name] == value
    assert (second["status"], second["tenant"], second["query"]) == (401, None, {"limit": "2"})
    assert first["id"] < second["id"] and first["at"] <= second["at"]
    shown = client.get("/_emulator/requests").text
    assert "hush" not in shown and "wrong" not in shown and emu.api_key not in shown


def test_requests_can_be_chosen_and_forgotten(client: httpx.Client, emu: RunningEmulator) -> None:
    """By operation; and the control API's own are never among them."""
    client.get("/api/v1/sources")
    client.get("/api/v1/invocations")
    assert [request["operation"] for request in emu.control.requests("list_invocations")] == [
        "list_invocations"
    ]
    assert len(emu.control.requests()) == len(emu.control.requests("*")) == 2
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        emu.control.requests("list_everything")
    emu.control.clear_requests()
    assert emu.control.requests() == []


@pytest.mark.parametrize("path", ["/", "/_emulator/settings", "/_emulator/page/page.js"])
def test_the_control_api_and_the_page_answer_nobody_but_this_machine(path: str) -> None:
    """403 for a client from elsewhere, should the port ever be forwarded."""
    core = Emulator()

    async def ask(host: str) -> int:
        transport = httpx.ASGITransport(create_app(core), client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return (await client.get(path)).status_code

    try:
        statuses = [asyncio.run(ask(host)) for host in ("127.0.0.1", "::1", "10.0.0.9", "name")]
    finally:
        core.close()
    assert statuses == [200, 200, 403, 403]


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("host", "localhost:8000", 200),
        ("host", "[::1]:8000", 200),
        ("host", "evil.example:8000", 403),
        ("host", "[::", 403),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
    ],
)
def test_a_web_site_cannot_reach_the_control_api_through_a_browser(
    client: httpx.Client, header: str, value: str, status: int
) -> None:
    """Neither with a name of its own that leads to loopback, nor by a form that it sends there."""
    for path in ("/", "/_emulator/settings"):
        assert client.get(path, headers={header: value}).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("sync.localhost", 200),
        ("127.0.0.2", 200),
        ("[::1]:8000", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("notlocalhost", 403),
        ("10.0.0.9", 403),
        ("[::", 403),
    ],
)
def test_a_web_site_cannot_reach_the_api_by_a_name_of_its_own(
    client: httpx.Client, emu: RunningEmulator, host: str, status: int
) -> None:
    """The demo key is known to everybody: a name that a site made lead here opens nothing with it."""
    assert client.get("/api/v1/sources", headers={"host": host}).status_code == status
    assert len(emu.control.requests()) == (status == 200)


def test_the_page_answers_its_own_origin(client: httpx.Client) -> None:
    """Its script asks for the page again."""
    assert client.get("/", headers={"origin": str(client.base_url)}).status_code == 200


def test_settings_change_only_what_is_named(emu: RunningEmulator) -> None:
    """The others stay; what there isn't is refused."""
    before = emu.control.settings()
    assert emu.control.settings(invocations="manual") == {**before, "invocations": "manual"}
    for wrong in ({"unique": "sometimes"}, {"pending_seconds": -1}, {"speed": 1}):
        with pytest.raises(httpx.HTTPStatusError, match="400"):
            emu.control.settings(**wrong)
    assert emu.control.settings()["invocations"] == "manual"


def test_tenants_are_shown_without_their_keys(client: httpx.Client, emu: RunningEmulator) -> None:
    """Names, databases and scopes."""
    emu.control.add_tenant("other", "other-key", ["one"])
    emu.control.add_tenant("other", "narrow-key", database="two")
    assert emu.control.tenants()[1] == {
        "name": "other",
        "databases": ["one", "two"],
        "api_keys": [{"database": None, "role": "owner"}, {"database": "two", "role": "owner"}],
    }
    assert "-key" not in client.get("/_emulator/tenants").text
    assert {"name": "two", "tenant": "other"} in client.get("/_emulator/databases").json()


def test_a_source_can_be_changed_behind_everybodys_back(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """Objects merge, all else is replaced; the API then answers the change."""
    source_id = create(github={**GITHUB, "app_id": "1"})
    before = client.get(f"/api/v1/sources/{source_id}").json()
    time = "2020-01-01T00:00:00.000000Z"
    emu.control.patch_source(source_id, github={"include_globs": ["x"], "app_id": None}, created_at=time)
    emu.control.patch_source(source_id, chunking={"type": "lines", "max_lines": 3})
    assert client.get(f"/api/v1/sources/{source_id}").json() == {
        **before,
        "github": {**GITHUB, "include_globs": ["x"], "app_id": None},
        "chunking": {"type": "lines", "max_lines": 3},
        "created_at": time,
    }


def test_a_changed_target_counts_for_uniqueness(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """What a source is is what it is now."""
    emu.control.patch_source(create(github=GITHUB), github={"repository": "acme/other"})
    create(github=GITHUB)
    body = {"database_name": "demo", "github": {"repository": "acme/other"}}
    assert client.post("/api/v1/sources", json=body).status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("00000000-0000-4000-8000-000000000000", {"chunking": {}}, 404),
        ("nope", {}, 400),
        ("00000000-0000-4000-8000-000000000000", {"id": "x"}, 400),
        ("00000000-0000-4000-8000-000000000000", [], 400),
    ],
)
def test_a_change_of_nothing_is_refused(client: httpx.Client, path: str, body: Any, status: int) -> None:
    """A mistake in a test must not pass for a change."""
    assert client.patch(f"/_emulator/sources/{path}", json=body).status_code == status


@pytest.mark.parametrize(
    "changes",
    [
        {"created_at": "yesterday"},
        {"created_at": None},
        {"database_name": 1},
        {"github": "x"},
        {"chunking": 1},
    ],
)
def test_a_change_that_the_store_could_not_hold_is_refused(
    client: httpx.Client, create: Create, changes: dict[str, Any]
) -> None:
    """400, and the source stays as it is."""
    source_id = create(github=GITHUB)
    before = client.get(f"/api/v1/sources/{source_id}").json()
    assert client.patch(f"/_emulator/sources/{source_id}", json=changes).status_code == 400
    assert client.get(f"/api/v1/sources/{source_id}").json() == before


def test_collections_show_whether_their_ingest_is_finished(
    client: httpx.Client, emu: RunningEmulator
) -> None:
    """Made by a run or by hand; in a database that exists."""
    emu.control.add_collection("one", "demo")
    emu.control.add_collection("two", "demo", finished_ingest=False)
    assert [
        (found["name"], found["finished_ingest"]) for found in client.get("/_emulator/collections").json()
    ] == [
        ("one", True),
        ("two", False),
    ]
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        emu.control.add_collection("three", "nope")


def test_reset_leaves_what_was_given_at_start(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """Sources, runs, faults, requests and added tenants go; the first key and database stay."""
    source_id = create(github=GITHUB)
    client.post(f"/api/v1/sources/{source_id}/invocations", json={"target_collection_name": "docs"})
    emu.control.add_tenant("other", "other-key", ["one"])
    emu.control.add_database("two")
    emu.control.fault("*", "respond", times=0)
    emu.control.reset()
    assert emu.control.requests() == emu.control.faults() == []
    assert [tenant["name"] for tenant in emu.control.tenants()] == ["default"]
    assert emu.control.tenants()[0]["databases"] == ["demo"]
    with emu.client("other-key") as other:
        assert other.get("/api/v1/sources").status_code == 401
    assert client.get("/api/v1/sources").json() == client.get("/api/v1/invocations").json() == []
    assert client.get("/_emulator/collections").json() == []
    create(github=GITHUB)


def test_the_openapi_document_has_every_operation_and_no_other(
    client: httpx.Client, emu: RunningEmulator
) -> None:
    """What is described is routed, and what is routed is described."""
    paths = client.get("/openapi.json").json()["paths"]
    some = "00000000-0000-4000-8000-000000000000"
    for path, methods in paths.items():
        answer = client.options(path.format(source_id=some, invocation_id=some))
        allowed = {method.lower() for method in answer.headers["allow"].split(", ")} - {"head"}
        assert (answer.status_code, allowed) == (405, set(methods)), path
    assert sum(len(methods) for methods in paths.values()) == 11
