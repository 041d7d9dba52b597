"""Invocations: what each kind of source needs, how they move, how they are listed and cancelled."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator

GITHUB = {"github": {"repository": "acme/handbook"}}
WEB = {"web_scrape": {"starting_url": "https://docs.acme.com/"}}
S3 = {
    "s3": {
        "bucket_name": "papers",
        "region": "us-east-1",
        "collection_name": "default",
        "path_prefix": "in/",
        "aws_credential_id": 1,
    }
}
Create = Callable[..., str]


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """Invocations move by hand alone."""
    with emulator(invocations="manual") as running:
        yield running


def start(client: httpx.Client, source_id: str, **body: Any) -> httpx.Response:
    return client.post(f"/api/v1/sources/{source_id}/invocations", json=body)


def run(client: httpx.Client, source_id: str, **body: Any) -> str:
    response = start(client, source_id, **body)
    assert response.status_code == 201, response.text
    return str(response.json()["invocation_id"])


def read(client: httpx.Client, invocation_id: str) -> dict[str, Any]:
    response = client.get(f"/api/v1/invocations/{invocation_id}")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize(
    ("source", "body", "metadata"),
    [
        (
            GITHUB,
            {"target_collection_name": "c", "ref_identifier": {"sha": "abc"}},
            {"github": {"git_ref_identifier": {"sha": "abc"}}, "collection_name": "c"},
        ),
        (
            GITHUB,
            {"target_collection_name": "c", "ref_identifier": {"branch": "dev"}},
            {"github": {"git_ref_identifier": {"branch": "dev"}}, "collection_name": "c"},
        ),
        (
            GITHUB,
            {"target_collection_name": "c", "ref_identifier": None, "metadata": None, "object_key": None},
            {"github": {"git_ref_identifier": {"branch": "main"}}, "collection_name": "c"},
        ),
        (WEB, {"target_collection_name": "c"}, {"web_scrape": None, "collection_name": "c"}),
        (
            S3,
            {"object_key": "in/a", "custom_id": "x", "metadata": {"a": [1, 2], "b": "c"}},
            {
                "s3": {
                    "bucket_name": "papers",
                    "object_key": "in/a",
                    "custom_id": "x",
                    "additional_metadata": {"a": [1, 2], "b": "c"},
                },
                "collection_name": "default",
            },
        ),
        (
            S3,
            {"object_key": "in/a", "target_collection_name": "c"},
            {
                "s3": {
                    "bucket_name": "papers",
                    "object_key": "in/a",
                    "custom_id": None,
                    "additional_metadata": None,
                },
                "collection_name": "c",
            },
        ),
    ],
)
def test_an_invocation_is_answered_with_what_it_was_asked_for(
    client: httpx.Client,
    create: Create,
    source: dict[str, Any],
    body: dict[str, Any],
    metadata: dict[str, Any],
) -> None:
    """Pending at first, with the metadata of its kind; S3 falls back to the source's collection."""
    source_id = create(**source)
    invocation_id = run(client, source_id, **body)
    answer = read(client, invocation_id)
    assert datetime.fromisoformat(answer.pop("created_at").replace("Z", "+00:00"))
    assert answer == {
        "id": invocation_id,
        "source_id": source_id,
        "status": "pending",
        "metadata": {**metadata, "database_name": "demo"},
    }


@pytest.mark.parametrize(
    ("source", "body", "named"),
    [
        (GITHUB, {}, "target_collection_name"),
        (WEB, {}, "target_collection_name"),
        (WEB, {"target_collection_name": ""}, "target_collection_name"),
        (GITHUB, {"target_collection_name": "c", "object_key": "a"}, "object_key"),
        (GITHUB, {"target_collection_name": "c", "custom_id": "a"}, "custom_id"),
        (WEB, {"target_collection_name": "c", "metadata": {}}, "metadata"),
        (WEB, {"target_collection_name": "c", "ref_identifier": {"sha": "a"}}, "ref_identifier"),
        (GITHUB, {"target_collection_name": "c", "ref_identifier": {"sha": "a", "branch": "b"}}, "ref_ident"),
        (GITHUB, {"target_collection_name": "c", "ref_identifier": {}}, "ref_identifier"),
        (GITHUB, {"target_collection_name": "c", "tag": "v1"}, "tag"),
        (S3, {}, "object_key"),
        (S3, {"object_key": "out/a"}, "object_key"),
        (S3, {"object_key": "in/a", "ref_identifier": {"sha": "a"}}, "ref_identifier"),
        (S3, {"object_key": "in/a", "custom_id": "é" * 61}, "custom_id"),
        (S3, {"object_key": "in/a", "metadata": {"a": {"b": 1}}}, "metadata"),
        (S3, {"object_key": "in/a", "metadata": {"a": [1, "b"]}}, "metadata"),
        (S3, {"object_key": "in/a", "metadata": {"a": [1, True]}}, "metadata"),
        (S3, {"object_key": "in/a", "metadata": {"a": None}}, "metadata"),
    ],
)
def test_an_invocation_that_breaks_a_rule_of_its_kind_is_refused(
    client: httpx.Client, create: Create, source: dict[str, Any], body: dict[str, Any], named: str
) -> None:
    """400 that names the field, and no invocation."""
    response = start(client, create(**source), **body)
    assert response.status_code == 400
    assert named in response.json()["message"]
    assert client.get("/api/v1/invocations").json() == []


