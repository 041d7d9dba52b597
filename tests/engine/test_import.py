"""Sources that exist already, brought into a stack: afterwards nothing is left to change."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation as auto
from tests.existing import create

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import Project

COMMAND = Path(sys.executable).parent / "pulumi-chroma-sync"
QWEN = "Qwen/Qwen3-Embedding-0.6B"
AWS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE00000001", "AWS_SECRET_ACCESS_KEY": 'word/that+is"secret\\'}

BUCKET = {"bucket_name": "papers", "region": "us-east-1", "collection_name": "papers"}
EXISTING: list[dict[str, Any]] = [
    {"github": {"repository": "acme/bare"}},
    {
        "github": {
            "repository": "Acme/Handbook",
            "app_id": "12345",
            "include_globs": ["**/*.md", "docs/\"quoted\" & 'so'/*", "ünï/日本/\\d"],
        },
        "chunking": {"type": "lines", "max_lines": 40, "max_size_bytes": 0},
        "embedding": {"sparse": {"model": "Chroma/BM25", "key": "sparse_key"}},
    },
    {"github": {"repository": "acme/legacy", "include_globs": []}, "embedding_model": QWEN},
    {"web_scrape": {"starting_url": "https://bare.acme.com"}, "embedding": {}},
    {
        "web_scrape": {
            "starting_url": "HTTPS://Docs.Acme.com:443/a%20b?q=1#f",
            "page_limit": 0,
            "max_depth": 3,
            "include_path_regexes": ["^/a/\\d+$", "^/b\n"],
            "exclude_path_regexes": ["'''\"\"\""],
        },
        "embedding_model": {"model": QWEN, "task": {"task_name": "generic_retrieval"}},
    },
    {"s3": {**BUCKET, "aws_credential_id": 7}},
    {
        "s3": {**BUCKET, "path_prefix": "tenant-1/", "auto_sync": "direct", "aws_credential_id": 2**31 - 1},
        "embedding": {
            "dense": {
                "model": QWEN,
                "task": {"task_name": "t", "document_prompt": "d: ", "query_prompt": "🔎 "},
            }
        },
        "embedding_model": {"model": QWEN},
    },
]
"""Every kind with nothing optional and with everything, spelled in unusual ways."""


@pytest.fixture(autouse=True)
def _no_keys_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's own tests give them."""
    for name in AWS:
        monkeypatch.delenv(name, raising=False)


def secret(value: str) -> auto.ConfigValue:
    """A secret of the stack's configuration."""
    return auto.ConfigValue(value, secret=True)


def there(emu: RunningEmulator) -> list[dict[str, Any]]:
    """What the service holds."""
    with emu.client() as client:
        answer = client.get("/api/v1/sources", params={"database_name": "demo"})
        sources: list[dict[str, Any]] = answer.raise_for_status().json()
    return sources


