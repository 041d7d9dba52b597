"""``--sync``: what a run reads is in a collection of a real Chroma server afterwards."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.emulator.folders import Repository, chunks, run, source, write

from chroma_sync_emulator.syncing.chroma import Chroma
from chroma_sync_emulator.syncing.failures import SyncFailed, SyncStopped
from chroma_sync_emulator.syncing.process import chroma_server as started
from chroma_sync_emulator.syncing.runs import Run, carry_out
from chroma_sync_emulator.syncing.targets import Targets
from chroma_sync_emulator.syncing.worker import Worker
from chroma_sync_emulator.testing import RunningEmulator, emulator

GITHUB = {"repository": "acme/handbook"}
LEAVE = "# Leave\n\nAsk for vacation two weeks before.\n"
DEPLOY = "# Deploy\n\nPush to main; the pipeline does the rest.\n"


@pytest.fixture(scope="module")
def emu() -> Iterator[RunningEmulator]:
    """One for all tests, which have collections of their own; a run is over when it is answered."""
    with emulator(sync=True, invocations="instant", unique="never") as running:
        yield running


def sha256(text: str) -> str:
    """As the ids have it."""
    return hashlib.sha256(text.encode()).hexdigest()


def paths(emu: RunningEmulator, collection: str) -> set[str]:
    """Of the chunks of a repository's collection."""
    return {chunk["metadata"]["path"] for chunk in chunks(emu, collection).values()}


def finished(emu: RunningEmulator, collection: str) -> bool:
    """Whether it takes no other run."""
    found = {each["name"]: each["finished_ingest"] for each in emu.control.collections()}
    return bool(found[collection])


def test_a_branch_is_read_as_it_was_committed(
    emu: RunningEmulator, client: httpx.Client, tmp_path: Path
) -> None:
    """Text files of the last commit alone: no binary, no link, nothing large, nothing of the work tree."""
    handbook = Repository(tmp_path)
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    files: dict[str, str | bytes] = {
        "docs/leave.md": LEAVE,
        "with space é.txt": "one\n",
        "logo.png": b"\x89PNG\0\x01",
        "latin.txt": "é".encode("latin-1"),
        "large.txt": "x" * (2**20 + 1),
        "empty.txt": "",
    }
    commit = handbook.commit(files)
    write(tmp_path, {"docs/leave.md": "changed, not committed", "new.md": "new"})
    emu.control.add_target("repo", "acme/handbook", tmp_path)
    of = source(client, github=GITHUB)
    status = run(client, of, target_collection_name="branch", ref_identifier={"branch": "main"})
    assert set(status) == {"complete"}
    found = chunks(emu, "branch")
    assert set(found) == {f"{sha256(path)}-0" for path in ("docs/leave.md", "with space é.txt")}
    leave = found[f"{sha256('docs/leave.md')}-0"]
    assert leave["document"] == LEAVE
    assert leave["metadata"] == {
        "repository": "acme/handbook",
        "branch": "main",
        "commit": commit,
        "path": "docs/leave.md",
        "chunk": 0,
        "start_line": 1,
        "end_line": 3,
        "chunker": "tree_sitter markdown",
    }
    assert len(leave["embedding"]) == 1024


def test_each_version_has_a_collection_of_its_own(
    emu: RunningEmulator, client: httpx.Client, tmp_path: Path
) -> None:
    """A complete one takes no other run; a commit is read as it was, and its collection stays."""
    handbook = Repository(tmp_path)
    first = handbook.commit({"leave.md": LEAVE})
    handbook.commit({"deploy.md": DEPLOY})
    emu.control.add_target("repo", "acme/handbook", tmp_path)
    of = source(client, github=GITHUB)
    run(client, of, target_collection_name="version-1", ref_identifier={"sha": first})
    assert finished(emu, "version-1")
    body = {"target_collection_name": "version-1", "ref_identifier": {"branch": "main"}}
    assert client.post(f"/api/v1/sources/{of}/invocations", json=body).status_code == 409
    run(client, of, target_collection_name="version-2", ref_identifier={"branch": "main"})
    assert paths(emu, "version-1") == {"leave.md"}
    assert paths(emu, "version-2") == {"leave.md", "deploy.md"}
    # Who deletes it there, by whatever client, may fill it again.
    name = f"{emu.chroma_url}/api/v2/tenants/{emu.tenant}/databases/demo/collections/version-1"
    httpx.delete(name, trust_env=False).raise_for_status()
    assert "complete" in run(
        client, of, target_collection_name="version-1", ref_identifier={"sha": first[:9]}
    )


