"""The emulator's own ``/api/v2`` beside that of Chroma's own server: the same question, the same answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.syncing.process import chroma_server
from chroma_sync_emulator.testing import RunningEmulator, emulator

V2 = "/api/v2"
DATABASES = f"{V2}/tenants/default/databases"
COLLECTIONS = f"{DATABASES}/knowledge/collections"
JSON = {"content-type": "application/json"}

NAMES = ["ab", "", "a b c", "a..b", "1.2.3.4", "x" * 513, "-abc", "abc-", "aé1"]
NO_NAMES: list[Any] = [{}, {"name": 5}, {"name": None}, [], "knowledge"]
BODIES: list[dict[str, Any]] = [
    *({"json": body} for body in NO_NAMES),
    *({"content": raw, "headers": JSON} for raw in (b"", b"{", b"\xff", b'{"name": "a1b"}x')),
    {"content": b'{"name": "text"}', "headers": {"content-type": "text/plain"}},
    {"content": b'{"name": "untyped"}'},
    {"json": {"name": "with-more", "region": "eu"}},
    {"content": b'{"name": "charset"}', "headers": {"content-type": "application/json; charset=utf-8"}},
]
Question = tuple[str, str, dict[str, Any]]
QUESTIONS: list[Question] = [
    ("GET", f"{V2}/heartbeat", {}),
    ("GET", f"{V2}/version", {}),
    ("GET", f"{V2}/healthcheck", {}),
    ("GET", f"{V2}/pre-flight-checks", {}),
    ("GET", f"{V2}/tenants/default", {}),
    ("GET", DATABASES, {}),
    ("POST", DATABASES, {"json": {"name": "knowledge"}}),
    ("POST", DATABASES, {"json": {"name": "knowledge"}}),
    *(("POST", DATABASES, {"json": {"name": name}}) for name in [*NAMES, "x" * 512]),
    *(("POST", DATABASES, body) for body in BODIES),
    ("GET", f"{DATABASES}/knowledge", {}),
    ("GET", f"{DATABASES}/nowhere", {}),
    ("GET", f"{DATABASES}/no%20where", {}),
    ("GET", DATABASES, {}),
    *(
        ("GET", DATABASES, {"params": {"limit": limit, "offset": offset}})
        for limit, offset in [
            (1, 0),
            (2, 1),
            (0, 0),
            (5, 99),
            (-1, 0),
            ("x", 0),
            (10**20, 0),
            (1, "y"),
            ("", 0),
        ]
    ),
    ("GET", COLLECTIONS, {}),
    ("GET", f"{DATABASES}/knowledge/collections_count", {}),
    ("GET", f"{DATABASES}/nowhere/collections", {}),
    ("GET", f"{DATABASES}/nowhere/collections_count", {}),
    ("GET", f"{COLLECTIONS}/none", {}),
    ("DELETE", f"{COLLECTIONS}/none", {}),
    ("COLLECTION", "docs", {}),
    ("COLLECTION", "more", {}),
    ("COUNT", "docs", {}),
    ("GET", f"{COLLECTIONS}/docs/count", {}),
    ("GET", f"{COLLECTIONS}/8a6f1c1e-0000-4000-8000-000000000000/count", {}),
    ("POST", f"{COLLECTIONS}/8a6f1c1e-0000-4000-8000-000000000000/count", {"json": {}}),
    ("GET", COLLECTIONS, {}),
    ("GET", COLLECTIONS, {"params": {"limit": 5, "offset": 2}}),
    ("GET", f"{DATABASES}/knowledge/collections_count", {}),
    ("GET", f"{COLLECTIONS}/docs", {}),
    ("DELETE", f"{COLLECTIONS}/docs", {}),
    ("GET", f"{COLLECTIONS}/docs", {}),
    ("DELETE", f"{DATABASES}/knowledge", {}),
    ("DELETE", f"{DATABASES}/knowledge", {}),
    ("GET", f"{DATABASES}/knowledge", {}),
    ("POST", DATABASES, {"json": {"name": "knowledge"}}),
    ("GET", COLLECTIONS, {}),
    ("PUT", DATABASES, {}),
    ("PATCH", f"{DATABASES}/knowledge", {"json": {}}),
    ("POST", f"{DATABASES}/knowledge", {"json": {}}),
    ("GET", f"{V2}/nothing", {}),
    ("HEAD", DATABASES, {}),
]


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """With a database of another name than those that the tests make."""
    with emulator(databases=["demo"]) as running:
        yield running


def ask(client: httpx.Client, question: Question) -> httpx.Response:
    """The answer; a collection is made in the way that each has, and counted by the id that each gave it."""
    method, path, options = question
    if method == "COUNT":
        return client.get(f"{COLLECTIONS}/{client.get(f'{COLLECTIONS}/{path}').json()['id']}/count")
    if method != "COLLECTION":
        return client.request(method, path, **options)
    if "x-chroma-token" in client.headers:
        body = {"name": path, "database": "knowledge", "finished_ingest": True}
        client.post("/_emulator/collections", json=body).raise_for_status()
    else:
        real = {"name": path, "metadata": {"finished_ingest": True}}
        client.post(COLLECTIONS, json=real).raise_for_status()
    return client.get(f"{COLLECTIONS}/{path}")


def shape(value: Any, *, key: str = "") -> Any:
    """What must be the same: values, but for ids, times, sentences and what a real collection has more."""
    if isinstance(value, dict):
        left_out = {"configuration_json", "schema"} if "configuration_json" in value else set()
        return {name: shape(item, key=name) for name, item in value.items() if name not in left_out}
    if isinstance(value, list):
        # The real server has collections by their ids, which are random.
        return sorted((shape(item) for item in value), key=json.dumps)
    return type(value).__name__ if key in ("id", "nanosecond heartbeat", "message") else value


def facts(answer: httpx.Response) -> Any:
    """Status, and the body in its shape."""
    try:
        body = shape(answer.json())
    except json.JSONDecodeError:
        body = answer.text
    return answer.status_code, answer.headers.get("content-type"), body


def test_each_request_is_answered_as_by_the_real_server(emu: RunningEmulator) -> None:
    """Status, name of the error, content type and shape, one request after the other on both."""
    with (
        chroma_server() as url,
        emu.client() as own,
        httpx.Client(base_url=url, trust_env=False, verify=False) as real,
    ):
        real.post(f"{V2}/tenants", json={"name": "default"})
        real.post(DATABASES, json={"name": "demo"})
        compared = [
            (question, *(facts(ask(client, question)) for client in (own, real))) for question in QUESTIONS
        ]
        assert [each for each in compared if each[1] != each[2]] == []
    assert {status for _, (status, _, _), _ in compared} == {200, 400, 404, 405, 409, 415, 422}


def test_a_page_of_collections_is_as_long_as_asked_for(emu: RunningEmulator) -> None:
    """The oldest first, as far as the emulator knows."""
    for name in ("one", "two", "three"):
        emu.control.add_collection(name, "demo")
    with emu.client() as client:
        found = client.get(f"{DATABASES}/demo/collections", params={"limit": 1, "offset": 1}).json()
    assert [each["name"] for each in found] == ["two"]


@pytest.mark.parametrize("sync", [False, True], ids=["alone", "with the real server"])
def test_a_key_is_good_for_its_tenant_and_its_scope(sync: bool) -> None:
    """401 without one, 403 for another tenant's and for databases out of its scope; the identity says it."""
    with emulator(databases=["demo", "other"], sync=sync) as emu:
        emu.control.add_tenant("acme", "acme-key", ["theirs"])
        emu.control.add_tenant("default", "scoped-key", database="demo")
        clients = {name: emu.client(name) for name in ("no-key", "acme-key", "scoped-key", emu.key)}
        try:
            places = [
                ("GET", f"{V2}/auth/identity"),
                ("GET", DATABASES),
                ("GET", f"{DATABASES}/demo"),
                ("GET", f"{DATABASES}/demo/collections"),
                ("GET", f"{DATABASES}/other"),
                ("GET", f"{DATABASES}/other/collections_count"),
                ("DELETE", f"{DATABASES}/other/collections/none"),
                ("POST", DATABASES),
                ("DELETE", f"{DATABASES}/other"),
            ]
            body = {"name": "made"}
            statuses = {
                name: [
                    client.request(method, path, json=body if method == "POST" else None).status_code
                    for method, path in places
                ]
                for name, client in clients.items()
            }
            assert statuses == {
                "no-key": [401] * 9,
                "acme-key": [200, *[403] * 8],
                "scoped-key": [200, 200, 200, 200, 403, 403, 403, 403, 403],
                emu.key: [200, 200, 200, 200, 200, 200, 404, 200, 200],
            }
            identities = {
                name: client.get(f"{V2}/auth/identity").json()
                for name, client in clients.items()
                if name != "no-key"
            }
            assert {name: (each["tenant"], each["databases"]) for name, each in identities.items()} == {
                "acme-key": ("acme", ["theirs"]),
                "scoped-key": ("default", ["demo"]),
                emu.key: ("default", ["demo", "made"]),
            }
            assert [each["name"] for each in clients["scoped-key"].get(DATABASES).json()] == ["demo"]
            # What is made there is there for the Sync API, and what is deleted is gone.
            source = {"github": {"repository": "acme/handbook"}}
            for database, status in (("made", 201), ("other", 404)):
                sent = clients[emu.key].post("/api/v1/sources", json={"database_name": database, **source})
                assert sent.status_code == status
        finally:
            for client in clients.values():
                client.close()


