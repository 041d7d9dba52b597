"""Sources that somebody made without Pulumi."""

from __future__ import annotations

from typing import Any

from chroma_sync_emulator.testing import RunningEmulator

__all__ = ["create", "upload"]


def create(emu: RunningEmulator, *sources: dict[str, Any]) -> list[str]:
    """Create sources in the database ``demo``; gives their ids."""
    with emu.client() as client:
        answers = [
            client.post("/api/v1/sources", json={"database_name": "demo", **source}) for source in sources
        ]
        return [str(answer.raise_for_status().json()["source_id"]) for answer in answers]


def upload(emu: RunningEmulator) -> str:
    """Make the database's file_upload source; gives its id."""
    with emu.client() as client:
        client.post(
            "/api/v1/add-file",
            data={"database_name": "demo", "collection_name": "files"},
            files={"file": ("notes.txt", b"hello", "text/plain")},
            headers={"x-upload-content-length": "5"},
        ).raise_for_status()
        (source,) = client.get("/api/v1/sources", params={"source_type": "file_upload"}).json()
        return str(source["id"])