@pytest.mark.parametrize(
    ("globs", "left"),
    [
        (None, {"README.md", "docs/a.md", "docs/b.rst", "src/c.py"}),
        (["*"], {"README.md", "docs/a.md", "docs/b.rst", "src/c.py"}),
        (["**/*.md"], {"README.md", "docs/a.md"}),
        (["*.md", "*.py"], {"README.md", "docs/a.md", "src/c.py"}),
        (["docs/**"], {"docs/a.md", "docs/b.rst"}),
        (["/*.md"], {"README.md"}),
        (["none/*"], set()),
    ],
)
def test_globs_choose_the_files(
    emu: RunningEmulator, client: httpx.Client, tmp_path: Path, globs: list[str] | None, left: set[str]
) -> None:
    """As in .gitignore; none of them is all."""
    handbook = Repository(tmp_path)
    handbook.commit(dict.fromkeys(("README.md", "docs/a.md", "docs/b.rst", "src/c.py"), "text\n"))
    emu.control.add_target("repo", "acme/handbook", tmp_path)
    name = f"globs-{abs(hash(str(globs)))}"
    of = source(client, github={**GITHUB, "include_globs": globs})
    run(client, of, target_collection_name=name, ref_identifier={"branch": "main"})
    assert paths(emu, name) == left


SITE = {
    "index.html": '<title>Acme</title><a href="guide/">Guide</a> <a href="https://other.example/">other</a>'
    ' <a href="https://xocs.acme.com/never-linked.html">x</a>'
    ' <a href="/missing">gone</a> <a href="mailto:a@acme.example">mail</a><script>let hidden</script>',
    "guide/index.html": '<h1>Guide</h1><p>Start <b>here</b>.</p><a href="../deep/one.html?x=1#top">1</a>'
    ' <a href="/guide">again</a> <a href="../notes">notes</a> <a href="../../secret.html">up</a>',
    "deep/one.html": '<a href="two">two</a>',
    "deep/two.html": '<a href="/index.html">home</a> <a href="/outside.html">out</a> two',
    "notes.md": "# Notes\n",
    "never-linked.html": "never",
}


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({}, {"/", "/guide/", "/notes", "/deep/one.html", "/deep/two"}),
        ({"max_depth": 0}, {"/"}),
        ({"max_depth": 1}, {"/", "/guide/"}),
        ({"page_limit": 2}, {"/", "/guide/"}),
        ({"page_limit": 0}, set()),
        ({"include_path_regexes": ["^/guide", "/deep/"]}, {"/guide/", "/deep/one.html", "/deep/two"}),
        ({"exclude_path_regexes": ["/deep/*"]}, {"/", "/guide/", "/notes"}),
        (
            {"starting_url": "https://docs.acme.com/deep/one.html", "max_depth": 1},
            {"/deep/one.html", "/deep/two"},
        ),
    ],
)
def test_links_are_followed_within_the_site(
    emu: RunningEmulator, client: httpx.Client, tmp_path: Path, fields: dict[str, Any], read: set[str]
) -> None:
    """Each page once, within what is declared; never out of the folder or to another host."""
    write(tmp_path, {"secret.html": "secret"})
    folder = write(tmp_path / "site", SITE)
    (folder / "outside.html").symlink_to(tmp_path / "secret.html")
    emu.control.add_target("site", "https://docs.acme.com", folder)
    name = f"site-{abs(hash(str(fields)))}"
    of = source(client, web_scrape={"starting_url": "HTTPS://docs.acme.com", **fields})
    assert "complete" in run(client, of, target_collection_name=name)
    found = [chunk["metadata"]["url"] for chunk in chunks(emu, name).values()]
    assert len(found) == len(set(found))
    assert set(found) == {f"https://docs.acme.com{path}" for path in read}
    assert finished(emu, name)