def test_a_database_that_is_made_again_is_another_one(client: httpx.Client) -> None:
    """It has an id of its own; a deleted one's sources start no run."""
    first = client.get(f"{DATABASES}/demo").json()["id"]
    source = {"database_name": "demo", "github": {"repository": "acme/handbook"}}
    source_id = client.post("/api/v1/sources", json=source).json()["source_id"]
    client.delete(f"{DATABASES}/demo").raise_for_status()
    run = client.post(f"/api/v1/sources/{source_id}/invocations", json={"target_collection_name": "docs"})
    assert run.status_code == 404
    client.post(DATABASES, json={"name": "demo"}).raise_for_status()
    assert client.get(f"{DATABASES}/demo").json()["id"] != first


def test_faults_happen_to_the_public_api_too(emu: RunningEmulator, client: httpx.Client) -> None:
    """A create that is done and never answered, by its own name; requests are seen under theirs."""
    emu.control.fault("create_database", "drop_after")
    with pytest.raises(httpx.TransportError):
        client.post(DATABASES, json={"name": "knowledge"})
    assert client.get(f"{DATABASES}/knowledge").status_code == 200
    client.get(f"{DATABASES}/knowledge/collections")
    seen = [request["operation"] for request in emu.control.requests()]
    assert seen == ["create_database", "get_database", "chroma"]
