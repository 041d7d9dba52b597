"""States that earlier versions wrote go on working: nothing is left to change, and a destroy is right.

The files in ``old_states/`` are recordings, made by ``old_states/record.py`` at the commit that it names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.existing import create

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject

RECORDED = Path(__file__).parent / "old_states"
DOUBLED = "doubled"
"""Two entries of one source: no state that may stay as it is."""

SINGLE = sorted(path.stem for path in RECORDED.glob("*.json") if path.stem != DOUBLED)


def seed(emu: RunningEmulator, source: dict[str, Any]) -> str:
    """Put a recorded source into the service, field by field; gives its id, which is a new one."""
    [kind] = {"github", "web_scrape", "s3"} & source.keys()
    (source_id,) = create(emu, {kind: source[kind]})
    emu.control.patch_source(source_id, **{name: value for name, value in source.items() if name != "id"})
    with emu.client() as client:
        answer = client.get(f"/api/v1/sources/{source_id}").raise_for_status().json()
    assert {name: answer[name] for name in source} == {**source, "id": source_id}
    emu.control.clear_requests()
    return source_id


def together(emu: RunningEmulator) -> tuple[str, dict[str, Any], dict[str, str]]:
    """All single states as one: the program, the deployment, and the sources' ids by name.

    Each recording is a stack of its own; one stack of all asks the engine an eighth of the questions.
    """
    lines, entries, ids = [], [], {}
    deployment: dict[str, Any] = {}
    for name in SINGLE:
        text = (RECORDED / f"{name}.json").read_text(encoding="utf-8")
        source = json.loads(text)["source"]
        ids[name] = seed(emu, source)
        recorded = json.loads(text.replace(source["id"], ids[name]))
        stack, provider, entry = recorded["deployment"]["resources"]
        own = entry["urn"].rpartition("::")[2]
        entry["urn"] = entry["urn"].removesuffix(own) + name
        # Nothing but the recording with keys is encrypted, so its key is good for all.
        if not deployment or "ciphertext" in json.dumps(entry):
            deployment = {**recorded["deployment"], "resources": [stack, provider]}
        entries.append(entry)
        lines += [
            line.replace(f'"{own}"', f'"{name}"') for line in recorded["program"] if "export(" not in line
        ]
    [_stack, provider] = deployment["resources"]
    for entry in entries:
        entry["provider"] = f"{provider['urn']}::{provider['id']}"
    deployment["resources"] += entries
    return "\n".join(lines), deployment, ids


def test_old_states_need_no_change(project: MakeProject, emu: RunningEmulator) -> None:
    """Preview, refresh and up change nothing, before and after; destroy deletes those very sources."""
    emu.control.settings(unique="never")
    text, deployment, ids = together(emu)
    stack = project(text)
    exported = {"version": 3, "deployment": deployment}
    stack.pulumi("stack", "import", check=True, stdin=json.dumps(exported))

    for _ in range(2):
        assert stack.preview("--expect-no-changes").unchanged
        assert stack.refresh("--expect-no-changes").unchanged
        assert stack.up("--expect-no-changes").unchanged
    held = {entry["urn"].rpartition("::")[2]: entry for entry in stack.resources(":Source")}
    assert {name: entry["id"] for name, entry in held.items()} == ids
    assert len({entry["outputs"]["state_entry"] for entry in held.values()}) == len(ids)
    assert {request["method"] for request in emu.control.requests()} == {"GET"}

    stack.pulumi("state", "unprotect", "--all", "--yes", check=True)
    stack.destroy()
    deleted = {request["path"].rpartition("/")[2] for request in emu.control.requests("delete_source")}
    assert deleted == set(ids.values())
    assert stack.resources() == []
    with emu.client() as client:
        assert client.get("/api/v1/sources", params={"database_name": "demo"}).json() == []


def test_old_states_of_every_kind_are_here() -> None:
    """Created, adopted, imported; with keys, with the service's defaults, and without a read-back."""
    assert set(SINGLE) >= {"adopted", "github", "imported", "not_read_back", "s3", "s3_inline_keys"}
    assert set(SINGLE) >= {"server_defaults", "web_scrape"}
    outputs = {
        name: json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["deployment"]["resources"]
        for name in [*SINGLE, DOUBLED]
    }
    sources = {
        name: [entry for entry in entries if entry["type"].endswith(":Source")]
        for name, entries in outputs.items()
    }
    assert len({entry["id"] for entry in sources[DOUBLED]}) == 1 and len(sources[DOUBLED]) == 2
    assert "created_at" not in sources["not_read_back"][0]["outputs"]
    assert "server_defaults" in sources["server_defaults"][0]["outputs"]