def test_a_page_is_written_as_markdown(emu: RunningEmulator, client: httpx.Client, tmp_path: Path) -> None:
    """What a reader sees of it, with its title and address."""
    emu.control.add_target("site", "https://docs.acme.com/", write(tmp_path, SITE))
    of = source(client, web_scrape={"starting_url": "https://docs.acme.com/guide/", "max_depth": 0})
    run(client, of, target_collection_name="page")
    [(name, chunk)] = chunks(emu, "page").items()
    assert name == f"{sha256('https://docs.acme.com/guide/')}-0"
    assert chunk["document"].startswith("# Guide\n\nStart **here**.")
    assert chunk["metadata"]["title"] == "Guide"
    assert chunk["metadata"]["chunker"] == "tree_sitter markdown"


BUCKET = {"bucket_name": "acme-docs", "region": "eu", "collection_name": "objects", "aws_credential_id": 1}


def test_an_object_is_appended_with_its_metadata(
    emu: RunningEmulator, client: httpx.Client, tmp_path: Path
) -> None:
    """Under the ids that are documented, without closing the collection; a null is nothing."""
    folder = write(tmp_path, {"acme/terms.txt": "thirty days\n", "acme/page.html": "<h1>Page</h1>text"})
    emu.control.add_target("bucket", "acme-docs", folder)
    of = source(client, s3={**BUCKET, "path_prefix": "acme/"})
    run(client, of, object_key="acme/terms.txt")
    extra = {"year": 2026, "tags": ["a", "b"], "draft": False, "none": None}
    run(client, of, object_key="acme/page.html", custom_id="page-1", metadata=extra)
    found = chunks(emu, "objects")
    assert set(found) == {f"{sha256('acme/terms.txt')}-0", "page-1-0"}
    page = found["page-1-0"]
    assert page["document"] == "# Page\n\ntext\n"
    del extra["none"]
    own = {"bucket_name": "acme-docs", "object_key": "acme/page.html", "custom_id": "page-1"}
    written = {**own, **extra, "chunker": "tree_sitter markdown"}
    assert {name: page["metadata"].get(name) for name in written} == written
    assert "none" not in page["metadata"]
    assert not finished(emu, "objects")
    write(folder, {"acme/terms.txt": "sixty days\n"})
    run(client, of, object_key="acme/terms.txt")
    assert chunks(emu, "objects")[f"{sha256('acme/terms.txt')}-0"]["document"] == "sixty days\n"


def upload(client: httpx.Client, name: str, raw: bytes, **fields: str) -> Any:
    """An upload to an ``instant`` emulator; answers the run's status."""
    answer = client.post(
        "/api/v1/add-file",
        headers={"x-upload-content-length": str(len(raw))},
        data={"database_name": "demo", "collection_name": "uploads", **fields},
        files={"file": (name, raw)},
    )
    assert answer.status_code == 201, answer.text
    return client.get(f"/api/v1/invocations/{answer.json()['invocation_id']}").json()["status"]


