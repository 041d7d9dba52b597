"""A set of sources on the real engine: its life, partial success, kills, and what its state holds."""

from __future__ import annotations

import json
import random
import time

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import Project, Result
from .killing import kill_all, kill_engine
from .programs import program

TYPE = "chroma-sync:SourceSet"
BROKEN = {"error": "BadRequest", "message": "no such app"}


def repositories(*keys: str, more: str = "") -> str:
    """A program with a set of these repositories; its ids are exported."""
    return program(
        f"""
        docs = chroma_sync.SourceSet(
            "docs",
            database_name="demo",
            sources={{key: {{"github": {{"repository": f"acme/{{key}}"}}}} for key in {list(keys)!r}}},
            {more}
        )
        """,
        'pulumi.export("ids", docs.source_ids)',
    )


def tenants(count: int, more: str = "") -> str:
    """A program with a set of so many folders of one bucket, in the words of the documentation."""
    return program(
        f"""
        tenants = chroma_sync.SourceSet(
            "tenants",
            database_name="demo",
            sources={{
                name: {{
                    "s3": {{
                        "bucket_name": "acme-docs",
                        "region": "eu-central-1",
                        "path_prefix": f"{{name}}/",
                        "collection_name": name,
                        "aws_credential_id": 7,
                    }}
                }}
                for name in (f"tenant-{{number:05d}}" for number in range({count}))
            }},
            chunking={{"type": "lines", "max_lines": 20}},
            {more}
        )
        """
    )


def on_the_service(emu: RunningEmulator) -> list[str]:
    """The ids of all sources, page after page."""
    found: list[str] = []
    with emu.client() as client:
        while True:
            query: dict[str, str | int] = {"database_name": "demo", "order_by": "ASC", "offset": len(found)}
            page = client.get("/api/v1/sources", params=query).json()
            found += [source["id"] for source in page]
            if len(page) < 100:
                return sorted(found)


def ids(stack: Project) -> dict[str, str]:
    """Key -> id in the state."""
    [resource] = stack.resources(TYPE)
    found: dict[str, str] = resource["outputs"]["source_ids"]
    return found


def nothing_is_left(stack: Project) -> None:
    """Preview and refresh find everything as it should be."""
    assert stack.preview("--expect-no-changes").unchanged
    assert stack.refresh("--expect-no-changes").unchanged


def told(result: Result) -> str:
    """What the user read."""
    return "\n".join(line.message for line in result.diagnostics)


def test_the_life_of_a_set(project: MakeProject, emu: RunningEmulator) -> None:
    """Create, empty preview, a change of a few keys, drift, gone, destroy: ids are outputs by key."""
    stack = project(repositories("a", "b", "c"))
    assert "docs: an up creates 3 (a, b, c)" in told(stack.preview())
    assert stack.up().summary == {"create": 2}
    first = ids(stack)
    assert stack.outputs()["ids"] == first and sorted(first.values()) == sorted(on_the_service(emu))
    nothing_is_left(stack)

    stack.program(repositories("b", "c", "d").replace("acme/{key}", "acme/{key.replace('c', 'other')}"))
    preview = stack.preview("--diff")
    assert "docs: an up creates 1 (d), replaces 1 (c: github), old first, deletes 1 (a); 1 stay" in told(
        preview
    )
    assert '~ repository: "acme/c" => "acme/other"' in preview.stdout
    assert stack.up().summary == {"same": 1, "update": 1}
    second = ids(stack)
    assert second["b"] == first["b"] and second["c"] != first["c"] and second.keys() == {"b", "c", "d"}
    assert sorted(second.values()) == sorted(on_the_service(emu))
    assert stack.preview("--expect-no-changes").unchanged

    with emu.client() as client:
        client.delete(f"/api/v1/sources/{second['d']}").raise_for_status()
    emu.control.patch_source(second["b"], github={"include_globs": ["*.md"]})
    stack.set_env({"CHROMA_SYNC_SETTLE": "0"})
    refreshed = stack.refresh()
    assert "docs: 1 gone (d) and 1 changed on the service (b: github)" in told(refreshed)
    assert refreshed.summary == {"same": 1, "update": 1}
    assert "creates 1 (d), replaces 1 (b: github), old first; 1 stay" in told(stack.up())
    assert ids(stack)["c"] == second["c"] and len(on_the_service(emu)) == 3
    nothing_is_left(stack)
    stack.destroy()
    assert on_the_service(emu) == [] and stack.resources() == []


