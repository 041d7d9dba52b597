"""Uploads over real connections, to the emulator: what arrives, and what faults leave behind."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync import FileUploadProvider
from pulumi_chroma_sync.core import cancelling
from pulumi_chroma_sync.errors import BadRequestError, OutcomeUnknownError

from .plugin import Bag, Process
from .service import until

SIZE = 5 * 2**20 + 17


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The emulator's file."""
    return str(tmp_path / "emulator.sqlite")


@pytest.fixture
def emu(store: str) -> Iterator[RunningEmulator]:
    """An emulator whose store can be looked into, and whose runs end at once."""
    with emulator(store=store, invocations="instant") as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the program, with a file of some megabytes."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place = tmp_path / "program"
    place.mkdir()
    (place / "guide.bin").write_bytes(content())
    monkeypatch.chdir(place)
    cancelling.reset()
    return place


def content(seed: int = 0) -> bytes:
    """Bytes in which line breaks and boundaries may stand."""
    return (b"\r\n--%d\0\xff" % seed * (SIZE // 7 + 1))[:SIZE]


def inputs(**more: Any) -> Bag:
    """The file into a collection."""
    names: Bag = {"name": "guide", "file": "guide.bin"}
    return {**names, "collection_name": "files", "database_name": "demo", **more}


def process(emu: RunningEmulator, **config: Any) -> Process:
    """One run of the plugin."""
    settings = {"timeout": 10, "settle": 1, "retries": 2, **config}
    return Process(emu.url, emu.api_key, provider=FileUploadProvider, **settings)


def arrived(store: str) -> list[tuple[Any, ...]]:
    """Name, type, size, hash and options of every upload."""
    with sqlite3.connect(store) as db:
        rows = db.execute("SELECT filename, content_type, size, sha256, options FROM uploads").fetchall()
    db.close()
    return rows


def test_what_arrives_is_the_file_and_what_was_said_of_it(emu: RunningEmulator, store: str) -> None:
    """Byte by byte; the service takes every field as check lets it through."""
    said = {
        "filename": "handbücher/guide.md",
        "custom_id": "guide",
        "metadata": {"page": 3, "draft": None, "tags": ["a", "b"], "scores": [1.5, 2]},
        "embedding": {"dense": {"model": "Qwen/Qwen3-Embedding-0.6B"}, "sparse": {"model": "Chroma/BM25"}},
        "chunking": {"type": "lines", "max_lines": 20},
    }
    with process(emu) as one:
        run_id, outputs = one.create(one.check(inputs(**said)))
    [(filename, kind, size, sha256, options)] = arrived(store)
    assert (filename, kind, size) == ("handbücher/guide.md", "text/markdown", SIZE)
    assert sha256 == outputs["sha256"] == hashlib.sha256(content()).hexdigest()
    kept = json.loads(options)
    assert kept["metadata"] == said["metadata"] and kept["custom_id"] == "guide"
    assert kept["chunking"] == {"type": "lines", "max_lines": 20, "max_size_bytes": 4096}
    assert outputs["status"] == "complete" and outputs["invocation_id"] == run_id
    with emu.client() as client:
        [source] = client.get("/api/v1/sources", params={"source_type": "file_upload"}).json()
    assert outputs["source_id"] == source["id"]


@pytest.mark.parametrize("statuses", ["contract", "strict"])
def test_what_check_lets_through_and_the_service_refuses_is_told(emu: RunningEmulator, statuses: str) -> None:
    """The service's own sentence; nothing was uploaded."""
    emu.control.settings(statuses=statuses)
    message = {"error": "InvalidArgumentError", "message": "embedding: quota"}
    emu.control.fault("add_file", "respond", status=400 if statuses == "contract" else 422, body=message)
    with process(emu) as one, pytest.raises(BadRequestError, match="embedding: quota") as caught:
        one.create(one.check(inputs()))
    assert "Nothing was uploaded" in str(caught.value)


@pytest.mark.parametrize(
    ("action", "plan"),
    [
        ("drop_after", {}),
        ("drop_then_commit", {"delay": 0.3}),
        ("respond_after", {"status": 502, "body": "<html>"}),
        ("delay_after", {"delay": 3}),
        ("cut_body", {}),
    ],
)
def test_a_lost_answer_uploads_nothing_twice(
    emu: RunningEmulator, store: str, action: str, plan: Bag
) -> None:
    """It is found among the runs."""
    with process(emu, timeout=2, settle=5) as one:
        checked = one.check(inputs())
        emu.control.fault("add_file", action, **plan)
        run_id, outputs = one.create(checked)
    assert f"took run {run_id}" in one.text and outputs["status"] == "complete"
    assert len(arrived(store)) == 1 and len(emu.control.requests("add_file")) == 1


def test_a_connection_that_drops_in_the_middle_has_uploaded_nothing(emu: RunningEmulator, store: str) -> None:
    """So the file is sent again."""
    with process(emu) as one:
        checked = one.check(inputs())
        emu.control.fault("add_file", "drop_before", times=2)
        one.create(checked)
    assert len(arrived(store)) == 1 and len(emu.control.requests("add_file")) == 3


def test_what_landed_after_everybody_stopped_looking_is_known_to_the_next(
    emu: RunningEmulator, store: str
) -> None:
    """Nothing is sent again."""
    with process(emu, settle=0.2) as one:
        checked = one.check(inputs())
        emu.control.fault("add_file", "drop_then_commit", delay=3)
        with pytest.raises(OutcomeUnknownError):
            one.create(checked)
    assert arrived(store) == []
    until(lambda: len(arrived(store)) == 1)
    with process(emu) as one:
        _, outputs = one.create(one.check(inputs()))
    assert "and is taken, and nothing is uploaded again" in one.text and outputs["status"] == "complete"
    assert len(arrived(store)) == 1


def test_memory_stays_flat(emu: RunningEmulator, store: str, folder: Path) -> None:
    """Neither we nor the client ever hold much of a file; `bench.upload_memory` looks at the whole plugin."""
    size = 32 * 2**20
    with (folder / "large.bin").open("wb") as file:
        file.truncate(size)
    with process(emu) as one:
        one.create(one.check({**inputs(), "name": "before"}))
        tracemalloc.start()
        try:
            one.create(one.check(inputs(file="large.bin")))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert arrived(store)[-1][2] == size and peak < 6 * 2**20


def test_places_are_waited_for(emu: RunningEmulator, store: str, folder: Path) -> None:
    """More files than the service takes at once, while others upload, too: all arrive, each once."""
    emu.control.settings(max_uploads=2)
    with process(emu) as one:

        def work(number: int) -> None:
            path = folder / f"{number}.bin"
            path.write_bytes(content(number))
            one.create(one.check({**inputs(file=path.name), "name": f"file-{number}"}))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    assert sorted(row[3] for row in arrived(store)) == sorted(
        hashlib.sha256(content(number)).hexdigest() for number in range(8)
    )
