"""Services that normalise, fill, lag, cap pages, linger or delete later: no diff, nothing lost or doubled."""

from __future__ import annotations

import json

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import program
from .test_ownership import held

ALL_KINDS = program(
    """
    chroma_sync.Source(
        "plain", github={"repository": "Acme/handbook", "app_id": "12"}, on_conflict="adopt"
    )
    chroma_sync.Source(
        "globs",
        github={"repository": "acme/wiki", "include_globs": ["b/*.md", "a/*.md"]},
        chunking={"type": "tree_sitter", "max_size_bytes": 8192},
        embedding_model="Qwen/Qwen3-Embedding-0.6B",
        on_conflict="adopt",
    )
    chroma_sync.Source(
        "web", web_scrape={"starting_url": "https://Bücher.example/übersicht?q=ä"}, on_conflict="adopt"
    )
    chroma_sync.Source(
        "limits",
        web_scrape={"starting_url": "https://docs.acme.com", "page_limit": 100},
        chunking={"type": "lines", "max_lines": 20},
        on_conflict="adopt",
    )
    chroma_sync.Source(
        "bucket",
        s3={
            "bucket_name": "acme-files",
            "region": "eu-west-1",
            "collection_name": "files",
            "path_prefix": "public/",
            "aws_credential_id": 7,
        },
        on_conflict="adopt",
    )
    """
)
NAMES = {"plain", "globs", "web", "limits", "bucket"}
ONE = program('chroma_sync.Source("docs", github={"repository": "acme/handbook"}, on_conflict="adopt")')
BOTH = {"defaults": "filled", "normalise": "on"}
"""The manners of a service, together; the fault table and the model test play each alone."""


def there(emu: RunningEmulator) -> set[str]:
    """The ids of all sources, whatever the service's pages and lags."""
    emu.control.settings(page_cap=None, read_lag=0)
    with emu.client() as client:
        return {source["id"] for source in client.get("/api/v1/sources?limit=1000").json()}


def test_what_a_service_makes_of_a_source_is_no_change(project: MakeProject, emu: RunningEmulator) -> None:
    """up, then up --refresh twice: nothing changes, whatever is answered for what was declared."""
    emu.control.settings(**BOTH)
    stack = project(ALL_KINDS)
    stack.up()
    before = held(stack)
    for _ in range(2):
        assert stack.up("--refresh").unchanged
    assert stack.refresh("--expect-no-changes").unchanged
    assert held(stack) == before and set(before) == NAMES and set(before.values()) == there(emu)


def test_lost_answers_and_a_lost_state_are_healed_there_as_well(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """Every create's answer is lost; then the state is, as after a kill: the same five sources."""
    emu.control.settings(**BOTH)
    stack = project(ALL_KINDS)
    emu.control.fault("create_source", "drop_after", times=0)
    stack.up()
    emu.control.clear_faults()
    before = held(stack)
    assert set(before.values()) == there(emu) and len(before) == len(NAMES)
    stack.pulumi("state", "delete", "--all", "--yes", check=True)
    assert held(stack) == {}
    stack.up()
    assert held(stack) == before
    assert stack.refresh("--expect-no-changes").unchanged


def test_drift_is_still_seen_there(project: MakeProject, emu: RunningEmulator) -> None:
    """An answer that differs from the one after the create, in a filled field and in a declared one."""
    emu.control.settings(**BOTH)
    stack = project(ALL_KINDS)
    stack.up()
    ids = held(stack)
    emu.control.patch_source(ids["web"], web_scrape={"page_limit": 7})
    emu.control.patch_source(ids["bucket"], s3={"path_prefix": "private"})
    assert stack.refresh().summary == {"update": 2, "same": 4}
    replaced = {step.name: step.keys for step in stack.preview().steps if step.op == "replace"}
    assert replaced == {"web": ("web_scrape",), "bucket": ("s3",)}


def test_reads_that_lag_lose_and_double_nothing(project: MakeProject, emu: RunningEmulator) -> None:
    """The read-back waits for the service; a refresh that comes too early keeps what it doesn't see."""
    emu.control.settings(read_lag=2)
    stack = project(ONE)
    stack.up()
    [resource] = stack.resources("chroma-sync:Source")
    assert resource["outputs"]["created_at"]
    emu.control.settings(read_lag=30)
    stack.set_env({"CHROMA_SYNC_SETTLE": "8"})
    failed = stack.refresh(check=False)
    assert any("the service may not show it yet" in message for message in failed.errors), failed.output
    assert held(stack) == {"docs": resource["id"]}
    emu.control.settings(read_lag=0)
    assert stack.up("--refresh").unchanged
    assert there(emu) == {resource["id"]}


def test_a_list_that_lingers_holds_up_no_refresh_and_gives_nothing_to_adopt(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """Deleted elsewhere, 404 by id, still listed: gone, and another one is created."""
    stack = project(ONE, env={"CHROMA_SYNC_SETTLE": "1"})
    stack.up()
    before = held(stack)["docs"]
    emu.control.settings(linger=600)
    emu.control.patch_source(before, created_at="2026-01-01T00:00:00Z")
    state = json.loads(stack.pulumi("stack", "export", check=True).stdout)
    for entry in state["deployment"]["resources"]:
        if entry["type"].endswith(":Source"):
            entry["outputs"]["created_at"] = "2026-01-01T00:00:00Z"
    stack.pulumi("stack", "import", check=True, stdin=json.dumps(state))
    with emu.client() as client:
        client.delete(f"/api/v1/sources/{before}").raise_for_status()
    assert stack.refresh().summary == {"delete": 1, "same": 1}
    stack.up()
    assert held(stack)["docs"] != before
    assert stack.preview("--expect-no-changes").unchanged


def test_a_delete_that_is_carried_out_later_ends_a_replacement_whole(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """202, and the target stays taken for two seconds: the create waits."""
    emu.control.settings(async_delete=2)
    stack = project(ONE)
    stack.up()
    stack.program(ONE.replace('on_conflict="adopt"', 'chunking={"type": "lines"}'))
    assert stack.up().summary == {"replace": 1, "same": 1}
    assert there(emu) == set(held(stack).values()) and len(there(emu)) == 1
    stack.destroy()
    assert there(emu) == set()


def test_a_page_that_is_smaller_than_asked_for_hides_nothing(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """Twelve sources on pages of five: an equal old one is met, and a refresh of all is right."""
    emu.control.settings(page_cap=5)
    text = program(
        """
        for number in range(12):
            chroma_sync.Source(f"d{number}", github={"repository": f"acme/d{number}"}, on_conflict="adopt")
        """
    )
    stack = project(text)
    stack.up()
    before = held(stack)
    assert stack.refresh("--expect-no-changes").unchanged
    stack.pulumi("state", "delete", "--all", "--yes", check=True)
    assert held(stack) == {}
    stack.up()
    assert held(stack) == before
