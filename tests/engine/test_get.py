"""Source.get: a source that somebody else manages, read into a program."""

from __future__ import annotations

from typing import Any

import pytest
from tests.existing import upload

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject

OUTPUTS = (
    "source_id",
    "created_at",
    "database_name",
    "s3",
    "chunking",
    "embedding",
    "effective_chunking",
    "effective_embedding",
)
DENSE = {"model": "Qwen/Qwen3-Embedding-0.6B"}


def program(source_id: str, *, exports: tuple[str, ...] = OUTPUTS) -> str:
    """A program that reads one source and exports what it holds."""
    lines = [
        "import pulumi",
        "import pulumi_chroma_sync as chroma_sync",
        f"papers = chroma_sync.Source.get('papers', {source_id})",
        *(f"pulumi.export({name!r}, papers.{name})" for name in exports),
    ]
    return "\n".join(lines)


@pytest.fixture
def papers(emu: RunningEmulator) -> dict[str, Any]:
    """An S3 source that was made without Pulumi, as the API answers it."""
    fields = {
        "bucket_name": "papers",
        "region": "us-east-1",
        "collection_name": "papers",
        "path_prefix": "2026/",
        "aws_credential_id": 7,
    }
    body = {"database_name": "demo", "s3": fields, "chunking": {"type": "lines", "max_lines": 40}}
    with emu.client() as client:
        source_id = client.post("/api/v1/sources", json=body).raise_for_status().json()["source_id"]
        source: dict[str, Any] = client.get(f"/api/v1/sources/{source_id}").json()
    return source


def test_get_reads_the_whole_source_and_never_touches_it(
    project: MakeProject, emu: RunningEmulator, papers: dict[str, Any]
) -> None:
    """Every output is there, a second run changes nothing, and neither up nor destroy writes."""
    stack = project(program(repr(papers["id"])))
    assert [step.op for step in stack.preview().steps] == ["read"]
    stack.up()
    assert stack.outputs() == {
        "source_id": papers["id"],
        "created_at": papers["created_at"],
        "database_name": "demo",
        "s3": {
            "bucket_name": "papers",
            "region": "us-east-1",
            "collection_name": "papers",
            "path_prefix": "2026/",
            "aws_credential_id": 7,
        },
        "chunking": papers["chunking"],
        "embedding": {"dense": DENSE},
        "effective_chunking": papers["chunking"],
        "effective_embedding": {"dense": DENSE},
    }
    assert stack.resources(":Source")[0]["external"] is True
    assert stack.preview("--expect-no-changes").summary == {"same": 1}
    assert stack.up("--expect-no-changes").summary == {"same": 1}
    assert stack.refresh("--expect-no-changes").ok
    stack.destroy()
    assert stack.resources() == []
    asked = {request["operation"] for request in emu.control.requests()[2:]}
    assert asked == {"get_source"}, "the service was asked for more than the source"


def test_a_source_that_can_not_be_declared_can_be_read(project: MakeProject, emu: RunningEmulator) -> None:
    """What uploads are kept in has the same outputs, less those of a kind."""
    uploaded = upload(emu)
    with emu.client() as client:
        source = client.get(f"/api/v1/sources/{uploaded}").json()
    stack = project(program(repr(source["id"]), exports=("source_id", "database_name", "effective_chunking")))
    stack.up()
    assert stack.outputs() == {
        "source_id": source["id"],
        "database_name": "demo",
        "effective_chunking": source["chunking"],
    }
    assert stack.refresh("--expect-no-changes").ok


def test_a_source_that_is_not_there_fails_the_preview(project: MakeProject) -> None:
    """One sentence says which is missing, also where the id is none at all; nothing reaches the state."""
    absent = "8a6f1c1e-0000-4000-8000-000000000000"
    stack = project(program(repr(absent)))
    refused = stack.preview(check=False)
    assert not refused.ok
    assert (
        f"NotFoundError: read source {absent}: the service has no such source, or not for this API key. "
        "To see what there is: pulumi-chroma-sync list --database NAME"
    ) in "\n".join(refused.errors)
    stack.program(program("'no-uuid'"))
    assert "BadRequestError: read source no-uuid: GET " in "\n".join(stack.preview(check=False).errors)
    assert stack.resources() == []


def test_a_source_that_vanishes_is_noticed_by_the_next_preview(
    project: MakeProject, emu: RunningEmulator, papers: dict[str, Any]
) -> None:
    """A state that holds the source doesn't hide that it is gone."""
    stack = project(program(repr(papers["id"])))
    stack.up()
    with emu.client() as client:
        client.delete(f"/api/v1/sources/{papers['id']}").raise_for_status()
    assert "the service has no such source" in "\n".join(stack.preview(check=False).errors)
    assert stack.refresh().ok
    assert stack.resources(":Source") == []


def test_an_id_that_another_resource_makes_is_read_after_it(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """At preview the id isn't known yet and nothing is asked for; up reads what was just created."""
    made = "chroma_sync.Source('web', web_scrape={'starting_url': 'https://docs.acme.com/'}).source_id"
    stack = project(program(made, exports=("source_id", "web_scrape")))
    assert {step.op for step in stack.preview().steps} == {"create", "read"}
    stack.up()
    (source,) = stack.resources(":Source")[:1]
    assert stack.outputs() == {
        "source_id": source["id"],
        "web_scrape": {"starting_url": "https://docs.acme.com/"},
    }
    assert stack.preview("--expect-no-changes").ok
    stack.destroy()
    with emu.client() as client:
        assert client.get("/api/v1/sources", params={"database_name": "demo"}).json() == []