def test_an_upload_arrives(emu: RunningEmulator, client: httpx.Client) -> None:
    """As it was sent, chunked as it asks; a broken one fails, and the next one goes on."""
    chunking = '{"type": "lines", "max_lines": 1, "max_size_bytes": 100}'
    raw = "first\nsecond é\n".encode()
    assert "complete" in upload(
        client, "notes.txt", raw, custom_id="n", metadata='{"year": 2026}', chunking=chunking
    )
    assert upload(client, "scan.pdf", b"%PDF-1.7") == {
        "failed": {"error": 'file "scan.pdf": the emulator extracts no text of .pdf documents'}
    }
    assert upload(client, "bad.txt", b"\xff\xfe") == {
        "failed": {"error": 'file "bad.txt" is not valid UTF-8 text'}
    }
    found = chunks(emu, "uploads")
    assert {name: chunk["document"] for name, chunk in found.items()} == {
        "n-0": "first\n",
        "n-1": "second é\n",
    }
    assert found["n-1"]["metadata"] == {
        "year": 2026,
        "filename": "notes.txt",
        "content_type": "text/plain",
        "custom_id": "n",
        "chunk": 1,
        "start_line": 2,
        "end_line": 2,
        "chunker": "lines",
    }


def test_what_cant_be_read_fails_the_run_with_a_sentence(
    emu: RunningEmulator, client: httpx.Client, tmp_path: Path
) -> None:
    """It names what is missing, and no collection is made for it."""
    Repository(tmp_path / "handbook").commit({"a.md": "text\n"})
    write(tmp_path / "bucket", {"a.pdf": b"%PDF", "raw.bin": b"\0", "dir/a.txt": "a"})
    write(tmp_path, {"secret.txt": "secret"})
    write(tmp_path / "site", {"index.html": "home"})
    (tmp_path / "bucket" / "out.txt").symlink_to(tmp_path / "secret.txt")
    emu.control.add_target("repo", "acme/handbook", tmp_path / "handbook")
    emu.control.add_target("repo", "acme/none", tmp_path / "site")
    emu.control.add_target("repo", "acme/inside", tmp_path / "handbook" / ".git" / "refs")
    emu.control.add_target("bucket", "acme-docs", tmp_path / "bucket")
    emu.control.add_target("site", "https://docs.acme.com/", tmp_path / "site")
    web = "https://docs.acme.com/"

    def error(fields: dict[str, Any], **asked: Any) -> str:
        name = {"target_collection_name": "never"}
        return str(run(client, source(client, **fields), **{**name, **asked})["failed"]["error"])

    def github(repository: str = "acme/handbook", **ref: str) -> str:
        return error({"github": {"repository": repository}}, ref_identifier=ref or {"branch": "main"})

    def s3(key: str, bucket: str = "acme-docs") -> str:
        return error({"s3": {**BUCKET, "bucket_name": bucket}}, object_key=key)

    assert github(branch="nope") == 'branch "nope" not found in acme/handbook'
    assert github(branch="main^{tree}") == 'branch "main^{tree}" not found in acme/handbook'
    assert github(sha="0" * 40) == f'commit "{"0" * 40}" not found in acme/handbook'
    assert github(sha="main") == 'commit "main" not found in acme/handbook'
    assert github("acme/other").startswith(
        'repository "acme/other" not found: the emulator maps acme/handbook'
    )
    assert github("acme/none").startswith("acme/none can't be read: fatal: not a git repository")
    assert github("acme/inside").startswith("acme/inside can't be read: fatal: not a git repository")
    for key in ("none.txt", "dir", "../secret.txt", "/secret.txt", "out.txt", "dir/../../secret.txt"):
        assert s3(key) == f'object "{key}" not found in bucket "acme-docs"'
    assert s3("a.pdf") == 'object "a.pdf": the emulator extracts no text of .pdf documents'
    assert s3("raw.bin") == 'object "raw.bin" is not valid UTF-8 text'
    assert s3("a.txt", "others").startswith('bucket "others" not found: the emulator maps acme-docs')
    assert error({"web_scrape": {"starting_url": f"{web}none"}}) == f'page "{web}none" not found (404)'
    for climbing in ("..%2fsecret.txt", "%2e%2e/secret.txt"):
        assert "not found (404)" in error({"web_scrape": {"starting_url": web + climbing}})
    assert error({"web_scrape": {"starting_url": "https://acme.com/"}}).startswith(
        'site "https://acme.com/" not found: the emulator maps https://docs.acme.com/'
    )
    broken = {"starting_url": web, "include_path_regexes": ["("]}
    assert error({"web_scrape": broken}).startswith('include_path_regexes: "(" is no regular expression')
    lines = {"type": "lines", "max_lines": 0}
    said = error({"github": GITHUB, "chunking": lines}, ref_identifier={"branch": "main"})
    assert said == "chunking: max_lines 0 leaves room for no line"
    assert "never" not in {each["name"] for each in emu.control.collections()} - {"never"}


