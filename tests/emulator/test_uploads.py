"""Uploads: a form in order, a declared length, limits."""

from __future__ import annotations

import hashlib
import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator

FORM = {"database_name": "demo", "collection_name": "files"}
FILE = ("notes.txt", b"hello", "text/plain")
LENGTH = "x-upload-content-length"
LARGEST = 209_715_200


def upload(
    client: httpx.Client,
    form: dict[str, str] = FORM,
    file: Any = FILE,
    length: Any = 5,
) -> httpx.Response:
    return client.post("/api/v1/add-file", data=form, files={"file": file}, headers={LENGTH: str(length)})


def raw_form(*parts: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """A multipart body whose parts have the order that they are given in."""
    body = b"".join(
        b'--cut\r\ncontent-disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        % (name.encode(), b'; filename="a.txt"' if name == "file" else b"", value)
        for name, value in parts
    )
    return body + b"--cut--\r\n", {"content-type": "multipart/form-data; boundary=cut", LENGTH: "5"}


def test_an_upload_makes_a_run_of_the_databases_upload_source(client: httpx.Client) -> None:
    """The first one creates the source, the others use it, each has a run of its own."""
    runs = [upload(client), upload(client)]
    assert [response.status_code for response in runs] == [201, 201]
    [source] = client.get("/api/v1/sources", params={"source_type": "file_upload"}).json()
    assert source["file_upload"] == {}
    assert source["embedding"]["dense"]["task"]["task_name"] == "generic_retrieval"
    assert source["embedding"]["sparse"]["model"] == "prithivida/Splade_PP_en_v1"
    for response in runs:
        job = client.get(f"/api/v1/invocations/{response.json()['invocation_id']}").json()
        assert job["source_id"] == source["id"]
        assert job["metadata"] == {"Unknown": None, "database_name": "demo", "collection_name": "files"}
    assert len({response.json()["invocation_id"] for response in runs}) == 2


def test_the_store_keeps_what_an_upload_said(tmp_path: Path) -> None:
    """Name, type, size, hash and options; the type is the override, the part's, or the name's."""
    store = str(tmp_path / "emulator.sqlite")
    with emulator(store=store) as emu, emu.client() as client:
        options = {"custom_id": "x", "metadata": '{"a": 1}', "chunking": '{"type": "lines"}'}
        assert upload(client, {**FORM, **options}).status_code == 201
        assert upload(client, file=("a.md", b"hello", "application/octet-stream")).status_code == 201
        assert upload(client, {**FORM, "content_type": "text/x"}).status_code == 201
    with sqlite3.connect(store) as db:
        rows = db.execute("SELECT filename, content_type, size, sha256, options FROM uploads").fetchall()
    db.close()
    assert [row[:2] for row in rows] == [
        ("notes.txt", "text/plain"),
        ("a.md", "text/markdown"),
        ("notes.txt", "text/x"),
    ]
    assert {row[2:4] for row in rows} == {(5, hashlib.sha256(b"hello").hexdigest())}
    kept = json.loads(rows[0][4])
    assert (kept["custom_id"], kept["metadata"]) == ("x", {"a": 1})
    assert kept["chunking"] == {"type": "lines", "max_lines": 10, "max_size_bytes": 4096}


@pytest.mark.parametrize(
    ("form", "named"),
    [
        ({"database_name": "demo"}, "collection_name"),
        ({"collection_name": "files"}, "database_name"),
        ({**FORM, "collection_name": ""}, "collection_name"),
        ({**FORM, "colour": "red"}, "no other fields"),
        ({**FORM, "custom_id": "é" * 61}, "custom_id"),
        ({**FORM, "metadata": "{"}, "metadata"),
        ({**FORM, "metadata": "[]"}, "metadata"),
        ({**FORM, "metadata": '{"chroma_id": 1}'}, "chroma_"),
        ({**FORM, "metadata": json.dumps({"a": "x" * 16_384})}, "16 KiB"),
        ({**FORM, "metadata": '{"a": {}}'}, "metadata"),
        ({**FORM, "embedding": '{"dense": {"model": "x"}}'}, "embedding.dense.model"),
        ({**FORM, "chunking": '{"type": "x"}'}, "chunking"),
        ({**FORM, "chunking": "lines"}, "chunking"),
        ({**FORM, "content_type": "x" * 513}, "content_type"),
    ],
)
def test_a_form_that_breaks_a_rule_is_refused(client: httpx.Client, form: dict[str, str], named: str) -> None:
    """400 that names the field, and neither source nor run."""
    response = upload(client, form)
    assert response.status_code == 400
    assert named in response.json()["message"]
    assert client.get("/api/v1/sources").json() == client.get("/api/v1/invocations").json() == []


@pytest.mark.parametrize("length", ["", "0", "-1", "five", str(LARGEST + 1), "4", "6", "9" * 30])
def test_the_declared_length_is_enforced(client: httpx.Client, length: str) -> None:
    """It must be 1 to 200 MiB and the file's own: else 400."""
    response = upload(client, length=length)
    assert response.status_code == 400
    reason = {"4": "longer than", "6": "shorter than"}.get(length, "required")
    assert LENGTH in response.json()["message"] and reason in response.json()["message"]


def test_the_declared_length_is_required(client: httpx.Client) -> None:
    """400 without the header."""
    assert client.post("/api/v1/add-file", data=FORM, files={"file": FILE}).status_code == 400


@pytest.mark.parametrize("late", ["database_name", "collection_name"])
def test_database_and_collection_must_come_before_the_file(client: httpx.Client, late: str) -> None:
    """The order of the fields counts, as the contract says; for the others it doesn't."""
    fields = {name: value.encode() for name, value in FORM.items()}
    last = fields.pop(late)
    body, headers = raw_form(*fields.items(), ("file", b"hello"), (late, last))
    response = client.post("/api/v1/add-file", content=body, headers=headers)
    assert response.status_code == 400
    assert f"{late}: required, and must come before file" in response.json()["message"]
    body, headers = raw_form(*fields.items(), (late, last), ("file", b"hello"), ("custom_id", b"x"))
    assert client.post("/api/v1/add-file", content=body, headers=headers).status_code == 201


def test_broken_forms_are_refused(client: httpx.Client) -> None:
    """No form, no boundary, no file, a file without a name, twice the same, cut off: 400."""
    good, headers = raw_form(("database_name", b"demo"), ("collection_name", b"docs"), ("file", b"hello"))
    twice, _ = raw_form(("database_name", b"demo"), ("database_name", b"demo"))
    no_file, _ = raw_form(("database_name", b"demo"), ("collection_name", b"docs"))
    attempts = [
        ({**headers, "content-type": "application/json"}, good),
        ({**headers, "content-type": "multipart/form-data"}, good),
        (headers, good.replace(b'; filename="a.txt"', b"")),
        (headers, good[:-12]),
        (headers, good[:-4]),
        (headers, good[: good.rindex(b"--cut")]),
        (headers, b"nonsense"),
        (headers, b""),
        (headers, twice),
        (headers, no_file),
    ]
    for sent, body in attempts:
        assert client.post("/api/v1/add-file", content=body, headers=sent).status_code == 400, body
    assert client.post("/api/v1/add-file", content=good, headers=headers).status_code == 201


def test_an_upload_needs_the_right_key_and_database(client: httpx.Client, emu: RunningEmulator) -> None:
    """401, 403 and 404 also for a large file, whose sender hears the answer."""
    emu.control.add_tenant("default", "scoped", database="mine")
    large = ("big.bin", b"x" * (8 * 2**20))
    with emu.client("wrong") as wrong, emu.client("scoped") as scoped:
        assert upload(wrong, file=large, length=8 * 2**20).status_code == 401
        assert upload(scoped, file=large, length=8 * 2**20).status_code == 403
    assert upload(client, {**FORM, "database_name": "nope"}, large, 8 * 2**20).status_code == 404
    assert upload(client, file=large, length=8 * 2**20).status_code == 201


def test_a_client_that_sends_everything_before_it_listens_hears_the_refusal(emu: RunningEmulator) -> None:
    """The rest of a refused upload is read, not cut off."""
    host, port = emu.url.removeprefix("http://").split(":")
    body = b"x" * (32 * 2**20)
    head = f"POST /api/v1/add-file HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n"
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(head.encode() + b"connection: close\r\n\r\n" + body)
        assert raw.recv(12) == b"HTTP/1.1 401"


def test_a_file_of_200_mib_is_taken_and_one_byte_more_is_not(client: httpx.Client) -> None:
    """The contract's limit, byte by byte."""

    def form(size: int) -> Iterator[bytes]:
        head, tail = raw_form(*((n, v.encode()) for n, v in FORM.items()), ("file", b"CUT"))[0].split(b"CUT")
        yield head
        block = b"x" * 2**20
        for start in range(0, size, len(block)):
            yield block[: size - start]
        yield tail

    _, headers = raw_form()
    for size, status in ((LARGEST, 201), (LARGEST + 1, 400)):
        sent = {**headers, LENGTH: str(LARGEST)}
        response = client.post("/api/v1/add-file", content=form(size), headers=sent)
        assert response.status_code == status, response.text


def test_too_many_uploads_at_once_are_refused_for_their_tenant_alone() -> None:
    """429 while others are under way; taken again as soon as one ends."""
    body, headers = raw_form(*((name, value.encode()) for name, value in FORM.items()), ("file", b"hello"))
    with emulator(max_uploads=2) as emu, emu.client() as client:
        emu.control.add_tenant("other", "other-key", ["demo"])
        released = threading.Event()

        def slowly() -> Iterator[bytes]:
            yield body[:20]
            assert released.wait(60)
            yield body[20:]

        statuses: list[int] = []

        def send() -> None:
            with emu.client() as sender:
                response = sender.post("/api/v1/add-file", content=slowly(), headers=headers)
                statuses.append(response.status_code)

        threads = [threading.Thread(target=send) for _ in range(2)]
        for thread in threads:
            thread.start()
        while len(emu.control.requests("add_file")) < 2:
            pass
        refused = upload(client)
        assert (refused.status_code, set(refused.json())) == (429, {"error", "message"})
        with emu.client("other-key") as other:
            assert upload(other).status_code == 201
        released.set()
        for thread in threads:
            thread.join()
        assert statuses == [201, 201]
        assert upload(client).status_code == 201


def test_an_upload_that_breaks_off_leaves_nothing_and_frees_its_place() -> None:
    """A client that goes away in the middle is as if it never came."""
    body, headers = raw_form(*((name, value.encode()) for name, value in FORM.items()), ("file", b"hello"))
    with emulator(max_uploads=1) as emu, emu.client() as client:
        host, port = emu.url.removeprefix("http://").split(":")
        lines = {**headers, "content-length": str(len(body)), "x-chroma-token": emu.api_key, "host": host}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(f"POST /api/v1/add-file HTTP/1.1\r\n{head}\r\n".encode() + body[:-20])
            while not emu.control.requests("add_file"):
                pass
        while (response := upload(client)).status_code == 429:
            pass
        assert response.status_code == 201
        assert len(client.get("/api/v1/invocations").json()) == 1
