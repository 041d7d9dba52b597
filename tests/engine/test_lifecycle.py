"""The life of a source of each kind: created, unchanged, replaced, deleted, and refused where it is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import KINDS, Kind, program

by_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def sources(emu: RunningEmulator) -> list[dict[str, Any]]:
    """All sources of the database ``demo``, as the API answers them."""
    with emu.client() as client:
        answer = client.get("/api/v1/sources", params={"database_name": "demo"})
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found


@by_kind
def test_the_whole_life_of_a_source(kind: Kind, project: MakeProject, emu: RunningEmulator) -> None:
    """Preview shows the inputs, up makes what was declared, then nothing changes, destroy leaves none."""
    stack = project(kind.text)
    preview = stack.preview()
    assert preview.summary == {"create": 2}
    [step] = preview.steps
    assert step.inputs is not None
    for name, value in kind.fields.items():
        assert declared_only(value) == step.inputs[name]
    assert sources(emu) == [], "a preview creates nothing"

    assert stack.up().summary == {"create": 2}
    [source] = sources(emu)
    assert {name: source[name] for name in kind.fields} == kind.fields
    assert {name for name in ("github", "web_scrape", "s3") if source.get(name)} == {kind.name}
    assert stack.outputs() == {
        "source_id": source["id"],
        "chunking": declared_only(source["chunking"]),
        "embedding": declared_only(source["embedding"]),
    }
    [resource] = stack.resources("chroma-sync:Source")
    assert resource["type"] == "pulumi-python:dynamic/chroma-sync:Source"
    assert resource["id"] == resource["outputs"]["source_id"] == source["id"]
    assert resource["outputs"]["created_at"] == source["created_at"]

    assert stack.preview("--expect-no-changes").unchanged
    emu.control.clear_requests()
    assert stack.up().unchanged
    assert not emu.control.requests("create_source") and not emu.control.requests("delete_source")
    assert stack.refresh("--expect-no-changes").unchanged

    stack.program(kind.with_change())
    replaced = stack.up()
    assert replaced.summary == {"replace": 1, "same": 1}
    assert {step.keys for step in replaced.steps if step.op == "replace"} == {(kind.changed,)}
    [successor] = sources(emu)
    assert successor["id"] != source["id"]
    assert stack.preview("--expect-no-changes").unchanged

    assert stack.destroy().summary == {"delete": 2}
    assert sources(emu) == []


@by_kind
def test_a_bad_field_fails_at_preview_with_its_path(
    kind: Kind, project: MakeProject, emu: RunningEmulator
) -> None:
    """One clean line names the property; nothing is created, also by an up without a preview."""
    stack = project(kind.with_mistake())
    for failed in (stack.preview(check=False), stack.up(check=False)):
        assert not failed.ok
        assert any(f"property {kind.path} " in message for message in failed.errors), failed.output
        assert "Traceback" not in failed.output
    assert sources(emu) == []


def declared_only(value: Any) -> Any:
    """What a program wrote of what the API answers: without the nulls."""
    if isinstance(value, dict):
        return {key: declared_only(item) for key, item in value.items() if item is not None}
    return value


def test_outputs_are_usable_in_a_program(project: MakeProject) -> None:
    """Every output, nested ones too, can be read, joined and exported."""
    stack = project(
        program(
            KINDS[0].source,
            """
            pulumi.export("repository", docs.github["repository"])
            pulumi.export("first", docs.github.apply(lambda github: github["include_globs"][0]))
            pulumi.export("size", docs.effective_chunking["max_size_bytes"])
            pulumi.export("database", docs.database_name)
            pulumi.export("none", docs.s3)
            pulumi.export("text", pulumi.Output.concat("source ", docs.source_id, " of ", docs.created_at))
            """,
        )
    )
    stack.preview()
    stack.up()
    outputs = stack.outputs()
    [resource] = stack.resources("chroma-sync:Source")
    text = f"source {resource['id']} of {resource['outputs']['created_at']}"
    assert outputs == {
        "repository": "acme/handbook",
        "first": "**/*.md",
        "size": 8192,
        "database": "demo",
        "text": text,
    }
    assert stack.up().unchanged


def test_the_database_comes_from_the_settings_where_a_program_names_none(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """Stack configuration wins over the environment."""
    emu.control.add_database("knowledge")
    stack = project(
        program('chroma_sync.Source("docs", github={"repository": "acme/handbook"})'),
        config={"chroma-sync:database": "knowledge"},
    )
    stack.up()
    [resource] = stack.resources("chroma-sync:Source")
    assert resource["inputs"]["database_name"] == "knowledge"


def test_the_pickled_provider_is_a_short_constant_in_plain_text(project: MakeProject) -> None:
    """It is the same in every resource, and the engine does not encrypt it."""
    stack = project(
        program(
            'chroma_sync.Source("a", github={"repository": "acme/a"})',
            'chroma_sync.Source("b", web_scrape={"starting_url": "https://b.acme.com"})',
        )
    )
    stack.up()
    held = [
        resource[part]["__provider"]
        for resource in stack.resources("chroma-sync:Source")
        for part in ("inputs", "outputs")
    ]
    assert len(held) == 4 and len(set(held)) == 1
    assert isinstance(held[0], str) and len(held[0]) < 120
