"""Each test talks HTTP to a real emulator on a port of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator


@pytest.fixture
def emu(chroma_sync_emulator: RunningEmulator) -> RunningEmulator:
    """An emulator with the defaults."""
    return chroma_sync_emulator


@pytest.fixture
def client(emu: RunningEmulator) -> Iterator[httpx.Client]:
    """A client with the emulator's key."""
    with emu.client() as client:
        yield client


GITHUB: dict[str, Any] = {"github": {"repository": "acme/handbook"}}
WEB: dict[str, Any] = {"web_scrape": {"starting_url": "https://docs.acme.com/"}}
S3: dict[str, Any] = {
    "s3": {
        "bucket_name": "papers",
        "region": "us-east-1",
        "collection_name": "papers",
        "aws_credential_id": 7,
    }
}


@pytest.fixture
def create(client: httpx.Client) -> Callable[..., str]:
    """Creates a source in the database ``demo``; gives its id."""

    def create(**fields: Any) -> str:
        response = client.post("/api/v1/sources", json={"database_name": "demo", **fields})
        assert response.status_code == 201, response.text
        return str(response.json()["source_id"])

    return create


@pytest.fixture(params=["github", "web_scrape", "s3"])
def kind(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The fields of a source of each kind."""
    return {request.param: {**GITHUB, **WEB, **S3}[request.param]}
