"""Who has a source, over several processes and one state: what another resource has is never deleted."""

from __future__ import annotations

import json

import pytest

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import Project
from .programs import program
from .test_old_states import DOUBLED, RECORDED, seed

NAMED = program('import os\nchroma_sync.Source(os.environ["N"], github={"repository": "acme/h"}, ADOPT)')
ADOPTING = NAMED.replace("ADOPT", 'on_conflict="adopt"')


def there(emu: RunningEmulator) -> dict[str, str]:
    """What the service has: repository -> id."""
    with emu.client() as client:
        found = client.get("/api/v1/sources", params={"database_name": "demo"}).json()
    return {source["github"]["repository"]: source["id"] for source in found}


def held(stack: Project) -> dict[str, str]:
    """What the state has: name -> id."""
    return {
        resource["urn"].rpartition("::")[2]: resource["id"]
        for resource in stack.resources("chroma-sync:Source")
    }


def renamed_halfway(project: MakeProject, *options: str) -> Project:
    """A stack whose state has one source twice: ``old`` left the program, and ``new`` adopted what it had."""
    stack = project(ADOPTING, env={"N": "old"})
    stack.up()
    stack.set_env({"N": "new"})
    stack.up("--target", "**new")
    assert len(set(held(stack).values())) == 1 and set(held(stack)) == {"old", "new"}
    return stack


@pytest.mark.parametrize("options", [[], ["--refresh"]], ids=["up", "up --refresh"])
def test_a_rename_that_a_target_cut_in_half_keeps_the_source(
    project: MakeProject, emu: RunningEmulator, options: list[str]
) -> None:
    """The next up forgets the old name, and the source stays (plays a and c of the ownership's table)."""
    stack = renamed_halfway(project)
    [source_id] = there(emu).values()
    up = stack.up(*options)
    assert any(f"kept source {source_id}" in line.message for line in up.diagnostics)
    assert held(stack) == {"new": source_id} and there(emu) == {"acme/h": source_id}
    assert stack.preview("--expect-no-changes").unchanged
    stack.destroy()
    assert there(emu) == {}