def test_an_invocation_of_no_source_is_not_found(client: httpx.Client) -> None:
    """404 for an id that is nowhere, 400 for none at all."""
    assert start(client, str(uuid.uuid4()), target_collection_name="c").status_code == 404
    assert start(client, "nope", target_collection_name="c").status_code == 400
    assert client.get(f"/api/v1/invocations/{uuid.uuid4()}").status_code == 404
    assert client.get("/api/v1/invocations/nope").status_code == 400


def test_by_time_a_run_is_pending_then_processing_then_complete(client: httpx.Client, create: Create) -> None:
    """The states follow each other; the end says when and how long."""
    emu_settings = {"invocations": "timed", "pending_seconds": 0.3, "processing_seconds": 0.4}
    client.put("/_emulator/settings", json=emu_settings)
    invocation_id = run(client, create(**WEB), target_collection_name="c")
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
    assert "complete" in read(client, run(client, create(**WEB), target_collection_name="c"))["status"]


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
    invocation_id = run(client, create(**GITHUB), target_collection_name="c")
    emu.control.move_invocation(invocation_id, status)
    assert read(client, invocation_id)["status"] == status


@pytest.mark.parametrize(
    "status", ["done", "complete", {"complete": 1}, {"other": {}}, None, {"pending": {}}]
)
def test_by_hand_an_unknown_state_is_refused(
    client: httpx.Client, create: Create, emu: RunningEmulator, status: Any
) -> None:
    """400, and the run stays as it is."""
    invocation_id = run(client, create(**GITHUB), target_collection_name="c")
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        emu.control.move_invocation(invocation_id, status)
    assert read(client, invocation_id)["status"] == "pending"


@pytest.mark.parametrize("before", ["pending", "processing"])
def test_a_run_that_is_not_over_can_be_cancelled_once(
    client: httpx.Client, create: Create, emu: RunningEmulator, before: str
) -> None:
    """202 and an object, then 412."""
    invocation_id = run(client, create(**GITHUB), target_collection_name="c")
    emu.control.move_invocation(invocation_id, before)
    path = f"/api/v1/invocations/{invocation_id}"
    cancelled = client.put(path)
    assert (cancelled.status_code, cancelled.json()) == (202, {})
    assert read(client, invocation_id)["status"] == "cancelled"
    again = client.put(path)
    assert (again.status_code, set(again.json())) == (412, {"error", "message"})


@pytest.mark.parametrize("over", [{"complete": {}}, {"failed": {"error": "x"}}])
def test_a_run_that_is_over_cannot_be_cancelled(
    client: httpx.Client, create: Create, emu: RunningEmulator, over: Any
) -> None:
    """412, and it stays as it is."""
    invocation_id = run(client, create(**GITHUB), target_collection_name="c")
    before = emu.control.move_invocation(invocation_id, over)["status"]
    assert client.put(f"/api/v1/invocations/{invocation_id}").status_code == 412
    assert read(client, invocation_id)["status"] == before


@pytest.mark.parametrize("source", [GITHUB, WEB])
def test_a_collection_whose_ingest_is_finished_takes_no_other_run(
    client: httpx.Client, create: Create, emu: RunningEmulator, source: dict[str, Any]
) -> None:
    """409, whether a run finished it or the control API; another collection is free."""
    source_id = create(**source)
    first = run(client, source_id, target_collection_name="c")
    run(client, source_id, target_collection_name="c")
    emu.control.move_invocation(first, {"complete": {}})
    assert start(client, source_id, target_collection_name="c").status_code == 409
    emu.control.add_collection("d", "demo", finished_ingest=True)
    assert start(client, source_id, target_collection_name="d").status_code == 409
    assert start(client, source_id, target_collection_name="e").status_code == 201


