"""A service that is not at once what was written: reads behind, entries that stay, deletions that take time.

A waiting time is as long as the settings say when somebody asks: the tests end it by setting it to 0.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator

Create = Callable[..., str]
GITHUB: dict[str, Any] = {"github": {"repository": "acme/handbook"}}
BODY = {"database_name": "demo", **GITHUB}
SOURCES = "/api/v1/sources"
LONG = 3600.0


def listed(client: httpx.Client, **query: Any) -> list[str]:
    return [source["id"] for source in client.get(SOURCES, params=query).json()]


def got(client: httpx.Client, source_id: str) -> int:
    return client.get(f"{SOURCES}/{source_id}").status_code


def deleted(client: httpx.Client, source_id: str) -> int:
    return client.delete(f"{SOURCES}/{source_id}").status_code


def begin(client: httpx.Client, source_id: str, name: str = "docs") -> httpx.Response:
    return client.post(f"{SOURCES}/{source_id}/invocations", json={"target_collection_name": name})


def test_a_lagging_read_does_not_see_a_young_source(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """404 with the API's own body and no entry in the list, while the 409 and runs know it."""
    emu.control.settings(read_lag=LONG)
    source_id = create(**GITHUB)
    missing = client.get(f"{SOURCES}/{source_id}")
    assert (missing.status_code, missing.json()["error"]) == (404, "NotFoundError")
    assert listed(client) == listed(client, database_name="demo", source_type="github") == []
    assert client.post(SOURCES, json=BODY).status_code == 409
    assert begin(client, source_id).status_code == 201
    emu.control.settings(read_lag=0)
    assert (got(client, source_id), listed(client)) == (200, [source_id])