def import_with_the_command(stack: Project, *options: str, env: dict[str, str] | None = None) -> str:
    """Run ``pulumi-chroma-sync import`` and then ``pulumi import`` in the project; gives all that was shown.

    The project's program is then what the command printed.
    """
    ended = subprocess.run(
        [COMMAND, "import", *options],
        cwd=stack.folder,
        env={**stack.environment, **(env or {})},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 0, ended.stderr
    (next_line,) = [line for line in ended.stderr.splitlines() if "pulumi import" in line]
    arguments = next_line.partition("pulumi import")[2].split()
    imported = stack.pulumi("import", *arguments, "--yes", check=True)
    stack.program(ended.stdout)
    return f"{ended.stdout}\n{ended.stderr}\n{imported.output}"


def assert_nothing_is_left_to_change(stack: Project) -> str:
    """Preview, refresh, up and preview find everything as it should be; gives all that was shown."""
    # Without `--diff` at first: that display is silent about `[diff: ~protect]`, which changes no resource.
    runs = [
        stack.preview("--expect-no-changes"),
        stack.refresh("--expect-no-changes"),
        stack.up("--expect-no-changes"),
        stack.preview("--expect-no-changes", "--diff"),
    ]
    assert all(run.unchanged for run in runs), [(run.command, run.summary) for run in runs]
    assert [run.output for run in runs if "diff:" in run.output] == []
    return "\n".join(run.output for run in runs)


def without_protection(stack: Project) -> str:
    """Take the protection out of program and state, without a change; gives the program."""
    program = (stack.folder / "__main__.py").read_text(encoding="utf-8")
    program = program.replace("    opts=pulumi.ResourceOptions(protect=True),\n", "")
    stack.program(program)
    stack.up("--expect-no-changes")
    return program


def test_existing_sources_are_imported_with_an_empty_preview(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """All kinds, all fields: nothing is written until destroy, which is refused while they are protected."""
    ids = create(emu, *EXISTING)
    before = there(emu)
    stack = project("")
    import_with_the_command(stack)
    assert {resource["id"] for resource in stack.resources(":Source")} == set(ids)
    emu.control.clear_requests()
    assert_nothing_is_left_to_change(stack)
    kept = stack.destroy(check=False)
    assert not kept.ok and "because it is protected" in kept.output
    without_protection(stack)
    assert there(emu) == before
    asked = {request["method"] for request in emu.control.requests()}
    assert asked == {"GET"}, "a source was written to"
    stack.destroy()
    assert there(emu) == [] and stack.resources() == []


def test_an_imported_state_is_what_a_create_would_have_left(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """Inputs and outputs are the same, key by key: the printed program makes the same source elsewhere."""
    create(emu, *EXISTING)
    stack = project("")
    import_with_the_command(stack)
    imported = {resource["urn"]: resource for resource in stack.resources(":Source")}
    with emu.client() as client:
        for source in there(emu):
            client.delete(f"/api/v1/sources/{source['id']}").raise_for_status()
    other = project((stack.folder / "__main__.py").read_text(encoding="utf-8"))
    other.up()
    created = {resource["urn"]: resource for resource in other.resources(":Source")}
    assert imported.keys() == created.keys()
    for urn, resource in imported.items():
        for part in ("inputs", "outputs"):
            own = {"source_id", "created_at", "state_entry"}
            assert {name: value for name, value in resource[part].items() if name not in own} == {
                name: value for name, value in created[urn][part].items() if name not in own
            }


def test_inline_aws_keys_are_imported_as_secrets(project: MakeProject, emu: RunningEmulator) -> None:
    """They are in the file alone, not in state, program or output; a rotation is then a change."""
    keys = {name.lower(): value for name, value in AWS.items()}
    ids = create(
        emu,
        {"s3": {**BUCKET, **keys}},
        {"s3": {**BUCKET, **keys, "path_prefix": "more/"}, "chunking": {"type": "tree_sitter"}},
    )
    (credential,) = {source["s3"]["aws_credential_id"] for source in there(emu)}
    settings = (f"awsAccessKeyId{credential}", f"awsSecretAccessKey{credential}")
    stack = project(
        "", config={f"test:{name}": secret(value) for name, value in zip(settings, AWS.values(), strict=True)}
    )
    shown = import_with_the_command(stack, "--aws-keys", "--out", "aws.json", env=AWS)
    file = stack.folder / "aws.json"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert "aws.json holds the AWS keys in plain text" in shown
    assert all(f"pulumi config set --secret {name}" in shown for name in settings)
    shown += assert_nothing_is_left_to_change(stack)

    resources = stack.resources(":Source")
    assert {resource["id"] for resource in resources} == set(ids)
    for resource in resources:
        assert resource["outputs"]["aws_credential_id"] == credential
        for part in ("inputs", "outputs"):
            for name in keys:
                assert "ciphertext" in resource[part]["s3"][name], f"{part}.s3.{name} is no secret"
    shown += stack.pulumi("stack", "export", check=True).output
    (entry, _) = json.loads(file.read_text(encoding="utf-8"))["resources"]
    for name, value in keys.items():
        assert json.loads(entry["inputs"]["s3"][name]["plaintext"]) == value
        for text in (shown, stack.state_text()):
            assert value not in text and json.dumps(value)[1:-1] not in text

    without_protection(stack)
    stack.pulumi("config", "set", "--secret", settings[1], check=True, stdin="rotated-key\n")
    rotated = stack.preview("--diff")
    assert [(step.op, step.keys) for step in rotated.steps if step.op == "replace"] == [
        ("replace", ("s3",))
    ] * 2
    assert "rotated-key" not in rotated.output
    stack.destroy()
    assert there(emu) == []


def test_an_imported_source_is_replaced_when_its_program_changes(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """Once it isn't protected any more it is managed as if the program had made it."""
    (source_id,) = create(emu, {"github": {"repository": "acme/handbook"}})
    stack = project("")
    import_with_the_command(stack, "--source", source_id)
    program = (stack.folder / "__main__.py").read_text(encoding="utf-8")
    stack.program(program.replace('"tree_sitter"', '"lines"'))
    assert "currently marked for protection" in stack.preview(check=False).output
    stack.program(program)
    program = without_protection(stack)
    stack.program(program.replace('"tree_sitter"', '"lines"'))
    assert [step.keys for step in stack.up().steps if step.op == "replace"] == [("chunking",)]
    (source,) = there(emu)
    assert source["id"] != source_id and source["chunking"]["type"] == "lines"


def test_existing_sources_are_imported_as_one_set(project: MakeProject, emu: RunningEmulator) -> None:
    """As one resource: nothing is left to change, and what is changed later changes alone."""
    made = create(emu, *EXISTING)
    before = there(emu)
    stack = project("")
    shown = import_with_the_command(stack, "--as-set", "tenants")
    assert "chroma_sync.SourceSet(" in shown
    [resource] = stack.resources(":SourceSet")
    assert sorted(resource["outputs"]["source_ids"].values()) == sorted(made)
    assert "ciphertext" in str(resource["outputs"]["record"])
    emu.control.clear_requests()
    assert_nothing_is_left_to_change(stack)
    program = without_protection(stack)
    assert there(emu) == before
    assert {request["method"] for request in emu.control.requests()} == {"GET"}
    stack.program(program.replace("acme/bare", "acme/other"))
    assert stack.up().summary == {"same": 1, "update": 1}
    after = {source["id"] for source in there(emu)}
    assert len(after & set(made)) == len(made) - 1 and len(after) == len(made)
    stack.destroy()
    assert there(emu) == []


def test_inline_aws_keys_are_imported_into_a_set_as_secrets(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """As into resources of their own: in the file alone, and the preview is empty."""
    keys = {name.lower(): value for name, value in AWS.items()}
    create(emu, {"s3": {**BUCKET, **keys}}, {"s3": {**BUCKET, **keys, "path_prefix": "more/"}})
    (credential,) = {source["s3"]["aws_credential_id"] for source in there(emu)}
    settings = (f"awsAccessKeyId{credential}", f"awsSecretAccessKey{credential}")
    config = {f"test:{name}": secret(value) for name, value in zip(settings, AWS.values(), strict=True)}
    stack = project("", config=config)
    shown = import_with_the_command(stack, "--as-set", "papers", "--aws-keys", env=AWS)
    shown += assert_nothing_is_left_to_change(stack)
    shown += stack.pulumi("stack", "export", check=True).output
    for value in AWS.values():
        for text in (shown, stack.state_text()):
            assert value not in text and json.dumps(value)[1:-1] not in text
