"""A run on the real engine: blue and green, failing, stopped, killed while it waits, left alone."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import Project, Result
from .killing import kill_all
from .programs import program

TYPE = "chroma-sync:Invocation"


def at(sha: str, more: str = "") -> str:
    """A program with a source, a run of this commit, and what an app would read."""
    return program(
        'docs = chroma_sync.Source("docs", github={"repository": "acme/handbook"})',
        f"""
        run = chroma_sync.Invocation(
            "handbook",
            source_id=docs.source_id,
            target_collection_name="handbook-{sha}",
            ref_identifier={{"sha": "{sha}"}},
            {more}
        )
        """,
        'pulumi.export("collection", run.collection_name)',
        'pulumi.export("took", pulumi.Output.format("{0} ms", run.duration_ms))',
    )


def runs(emu: RunningEmulator) -> list[dict[str, Any]]:
    """Every run, the newest first."""
    with emu.client() as client:
        found: list[dict[str, Any]] = client.get("/api/v1/invocations").json()
        return found


def told(result: Result) -> str:
    """What the user read."""
    return "\n".join(line.message for line in result.diagnostics)


def begun(emu: RunningEmulator, count: int) -> None:
    """Wait until so many runs were started."""
    while len(runs(emu)) < count:
        time.sleep(0.05)


def nothing_is_left(stack: Project) -> None:
    """Preview and refresh find everything as it should be."""
    assert stack.preview("--expect-no-changes").unchanged
    assert stack.refresh("--expect-no-changes").unchanged


def test_a_run_per_commit_blue_and_green(project: MakeProject, emu: RunningEmulator) -> None:
    """Up makes source and run and waits; a new commit is one new run into its own collection, and while it
    fails, is stopped, or goes on, what an app reads is the old one. Nothing is run twice."""
    stack = project(at("aaa"))
    preview = stack.preview("--diff")
    assert 'handbook: an up starts a run of its source at sha aaa into collection "handbook-aaa"' in told(
        preview
    )
    up = stack.up()
    assert up.summary == {"create": 3} and "handbook: processing, " in told(up)
    assert stack.outputs() == {"collection": "handbook-aaa", "took": "1000 ms"}
    [first] = runs(emu)
    nothing_is_left(stack)

    # It fails: the up does, with the service's words; the state has the run.
    emu.control.settings(invocations="manual")
    stack.program(at("bbb"))
    assert told(stack.preview()).count("an up starts a run") == 1
    waiting = stack.start("up", "--yes", "--skip-preview")
    begun(emu, 2)
    failed = runs(emu)[0]
    emu.control.move_invocation(failed["id"], {"failed": {"error": "no such ref"}})
    output = waiting.communicate(timeout=60)[0]
    assert waiting.returncode != 0 and "Traceback" not in output
    assert f'run {failed["id"]} into collection "handbook-bbb" failed: no such ref' in output
    kept = {resource["id"]: resource["outputs"]["status"] for resource in stack.resources(TYPE)}
    assert kept == {first["id"]: "complete", failed["id"]: "failed"}

    # The next up starts anew, and is stopped; the one after continues.
    assert f"run {failed['id']} failed (no such ref); an up starts a run" in told(stack.preview())
    waiting = stack.start("up", "--yes", "--skip-preview")
    begun(emu, 3)
    time.sleep(0.5)
    os.kill(waiting.pid, signal.SIGINT)
    output = waiting.communicate(timeout=60)[0]  # the run itself would go on for ever
    assert "stopped waiting for run" in output
    third = runs(emu)[0]["id"]
    emu.control.move_invocation(third, "processing")
    emu.control.settings(invocations="timed")
    emu.control.move_invocation(third, {"complete": {"duration_ms": 7}})
    assert f"run {third} was pending when last seen; an up waits for it" in told(stack.up())
    assert stack.outputs() == {"collection": "handbook-bbb", "took": "7 ms"}
    assert [run["id"] for run in runs(emu)] == [third, failed["id"], first["id"]]
    nothing_is_left(stack)

    # The old collection was never touched, and a destroy deletes no history.
    stack.destroy()
    assert len(runs(emu)) == 3 and emu.control.requests("cancel_invocation") == []


def test_a_kill_while_it_waits_starts_no_second_run(project: MakeProject, emu: RunningEmulator) -> None:
    """Neither where the run is under way when the next up comes, nor where it is complete by then."""
    stack = project(at("aaa", more="deadline=600,"))
    for sha, pending_seconds in (("aaa", 4.0), ("bbb", 0.2)):
        emu.control.settings(pending_seconds=pending_seconds)
        before = len(runs(emu))
        stack.program(at(sha, more="deadline=600,"))
        waiting = stack.start("up", "--yes", "--skip-preview")
        begun(emu, before + 1)
        kill_all(waiting)
        stack.pulumi("cancel", "--yes", check=True)
        if sha == "bbb":
            time.sleep(1.5)
        result = stack.up()
        assert len(runs(emu)) == before + 1
        assert ("it is continued" if sha == "aaa" else "it is taken over") in told(result)
        assert stack.outputs()["collection"] == f"handbook-{sha}"
    assert stack.preview("--expect-no-changes").unchanged


def test_a_run_that_is_not_waited_for(project: MakeProject, emu: RunningEmulator) -> None:
    """A refresh brings its end; a mistake has its path at preview; a pending one is cancelled by destroy."""
    emu.control.settings(invocations="manual")
    stack = project(at("aaa", "wait=False,"))
    stack.up()
    [run] = runs(emu)
    assert stack.resources(TYPE)[0]["outputs"]["status"] == "pending"
    emu.control.move_invocation(run["id"], {"complete": {"duration_ms": 5}})
    stack.refresh()
    assert stack.resources(TYPE)[0]["outputs"]["status"] == "complete"
    assert stack.preview("--expect-no-changes").unchanged

    stack.program(at("aaa", "wait=False, object_key='a', triggers=[1],"))
    refused = stack.preview(check=False)
    assert not refused.ok and "property object_key" in refused.output
    stack.program(at("bbb", "wait=False, triggers={'date': '2026-11-02'},"))
    stack.up()
    stack.destroy()
    assert [run["status"] for run in runs(emu)][0] == "cancelled"


def test_many_objects_of_a_bucket(project: MakeProject, emu: RunningEmulator) -> None:
    """What fails of one loses no other; what is complete is not run again, also after a destroy."""

    def of(*keys: str) -> str:
        return program(
            """
            bucket = {"bucket_name": "papers", "region": "eu-central-1", "collection_name": "papers"}
            papers = chroma_sync.Source("papers", s3={**bucket, "aws_credential_id": 7})
            """,
            f'runs = chroma_sync.Invocations("first", source_id=papers.source_id, keys={list(keys)})',
            'pulumi.export("ids", runs.invocation_ids)',
            'pulumi.export("failures", runs.failures)',
        )

    stack = project(of("a.pdf", "b.pdf", "c.pdf"), env={"CHROMA_SYNC_PARALLEL": "1"})
    emu.control.fault("create_invocation", action="respond", status=400, times=1, skip=1)
    failed = stack.up(check=False)
    assert not failed.ok and "first: 1 of 3 objects could not be indexed" in failed.output
    assert "Traceback" not in failed.output
    [resource] = stack.resources("chroma-sync:Invocations")
    assert resource["outputs"]["invocation_ids"].keys() == {"a.pdf", "c.pdf"}

    stack.program(of("a.pdf", "b.pdf", "c.pdf", "d.pdf"))
    assert "first: an up runs 2 objects (b.pdf, d.pdf); 2 stay" in told(stack.preview())
    stack.up()
    assert len(stack.outputs()["ids"]) == len(runs(emu)) == 4 and stack.outputs()["failures"] == {}
    assert stack.preview("--expect-no-changes").unchanged

    stack.pulumi("state", "delete", resource["urn"], "--yes", check=True)
    again = stack.up()
    assert "4 objects are complete or under way already (a.pdf, b.pdf, c.pdf, ...)" in told(again)
    assert len(runs(emu)) == 4


def test_a_synced_repository_takes_in_what_was_there(project: MakeProject, emu: RunningEmulator) -> None:
    """A source and a run of its name move in untouched; another commit is another run, and nothing else."""

    def of(sha: str) -> str:
        repository = f'repository="acme/handbook", sha="{sha}", collection_prefix="handbook"'
        return program(
            f'docs = chroma_sync.SyncedRepository("docs", {repository})',
            'pulumi.export("collection", docs.collection_name)',
            'pulumi.export("source", docs.source_id)',
        )

    sha = "3f2a9c1d0b7e4a65"
    by_themselves = (
        at(sha).replace(f"handbook-{sha}", f"handbook-{sha[:12]}").replace('"handbook",', '"docs",')
    )
    stack = project(by_themselves)
    stack.up()
    [source], [run] = stack.resources("chroma-sync:Source"), runs(emu)
    stack.program(of(sha))
    assert stack.up().summary == {"create": 1, "same": 3}  # the component
    assert stack.outputs() == {"collection": f"handbook-{sha[:12]}", "source": source["id"]}
    nothing_is_left(stack)

    stack.program(of("beef" + sha))
    assert 'into collection "handbook-beef3f2a9c1d"' in told(stack.preview())
    stack.up()
    assert stack.outputs() == {"collection": "handbook-beef3f2a9c1d", "source": source["id"]}
    assert [each["id"] for each in runs(emu)][1:] == [run["id"]] and len(runs(emu)) == 2
    assert emu.control.requests("create_source")[1:] == []


def test_an_error_reaches_the_user_as_one_message(project: MakeProject, emu: RunningEmulator) -> None:
    """Without a traceback: of a run whose collection is finished, and of a source that is there already."""
    emu.control.add_collection("handbook-aaa", "demo", finished_ingest=True)
    with emu.client() as client:
        body = {"database_name": "demo", "github": {"repository": "acme/other"}}
        client.post("/api/v1/sources", json=body).raise_for_status()
    stack = project(
        at("aaa") + 'chroma_sync.Source("other", github={"repository": "acme/other"})\n',
    )
    failed = stack.up("--continue-on-error", check=False)
    assert not failed.ok
    assert 'the ingest of collection "handbook-aaa" is finished' in failed.output
    assert "RunExistsError" in failed.output and "SourceExistsError" in failed.output
    assert "Traceback" not in failed.output and "File " not in failed.output
