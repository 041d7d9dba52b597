"""The life of a source of each kind: created, unchanged, replaced, deleted, and refused where it is wrong."""

from __future__ import annotations

from typing import Any

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import KINDS, S3, program

NAMES = [kind.name for kind in KINDS]
EACH = program(
    *(kind.named(kind.name) for kind in KINDS),
    """
    for docs in (github, web_scrape, s3):
        shown = {
            "source_id": docs.source_id,
            "chunking": docs.effective_chunking,
            "embedding": docs.effective_embedding,
        }
        pulumi.export(docs._name, shown)
    """,
)


def sources(emu: RunningEmulator) -> list[dict[str, Any]]:
    """All sources of the database ``demo``, as the API answers them."""
    with emu.client() as client:
        answer = client.get("/api/v1/sources", params={"database_name": "demo"})
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found


def named(resource: dict[str, Any]) -> str:
    """Its name in the program."""
    return str(resource["urn"]).rpartition("::")[2]


def by_kind(emu: RunningEmulator) -> dict[str, dict[str, Any]]:
    """The sources, where there is one of each kind."""
    found = {kind: source for source in sources(emu) for kind in NAMES if source.get(kind)}
    assert len(found) == len(sources(emu)) == len(NAMES)
    return found


def test_the_whole_life_of_a_source_of_each_kind(project: MakeProject, emu: RunningEmulator) -> None:
    """Preview shows the inputs, up makes what was declared, then nothing changes, destroy leaves none."""
    stack = project(EACH)
    preview = stack.preview()
    assert preview.summary == {"create": 4}
    shown = {step.name: step.inputs or {} for step in preview.steps}
    for kind in KINDS:
        inputs = {name: shown[kind.name].get(name) for name in kind.fields}
        assert inputs == declared_only(kind.fields), kind.name
    assert sources(emu) == [], "a preview creates nothing"

    assert stack.up().summary == {"create": 4}
    found = by_kind(emu)
    assert stack.outputs() == {
        name: {
            "source_id": source["id"],
            "chunking": declared_only(source["chunking"]),
            "embedding": declared_only(source["embedding"]),
        }
        for name, source in found.items()
    }
    resources = {named(resource): resource for resource in stack.resources("chroma-sync:Source")}
    for kind in KINDS:
        source, resource = found[kind.name], resources[kind.name]
        assert {name: source[name] for name in kind.fields} == kind.fields, kind.name
        assert resource["type"] == "pulumi-python:dynamic/chroma-sync:Source"
        assert resource["id"] == resource["outputs"]["source_id"] == source["id"]
        assert resource["outputs"]["created_at"] == source["created_at"]
    parts = (resource[part] for resource in resources.values() for part in ("inputs", "outputs"))
    [pickled] = {part["__provider"] for part in parts}
    assert isinstance(pickled, str) and len(pickled) < 120, "not in plain text"

    emu.control.clear_requests()
    assert stack.up().unchanged
    assert not emu.control.requests("create_source") and not emu.control.requests("delete_source")
    assert stack.refresh("--expect-no-changes").unchanged

    changed = EACH
    for kind in KINDS:
        changed = changed.replace(kind.old, kind.new)
    stack.program(changed)
    replaced = stack.up()
    assert replaced.summary == {"replace": 3, "same": 1}
    assert {step.name: step.keys for step in replaced.steps if step.op == "replace"} == {
        kind.name: (kind.changed,) for kind in KINDS
    }
    assert not {source["id"] for source in found.values()} & {source["id"] for source in sources(emu)}
    assert by_kind(emu).keys() == found.keys()
    assert stack.preview("--expect-no-changes").unchanged

    assert stack.destroy().summary == {"delete": 4}
    assert sources(emu) == []


def test_a_bad_field_fails_without_a_preview_too_with_its_path(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """One clean line names the property; nothing is created, also by an up without a preview.

    What a preview says of each kind of mistake is in test_refusals.
    """
    stack = project(S3.text.replace(S3.old, "path_prefix=5"))
    failed = stack.up(check=False)
    assert not failed.ok
    assert any("property s3.path_prefix " in message for message in failed.errors), failed.output
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
