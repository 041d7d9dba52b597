"""A client that nobody here wrote works on the emulator (:mod:`.generation`, :mod:`.generated_client`)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.emulator import generation

from chroma_sync_emulator.testing import emulator

CONTRACT = Path(__file__).parents[3] / "shared" / "reference" / "sync.openapi.json"


def test_a_client_generated_from_the_vendors_contract_works(tmp_path: Path) -> None:
    """It creates, lists, gets and deletes sources of each kind, and runs and cancels invocations."""
    if not CONTRACT.exists():
        pytest.skip("left out: the vendor's OpenAPI document is not at ../shared/reference/sync.openapi.json")
    said = generation.generate(json.loads(CONTRACT.read_text(encoding="utf-8")), tmp_path)
    # Everything was read: nothing is missing in the client.
    assert "arning" not in said and "nable" not in said, said
    script = Path(__file__).with_name("generated_client.py")
    with emulator(pending_seconds=0.05, processing_seconds=0.05) as emu:
        done = subprocess.run(
            [generation.environment(), script, emu.url, emu.key],
            env={"PYTHONPATH": str(tmp_path), "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        requests = emu.control.requests()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split("\n")[:-1] == [
        "ok SourceGithub",
        "ok SourceWebScrape",
        "ok SourceS3",
        "ok SourceFileUpload",
        "ok cancelled",
    ]
    assert len({request["operation"] for request in requests}) == 11
