"""The collection of the commit before, on the real engine and on Chroma's own server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.emulator.folders import Repository

from chroma_sync_emulator.testing import RunningEmulator, emulator

from .conftest import MakeProject
from .killing import kill_all
from .programs import program
from .test_invocation import nothing_is_left, told

COLLECTIONS = "/api/v2/tenants/default/databases/demo/collections"


@pytest.fixture
def handbook(tmp_path: Path) -> Repository:
    """A repository."""
    return Repository(tmp_path / "handbook")


@pytest.fixture
def emu(handbook: Repository) -> Iterator[RunningEmulator]:
    """An emulator that syncs it into a real server of its own."""
    repos = {"acme/handbook": handbook.folder}
    with emulator(repos=repos, pending_seconds=0.1, processing_seconds=0.2) as running:
        yield running


def at(sha: str) -> str:
    """A program that has one commit in a collection, and the one before no longer."""
    return program(
        f"""
        docs = chroma_sync.SyncedRepository(
            "docs", repository="acme/handbook", sha="{sha}", delete_superseded_collection=True
        )
        """,
        'pulumi.export("collection", docs.collection_name)',
    )


def collections(emu: RunningEmulator) -> list[str]:
    """Names of what is on the server."""
    with emu.client() as client:
        return sorted(each["name"] for each in client.get(COLLECTIONS).json())


def deletes(emu: RunningEmulator) -> list[dict[str, Any]]:
    """The requests that have asked for a collection to be deleted."""
    return [each for each in emu.control.requests("chroma") if each["method"] == "DELETE"]


def test_the_collection_of_the_commit_before_goes_last(
    project: MakeProject, emu: RunningEmulator, handbook: Repository
) -> None:
    """Told at preview, after the new one is complete, and by the next up where the first was killed before;
    a destroy deletes none."""
    shas = [handbook.commit({"a.md": f"# Version {number}\n"}) for number in range(3)]
    names = [f"docs-{sha[:12]}" for sha in shas]
    stack = project(at(shas[0]))
    stack.up()
    assert stack.preview("--expect-no-changes").unchanged

    stack.program(at(shas[1]))
    said = f'collection "{names[0]}" is deleted once the new run is complete; an up starts a run of'
    assert told(stack.preview()).count(said) == 1
    assert collections(emu) == names[:1]
    up = stack.up()
    assert f'docs: deleted collection "{names[0]}", since run ' in told(up)
    assert collections(emu) == names[1:2] and stack.outputs() == {"collection": names[1]}
    whole = [(each["method"], each["path"]) for each in emu.control.requests()]
    [deleted] = [number for number, (method, _) in enumerate(whole) if method == "DELETE"]
    assert not any("/invocations" in path and method == "POST" for method, path in whole[deleted:])
    nothing_is_left(stack)

    # Killed when all that is left to do is the old one.
    emu.control.fault("chroma", "respond", status=503, match=f"collections/{names[1]}", skip=1, times=0)
    stack.program(at(shas[2]))
    killed = stack.start("up", "--yes", "--skip-preview")
    while len(deletes(emu)) < 2:
        time.sleep(0.05)
    kill_all(killed)
    stack.pulumi("cancel", "--yes", check=True)
    emu.control.clear_faults()
    assert collections(emu) == sorted(names[1:])
    assert stack.outputs() == {"collection": names[1]}  # of the last up that ended
    stack.up()
    assert collections(emu) == names[2:] and stack.outputs() == {"collection": names[2]}
    nothing_is_left(stack)

    stack.destroy()
    assert collections(emu) == names[2:] and len(deletes(emu)) > 2
