"""A database and a source of it on the real engine, and on Chroma's own server behind the emulator's keys."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator

from .conftest import MakeProject
from .programs import program

COMMAND = Path(sys.executable).parent / "pulumi-chroma-sync"
DATABASES = "/api/v2/tenants/default/databases"
ADVICE = "protect=True"


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """An emulator before a real server of its own."""
    with emulator(sync=True) as running:
        yield running


def of(name: str, arguments: str = "") -> str:
    """A database, and a source of it."""
    return program(
        f'made = chroma_sync.Database("made", name="{name}"{arguments})',
        """
        chroma_sync.Source("docs", database_name=made.name, github={"repository": "acme/handbook"})
        """,
        'pulumi.export("database", made.name)',
    )


def names(emu: RunningEmulator) -> list[str]:
    """The databases that there are."""
    with emu.client() as client:
        return sorted(each["name"] for each in client.get(DATABASES).json())


def by_hand(emu: RunningEmulator, name: str) -> None:
    """Make a database and a source of it."""
    with emu.client() as client:
        client.post(DATABASES, json={"name": name}).raise_for_status()
        body = {"database_name": name, "github": {"repository": "acme/handbook"}}
        client.post("/api/v1/sources", json=body).raise_for_status()


def sources(emu: RunningEmulator) -> list[Any]:
    """The database of each source."""
    with emu.client() as client:
        return [each["database_name"] for each in client.get("/api/v1/sources").json()]


def test_the_life_of_a_database(project: MakeProject, emu: RunningEmulator) -> None:
    """Made beside its source in one up, unchanged, kept while it has collections, renamed new first, made
    anew when it is gone, and deleted with all that is in it by force alone."""
    stack = project(of("knowledge"))
    preview = stack.preview()
    assert preview.summary == {"create": 3}
    declared = {step.name: step.inputs or {} for step in preview.steps}
    assert declared["made"]["tenant"] == "default" and declared["docs"]["database_name"] == "knowledge"
    assert sum(ADVICE in line.message for line in preview.diagnostics) == 1
    up = stack.up()
    assert up.summary == {"create": 3} and stack.outputs() == {"database": "knowledge"}
    assert names(emu) == ["demo", "knowledge"] and sources(emu) == ["knowledge"]
    assert emu.api_key not in stack.state_text() + up.output
    unchanged = stack.preview("--expect-no-changes")
    assert ADVICE not in unchanged.output

    with emu.client() as client:
        client.post(f"{DATABASES}/knowledge/collections", json={"name": "handbook-1"}).raise_for_status()
    refused = stack.destroy(check=False)
    assert not refused.ok and names(emu) == ["demo", "knowledge"]
    assert 'it has 1 collection ("handbook-1")' in refused.output, refused.output
    assert "Traceback" not in refused.output
    assert [each["type"] for each in stack.resources()] == ["pulumi-python:dynamic/chroma-sync:Database"]

    # Renamed while it may not be deleted: the new one stands, and the old one waits in the state.
    stack.program(of("wisdom", ", force_destroy=True"))
    kept = stack.up(check=False)
    assert not kept.ok and names(emu) == ["demo", "knowledge", "wisdom"] and sources(emu) == ["wisdom"]
    told = [line.message for line in kept.diagnostics if "so its deletion will fail" in line.message]
    assert len(told) == 1
    with emu.client() as client:
        client.delete(f"{DATABASES}/knowledge/collections/handbook-1").raise_for_status()
    assert stack.up().ok and names(emu) == ["demo", "wisdom"] and sources(emu) == ["wisdom"]

    with emu.client() as client:
        client.delete(f"{DATABASES}/wisdom").raise_for_status()
    assert stack.up("--refresh").ok and names(emu) == ["demo", "wisdom"]
    with emu.client() as client:
        client.post(f"{DATABASES}/wisdom/collections", json={"name": "handbook-2"}).raise_for_status()
    assert stack.destroy().ok and names(emu) == ["demo"]


def test_an_existing_database_is_imported_with_its_sources(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """By the command and the engine's own import: nothing is made, and nothing is left to change."""
    by_hand(emu, "knowledge")
    stack = project("")
    command = [str(COMMAND), "import", "--with-database", "--database", "knowledge"]
    ended = subprocess.run(command, cwd=stack.folder, env=stack.environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    stack.pulumi("import", "--file", "import.json", "--generate-code=false", "--yes", check=True)
    stack.program(ended.stdout)
    assert stack.refresh("--expect-no-changes").ok
    assert stack.up("--expect-no-changes").unchanged
    assert names(emu) == ["demo", "knowledge"] and sources(emu) == ["knowledge"]
