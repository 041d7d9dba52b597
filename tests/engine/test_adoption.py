"""A source that exists already: explained, adopted where that was asked for, never taken over silently."""

from __future__ import annotations

from typing import Any

import pytest

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import program

PLAIN = program('chroma_sync.Source("docs", github={"repository": "acme/handbook"})')
ADOPTING = PLAIN.replace("})", '}, on_conflict="adopt")')


def existing(emu: RunningEmulator, **fields: Any) -> str:
    """A source that somebody else made; its id."""
    body = {"database_name": "demo", "github": {"repository": "acme/handbook"}, **fields}
    with emu.client() as client:
        answer = client.post("/api/v1/sources", json=body)
    answer.raise_for_status()
    emu.control.clear_requests()
    return str(answer.json()["source_id"])


def test_an_equal_source_is_explained_then_adopted_when_asked(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """The preview knows it, the up names it and the ways on; adopting sends no create; then all is quiet."""
    # Where the service refuses none, only the look before protects; the provider ring plays every rule.
    emu.control.settings(unique="never")
    theirs = existing(emu)
    stack = project(PLAIN)
    assert any(
        theirs in line.message and "an equal one" in line.message for line in stack.preview().diagnostics
    )
    failed = stack.up(check=False)
    [error] = [message for message in failed.errors if "SourceExistsError" in message]
    for part in (
        theirs,
        "github acme/handbook",
        '"demo"',
        'on_conflict="adopt"',
        "pulumi-chroma-sync import",
    ):
        assert part in error
    assert stack.resources("chroma-sync:Source") == []
    assert not emu.control.requests("create_source")

    stack.program(ADOPTING)
    assert any("up adopts it" in line.message for line in stack.preview().diagnostics)
    assert stack.up().summary == {"create": 1, "same": 1}
    assert [resource["id"] for resource in stack.resources("chroma-sync:Source")] == [theirs]
    assert not emu.control.requests("create_source")
    assert stack.preview("--expect-no-changes").unchanged
    assert stack.refresh("--expect-no-changes").unchanged

    stack.program(PLAIN)
    emu.control.clear_requests()
    assert stack.up().summary == {"update": 1, "same": 1}
    assert not emu.control.requests("create_source") and not emu.control.requests("delete_source")
    stack.destroy()


def test_an_unequal_source_is_never_adopted(project: MakeProject, emu: RunningEmulator) -> None:
    """The error shows field by field what was declared and what is there; theirs stays as it was."""
    theirs = existing(
        emu,
        github={"repository": "acme/handbook", "include_globs": ["*.rst"]},
        chunking={"type": "lines", "max_lines": 10},
    )
    stack = project(
        program(
            """
            chroma_sync.Source(
                "docs",
                github={"repository": "acme/handbook", "include_globs": ["*.md"]},
                chunking={"type": "lines", "max_lines": 20},
                on_conflict="adopt",
            )
            """
        )
    )
    [notice] = [line.message for line in stack.preview().diagnostics if theirs in line.message]
    assert "differs in" in notice
    failed = stack.up(check=False)
    [error] = [message for message in failed.errors if "SourceExistsError" in message]
    assert theirs in error
    assert "chunking.max_lines (declared 20, existing 10)" in error
    assert "github.include_globs (declared [*.md], existing [*.rst])" in error
    assert stack.resources("chroma-sync:Source") == []
    with emu.client() as client:
        assert client.get(f"/api/v1/sources/{theirs}").json()["github"]["include_globs"] == ["*.rst"]


@pytest.mark.parametrize("rule", ["identity", "never"])
def test_two_equal_resources_never_share_a_source(
    rule: str, project: MakeProject, emu: RunningEmulator
) -> None:
    """Either each has its own, or the second fails; also where both may adopt."""
    emu.control.settings(unique=rule)
    stack = project(
        program(
            'chroma_sync.Source("a", github={"repository": "acme/handbook"}, on_conflict="adopt")',
            'chroma_sync.Source("b", github={"repository": "acme/handbook"}, on_conflict="adopt")',
        )
    )
    up = stack.up(check=False)
    ids = [resource["id"] for resource in stack.resources("chroma-sync:Source")]
    assert len(set(ids)) == len(ids)
    if rule == "never":
        assert up.ok and len(ids) == 2
    else:
        assert not up.ok and len(ids) == 1
        assert any("another resource of this program has it" in message for message in up.errors)
    with emu.client() as client:
        found = client.get("/api/v1/sources", params={"database_name": "demo"}).json()
    assert sorted(source["id"] for source in found) == sorted(ids)


def test_a_renamed_resource_with_an_alias_keeps_its_source(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """Pulumi's own way to rename works: no request but the look."""
    stack = project(PLAIN)
    stack.up()
    [before] = stack.resources("chroma-sync:Source")
    emu.control.clear_requests()
    stack.program(
        PLAIN.replace('"docs"', '"handbook"').replace(
            "})", '}, opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="docs")]))'
        )
    )
    assert stack.up().unchanged
    [after] = stack.resources("chroma-sync:Source")
    assert after["id"] == before["id"]
    assert not emu.control.requests("create_source") and not emu.control.requests("delete_source")
