"""Invocations: how they move, how they are cancelled, and what they do to collections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.emulator.invocations import GITHUB, S3, WEB, Create, read, run, start

from chroma_sync_emulator.testing import RunningEmulator, emulator


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """Invocations move by hand alone."""
    with emulator(invocations="manual") as running:
        yield running


def test_by_time_a_run_is_pending_then_processing_then_complete(client: httpx.Client, create: Create) -> None:
    """The states follow each other; the end says when and how long."""
    emu_settings = {"invocations": "timed", "pending_seconds": 0.3, "processing_seconds": 0.4}
    client.put("/_emulator/settings", json=emu_settings)
    invocation_id = run(client, create(**WEB), target_collection_name="docs")
    seen: list[Any] = []
    while not seen or not isinstance(seen[-1], dict):
        status = read(client, invocation_id)["status"]
        if not seen or seen[-1] != status:
            seen.append(status)
        time.sleep(0.01)
    assert seen[:2] == ["pending", "processing"]
    assert set(seen[2]["complete"]) == {"finished_at", "duration_ms"}
    assert seen[2]["complete"]["duration_ms"] == 400
    assert read(client, invocation_id)["status"] == seen[2]


def test_at_once_a_run_is_complete_when_it_is_answered(client: httpx.Client, create: Create) -> None:
    """No waiting in tests that don't want any."""
    client.put("/_emulator/settings", json={"invocations": "instant"})
    assert "complete" in read(client, run(client, create(**WEB), target_collection_name="docs"))["status"]


@pytest.mark.parametrize(
    "status",
    [
        "processing",
        {"complete": {"finished_at": "2026-11-02T10:00:00Z", "duration_ms": 12}},
        {"failed": {"error": "no such branch"}},
        "cancelled",
    ],
)
def test_by_hand_a_run_moves_to_any_state(
    client: httpx.Client, create: Create, emu: RunningEmulator, status: Any
) -> None:
    """The control API decides, and the API answers that state."""
    invocation_id = run(client, create(**GITHUB), target_collection_name="docs")
    emu.control.move_invocation(invocation_id, status)
    assert read(client, invocation_id)["status"] == status


@pytest.mark.parametrize(
    "status", ["done", "complete", {"complete": 1}, {"other": {}}, None, {"pending": {}}]
)
def test_by_hand_an_unknown_state_is_refused(
    client: httpx.Client, create: Create, emu: RunningEmulator, status: Any
) -> None:
    """400, and the run stays as it is."""
    invocation_id = run(client, create(**GITHUB), target_collection_name="docs")
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        emu.control.move_invocation(invocation_id, status)
    assert read(client, invocation_id)["status"] == "pending"


def test_a_run_that_is_pending_can_be_cancelled_once(client: httpx.Client, create: Create) -> None:
    """202 and an object, then 412."""
    invocation_id = run(client, create(**GITHUB), target_collection_name="docs")
    path = f"/api/v1/invocations/{invocation_id}"
    cancelled = client.put(path)
    assert (cancelled.status_code, cancelled.json()) == (202, {})
    assert read(client, invocation_id)["status"] == "cancelled"
    again = client.put(path)
    assert (again.status_code, set(again.json())) == (412, {"error", "message"})


@pytest.mark.parametrize("moved", ["processing", {"complete": {}}, {"failed": {"error": "x"}}])
def test_a_run_that_has_begun_cannot_be_cancelled(
    client: httpx.Client, create: Create, emu: RunningEmulator, moved: Any
) -> None:
    """412, and it stays as it is."""
    invocation_id = run(client, create(**GITHUB), target_collection_name="docs")
    before = emu.control.move_invocation(invocation_id, moved)["status"]
    refused = client.put(f"/api/v1/invocations/{invocation_id}")
    assert (refused.status_code, refused.json()["error"]) == (412, "ChromaError")
    assert read(client, invocation_id)["status"] == before


@pytest.mark.parametrize("source", [GITHUB, WEB])
def test_a_collection_whose_ingest_is_finished_takes_no_other_run(
    client: httpx.Client, create: Create, emu: RunningEmulator, source: dict[str, Any]
) -> None:
    """409, whether a run finished it or the control API; another collection is free."""
    source_id = create(**source)
    first = run(client, source_id, target_collection_name="docs")
    run(client, source_id, target_collection_name="docs")
    emu.control.move_invocation(first, {"complete": {}})
    assert start(client, source_id, target_collection_name="docs").status_code == 409
    emu.control.add_collection("finished", "demo", finished_ingest=True)
    assert start(client, source_id, target_collection_name="finished").status_code == 409
    assert start(client, source_id, target_collection_name="another").status_code == 201


def test_a_finished_collection_takes_no_object_and_no_upload_either(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """409 for a run of every kind, and nothing is left of it."""
    emu.control.add_collection("default", "demo", finished_ingest=True)
    assert start(client, create(**S3), object_key="in/a").status_code == 409
    form = {"database_name": "demo", "collection_name": "default"}
    headers = {"x-upload-content-length": "5"}
    upload = client.post("/api/v1/add-file", data=form, files={"file": ("a.txt", b"hello")}, headers=headers)
    assert (upload.status_code, upload.json()["error"]) == (409, "ChromaError")
    assert client.get("/api/v1/invocations").json() == []
    assert client.get("/api/v1/sources", params={"source_type": "file_upload"}).json() == []


def test_objects_finish_no_collection(client: httpx.Client, create: Create, emu: RunningEmulator) -> None:
    """The same key may be synced again and again: what is appended for ever never ends."""
    source_id = create(**S3)
    for _ in range(3):
        emu.control.move_invocation(run(client, source_id, object_key="in/a"), {"complete": {}})