def test_a_lagging_read_still_sees_a_source_that_was_just_deleted(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """Both ways of reading, with all its fields; deleting again is 404, and its target is free."""
    source_id = create(**GITHUB)
    emu.control.patch_source(source_id, created_at="2020-01-01T00:00:00Z")
    before = client.get(f"{SOURCES}/{source_id}").json()
    emu.control.settings(read_lag=LONG)
    assert (got(client, source_id), deleted(client, source_id)) == (200, 204)
    assert client.get(f"{SOURCES}/{source_id}").json() == before
    assert client.get(SOURCES).json() == [before]
    assert (deleted(client, source_id), begin(client, source_id).status_code) == (404, 404)
    assert client.post(SOURCES, json=BODY).status_code == 201
    assert listed(client) == [source_id]
    emu.control.settings(read_lag=0)
    assert got(client, source_id) == 404
    assert len(listed(client)) == 1 and source_id not in listed(client)


def test_a_lagging_read_never_sees_what_came_and_went_in_between(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """It is behind, not mixed up."""
    emu.control.settings(read_lag=LONG)
    source_id = create(**GITHUB)
    assert deleted(client, source_id) == 204
    assert (got(client, source_id), listed(client)) == (404, [])


def test_time_alone_ends_the_lag(client: httpx.Client, create: Create, emu: RunningEmulator) -> None:
    """Seconds, and nobody has to do anything."""
    emu.control.settings(read_lag=0.3)
    source_id = create(**GITHUB)
    while got(client, source_id) == 404:
        pass
    assert listed(client) == [source_id]


def test_a_lingering_entry_is_in_the_list_and_nowhere_else(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """404 by its id; its target is free, and both are in the list, in their order."""
    emu.control.settings(linger=LONG)
    old = create(**GITHUB)
    before = client.get(SOURCES).json()
    assert deleted(client, old) == 204
    assert (got(client, old), deleted(client, old), begin(client, old).status_code) == (404, 404, 404)
    assert client.get(SOURCES).json() == before
    new = create(**GITHUB)
    assert listed(client) == listed(client, database_name="demo", source_type="github") == [new, old]
    assert listed(client, limit=1, offset=1) == listed(client, order_by="ASC", limit=1) == [old]
    assert listed(client, source_type="s3") == []
    emu.control.settings(linger=0)
    assert listed(client) == [new]


def test_another_tenant_sees_neither_ghosts_nor_lags_of_others(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """Lists and reads are of a tenant, and of a scoped key's database, in these modes too."""
    emu.control.settings(linger=LONG)
    emu.control.add_tenant("other", "other-key", ["demo"])
    emu.control.add_tenant("default", "scoped-key", database="mine")
    source_id = create(**GITHUB)
    deleted(client, source_id)
    for key in ("other-key", "scoped-key"):
        with emu.client(key) as stranger:
            assert (listed(stranger), got(stranger, source_id)) == ([], 404)


def test_a_deletion_that_takes_time_is_202_and_the_source_is_still_there(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """Read, listed, its target taken; again 202; then gone as if it had been at once."""
    emu.control.settings(async_delete=LONG)
    source_id = create(**GITHUB)
    answer = client.delete(f"{SOURCES}/{source_id}")
    assert (answer.status_code, answer.json()) == (202, {})
    assert (got(client, source_id), listed(client), deleted(client, source_id)) == (200, [source_id], 202)
    assert client.post(SOURCES, json=BODY).status_code == 409
    emu.control.settings(async_delete=0)
    assert (got(client, source_id), listed(client), deleted(client, source_id)) == (404, [], 404)
    assert client.post(SOURCES, json=BODY).status_code == 201


def test_deleting_again_does_not_begin_anew(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """The first deletion is the one that counts; time alone ends it."""
    emu.control.settings(async_delete=0.5)
    source_id = create(**GITHUB)
    while deleted(client, source_id) == 202:
        pass
    assert (got(client, source_id), client.post(SOURCES, json=BODY).status_code) == (404, 201)


def test_a_run_loses_its_source_when_that_is_gone(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """Not before: until then it can still be found by it."""
    emu.control.settings(async_delete=LONG, invocations="manual")
    source_id = create(**GITHUB)
    run = begin(client, source_id).json()["invocation_id"]
    deleted(client, source_id)
    assert client.get(f"/api/v1/invocations/{run}").json()["source_id"] == source_id
    emu.control.settings(async_delete=0)
    job = client.get(f"/api/v1/invocations/{run}").json()
    assert (job["source_id"], job["status"]) == (None, "pending")


def test_the_modes_add_up(client: httpx.Client, create: Create, emu: RunningEmulator) -> None:
    """There until it is gone, read until the lag is over, listed until the entry has lingered too."""
    source_id = create(**GITHUB)
    emu.control.patch_source(source_id, created_at="2020-01-01T00:00:00Z")
    emu.control.settings(async_delete=LONG, read_lag=LONG, linger=LONG)
    assert deleted(client, source_id) == 202
    assert client.post(SOURCES, json=BODY).status_code == 409
    emu.control.settings(async_delete=0)
    assert client.post(SOURCES, json=BODY).status_code == 201
    assert (got(client, source_id), listed(client)) == (200, [source_id])
    emu.control.settings(read_lag=0)
    assert (got(client, source_id), listed(client)[1:]) == (404, [source_id])
    emu.control.settings(linger=0)
    assert source_id not in listed(client)


def test_the_modes_survive_a_restart_and_end_with_a_reset(tmp_path: Path) -> None:
    """What was answered as accepted, deleted or not yet visible is so afterwards."""
    store = str(tmp_path / "emulator.sqlite")
    slow: dict[str, Any] = {"async_delete": LONG, "linger": LONG}
    with emulator(store=store, linger=LONG) as emu, emu.client() as client:
        lingering = client.post(SOURCES, json=BODY).json()["source_id"]
        deleted(client, lingering)
        leaving = client.post(SOURCES, json=BODY).json()["source_id"]
        emu.control.settings(**slow)
        assert deleted(client, leaving) == 202
    with emulator(store=store, **slow) as emu, emu.client() as client:
        assert listed(client) == [leaving, lingering]
        assert (got(client, leaving), deleted(client, leaving), got(client, lingering)) == (200, 202, 404)
        emu.control.settings(async_delete=0)
        assert (got(client, leaving), listed(client)) == (404, [leaving, lingering])
        emu.control.settings(read_lag=LONG)
        young = client.post(SOURCES, json=BODY).json()["source_id"]
    with emulator(store=store, read_lag=LONG) as emu, emu.client() as client:
        assert got(client, young) == 404
        emu.control.reset()
        emu.control.settings(read_lag=0, linger=LONG)
        assert listed(client) == []


def test_nothing_is_kept_of_a_source_whose_time_is_over(tmp_path: Path) -> None:
    """Neither where there is no mode, nor after one."""
    store = str(tmp_path / "emulator.sqlite")
    with emulator(store=store) as emu, emu.client() as client:
        deleted(client, client.post(SOURCES, json=BODY).json()["source_id"])
        emu.control.settings(linger=LONG, read_lag=LONG)
        assert listed(client) == []
        deleted(client, client.post(SOURCES, json=BODY).json()["source_id"])
        emu.control.settings(linger=0, read_lag=0)
        client.get(SOURCES)
    with closing(sqlite3.connect(store)) as db:
        assert db.execute("SELECT count(*) FROM deleted_sources").fetchone() == (0,)


@pytest.mark.parametrize("path", [SOURCES, "/api/v1/invocations"])
def test_a_page_holds_no_more_than_the_cap(
    client: httpx.Client, create: Create, emu: RunningEmulator, path: str
) -> None:
    """Whatever limit says, also where it says nothing; the pages still hold everything once, in order."""
    for number in range(5):
        begin(client, create(github={"repository": f"acme/{number}"}), f"run-{number}")
    every = [item["id"] for item in client.get(path).json()]
    emu.control.settings(page_cap=2)
    sizes = [len(client.get(path, params=query).json()) for query in ({}, {"limit": 1000}, {"limit": 1})]
    assert sizes == [2, 2, 1]
    pages = [client.get(path, params={"limit": 100, "offset": offset}).json() for offset in (0, 2, 4, 6)]
    assert [item["id"] for page in pages for item in page] == every


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_source_with_a_run_in_progress_is_not_deleted_where_that_is_refused(
    client: httpx.Client, create: Create, emu: RunningEmulator, status: str
) -> None:
    """409 that says so, until the run is over; allowed where nothing else is said."""
    emu.control.settings(delete_while_running="refused", invocations="manual")
    source_id, other = create(**GITHUB), create(github={"repository": "acme/other"})
    run = begin(client, source_id).json()["invocation_id"]
    emu.control.move_invocation(run, status)
    refused = client.delete(f"{SOURCES}/{source_id}")
    assert (refused.status_code, got(client, source_id)) == (409, 200)
    assert "in progress" in refused.json()["message"]
    assert deleted(client, other) == 204
    emu.control.move_invocation(run, {"failed": {"error": "x"}})
    assert deleted(client, source_id) == 204


def test_a_deletion_that_was_accepted_is_not_refused_for_a_later_run(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """202 was said once."""
    emu.control.settings(delete_while_running="refused", invocations="manual", async_delete=LONG)
    source_id = create(**GITHUB)
    assert deleted(client, source_id) == 202
    begin(client, source_id)
    assert deleted(client, source_id) == 202
