"""What runs read in the tests, in folders of their own; how they are run, and what they wrote."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from chroma_sync_emulator.testing import RunningEmulator

__all__ = ["Repository", "chunks", "run", "source", "write"]


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The folder with these files in it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


class Repository:
    """A git repository of a test's own.

    Args:
        folder: made where it isn't there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> str:
        """What git says."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        who = ("-c", "user.name=Test", "-c", "user.email=test@acme.example")
        done = subprocess.run(
            ["git", *who, *arguments],
            cwd=self.folder,
            env={**kept, **settings},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str | bytes]) -> str:
        """Commit these files, and what else has changed; answers the commit."""
        write(self.folder, files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a change")
        return self.git("rev-parse", "HEAD")


def source(client: httpx.Client, **fields: Any) -> str:
    """Create a source in the database ``demo``; answers its id."""
    answer = client.post("/api/v1/sources", json={"database_name": "demo", **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["source_id"])


def run(client: httpx.Client, source_id: str, **fields: Any) -> Any:
    """A run of an ``instant`` emulator; answers its status."""
    answer = client.post(f"/api/v1/sources/{source_id}/invocations", json=fields)
    assert answer.status_code == 201, answer.text
    return client.get(f"/api/v1/invocations/{answer.json()['invocation_id']}").json()["status"]


def chunks(emu: RunningEmulator, collection: str, database: str = "demo") -> dict[str, dict[str, Any]]:
    """The records of a collection by their ids, as the Chroma server itself has them."""
    base = f"{emu.chroma_url}/api/v2/tenants/{emu.tenant}/databases/{database}/collections"
    with httpx.Client(trust_env=False, verify=False) as client:
        number = client.get(f"{base}/{collection}").raise_for_status().json()["id"]
        body = {"include": ["documents", "metadatas", "embeddings"]}
        found = client.post(f"{base}/{number}/get", json=body).raise_for_status().json()
    rows = zip(found["ids"], found["documents"], found["metadatas"], found["embeddings"], strict=True)
    return {
        name: {"document": document, "metadata": metadata, "embedding": embedding}
        for name, document, metadata, embedding in rows
    }
