"""schemathesis, as a command, on the emulator's own OpenAPI document: all its checks, no failure.

:mod:`.schemathesis_hooks` has the rules between fields that no OpenAPI document can state.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chroma_sync_emulator.app import OPERATIONS
from chroma_sync_emulator.openapi import OPERATIONS as DOCUMENTED
from chroma_sync_emulator.testing import RunningEmulator, emulator

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="left out on Python 3.10: schemathesis needs 3.11; CI runs it"
)

FOLDER = Path(__file__).parent
EXAMPLES = 220
SOURCES: list[dict[str, Any]] = [
    source
    for number in range(20)
    for source in (
        {"github": {"repository": f"acme/{number}"}},
        {"web_scrape": {"starting_url": f"https://docs.acme.com/{number}"}},
        {
            "s3": {
                "bucket_name": f"b{number}",
                "region": "r",
                "collection_name": "docs",
                "aws_credential_id": 1,
            }
        },
    )
]
NAMES = {
    documented.identifier: handler.__name__
    for documented in DOCUMENTED
    for method, path, handler in OPERATIONS
    if (method.lower(), path) == (documented.method, documented.path)
}
"""The contract's names of the operations, and the emulator's."""


def check(
    emu: RunningEmulator, folder: Path, *options: str, examples: int = EXAMPLES
) -> Counter[tuple[str, int]]:
    """Run schemathesis; counts the emulator's answers by operation and status."""
    kinds, runs = {}, []
    with emu.client() as client:
        for source in SOURCES:
            created = client.post("/api/v1/sources", json={"database_name": "demo", **source})
            source_id, kind = created.json()["source_id"], next(iter(source))
            kinds[source_id] = kind
            body = {"object_key": "k"} if kind == "s3" else {"target_collection_name": "docs"}
            run = client.post(f"/api/v1/sources/{source_id}/invocations", json=body)
            runs.append(run.json()["invocation_id"])
    emu.control.clear_requests()
    report = folder / "report.json"
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    command += ["--config-file", str(FOLDER / "schemathesis.toml"), "run", f"{emu.url}/openapi.json"]
    command += ["--checks", "all", "--max-examples", str(examples), "--seed", "1", "--continue-on-failure"]
    command += ["--header", f"x-chroma-token: {emu.api_key}", "--generation-database", "none", "--no-color"]
    command += ["--report", "json", "--report-json-path", str(report), *options]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": str(FOLDER / "schemathesis_hooks.py"),
        "KNOWN_SOURCES": json.dumps(kinds),
        "KNOWN_INVOCATIONS": json.dumps(runs),
    }
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=280)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    found = json.loads(report.read_text())
    assert (found["complete"], found["failures"], found["errors"]) == (True, [], []), output
    return Counter((request["operation"], request["status"]) for request in emu.control.requests())


@pytest.mark.parametrize("identifier", NAMES)
def test_every_operation_passes_all_checks_of_schemathesis(identifier: str, tmp_path: Path) -> None:
    """At least 200 requests to each operation, valid and invalid ones, and each succeeds now and then."""
    with emulator(invocations="manual") as emu:
        phases = ("--phases", "coverage,fuzzing")
        answers = check(emu, tmp_path, *phases, "--include-operation-id", identifier)
    name = NAMES[identifier]
    # Without parameters and body there is one valid request, however often it is asked for.
    assert sum(n for (operation, _), n in answers.items() if operation == name) >= (
        1 if name == "health" else 200
    )
    assert sum(n for (operation, status), n in answers.items() if operation == name and status < 300)


def test_the_strict_statuses_are_as_documented(tmp_path: Path) -> None:
    """Those of creating a source, whose body has the most ways to be wrong: 415 and 422 among them."""
    with emulator(statuses="strict") as emu:
        phases = ("--phases", "coverage,fuzzing")
        answers = check(emu, tmp_path, *phases, "--include-operation-id", "create_source", examples=40)
    assert {422, 415, 400, 201} <= {status for _, status in answers}


def test_the_operations_pass_all_checks_of_schemathesis_one_after_the_other(tmp_path: Path) -> None:
    """Stateful: what one operation answers is what the next is asked for, along the document's links."""
    # Equal sources are taken: a replayed scenario must meet what it met before.
    with emulator(invocations="manual", unique="never") as emu:
        answers = check(emu, tmp_path, "--phases", "stateful")
    succeeded = {operation for (operation, status), _ in answers.items() if status < 300}
    assert succeeded >= {
        "create_source",
        "get_source",
        "delete_source",
        "create_invocation",
        "get_invocation",
        "cancel_invocation",
        "latest_by_keys",
    }
