"""Invocations: what each kind of source needs, and how they are listed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
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


@pytest.mark.parametrize(
    ("source", "body", "metadata"),
    [
        (
            GITHUB,
            {"target_collection_name": "docs", "ref_identifier": {"sha": "abc"}},
            {"github": {"git_ref_identifier": {"sha": "abc"}}, "collection_name": "docs"},
        ),
        (
            GITHUB,
            {"target_collection_name": "docs", "ref_identifier": {"branch": "dev"}},
            {"github": {"git_ref_identifier": {"branch": "dev"}}, "collection_name": "docs"},
        ),
        (
            GITHUB,
            {"target_collection_name": "docs", "ref_identifier": None, "metadata": None, "object_key": None},
            {"github": {"git_ref_identifier": {"branch": "main"}}, "collection_name": "docs"},
        ),
        (WEB, {"target_collection_name": "docs"}, {"web_scrape": None, "collection_name": "docs"}),
        (
            S3,
            {"object_key": "in/a", "custom_id": "x", "metadata": {"a": [1, 2], "b": "c", "d": None}},
            {
                "s3": {
                    "bucket_name": "papers",
                    "object_key": "in/a",
                    "custom_id": "x",
                    "additional_metadata": {"a": [1, 2], "b": "c", "d": None},
                },
                "collection_name": "default",
            },
        ),
        (
            S3,
            {"object_key": "in/a", "target_collection_name": "docs"},
            {
                "s3": {
                    "bucket_name": "papers",
                    "object_key": "in/a",
                    "custom_id": None,
                    "additional_metadata": None,
                },
                "collection_name": "docs",
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
        (GITHUB, {"target_collection_name": "docs", "object_key": "a"}, "object_key"),
        (GITHUB, {"target_collection_name": "docs", "custom_id": "a"}, "custom_id"),
        (WEB, {"target_collection_name": "docs", "metadata": {}}, "metadata"),
        (WEB, {"target_collection_name": "docs", "ref_identifier": {"sha": "a"}}, "ref_identifier"),
        (
            GITHUB,
            {"target_collection_name": "docs", "ref_identifier": {"sha": "a", "branch": "b"}},
            "ref_ident",
        ),
        (GITHUB, {"target_collection_name": "docs", "ref_identifier": {}}, "ref_identifier"),
        (GITHUB, {"target_collection_name": "docs", "tag": "v1"}, "tag"),
        (S3, {}, "object_key"),
        (S3, {"object_key": "out/a"}, "object_key"),
        (S3, {"object_key": "in/a", "ref_identifier": {"sha": "a"}}, "ref_identifier"),
        (S3, {"object_key": "in/a", "custom_id": "é" * 61}, "custom_id"),
        (S3, {"object_key": "in/a", "metadata": {"a": {"b": 1}}}, "metadata"),
        (S3, {"object_key": "in/a", "metadata": {"a": [1, "b"]}}, "metadata"),
        (S3, {"object_key": "in/a", "metadata": {"a": [1, True]}}, "metadata"),
        (S3, {"object_key": "in/a", "metadata": {"a": [1, None]}}, "metadata"),
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
    assert start(client, str(uuid.uuid4()), target_collection_name="docs").status_code == 404
    assert start(client, "nope", target_collection_name="docs").status_code == 400
    assert client.get(f"/api/v1/invocations/{uuid.uuid4()}").status_code == 404
    assert client.get("/api/v1/invocations/nope").status_code == 400


def test_the_list_has_every_filter(client: httpx.Client, create: Create, emu: RunningEmulator) -> None:
    """By source, database, kind, state; newest first, in pages."""
    emu.control.add_database("other")
    github, bucket = create(**GITHUB), create(**S3)
    elsewhere = create(database_name="other", **GITHUB)
    one = run(client, github, target_collection_name="run-1")
    two = run(client, bucket, object_key="in/2")
    three = run(client, elsewhere, target_collection_name="run-3")
    four = run(client, github, target_collection_name="run-4")
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
    """What was over stays so; what was not goes on to its end, as the vendor documents."""
    source_id = create(**GITHUB)
    done = run(client, source_id, target_collection_name="run-1")
    pending = run(client, source_id, target_collection_name="run-2")
    emu.control.settings(invocations="timed", pending_seconds=0.3, processing_seconds=0.0)
    timed = run(client, source_id, target_collection_name="run-3")
    status = emu.control.move_invocation(done, {"complete": {}})["status"]
    client.delete(f"/api/v1/sources/{source_id}")
    assert (read(client, done)["source_id"], read(client, done)["status"]) == (None, status)
    assert (read(client, pending)["source_id"], read(client, pending)["status"]) == (None, "pending")
    while read(client, timed)["status"] in ("pending", "processing"):
        pass
    assert "complete" in read(client, timed)["status"]
    assert read(client, timed)["source_id"] is None
    assert len(client.get("/api/v1/invocations", params={"source_type": "github"}).json()) == 3