def test_a_run_is_seen_in_each_state(tmp_path: Path) -> None:
    """Pending, processing, complete, no sooner than the settings say; a pending one can be cancelled."""
    Repository(tmp_path).commit({"leave.md": LEAVE})
    repos = {"acme/handbook": tmp_path}
    with (
        emulator(repos=repos, pending_seconds=0.15, processing_seconds=0.3) as emu,
        emu.client() as client,
    ):
        of = source(client, github=GITHUB)

        def start(name: str) -> str:
            body = {"target_collection_name": name, "ref_identifier": {"branch": "main"}}
            return str(client.post(f"/api/v1/sources/{of}/invocations", json=body).json()["invocation_id"])

        def status(number: str) -> Any:
            return client.get(f"/api/v1/invocations/{number}").json()["status"]

        number, cancelled = start("docs"), start("cancelled")
        assert client.put(f"/api/v1/invocations/{cancelled}", json={}).status_code == 202
        # It goes on to its end without its source.
        client.delete(f"/api/v1/sources/{of}")
        seen = [status(number)]
        end = time.monotonic() + 30
        while not isinstance(seen[-1], dict) and time.monotonic() < end:
            time.sleep(0.02)
            if (now := status(number)) != seen[-1]:
                seen.append(now)
        assert seen[:-1] == ["pending", "processing"]
        assert seen[-1]["complete"]["duration_ms"] >= 300
        assert status(cancelled) == "cancelled"
        assert [each["name"] for each in emu.control.collections()] == ["docs"]


def test_a_service_that_spells_things_its_own_way_syncs_the_same(tmp_path: Path) -> None:
    """Repositories that are addresses, numbers that are texts, defaults that are filled in."""
    Repository(tmp_path / "repo").commit({"a.txt": "a\nb\n"})
    write(tmp_path / "site", {"index.html": "home"})
    with (
        emulator(
            repos={"acme/handbook": tmp_path / "repo"},
            sites={"https://docs.acme.com/": tmp_path / "site"},
            invocations="instant",
            normalise="on",
            defaults="filled",
        ) as emu,
        emu.client() as client,
    ):
        lines = {"type": "lines", "max_lines": 1}
        github = source(client, github=GITHUB, chunking=lines)
        run(client, github, target_collection_name="repo", ref_identifier={"branch": "main"})
        documents = {
            (each["metadata"]["repository"], each["document"]) for each in chunks(emu, "repo").values()
        }
        assert documents == {("acme/handbook", "a\n"), ("acme/handbook", "b\n")}
        web = source(client, web_scrape={"starting_url": "https://docs.acme.com", "page_limit": 1})
        run(client, web, target_collection_name="site")
        assert len(chunks(emu, "site")) == 1


