"""Keys belong to tenants; nobody sees another's things."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator

SOURCE = {"database_name": "demo", "github": {"repository": "acme/handbook"}}
NOWHERE = "00000000-0000-4000-8000-000000000000"
CALLS = [
    ("POST", "/api/v1/sources"),
    ("GET", "/api/v1/sources"),
    ("GET", f"/api/v1/sources/{NOWHERE}"),
    ("DELETE", f"/api/v1/sources/{NOWHERE}"),
    ("POST", f"/api/v1/sources/{NOWHERE}/invocations"),
    ("POST", f"/api/v1/sources/{NOWHERE}/invocations/latest-by-keys"),
    ("GET", "/api/v1/invocations"),
    ("GET", f"/api/v1/invocations/{NOWHERE}"),
    ("PUT", f"/api/v1/invocations/{NOWHERE}"),
    ("POST", "/api/v1/add-file"),
]


@pytest.mark.parametrize("headers", [{}, {"x-chroma-token": ""}, {"x-chroma-token": "wrong"}])
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_no_operation_works_without_a_right_key(
    emu: RunningEmulator, method: str, path: str, headers: dict[str, str]
) -> None:
    """401 before anything else is looked at."""
    response = httpx.request(method, emu.url + path, headers=headers, trust_env=False)
    assert response.status_code == 401
    assert set(response.json()) == {"error", "message"}


@pytest.fixture
def stranger(emu: RunningEmulator) -> Iterator[httpx.Client]:
    emu.control.add_tenant("stranger", "stranger-key", ["demo"])
    with emu.client("stranger-key") as client:
        yield client


def test_another_tenants_source_is_not_found(
    client: httpx.Client, stranger: httpx.Client, emu: RunningEmulator
) -> None:
    """404, not 403; and it stays untouched, and is in no list."""
    source_id = client.post("/api/v1/sources", json=SOURCE).json()["source_id"]
    run = {"target_collection_name": "docs"}
    assert stranger.get(f"/api/v1/sources/{source_id}").status_code == 404
    assert stranger.delete(f"/api/v1/sources/{source_id}").status_code == 404
    assert stranger.post(f"/api/v1/sources/{source_id}/invocations", json=run).status_code == 404
    latest = stranger.post(
        f"/api/v1/sources/{source_id}/invocations/latest-by-keys", json={"object_keys": ["a"]}
    )
    assert latest.status_code == 404
    assert stranger.get("/api/v1/sources").json() == []
    assert stranger.get("/api/v1/sources", params={"database_name": "demo"}).json() == []
    assert client.get(f"/api/v1/sources/{source_id}").status_code == 200


def test_another_tenants_invocation_is_not_found(client: httpx.Client, stranger: httpx.Client) -> None:
    """404 for reading and cancelling, and it is in no list."""
    source_id = client.post("/api/v1/sources", json=SOURCE).json()["source_id"]
    run = client.post(f"/api/v1/sources/{source_id}/invocations", json={"target_collection_name": "docs"})
    path = f"/api/v1/invocations/{run.json()['invocation_id']}"
    assert stranger.get(path).status_code == 404
    assert stranger.put(path).status_code == 404
    assert stranger.get("/api/v1/invocations").json() == []
    assert stranger.get("/api/v1/invocations", params={"source_id": source_id}).status_code == 404
    assert client.get(path).status_code == 200


def test_the_same_source_of_another_tenant_is_no_conflict(
    client: httpx.Client, stranger: httpx.Client
) -> None:
    """Databases of one name are two databases."""
    assert client.post("/api/v1/sources", json=SOURCE).status_code == 201
    assert stranger.post("/api/v1/sources", json=SOURCE).status_code == 201


def test_databases_must_exist(client: httpx.Client, emu: RunningEmulator) -> None:
    """404 on creating and listing, until the control API makes it."""
    there = {**SOURCE, "database_name": "elsewhere"}
    query = {"database_name": "elsewhere"}
    assert client.post("/api/v1/sources", json=there).status_code == 404
    assert client.get("/api/v1/sources", params=query).status_code == 404
    assert client.get("/api/v1/invocations", params=query).status_code == 404
    emu.control.add_database("elsewhere")
    assert client.post("/api/v1/sources", json=there).status_code == 201
    assert len(client.get("/api/v1/sources", params=query).json()) == 1


def test_another_tenants_database_does_not_exist(client: httpx.Client, emu: RunningEmulator) -> None:
    """A database belongs to one tenant."""
    emu.control.add_tenant("stranger", "stranger-key", ["theirs"])
    assert client.post("/api/v1/sources", json={**SOURCE, "database_name": "theirs"}).status_code == 404


@pytest.mark.parametrize(
    ("role", "created", "deleted"), [("owner", 201, 204), ("admin", 201, 204), ("member", 403, 403)]
)
def test_only_owners_and_administrators_create_and_delete_sources(
    client: httpx.Client, emu: RunningEmulator, role: str, created: int, deleted: int
) -> None:
    """403 for a member, who may do everything else; the reason is not that of a scoped key."""
    emu.control.add_tenant("default", "their-key", role=role)
    source_id = client.post("/api/v1/sources", json=SOURCE).json()["source_id"]
    path = f"/api/v1/sources/{source_id}"
    other = {**SOURCE, "github": {"repository": "acme/other"}}
    form = {"database_name": "demo", "collection_name": "files"}
    length = {"x-upload-content-length": "5"}
    with emu.client("their-key") as theirs:
        creating, run = theirs.post("/api/v1/sources", json=other), {"target_collection_name": "docs"}
        began = theirs.post(f"{path}/invocations", json=run)
        stopped = theirs.put(f"/api/v1/invocations/{began.json()['invocation_id']}")
        file = {"file": ("a.txt", b"hello")}
        sent = theirs.post("/api/v1/add-file", data=form, files=file, headers=length)
        reads = [theirs.get(path), theirs.get("/api/v1/sources"), theirs.get("/api/v1/invocations")]
        deleting = theirs.delete(path)
    assert [answer.status_code for answer in (began, stopped, sent, *reads)] == [201, 202, 201, 200, 200, 200]
    assert (creating.status_code, deleting.status_code) == (created, deleted)
    for refused in (answer for answer in (creating, deleting) if answer.status_code == 403):
        assert "owners and administrators" in refused.json()["message"]
        assert "scoped" not in refused.json()["message"]


def test_an_unknown_role_is_refused(emu: RunningEmulator) -> None:
    """400: a mistake in a test must not pass for an owner."""
    with pytest.raises(httpx.HTTPStatusError, match="400.*role"):
        emu.control.add_tenant("default", "their-key", role="boss")


def test_a_key_scoped_to_one_database_is_good_for_that_one_alone(
    client: httpx.Client, emu: RunningEmulator
) -> None:
    """403 for the others, and lists show nothing of them."""
    emu.control.add_tenant("default", "scoped-key", database="mine")
    source_id = client.post("/api/v1/sources", json=SOURCE).json()["source_id"]
    run = client.post(f"/api/v1/sources/{source_id}/invocations", json={"target_collection_name": "docs"})
    with emu.client("scoped-key") as scoped:
        assert scoped.post("/api/v1/sources", json=SOURCE).status_code == 403
        assert scoped.get("/api/v1/sources", params={"database_name": "demo"}).status_code == 403
        assert scoped.get(f"/api/v1/sources/{source_id}").status_code == 403
        assert scoped.delete(f"/api/v1/sources/{source_id}").status_code == 403
        assert scoped.get(f"/api/v1/invocations/{run.json()['invocation_id']}").status_code == 403
        assert scoped.get("/api/v1/sources").json() == scoped.get("/api/v1/invocations").json() == []
        mine = scoped.post("/api/v1/sources", json={**SOURCE, "database_name": "mine"})
        assert mine.status_code == 201
        assert [source["id"] for source in scoped.get("/api/v1/sources").json()] == [mine.json()["source_id"]]
    assert len(client.get("/api/v1/sources").json()) == 2


def test_a_key_says_which_databases_it_is_good_for(client: httpx.Client, emu: RunningEmulator) -> None:
    """As Chroma's public API does: the one that it is scoped to, or all of its tenant's and no other's."""
    emu.control.add_tenant("default", "scoped-key", database="mine")
    emu.control.add_tenant("stranger", "stranger-key", ["theirs", "and-theirs"])
    expected = {
        emu.api_key: ("default", ["demo", "mine"]),
        "scoped-key": ("default", ["mine"]),
        "stranger-key": ("stranger", ["and-theirs", "theirs"]),
    }
    for key, (tenant, databases) in expected.items():
        with emu.client(key) as theirs:
            answer = theirs.get("/api/v2/auth/identity")
        assert answer.status_code == 200
        assert answer.json().keys() == {"user_id", "tenant", "databases"}
        assert (answer.json()["tenant"], answer.json()["databases"]) == (tenant, databases)
    with emu.client("wrong") as nobody:
        assert nobody.get("/api/v2/auth/identity").status_code == 401
    assert len(emu.control.requests("get_identity")) == 4
    emu.control.fault("get_identity", "respond", status=503)
    assert client.get("/api/v2/auth/identity").status_code == 503