def test_partial_success_is_kept_and_told(project: MakeProject, emu: RunningEmulator) -> None:
    """The up fails with the keys and their reasons; what exists is in the state and in the stack's outputs,
    what depends on the set is made, and each further up does only what is left."""
    other = 'chroma_sync.Source("other", github={"repository": "acme/other"}, opts=AFTER)'
    text = f"{repositories(*'abcdef')}\n{other}\n"
    stack = project(text.replace("AFTER", "pulumi.ResourceOptions(depends_on=[docs])"))
    emu.control.fault("create_source", "respond", times=2, status=400, body=BROKEN)
    failed = stack.up(check=False)
    assert not failed.ok
    assert "docs: 2 sources are not as declared" in failed.output and "no such app" in failed.output
    assert "Traceback" not in failed.output
    made = ids(stack)
    assert len(made) == 4 and len(on_the_service(emu)) == 5
    assert stack.outputs()["ids"] == made
    [resource] = stack.resources(TYPE)
    assert resource["outputs"]["failures"].keys() == set("abcdef") - made.keys()

    emu.control.clear_faults()
    emu.control.fault("create_source", "respond", times=0, status=400, body=BROKEN)
    again = stack.up(check=False)
    assert not again.ok and "are not as declared" in again.output
    assert ids(stack) == made
    emu.control.clear_faults()
    emu.control.clear_requests()
    assert "docs: an up creates" in told(stack.preview())
    stack.up()
    assert len(emu.control.requests("create_source")) == 2
    assert ids(stack).keys() == set("abcdef") and {**ids(stack), **made} == ids(stack)
    assert len(on_the_service(emu)) == 7
    assert stack.preview("--expect-no-changes").unchanged


def test_a_failed_change_is_done_by_the_next_up(project: MakeProject, emu: RunningEmulator) -> None:
    """An update that fails for some keys keeps what it did, and what it could not delete; what failed
    stands in no destroy's way."""
    stack = project(repositories("a", "b", "c"))
    stack.up()
    before = ids(stack)
    emu.control.fault("delete_source", "respond", times=1, status=400, body=BROKEN)
    emu.control.fault("create_source", "respond", times=1, status=400, body=BROKEN)
    stack.program(repositories("b", "c", "d"))
    failed = stack.up(check=False)
    assert not failed.ok and "2 sources are not as declared" in failed.output
    assert ids(stack) == before and stack.outputs()["ids"] == before
    stack.up()
    assert ids(stack).keys() == {"b", "c", "d"} and sorted(ids(stack).values()) == sorted(on_the_service(emu))
    assert stack.preview("--expect-no-changes").unchanged

    emu.control.fault("create_source", "respond", times=1, status=400, body=BROKEN)
    stack.program(repositories("b", "c", "d", "e"))
    assert not stack.up(check=False).ok
    stack.destroy()
    assert on_the_service(emu) == [] and stack.resources() == []


def test_a_mistake_is_told_by_its_key_and_path(project: MakeProject, emu: RunningEmulator) -> None:
    """At most twenty of them, and no value."""
    stack = project(repositories(*(f"r{number}" for number in range(30))).replace("acme/{key}", "{key}"))
    refused = stack.preview(check=False)
    assert not refused.ok
    assert 'property sources["r0"].github.repository' in refused.output
    assert "and 10 more failures, in 10 sources" in refused.output
    assert refused.output.count("give owner and name") == 20 * (refused.output.count("and 10 more"))


