"""Chroma's own client, unmodified, finds what a run wrote: at the server, and through the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromadb
import httpx
import pytest
from chromadb.errors import ChromaError
from tests.emulator.folders import Repository, run, source, write

from chroma_sync_emulator.testing import RunningEmulator, emulator

FILES: dict[str, str | bytes] = {
    "docs/leave.md": "# Leave\n\nAsk for vacation two weeks before.\n",
    "docs/deploy.md": "# Deploy\n\nPush to main; the pipeline deploys after the tests.\n",
    "src/money.py": 'def add(one, other):\n    """The sum of two amounts."""\n    return one + other\n',
}


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Closed in the end: Chroma's client never closes those that it embeds by."""
    opened: list[httpx.Client] = []
    init = httpx.Client.__init__

    def noted(self: httpx.Client, *arguments: Any, **options: Any) -> None:
        opened.append(self)
        init(self, *arguments, **options)

    monkeypatch.setattr(httpx.Client, "__init__", noted)
    yield
    for client in opened:
        client.close()


@pytest.fixture
def emu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningEmulator]:
    """A repository, a site, an object and an upload, each in its collection."""
    Repository(tmp_path / "repo").commit(FILES)
    page = "<h1>Install</h1><p>Use pip to install the package.</p>"
    write(tmp_path / "site", {"index.html": '<a href="install">x</a>', "install.html": page})
    write(tmp_path / "bucket", {"terms.txt": "Invoices are due after thirty days.\n"})
    with (
        emulator(
            repos={"acme/handbook": tmp_path / "repo"},
            sites={"https://docs.acme.com/": tmp_path / "site"},
            buckets={"acme-docs": tmp_path / "bucket"},
            invocations="instant",
        ) as emu,
        emu.client() as client,
    ):
        for name, value in emu.environment().items():
            monkeypatch.setenv(name, value)
        task = {"task_name": "nl_to_code", "document_prompt": "", "query_prompt": "Given a question"}
        dense = {"model": "Qwen/Qwen3-Embedding-0.6B", "task": task}
        github = source(client, github={"repository": "acme/handbook"}, embedding={"dense": dense})
        run(client, github, target_collection_name="handbook", ref_identifier={"branch": "main"})
        web = source(client, web_scrape={"starting_url": "https://docs.acme.com/"})
        run(client, web, target_collection_name="web")
        bucket = {
            "bucket_name": "acme-docs",
            "region": "eu",
            "collection_name": "papers",
            "aws_credential_id": 1,
        }
        run(client, source(client, s3=bucket), object_key="terms.txt")
        raw = b"Clusters are drained on Fridays.\n"
        client.post(
            "/api/v1/add-file",
            headers={"x-upload-content-length": str(len(raw))},
            data={"database_name": "demo", "collection_name": "notes"},
            files={"file": ("ops.txt", raw)},
        ).raise_for_status()
        yield emu


QUESTIONS = [
    ("handbook", "when do I ask for vacation?", "path", "docs/leave.md"),
    ("handbook", "what deploys after tests?", "path", "docs/deploy.md"),
    ("handbook", "sum of amounts", "path", "src/money.py"),
    ("web", "how do I install it with pip?", "url", "https://docs.acme.com/install"),
    ("papers", "when are invoices due?", "object_key", "terms.txt"),
    ("notes", "draining a cluster", "filename", "ops.txt"),
]


def port(url: str) -> int:
    """A URL's."""
    return httpx.URL(url).port or 0


def cloud(emu: RunningEmulator, key: str, **options: Any) -> Any:
    """The cloud's client."""
    return chromadb.CloudClient(
        api_key=key, cloud_host="127.0.0.1", cloud_port=port(emu.url), enable_ssl=False, **options
    )


def test_a_question_finds_the_right_file(emu: RunningEmulator) -> None:
    """Of each kind of source, by both clients, embedded by the client itself at the emulator's stand-in."""
    assert emu.chroma_url is not None
    direct: Any = chromadb.HttpClient(
        host="127.0.0.1", port=port(emu.chroma_url), tenant=emu.tenant, database=emu.database
    )
    with direct, cloud(emu, emu.key) as through:
        for client in (direct, through):
            for name, question, key, expected in QUESTIONS:
                found = client.get_collection(name).query(query_texts=[question], n_results=1)
                assert found["metadatas"] is not None
                assert found["metadatas"][0][0][key] == expected
            handbook = client.get_collection("handbook")
            assert handbook.count() == 3
            assert handbook.metadata == {"finished_ingest": True}
            assert handbook.get(where={"path": "docs/leave.md"})["documents"] == [FILES["docs/leave.md"]]
        # What it writes by itself is embedded alike, and stands beside what the run wrote.
        notes = through.get_collection("notes")
        notes.add(ids=["own"], documents=["Backups run at midnight."])
        assert notes.query(query_texts=["midnight backups"], n_results=1)["ids"] == [["own"]]


def test_the_cloud_client_gets_what_its_key_is_good_for(emu: RunningEmulator) -> None:
    """Tenant and database come from the key; another database, and no key, are refused."""
    emu.control.add_database("other")
    emu.control.add_tenant("default", "scoped", database="demo")
    with cloud(emu, "scoped", database=None) as client:
        assert (client.tenant, client.database) == ("default", "demo")
        assert client.count_collections() == 4
    with pytest.raises((ChromaError, ValueError)):
        cloud(emu, "scoped", database="other")
    with pytest.raises((ChromaError, ValueError)):
        cloud(emu, "no-key")


def test_the_stand_in_embeds_for_those_with_a_key(emu: RunningEmulator) -> None:
    """The shapes that the client reads: a vector a text, or what is wrong."""
    with emu.client() as client:
        body = {"texts": ["one", "two"], "instructions": ""}
        vectors = client.post("/embed", json=body).json()["embeddings"]
        assert [len(vector) for vector in vectors] == [1024, 1024]
        assert "texts" in client.post("/embed", json={}).json()["error"]
        refused = client.post("/embed", json=body, headers={"x-chroma-token": "none"})
        assert (refused.status_code, "is not known" in refused.json()["error"]) == (401, True)