def test_a_run_that_is_left_under_way_is_done_by_the_next_one(tmp_path: Path) -> None:
    """An emulator that ends doesn't wait for a long run, nor is the run lost."""
    text = "".join(f"line {number}\n" for number in range(1200))
    Repository(tmp_path / "repo").commit({"long.txt": text})
    store, lines = str(tmp_path / "emulator.sqlite"), {"type": "lines", "max_lines": 1}

    def start() -> Any:
        repos = {"acme/handbook": tmp_path / "repo"}
        return emulator(repos=repos, store=store, pending_seconds=0, processing_seconds=0)

    with start() as emu, emu.client() as client:
        of = source(client, github=GITHUB, chunking=lines)
        body = {"target_collection_name": "long", "ref_identifier": {"branch": "main"}}
        number = client.post(f"/api/v1/sources/{of}/invocations", json=body).json()["invocation_id"]
        end = time.monotonic() + 30
        while not any(each["count"] for each in emu.control.collections()) and time.monotonic() < end:
            time.sleep(0.01)
        assert client.get(f"/api/v1/invocations/{number}").json()["status"] == "processing"
    with start() as emu, emu.client() as client:
        while client.get(f"/api/v1/invocations/{number}").json()["status"] == "processing":
            assert time.monotonic() < end + 30
            time.sleep(0.02)
        assert "complete" in client.get(f"/api/v1/invocations/{number}").json()["status"]
        assert len(chunks(emu, "long")) == 1200


def test_a_run_stops_between_two_batches(chroma_server: str, tmp_path: Path) -> None:
    """What it wrote until then stays, and the collection is not finished."""
    Repository(tmp_path).commit({"long.txt": "".join(f"line {number}\n" for number in range(500))})
    server = Chroma(chroma_server)
    server.make_database("stopping", "stopped")
    of = {
        "github": GITHUB,
        "chunking": {"type": "lines", "max_lines": 1, "max_size_bytes": 100},
        "embedding": {"dense": {"model": "Qwen/Qwen3-Embedding-0.6B"}},
    }
    stopped = Run(
        id="1",
        tenant="stopping",
        database="stopped",
        kind="github",
        collection="long",
        source=of,
        details={"git_ref_identifier": {"branch": "main"}},
    )
    answers = iter([True, False])
    with pytest.raises(SyncStopped):
        carry_out(stopped, Targets.of(repo={"acme/handbook": tmp_path}), server, lambda: next(answers))
    [collection] = server.collections("stopping", "stopped")
    assert (collection["count"], collection["metadata"]) == (200, None)
    server.close()


def test_the_worker_ends_without_waiting_for_a_run() -> None:
    """A run that can be left is left, and not said to be done; one that fails doesn't end the worker."""
    waiting: list[dict[str, Any]] = [{"id": "broken"}, {"id": "refused"}, {"id": "long"}]
    told: list[tuple[str, str | None]] = []
    began = threading.Event()

    def carry_out(run: dict[str, Any], wanted: Callable[[], bool]) -> str:
        if run["id"] == "broken":
            raise ZeroDivisionError
        if run["id"] == "refused":
            raise SyncFailed("no such thing")
        began.set()
        while wanted():
            time.sleep(0.001)
        raise SyncStopped

    worker = Worker(
        take=lambda: waiting.pop(0) if waiting else None,
        wait=lambda: None,
        carry_out=carry_out,
        finish=lambda run, error, report: told.append((run["id"], error)),
    )
    worker.start()
    assert began.wait(30)
    worker.stop()
    assert told == [("broken", "the emulator failed; see its log"), ("refused", "no such thing")]


def test_what_nobody_carries_out_any_more_is_moved_by_time(tmp_path: Path) -> None:
    """A store with a run that is still to be done, without ``--sync`` the next time."""
    write(tmp_path / "bucket", {"a.txt": "a"})
    store = str(tmp_path / "emulator.sqlite")
    buckets = {"acme-docs": tmp_path / "bucket"}
    with emulator(buckets=buckets, store=store, pending_seconds=0.3) as emu, emu.client() as client:
        of = source(client, s3=BUCKET)
        body = {"object_key": "a.txt"}
        number = client.post(f"/api/v1/sources/{of}/invocations", json=body).json()["invocation_id"]
    with emulator(store=store) as emu, emu.client() as client:
        end = time.monotonic() + 30
        while "complete" not in (status := client.get(f"/api/v1/invocations/{number}").json()["status"]):
            assert status in ("pending", "processing") and time.monotonic() < end
            time.sleep(0.02)


