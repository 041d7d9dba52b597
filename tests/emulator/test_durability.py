"""The store on a file: what was answered is there after kill -9, and after any restart."""

from __future__ import annotations

import asyncio
import itertools
import json
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.settings import DEMO_KEY
from chroma_sync_emulator.testing import emulator

CREATES = 1_000
CLIENTS = 20


@contextmanager
def process(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``python -m chroma_sync_emulator`` and its URL."""
    command = [sys.executable, "-m", "chroma_sync_emulator", *options]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        yield running, running.stdout.readline().split()[1]
    finally:
        running.kill()
        running.wait()
        assert running.stdout is not None
        running.stdout.close()


async def create_until_killed(url: str, process: subprocess.Popen[str], kill_after: int) -> dict[str, str]:
    """1,000 creates at once, on 1,000 connections of 20 clients; for each that is answered the next one.

    Answers what was answered with 201, by its id; at so many of them the process gets its SIGKILL.
    """
    seen: dict[str, str] = {}
    numbers = itertools.count()

    async def create(client: httpx.AsyncClient) -> None:
        with suppress(httpx.TransportError):
            while True:
                repository = f"acme/{next(numbers)}"
                fields = {"repository": repository, "include_globs": ["a", "b"]}
                body = {"database_name": "demo", "github": fields}
                response = await client.post("/api/v1/sources", json=body)
                assert response.status_code == 201
                seen[response.json()["source_id"]] = repository
                if len(seen) == kill_after:
                    process.kill()

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=url,
                    headers={"x-chroma-token": DEMO_KEY},
                    limits=httpx.Limits(max_connections=CREATES // CLIENTS),
                    timeout=60,
                    trust_env=False,
                    verify=False,
                )
            )
            for _ in range(CLIENTS)
        ]
        await asyncio.gather(*(create(clients[number % CLIENTS]) for number in range(CREATES)))
    return seen


@pytest.fixture
def many_files() -> None:
    """1,000 connections are as many open files, here and in the emulator, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("kill_after", [1, 800])
def test_every_acknowledged_create_survives_kill_9(tmp_path: Path, kill_after: int) -> None:
    """Of 1,000 concurrent creates, each 201 that a client saw is there afterwards, whole; and no half row."""
    store = str(tmp_path / "emulator.sqlite")
    with process("--store", store) as (running, url):
        seen = asyncio.run(create_until_killed(url, running, kill_after))
        assert running.wait(30) == -signal.SIGKILL
    assert len(seen) >= kill_after

    with (
        process("--store", store) as (_, url),
        httpx.Client(
            base_url=url, headers={"x-chroma-token": DEMO_KEY}, timeout=30, trust_env=False
        ) as client,
    ):
        found: dict[str, Any] = {}
        while page := client.get(f"/api/v1/sources?limit=1000&offset={len(found)}").json():
            found |= {source["id"]: source for source in page}
        for source in found.values():
            repository = source["github"].pop("repository")
            assert seen.get(source["id"], repository) == repository
            assert source["github"] == {"app_id": None, "include_globs": ["a", "b"]}
        assert found.keys() >= seen.keys()
        some = next(iter(seen))
        assert client.get(f"/api/v1/sources/{some}").status_code == 200
        body = {"database_name": "demo", "github": {"repository": seen[some]}}
        assert client.post("/api/v1/sources", json=body).status_code == 409
    with closing(sqlite3.connect(store)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for identity, document in db.execute("SELECT identity, document FROM sources"):
            assert json.loads(identity)[1] == json.loads(document)["github"]["repository"]


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    """Sources, runs, tenants, credentials and the order of times are those from before."""
    store = str(tmp_path / "emulator.sqlite")
    keys = {"aws_access_key_id": "A", "aws_secret_access_key": "hush"}

    def s3(prefix: str) -> dict[str, Any]:
        fields = {"bucket_name": "b", "region": "r", "collection_name": "docs", "path_prefix": prefix, **keys}
        return {"database_name": "demo", "s3": fields}

    with emulator(store=store, invocations="manual") as emu, emu.client() as client:
        first = client.post("/api/v1/sources", json=s3("1/")).json()["source_id"]
        client.post(f"/api/v1/sources/{first}/invocations", json={"object_key": "1/a"})
        # A time from the future, as after a clock that was set back.
        emu.control.patch_source(first, created_at="2999-01-01T00:00:00.000000Z")
        emu.control.add_tenant("other", "other-key", ["theirs"])
        before = [client.get(path).json() for path in ("/api/v1/sources", "/api/v1/invocations")]
    with emulator(store=store, invocations="manual") as emu, emu.client() as client:
        assert before == [client.get(path).json() for path in ("/api/v1/sources", "/api/v1/invocations")]
        second = client.post("/api/v1/sources", json=s3("2/")).json()["source_id"]
        newest, oldest = client.get("/api/v1/sources").json()
        assert (newest["id"], oldest["id"]) == (second, first)
        assert newest["s3"]["aws_credential_id"] == oldest["s3"]["aws_credential_id"]
        with emu.client("other-key") as other:
            assert other.get("/api/v1/sources?database_name=theirs").status_code == 200


def test_a_key_that_is_no_longer_given_is_refused(tmp_path: Path) -> None:
    """The keys of a start are those of that start."""
    store = str(tmp_path / "emulator.sqlite")
    with emulator(store=store, api_key="old"):
        pass
    with emulator(store=store, api_key="new") as emu, emu.client("old") as old, emu.client() as new:
        assert old.get("/api/v1/sources").status_code == 401
        assert new.get("/api/v1/sources").status_code == 200


def test_a_store_of_an_earlier_version_opens(tmp_path: Path) -> None:
    """What it lacks is added; its keys are those of owners, its sources long since visible."""
    store = str(tmp_path / "emulator.sqlite")
    body = {"database_name": "demo", "github": {"repository": "acme/handbook"}}
    with emulator(store=store) as emu, emu.client() as client:
        emu.control.add_tenant("default", "their-key")
        before = client.get(
            f"/api/v1/sources/{client.post('/api/v1/sources', json=body).json()['source_id']}"
        )
    with closing(sqlite3.connect(store)) as db:
        db.execute("DROP INDEX sources_being_deleted")
        db.execute("DROP TABLE deleted_sources")
        for table, column in (("api_keys", "role"), ("sources", "written_at"), ("sources", "deleted_at")):
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.commit()
    with emulator(store=store, read_lag=3600.0, linger=3600.0) as emu, emu.client("their-key") as client:
        path = f"/api/v1/sources/{before.json()['id']}"
        assert client.get(path).json() == before.json()
        assert client.delete(path).status_code == 204
        assert client.get("/api/v1/sources").json() == [before.json()]


def test_a_run_goes_on_while_the_emulator_is_down(tmp_path: Path) -> None:
    """Time moves a run, and nobody has to watch it."""
    store = str(tmp_path / "emulator.sqlite")
    with (
        emulator(store=store, pending_seconds=0.0, processing_seconds=0.0) as emu,
        emu.client() as client,
    ):
        body = {"database_name": "demo", "github": {"repository": "acme/handbook"}}
        source_id = client.post("/api/v1/sources", json=body).json()["source_id"]
        path = f"/api/v1/sources/{source_id}/invocations"
        client.post(path, json={"target_collection_name": "docs"})
    with emulator(store=store) as emu, emu.client() as client:
        [job] = client.get("/api/v1/invocations").json()
        assert job["status"]["complete"]["duration_ms"] == 0
