"""What collections and databases may be called: the vendor's rule."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator

SOURCES = "/api/v1/sources"
GOOD = ["abc", "a.b", "A_b-9", "a--_b", "x" * 512, "1.2.3", "1.2.3.4.5", "999.1.1.1"]
BAD = ["", "ab", "x" * 513, "a..b", ".ab", "ab.", "-ab", "ab_", "a b", "é-docs", "a/b", "1.2.3.4", "abc\n"]


def statuses(client: httpx.Client, name: str) -> list[int]:
    """What is answered where a request names a collection: a source, a run, an upload."""
    s3 = {"bucket_name": "b", "region": "r", "collection_name": name, "aws_credential_id": 1}
    named = client.post(SOURCES, json={"database_name": "demo", "s3": s3})
    usual = {**s3, "collection_name": "docs", "bucket_name": "other"}
    source_id = client.post(SOURCES, json={"database_name": "demo", "s3": usual}).json()["source_id"]
    run = {"object_key": "a", "target_collection_name": name}
    started = client.post(f"{SOURCES}/{source_id}/invocations", json=run)
    form, headers = {"database_name": "demo", "collection_name": name}, {"x-upload-content-length": "5"}
    sent = client.post("/api/v1/add-file", data=form, files={"file": ("a.txt", b"hello")}, headers=headers)
    return [named.status_code, started.status_code, sent.status_code]


@pytest.mark.parametrize("name", GOOD)
def test_a_collection_may_be_called_so(client: httpx.Client, name: str) -> None:
    """3 to 512 of a-z, A-Z, 0-9, dot, underscore and hyphen."""
    assert statuses(client, name) == [201, 201, 201]


@pytest.mark.parametrize("name", BAD)
def test_a_collection_may_not_be_called_so(client: httpx.Client, name: str) -> None:
    """400 wherever a request names one."""
    assert statuses(client, name) == [400, 400, 400]


@pytest.mark.parametrize("name", GOOD)
def test_a_database_may_be_called_so(name: str, client: httpx.Client, emu: RunningEmulator) -> None:
    """The same rule, at start and later."""
    emu.control.add_database(name)
    assert client.get(SOURCES, params={"database_name": name}).status_code == 200
    with emulator(databases=[name]) as other, other.client() as theirs:
        assert theirs.get(SOURCES, params={"database_name": name}).status_code == 200


@pytest.mark.parametrize("name", BAD)
def test_a_database_may_not_be_called_so(name: str, emu: RunningEmulator) -> None:
    """Refused at start and by the control API, with the rule; nothing half-made stays."""
    before = emu.control.tenants()
    attempts: list[Callable[[], None]] = [
        lambda: emu.control.add_database(name),
        lambda: emu.control.add_tenant("other", "other-key", ["good", name]),
        lambda: emu.control.add_tenant("other", "other-key", database=name),
        lambda: emu.control.add_collection(name, "demo"),
    ]
    for attempt in attempts:
        with pytest.raises(httpx.HTTPStatusError, match=r"400.*(3 to 512|least 1)"):
            attempt()
    assert emu.control.tenants() == before
    with pytest.raises(ValueError, match="3 to 512"), emulator(databases=["good", name]):
        pass


def test_a_database_of_an_impossible_name_is_not_found(client: httpx.Client) -> None:
    """404, as any other that isn't there."""
    body = {"database_name": "a..b", "github": {"repository": "acme/handbook"}}
    assert client.post(SOURCES, json=body).status_code == 404
    assert client.get(SOURCES, params={"database_name": "a..b"}).status_code == 404
