"""The page for people, as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.emulator.browser import fill
from tests.emulator.folders import run, source, write

from chroma_sync_emulator.testing import RunningEmulator, emulator

Create = Callable[..., str]
# Each would do something if it were not escaped: as a tag, in an attribute, as a template.
HOSTILE = "<script>document.title='owned'<\\x2fscript>\"'><img src=x onerror=alert(1)>{{7*70007}}&lt;"


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """Invocations move by hand alone."""
    with emulator(invocations="manual") as running:
        yield running


def cells(page: str) -> set[str]:
    """The texts of the page's tables and lists."""
    texts = re.findall(r"<(?:td|li|dd|summary)[^>]*>(.*?)</(?:td|li|dd|summary)>", page, re.DOTALL)
    return {" ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split()) for text in texts}


def test_the_page_shows_sources_invocations_requests_and_faults(
    client: httpx.Client, emu: RunningEmulator
) -> None:
    """Each with what tells it from the others, and its state."""
    runs = fill(emu)
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    shown = cells(answer.text)
    assert shown >= {"acme/handbook", "https://docs.acme.com/", "s3://papers/2026/"}
    assert shown >= {"pending", "processing", "complete 1840 ms", "failed no page", "cancelled"}
    assert shown >= {"s3://papers/2026/ · 2026/a.pdf", "lines · 20 · 4096", "demo", *runs}
    assert shown >= {"GET /api/v1/sources?database_name=nope", "404", "respond", "503", "create_invocation"}
    assert "drop_after create_source, 2 more" in shown


def test_a_run_of_a_deleted_source_says_so(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """It stays on the page, as it stays in the API."""
    source_id = create(github={"repository": "acme/handbook"})
    client.post(f"/api/v1/sources/{source_id}/invocations", json={"target_collection_name": "docs"})
    client.delete(f"/api/v1/sources/{source_id}")
    assert {"a deleted source", "pending", "docs"} <= cells(client.get("/").text)


def test_the_page_of_an_empty_emulator_says_what_to_do(client: httpx.Client) -> None:
    """No empty tables."""
    page = client.get("/").text
    assert "<table>" not in page
    assert page.count("None yet.") == 3


def test_every_value_is_escaped(client: httpx.Client, create: Create, emu: RunningEmulator) -> None:
    """Names of every origin come back as text."""
    emu.control.add_tenant(HOSTILE, "k", ["theirs"])
    source_id = create(github={"repository": f"acme/{HOSTILE.replace(' ', '')}", "include_globs": [HOSTILE]})
    client.headers["user-agent"] = "<b>agent"
    run = client.post(f"/api/v1/sources/{source_id}/invocations", json={"target_collection_name": "docs"})
    emu.control.move_invocation(run.json()["invocation_id"], {"failed": {"error": "<b>error"}})
    emu.control.patch_source(source_id, chunking={"type": HOSTILE})
    emu.control.fault("create_source", "respond", match=HOSTILE)
    client.get("/api/v1/sources", params={"database_name": HOSTILE})
    client.get(f"/api/v1/{HOSTILE}")
    page = client.get("/").text
    for start in ("<b>", "<img src=x", "<script>", "490049"):
        assert start not in page.replace('<script src="/_emulator/page/page.js" defer>', "")
    shown = cells(page)
    assert {HOSTILE, f"acme/{HOSTILE.replace(' ', '')}", "<b>agent", "failed <b>error"} <= shown
    assert f"GET /api/v1/sources?database_name={HOSTILE}" in shown


def test_the_page_shows_no_key_and_no_secret(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """Neither API keys, nor AWS keys, nor the password of an address."""
    emu.control.add_tenant("other", "another-key", ["theirs"])
    keys = {"aws_access_key_id": "AKIA-SHOWN", "aws_secret_access_key": "hush-hush"}
    create(s3={"bucket_name": "b", "region": "r", "collection_name": "docs", **keys})
    create(web_scrape={"starting_url": "https://anna:pass-word@docs.acme.com/a@b"})
    client.get("/api/v1/sources", params={"next": "https://anna:pass-word@docs.acme.com/"})
    page = client.get("/").text
    for secret in (emu.api_key, "another-key", "AKIA-SHOWN", "hush", "pass-word", "anna"):
        assert secret not in page
    assert "https://docs.acme.com/a@b" in cells(page)


def test_the_page_takes_nothing_from_elsewhere(client: httpx.Client) -> None:
    """A strict policy, no inline script or style, and every part is the emulator's own and is there."""
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy
    assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|https?://", answer.text)
    parts = set(re.findall(r'(?:src|href)="([^"]*)"', answer.text))
    assert parts and all(part.startswith("/") for part in parts)
    for part in parts:
        assert client.get(part).status_code == 200
    assert client.get("/_emulator/page/page.html").status_code == 404


def test_an_unchanged_page_is_not_sent_again(client: httpx.Client, create: Create) -> None:
    """304 with the ETag, until something happens."""
    first = client.get("/")
    again = client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    create(github={"repository": "acme/handbook"})
    assert client.get("/", headers={"if-none-match": first.headers["etag"]}).status_code == 200


def test_of_many_the_page_shows_the_newest(client: httpx.Client, create: Create) -> None:
    """50 of each, and how many there are."""
    for number in range(53):
        create(github={"repository": f"acme/{number}"})
    page = client.get("/").text
    assert "the last 50 of 53" in page
    shown = cells(page)
    assert "acme/52" in shown and "acme/3" in shown and "acme/2" not in shown


def test_the_page_names_the_store_without_its_folder(tmp_path: Path) -> None:
    """Enough to tell two emulators apart."""
    with emulator(store=str(tmp_path / "mine.sqlite")) as emu, emu.client() as client:
        page = client.get("/").text
    assert "mine.sqlite" in cells(page)
    assert str(tmp_path) not in page


def test_the_page_shows_collections_and_searches_in_them(tmp_path: Path) -> None:
    """With their counts, and a plain word on what ranks; what is found is escaped like all else."""
    hostile = f"vacation {HOSTILE}"
    write(tmp_path, {"leave.md": f"# Leave\n\n{hostile}\n", "deploy.md": "Push to main.\n"})
    bucket = {"bucket_name": "b-1", "region": "eu", "collection_name": "handbook", "aws_credential_id": 1}
    with emulator(buckets={"b-1": tmp_path}, invocations="instant") as emu, emu.client() as client:
        empty = client.get("/").text
        assert empty.count("None yet.") == 4 and "<form" not in empty
        source_id = source(client, s3=bucket)
        for key in ("leave.md", "deploy.md"):
            run(client, source_id, object_key=key)
        page = client.get("/").text
        assert cells(page) >= {"handbook", "2", "open"}
        assert "complete 0 ms, 1 document, 1 chunk (1 by tree_sitter markdown)" in re.sub(
            r"\d+ ms", "0 ms", " ".join(cells(page))
        )
        assert "a lexical stand-in" in page
        query = {"collection": "default/demo/handbook", "query": "vacation"}
        found = client.get("/", params=query).text
        first, second = re.findall(r"<li><strong>(.*?)</strong>", found)
        assert (first, second) == ("leave.md, lines 1 to 3", "deploy.md, lines 1 to 1")
        assert "<img src=x" not in found and "490049" not in found
        assert "<li><strong>" not in client.get("/", params={"collection": query["collection"]}).text
        nowhere = client.get("/", params={**query, "collection": "default/demo/none"})
        assert "Nothing there." in nowhere.text
    with emulator() as plain, plain.client() as client:
        assert "Collections" not in client.get("/", params=query).text