def test_s3_runs_are_appended_to_a_finished_collection(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """The same key may be synced again and again."""
    source_id = create(**S3)
    emu.control.add_collection("default", "demo", finished_ingest=True)
    for _ in range(3):
        emu.control.move_invocation(run(client, source_id, object_key="in/a"), {"complete": {}})


def test_the_list_has_every_filter(client: httpx.Client, create: Create, emu: RunningEmulator) -> None:
    """By source, database, kind, state; newest first, in pages."""
    emu.control.add_database("other")
    github, bucket = create(**GITHUB), create(**S3)
    elsewhere = create(database_name="other", **GITHUB)
    one = run(client, github, target_collection_name="1")
    two = run(client, bucket, object_key="in/2")
    three = run(client, elsewhere, target_collection_name="3")
    four = run(client, github, target_collection_name="4")
    emu.control.move_invocation(one, {"complete": {}})
    emu.control.move_invocation(two, {"failed": {"error": "x"}})
    emu.control.move_invocation(three, "processing")

    def listed(**query: Any) -> list[str]:
        response = client.get("/api/v1/invocations", params=query)
        assert response.status_code == 200, response.text
        return [job["id"] for job in response.json()]

    assert listed() == [four, three, two, one]
    assert listed(order_by="ASC") == [one, two, three, four]
    assert listed(limit=2, offset=1) == [three, two]
    assert listed(source_id=github) == [four, one]
    assert listed(database_name="demo") == [four, two, one]
    assert listed(source_type="github") == [four, three, one]
    assert [listed(status=name) for name in ("pending", "processing", "complete", "failed", "cancelled")] == [
        [four],
        [three],
        [one],
        [two],
        [],
    ]
    assert listed(source_id=github, status="complete", source_type="github", limit=1) == [one]
    assert client.get("/api/v1/invocations").json()[3] == read(client, one)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"source_id": str(uuid.uuid4())}, 404),
        ({"source_id": "nope"}, 400),
        ({"source_id": str(uuid.uuid4()), "database_name": "demo"}, 400),
        ({"database_name": "nope"}, 404),
        ({"status": "done"}, 400),
    ],
)
def test_a_list_of_what_is_not_there_is_refused(
    client: httpx.Client, query: dict[str, str], status: int
) -> None:
    """404 for what doesn't exist, 400 for what can't be asked; source and database exclude each other."""
    assert client.get("/api/v1/invocations", params=query).status_code == status


def test_latest_by_keys_answers_the_newest_run_of_each_key(client: httpx.Client, create: Create) -> None:
    """A key without a run is left out; another source's runs don't count."""
    source_id = create(**S3)
    other = create(s3={**S3["s3"], "path_prefix": ""})
    run(client, source_id, object_key="in/a")
    newest = run(client, source_id, object_key="in/a")
    only = run(client, source_id, object_key="in/b")
    run(client, other, object_key="in/a")
    path = f"/api/v1/sources/{source_id}/invocations/latest-by-keys"
    answer = client.post(path, json={"object_keys": ["in/a", "in/b", "in/c", "in/a"]})
    assert answer.status_code == 200
    assert answer.json() == {"in/a": read(client, newest), "in/b": read(client, only)}
    assert client.post(path, json={"object_keys": []}).json() == {}
    assert client.post(path, json={}).status_code == 400
    assert client.post(path, json={"object_keys": [1]}).status_code == 400


def test_a_deleted_sources_runs_stay_without_it(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """What was over stays so; what was not is cancelled."""
    source_id = create(**GITHUB)
    done = run(client, source_id, target_collection_name="1")
    pending = run(client, source_id, target_collection_name="2")
    status = emu.control.move_invocation(done, {"complete": {}})["status"]
    client.delete(f"/api/v1/sources/{source_id}")
    assert (read(client, done)["source_id"], read(client, done)["status"]) == (None, status)
    assert (read(client, pending)["source_id"], read(client, pending)["status"]) == (None, "cancelled")
    assert len(client.get("/api/v1/invocations", params={"source_type": "github"}).json()) == 2
