"""A set's life, in memory: each source exactly once, partial success kept, and only what is left done."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.output import Unknown

from pulumi_chroma_sync.errors import ChromaSyncError

from .fault_cases import LOST
from .memory import Memory
from .sets import Stack, repositories, tenants

BROKEN = {"status": 400, "body": {"error": "BadRequest", "message": "no such app"}}


@pytest.fixture
def stack(memory: Memory) -> Stack:
    """A stack without a set."""
    return Stack(memory)


def test_a_set_is_created_whole(stack: Stack, memory: Memory) -> None:
    """Every key has a source of its own, and nothing is left to do."""
    program = tenants(100)
    assert stack.up(program)
    assert stack.failures == {}
    assert set(stack.ids.values()) == set(memory.sources())
    assert {source["s3"]["path_prefix"] for source in memory.sources().values()} == {
        f"{key}/" for key in stack.ids
    }
    assert len(memory.requests("create_source")) == 100
    assert not stack.preview(program) and stack.told == ""


def test_only_the_keys_whose_meaning_changed_are_touched(stack: Stack, memory: Memory) -> None:
    """One is made, one replaced, one deleted; the others keep their ids."""
    stack.up(repositories("a", "b", "c", "d"))
    before = stack.ids
    memory.clear_requests()
    program = repositories("a", "b", "d", "e")
    program["sources"]["b"]["github"]["include_globs"] = ["*.md"]
    program["sources"]["a"]["github"]["repository"] = "https://github.com/ACME/a"
    with pytest.raises(ValueError, match='sources\\["a"\\].github.repository'):
        stack.preview(program)
    program["sources"]["a"]["github"]["repository"] = "Acme/A"
    stack.preview(program)
    assert "docs: an up creates 1 (e), replaces 1 (b: github), old first, deletes 1 (c); 2 stay" in stack.told
    stack.up(program)
    after = stack.ids
    assert after.keys() == {"a", "b", "d", "e"}
    assert sorted(key for key in after if after[key] == before.get(key)) == ["a", "d"]
    assert len(memory.requests("create_source")) == len(memory.requests("delete_source")) == 2
    assert set(memory.sources()) == set(after.values())
    assert not stack.preview(program)


def test_a_shared_argument_is_of_every_source_that_does_not_say_its_own(stack: Stack, memory: Memory) -> None:
    """A change of it replaces those, and no other."""
    program = repositories("a", "b", chunking={"type": "lines", "max_lines": 7})
    program["sources"]["b"]["chunking"] = {"type": "tree_sitter"}
    stack.up(program)
    kinds = {
        source["github"]["repository"]: source["chunking"]["type"] for source in memory.sources().values()
    }
    assert kinds == {"acme/a": "lines", "acme/b": "tree_sitter"}
    before = stack.ids
    stack.up({**program, "chunking": {"type": "lines", "max_lines": 8}})
    assert stack.ids["b"] == before["b"] and stack.ids["a"] != before["a"]


def test_what_fails_of_one_key_does_not_touch_the_others(stack: Stack, memory: Memory) -> None:
    """The state has the others, the failure is told by key, and the next up makes that one alone."""
    program = repositories(*"abcdef")
    memory.fault("create_source", "respond", skip=2, times=1, **BROKEN)
    stack.up(program)
    [(key, reason)] = stack.failures.items()
    assert "no such app" in reason and "docs: 5 of 6 created, 1 failed" in stack.told
    assert stack.ids.keys() == set("abcdef") - {key}
    assert set(stack.ids.values()) == set(memory.sources())
    memory.clear_requests()
    assert stack.preview(program) and f"creates 1 ({key})" in stack.told
    stack.up(program)
    assert stack.failures == {} and stack.ids.keys() == set("abcdef")
    assert len(memory.requests("create_source")) == 1


def test_a_create_whose_answer_is_lost_is_found(stack: Stack, memory: Memory) -> None:
    """As for one source: nothing is sent twice, and its id is told."""
    memory.fault("create_source", LOST.action, skip=1, times=2)
    stack.up(repositories(*"abcd"))
    assert stack.failures == {}
    assert set(stack.ids.values()) == set(memory.sources()) and len(memory.sources()) == 4
    assert stack.told.count("took source") == 2


def test_a_delete_that_fails_stays_in_the_state_and_is_tried_again(stack: Stack, memory: Memory) -> None:
    """A key that left the program, and one that was to be replaced: neither is lost."""
    stack.config = {"retries": 0}
    stack.up(repositories("a", "b", "c"))
    before = stack.ids
    memory.time.sleep(3600)
    program = repositories("a", "b")
    program["sources"]["b"]["github"]["include_globs"] = ["*.md"]
    memory.fault("delete_source", "respond", times=2, status=400)
    stack.up(program)
    assert stack.failures.keys() == {"b", "c"}
    assert stack.ids == before and set(memory.sources()) == set(before.values())
    stack.up(program)
    assert stack.failures == {} and stack.ids.keys() == {"a", "b"}
    assert set(memory.sources()) == set(stack.ids.values())


def test_a_replacement_whose_create_fails_leaves_the_key_to_the_next_up(stack: Stack, memory: Memory) -> None:
    """The old one is gone by then, and the state says so."""
    stack.up(repositories("a", "b"))
    program = repositories("a", "b", chunking={"type": "lines"})
    memory.fault("create_source", "respond", times=1, **BROKEN)
    stack.up(program)
    [key] = stack.failures
    assert stack.ids.keys() == {"a", "b"} - {key}
    assert set(memory.sources()) == set(stack.ids.values())
    stack.up(program)
    assert stack.failures == {} and set(memory.sources()) == set(stack.ids.values())


def test_a_source_that_gets_another_key_goes_over(stack: Stack, memory: Memory) -> None:
    """A rename and a swap: no request that writes."""
    stack.up(repositories("a", "b", "c"))
    before = stack.ids
    memory.clear_requests()
    program = repositories("a", "b", "c")
    sources = program["sources"]
    program["sources"] = {"a": sources["b"], "b": sources["a"], "new": sources["c"]}
    stack.preview(program)
    assert "hands over 3" in stack.told
    stack.up(program)
    assert stack.ids == {"a": before["b"], "b": before["a"], "new": before["c"]}
    assert memory.asked("create_source") == memory.asked("delete_source") == []
    assert not stack.preview(program)


def test_identities_that_change_places_collide_in_no_order(stack: Stack, memory: Memory) -> None:
    """Each wants the target that another one has, with other fields: deletes come first."""
    stack.up(repositories(*"abc"))
    program = repositories(*"abc", chunking={"type": "lines"})
    order = ["b", "c", "a"]
    sources = [{"github": {"repository": f"acme/{name}"}} for name in order]
    program["sources"] = dict(zip("abc", sources, strict=True))
    stack.up(program)
    assert stack.failures == {}
    there = memory.sources()
    assert [there[stack.ids[key]]["github"]["repository"] for key in "abc"] == [
        f"acme/{key}" for key in order
    ]
    assert len(there) == 3


def test_another_database_moves_each_source_by_itself(stack: Stack, memory: Memory) -> None:
    """What fails stays where it was; the set is never without all of its sources."""
    memory.keys = {key: {"demo", "other"} for key in memory.keys}
    stack.up(repositories("a", "b"))
    memory.fault("delete_source", "respond", times=1, status=400)
    program = {**repositories("a", "b"), "database_name": "other"}
    stack.up(program)
    [key] = stack.failures
    databases = {name: memory.sources()[there]["database_name"] for name, there in stack.ids.items()}
    assert databases == {"a": "other", "b": "other", key: "demo"}
    stack.up(program)
    assert {source["database_name"] for source in memory.sources().values()} == {"other"}
    assert stack.failures == {} and len(memory.sources()) == 2


def test_what_exists_already_is_told_and_adopted_where_asked_for(stack: Stack, memory: Memory) -> None:
    """After an up that was killed: the next one counts them, stops at them, or takes them over."""
    there = {
        memory.make(**{"database_name": "demo", **source})
        for source in repositories(*"ab")["sources"].values()
    }
    program = repositories(*"abc")
    stack.preview(program)
    assert (
        "docs: 2 of 3 exist already and are equal (a, b); up stops at them, unless "
        'on_conflict="adopt" takes them over' in stack.told
    )
    stack.up(program)
    assert stack.failures.keys() == {"a", "b"} and stack.ids.keys() == {"c"}
    stack.up({**program, "on_conflict": "adopt"})
    assert stack.failures == {} and there < set(stack.ids.values())
    assert len(memory.sources()) == 3


def test_a_refresh_sees_single_sources_gone_or_changed(stack: Stack, memory: Memory) -> None:
    """By the list; the next up makes these anew and leaves the others alone."""
    program = tenants(250)
    stack.up(program)
    memory.time.sleep(3600)
    before = stack.ids
    gone, changed = before["tenant-00007"], before["tenant-00100"]
    memory.delete(gone)
    memory.patch_source(changed, s3={"region": "eu-west-1"})
    memory.clear_requests()
    stack.refresh()
    assert len(memory.seen) <= 3 + 2
    assert "tenants: 1 gone (tenant-00007) and 1 changed on the service (tenant-00100: s3)" in stack.told
    assert stack.outputs["drifted"] == {"tenant-00100": ["s3"]}
    assert stack.ids.keys() == before.keys() - {"tenant-00007"}
    stack.up(program)
    assert "creates 1 (tenant-00007), replaces 1 (tenant-00100: s3)" in stack.told
    assert stack.failures == {} and stack.outputs["drifted"] == {}
    assert [key for key in before if stack.ids[key] != before[key]] == ["tenant-00007", "tenant-00100"]
    assert not stack.preview(program)


@pytest.mark.parametrize("count", [1, 100, 101, 199, 1000])
def test_a_refresh_is_a_page_for_a_hundred_and_two_more(count: int) -> None:
    """Whatever the number, nothing is asked for by its id."""
    memory = Memory()
    stack = Stack(memory)
    stack.up(tenants(count))
    memory.clear_requests()
    before = stack.outputs
    stack.refresh()
    assert len(memory.seen) <= -(-count // 100) + 2
    assert stack.outputs == before


def test_an_outage_during_a_refresh_loses_nothing(stack: Stack, memory: Memory) -> None:
    """The state stays as it is, and the list is asked for once, not each source."""
    stack.up(tenants(50))
    before, memory.listening = stack.outputs, False
    with pytest.raises(ChromaSyncError):
        stack.refresh()
    assert stack.outputs == before


def test_an_outage_is_found_out_once(stack: Stack, memory: Memory) -> None:
    """Of 500 creates a few find the service down; the others are not begun, and all of them are told."""
    stack.config = {"retries": 1, "parallel": 4}
    program = tenants(500)
    with stack.process() as process:
        inputs = process.check(program)
        memory.listening = False
        _, outputs = process.create(inputs)
    assert len(outputs["failures"]) == 500 and outputs["source_ids"] == {}
    begun = [reason for reason in outputs["failures"].values() if not reason.startswith("not begun")]
    assert 8 <= len(begun) <= 12


def test_destroy_deletes_everything_and_tries_again_what_failed(stack: Stack, memory: Memory) -> None:
    """A failure keeps the set in the state; the next destroy finds the others gone."""
    stack.config = {"retries": 0}
    stack.up(tenants(40))
    memory.time.sleep(3600)
    memory.fault("delete_source", "respond", times=3, status=400)
    with pytest.raises(ChromaSyncError, match="3 of 40 sources could not be deleted"):
        stack.destroy()
    assert len(memory.sources()) == 3 and len(stack.ids) == 40
    stack.destroy()
    assert memory.sources() == {} and stack.id == ""


def test_progress_is_told_every_few_seconds(memory: Memory) -> None:
    """How many are done, of how many, and how many failed."""
    stack = Stack(memory, config={"parallel": 1})
    memory.latency = 0.5
    stack.up(tenants(20))
    lines = [line for line in stack.told.splitlines() if " of 20 created" in line]
    assert len(lines) >= 3 and lines[-1] == "tenants: 20 of 20 created"


def test_the_record_is_short_and_whole() -> None:
    """Sources that differ in their key alone cost a few bytes; what differs otherwise is kept as it is."""
    memory = Memory()
    stack = Stack(memory)
    program = tenants(300)
    program["sources"]["tenant-00001"]["s3"] |= {"path_prefix": '"odd\\"/\0', "auto_sync": "direct"}
    program["sources"]["a"] = {"web_scrape": {"starting_url": "https://a.acme.com/", "page_limit": 3}}
    stack.up(program)
    assert len(stack.outputs["record"]) < 12 * 300
    assert not stack.preview(program)
    stack.refresh()
    assert not stack.preview(program) and stack.outputs["drifted"] == {}


def test_what_is_not_known_yet_is_a_change_and_no_loss(stack: Stack, memory: Memory) -> None:
    """A field, a whole source, or all of them: the preview never says that they are deleted."""
    unknown: Any = Unknown()  # type: ignore[no-untyped-call]
    stack.up(repositories("a", "b"))
    field = repositories("a", "b", "c")
    field["sources"]["a"] = {"github": {"repository": unknown}}
    field["sources"]["c"] = unknown
    whole = repositories("a", "b", "c")
    whole["sources"]["a"] = unknown
    for program, said in (
        (field, "creates 1 (c), replaces 1 (a: github), old first; 1 stay"),
        (whole, "creates 1 (c), replaces 1 (a: not known yet), old first; 1 stay"),
        ({**repositories(), "sources": unknown}, "docs: its sources are not known yet"),
    ):
        with stack.process() as process:
            olds = {**stack.inputs, "__provider": "x"}
            inputs = process.provider.check(olds, {**program, "__provider": "x"}).inputs
            outputs = {**stack.outputs, "__provider": "x"}
            assert process.provider.diff(stack.id, outputs, {**inputs, "__provider": "x"}).changes
            told = "\n".join(sorted(process.provider._informed))
        assert said in told and "deletes" not in told