def test_by_hand_nothing_is_carried_out(tmp_path: Path) -> None:
    """A run that a test moves is complete because it says so."""
    write(tmp_path, {"a.txt": "a"})
    with (
        emulator(buckets={"acme-docs": tmp_path}, invocations="manual") as emu,
        emu.client() as client,
    ):
        body = {"object_key": "a.txt"}
        answer = client.post(f"/api/v1/sources/{source(client, s3=BUCKET)}/invocations", json=body)
        moved = emu.control.move_invocation(answer.json()["invocation_id"], {"complete": {}})
        assert "complete" in moved["status"]
        assert emu.control.collections() == []


def test_what_is_made_and_reset_here_is_made_and_reset_there(tmp_path: Path) -> None:
    """Databases and collections of the control API, and of the public one."""
    write(tmp_path, {"a.txt": "a"})
    with (
        emulator(buckets={"acme-docs": tmp_path}, invocations="instant") as emu,
        emu.client() as client,
        httpx.Client(base_url=f"{emu.chroma_url}/api/v2/tenants", trust_env=False, verify=False) as real,
    ):

        def there(tenant: str) -> dict[str, list[str]]:
            found = real.get(f"/{tenant}/databases").json()
            return {
                each["name"]: sorted(
                    one["name"] for one in real.get(f"/{tenant}/databases/{each['name']}/collections").json()
                )
                for each in found
            }

        emu.control.add_database("knowledge")
        emu.control.add_tenant("acme", "acme-key", ["theirs"])
        emu.control.add_collection("closed", "knowledge")
        client.post("/api/v2/tenants/default/databases", json={"name": "asked-for"}).raise_for_status()
        run(client, source(client, s3=BUCKET), object_key="a.txt")
        real.post("/default/databases/demo/collections", json={"name": "of-a-client"}).raise_for_status()
        assert there("acme") == {"theirs": []}
        assert there("default") == {
            "asked-for": [],
            "demo": ["objects", "of-a-client"],
            "knowledge": ["closed"],
        }
        emu.control.reset()
        assert there("default") == {"demo": []}
        assert there("acme") == {}
        assert emu.control.targets()["bucket"] == {"acme-docs": str(tmp_path)}


def test_targets_are_checked_where_they_are_given(emu: RunningEmulator, tmp_path: Path) -> None:
    """No such folder, a name that is none of its kind: refused at once."""
    for kind, name, path, said in [
        ("repo", "acme/handbook", tmp_path / "none", "there is no folder"),
        ("repo", "handbook", tmp_path, "must be owner/name"),
        ("site", "docs.acme.com", tmp_path, "must be an http or https address"),
        ("forest", "trees", tmp_path, "kind"),
    ]:
        with pytest.raises(httpx.HTTPStatusError, match=said):
            emu.control.add_target(kind, name, path)
    with pytest.raises(ValueError, match="there is no folder"):
        with emulator(repos={"acme/handbook": tmp_path / "none"}):
            raise AssertionError
    with emulator() as plain, pytest.raises(httpx.HTTPStatusError, match="without --sync"):
        plain.control.targets()


def test_a_server_that_is_gone_fails_the_run_and_not_the_emulator(tmp_path: Path) -> None:
    """The sentence names the server; what asks it directly is 502."""
    write(tmp_path, {"a.txt": "a"})
    with started() as url:
        stopped = emulator(
            buckets={"acme-docs": tmp_path}, chroma=url, pending_seconds=0, processing_seconds=0
        )
        emu = stopped.__enter__()
    try:
        with emu.client() as client:
            of = source(client, s3=BUCKET)
            answer = client.post(f"/api/v1/sources/{of}/invocations", json={"object_key": "a.txt"})
            assert answer.status_code == 502
            assert answer.json()["message"].startswith(f"the Chroma server at {url} doesn't answer")
            assert client.get("/api/v2/tenants/default/databases/demo").status_code == 502
            assert "doesn&#39;t answer" in client.get("/").text
    finally:
        stopped.__exit__(None, None, None)