def test_a_rename_beside_a_sibling_that_fails_keeps_the_source(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """A failed run skips the deletes; the next one heals (play b)."""
    two = (
        ADOPTING
        + 'if os.environ.get("BAD"):\n    chroma_sync.Source("bad", github={"repository": "acme/b"})\n'
    )
    stack = project(two, env={"N": "old", "CHROMA_SYNC_RETRIES": "0"})
    stack.up()
    [source_id] = there(emu).values()
    emu.control.fault("create_source", "respond", status=400, times=1)
    stack.set_env({"N": "new", "BAD": "1"})
    assert not stack.up(check=False).ok
    stack.up()
    assert held(stack)["new"] == source_id == there(emu)["acme/h"]
    assert "old" not in held(stack)
    assert stack.preview("--expect-no-changes").unchanged


def test_names_by_list_index_that_shift_converge_and_delete_only_what_left(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """a, b, c become b, c in one up: a is gone, one source for each of the others (play d)."""
    text = program(
        """
        import os
        for index, name in enumerate(os.environ["LIST"].split(",")):
            chroma_sync.Source(f"src-{index}", github={"repository": f"acme/{name}"}, on_conflict="adopt")
        """
    )
    stack = project(text, env={"LIST": "a,b,c"})
    stack.up()
    stack.set_env({"LIST": "b,c"})
    stack.up()
    after = there(emu)
    assert set(after) == {"acme/b", "acme/c"}
    assert held(stack) == {"src-0": after["acme/b"], "src-1": after["acme/c"]}
    assert stack.preview("--expect-no-changes").unchanged


def test_two_resources_of_one_source_fail_every_preview_until_one_is_taken_out(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """What an adoption met only later; taking either out keeps the source of the other (play e)."""
    one = 'old = chroma_sync.Source("old", github={"repository": "acme/h"}DEPENDS)'
    two = 'new = chroma_sync.Source("new", github={"repository": "acme/h"}, on_conflict="adopt")'
    stack = project(program(one.replace("DEPENDS", "")))
    stack.up()
    [source_id] = there(emu).values()
    both = program(two, one.replace("DEPENDS", ", opts=pulumi.ResourceOptions(depends_on=[new])"))
    stack.program(both)
    stack.up(check=False)
    if set(held(stack)) == {"old", "new"}:
        for _ in range(2):
            failed = stack.preview(check=False)
            assert any("is in the state twice" in message for message in failed.errors)
    stack.program(program(two))
    stack.up()
    assert held(stack) == {"new": source_id} and there(emu) == {"acme/h": source_id}


def test_a_move_whose_old_source_another_resource_takes_deletes_neither(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """a goes from x to y, c adopts x, a third create fails: no pending delete takes c's away (play f)."""
    a = 'chroma_sync.Source("a", github={"repository": "acme/x"})'
    stack = project(program(a), env={"CHROMA_SYNC_RETRIES": "0"})
    stack.up()
    stack.program(
        program(
            a.replace("acme/x", "acme/y"),
            'chroma_sync.Source("c", github={"repository": "acme/x"}, on_conflict="adopt")',
            'chroma_sync.Source("bad", github={"repository": "acme/bad"})',
        )
    )
    emu.control.fault("create_source", "respond", status=400, times=1, match="acme/bad")
    assert not stack.up(check=False).ok
    stack.up()
    assert set(there(emu)) == {"acme/x", "acme/y", "acme/bad"}
    assert held(stack) == {
        "a": there(emu)["acme/y"],
        "c": there(emu)["acme/x"],
        "bad": there(emu)["acme/bad"],
    }
    assert stack.preview("--expect-no-changes").unchanged


def test_a_forced_replacement_deletes_first(project: MakeProject, emu: RunningEmulator) -> None:
    """The engine asks no diff then; the option of the constructor says it."""
    stack = project(program('chroma_sync.Source("docs", github={"repository": "acme/h"})'))
    stack.up()
    [resource] = stack.resources("chroma-sync:Source")
    for option in ("--replace", "--target-replace", "taint"):
        [before] = there(emu).values()
        if option == "taint":
            stack.pulumi("state", "taint", resource["urn"], "--yes", check=True)
            stack.up()
        else:
            stack.up(option, resource["urn"])
        [after] = there(emu).values()
        assert after != before and held(stack) == {"docs": after}, option
    assert stack.preview("--expect-no-changes").unchanged


def test_a_swap_converges(project: MakeProject, emu: RunningEmulator) -> None:
    """a=x, b=y becomes a=y, b=x: within two ups, with one source for each."""
    text = program(
        """
        import os
        for name, repository in zip("ab", os.environ["SWAP"]):
            chroma_sync.Source(name, github={"repository": f"acme/{repository}"})
        """
    )
    stack = project(text, env={"SWAP": "xy"})
    stack.up()
    stack.set_env({"SWAP": "yx"})
    if not stack.up(check=False).ok:
        stack.up()
    sources = there(emu)
    assert set(sources) == {"acme/x", "acme/y"}
    assert held(stack) == {"a": sources["acme/y"], "b": sources["acme/x"]}
    assert stack.preview("--expect-no-changes").unchanged


def test_a_retained_source_is_named_and_an_undone_change_heals(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """retain_on_delete keeps the old source in its successor's way; the error names the option."""
    text = program(
        'chroma_sync.Source("docs", github={"repository": "acme/h"}CHANGE, '
        "opts=pulumi.ResourceOptions(retain_on_delete=True))"
    )
    stack = project(text.replace("CHANGE", ""), env={"CHROMA_SYNC_SETTLE": "0"})
    stack.up()
    [source_id] = there(emu).values()
    stack.program(text.replace("CHANGE", ', chunking={"type": "lines"}'))
    for _ in range(2):
        failed = stack.up(check=False)
        assert any("own old source" in line and "retain_on_delete" in line for line in failed.errors)
    stack.program(text.replace("CHANGE", ""))
    stack.up()
    assert held(stack) == {"docs": source_id} and there(emu) == {"acme/h": source_id}
    assert stack.preview("--expect-no-changes").unchanged


def test_new_first_is_named_and_an_undone_change_heals(project: MakeProject, emu: RunningEmulator) -> None:
    """A user's own delete_before_replace=False wins, and can't work where the service refuses two."""
    text = program(
        'chroma_sync.Source("docs", github={"repository": "acme/h"}CHANGE, '
        "opts=pulumi.ResourceOptions(delete_before_replace=False))"
    )
    stack = project(text.replace("CHANGE", ""), env={"CHROMA_SYNC_SETTLE": "0"})
    stack.up()
    [source_id] = there(emu).values()
    stack.program(text.replace("CHANGE", ', chunking={"type": "lines"}'))
    failed = stack.up(check=False)
    assert any("delete_before_replace=False" in line for line in failed.errors)
    stack.program(text.replace("CHANGE", ""))
    assert stack.up().unchanged
    assert held(stack) == {"docs": source_id}


def test_a_state_that_an_older_version_doubled_heals(project: MakeProject, emu: RunningEmulator) -> None:
    """Two entries of one id without an identity: the one that left is forgotten, the source stays."""
    text = (RECORDED / f"{DOUBLED}.json").read_text(encoding="utf-8")
    source_id = seed(emu, json.loads(text)["source"])
    recorded = json.loads(text.replace(json.loads(text)["source"]["id"], source_id))
    stack = project("\n".join(recorded["program"]), env={"N": "new"})
    exported = {"version": 3, "deployment": recorded["deployment"]}
    stack.pulumi("stack", "import", check=True, stdin=json.dumps(exported))
    assert len(stack.resources("chroma-sync:Source")) == 2
    stack.up()
    assert held(stack) == {"new": source_id} and list(there(emu).values()) == [source_id]