def test_values_of_other_resources_are_not_known_at_preview(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """They pass, also as keys' whole sources; the up knows them, and nothing is left afterwards."""
    stack = project(
        program(
            """
            one = chroma_sync.Source("one", github={"repository": "acme/one"})
            docs = chroma_sync.SourceSet(
                "docs",
                sources={
                    "part": {"github": {"repository": one.source_id.apply(lambda _: "acme/part")}},
                    "whole": one.source_id.apply(lambda _: {"github": {"repository": "acme/whole"}}),
                    "plain": {"github": {"repository": "acme/plain"}},
                },
            )
            """
        )
    )
    stack.preview()
    stack.up()
    assert ids(stack).keys() == {"part", "whole", "plain"} and len(on_the_service(emu)) == 4
    assert stack.preview("--expect-no-changes").unchanged


def test_a_key_can_be_ignored_and_a_set_be_replaced(project: MakeProject, emu: RunningEmulator) -> None:
    """`ignore_changes` takes a key, as the documentation spells it; the others change. Where the engine is
    told to replace the set, all old ones go first."""
    option = """opts=pulumi.ResourceOptions(ignore_changes=['sources["a"]']),"""
    stack = project(repositories("a", "b", more=option))
    stack.up()
    before = ids(stack)
    stack.program(repositories("a", "b", more=option).replace("acme/{key}", "acme/other-{key}"))
    assert "replaces 1 (b: github), old first; 1 stay" in told(stack.up())
    assert ids(stack)["a"] == before["a"] and ids(stack)["b"] != before["b"]

    old = on_the_service(emu)
    [resource] = stack.resources(TYPE)
    stack.up("--replace", resource["urn"])
    assert not set(old) & set(on_the_service(emu)) and len(on_the_service(emu)) == 2
    assert sorted(ids(stack).values()) == on_the_service(emu)
    nothing_is_left(stack)


def test_kills_in_the_middle_of_a_large_set(project: MakeProject, emu: RunningEmulator) -> None:
    """The next preview counts what exists; with adoption an up takes it over and makes the rest, also on a
    service that would take each twice."""
    emu.control.settings(unique="never")
    count, chance = 1000, random.Random(7)
    emu.control.fault("create_source", "delay_after", delay=0.4, times=0)
    stack = project(tenants(count))
    for _ in range(2):
        run = stack.start("up", "--yes", "--skip-preview")
        before = len(on_the_service(emu))
        while len(on_the_service(emu)) < before + chance.randrange(20, 60):
            time.sleep(0.02)
            assert run.poll() is None
        if chance.random() < 0.5:
            kill_engine(run)
            time.sleep(0.3)
        kill_all(run)
        stack.pulumi("cancel", "--yes", check=True)
        stack.program(tenants(count, 'on_conflict="adopt",'))
    emu.control.clear_faults()
    orphans = on_the_service(emu)
    assert 0 < len(orphans) < count and stack.resources() == []

    stack.program(tenants(count))
    seen = told(stack.preview())
    assert f"tenants: {len(orphans)} of {count:,} exist already and are equal" in seen
    stack.program(tenants(count, 'on_conflict="adopt",'))
    assert "up takes them over" in told(stack.up())
    assert sorted(ids(stack).values()) == sorted(on_the_service(emu)) and len(ids(stack)) == count
    nothing_is_left(stack)


def test_a_kill_in_the_middle_of_a_change_heals(project: MakeProject, emu: RunningEmulator) -> None:
    """The state is as it was before: what was made since is met, what was deleted is gone."""
    stack = project(tenants(60, 'on_conflict="adopt",'))
    stack.up()
    emu.control.fault("create_source", "delay_after", delay=0.4, times=0)
    changed = tenants(80, 'on_conflict="adopt",').replace('"max_lines": 20', '"max_lines": 21')
    stack.program(changed)
    emu.control.clear_requests()
    run = stack.start("up", "--yes", "--skip-preview")
    while len(emu.control.requests("create_source")) < 50:
        time.sleep(0.02)
        assert run.poll() is None
    kill_all(run)
    stack.pulumi("cancel", "--yes", check=True)
    emu.control.clear_faults()
    stack.set_env({"CHROMA_SYNC_SETTLE": "0"})
    stack.up("--refresh")
    assert sorted(ids(stack).values()) == sorted(on_the_service(emu)) and len(ids(stack)) == 80
    nothing_is_left(stack)


def test_a_source_of_a_set_costs_the_state_300_bytes(project: MakeProject, emu: RunningEmulator) -> None:
    """In the checkpoint, and in an export with its indentation; with 1,000, a refresh is 12 requests."""
    count = 1000
    stack = project(tenants(count))
    stack.up()
    emu.control.clear_requests()
    assert stack.refresh("--expect-no-changes").unchanged
    assert len(emu.control.requests()) <= 12
    (checkpoint,) = (stack.backend / ".pulumi" / "stacks").rglob("*.json")
    assert checkpoint.stat().st_size <= 260 * count
    assert len(stack.pulumi("stack", "export", check=True).stdout) <= 300 * count
    assert json.loads(stack.pulumi("stack", "export").stdout)["deployment"]["resources"]
