"""The life of a run, in memory: what check says, what starts one, how it is waited for, how it ends."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from pulumi_chroma_sync import SourceProvider
from pulumi_chroma_sync.cli import main
from pulumi_chroma_sync.core import cancelling
from pulumi_chroma_sync.core.answer import UnfinishedError
from pulumi_chroma_sync.errors import ChromaSyncError, OutcomeUnknownError, RunExistsError

from .memory import KEY
from .memory_runs import RunsMemory
from .plugin import Bag, Process
from .service import github

S3: Bag = {
    "bucket_name": "papers",
    "region": "eu-central-1",
    "collection_name": "papers",
    "path_prefix": "acme/",
    "aws_credential_id": 7,
}


@pytest.fixture
def memory() -> RunsMemory:
    """A service with runs."""
    return RunsMemory()


@pytest.fixture
def handbook(memory: RunsMemory) -> str:
    """A GitHub source."""
    return memory.make(**github())


@pytest.fixture
def papers(memory: RunsMemory) -> str:
    """An S3 source."""
    return memory.make(database_name="demo", s3=S3)


def inputs(source_id: str, sha: str = "3f2a", **more: Any) -> Bag:
    """A run of this commit into a collection of its own."""
    whole = {"target_collection_name": f"handbook-{sha}", "ref_identifier": {"sha": sha}}
    return {"name": "docs", "source_id": source_id, **whole, **more}


def of_object(source_id: str, key: str = "acme/a.pdf", **more: Any) -> Bag:
    """A run of one object."""
    return {"name": "paper", "source_id": source_id, "object_key": key, **more}


def failure(process: Process, news: Bag) -> str:
    """What check says."""
    with pytest.raises(ValueError) as caught:
        process.check(news)
    return str(caught.value)


def create(memory: RunsMemory, news: Bag, **config: Any) -> tuple[str, Bag]:
    """One up of a new run."""
    with memory.process(**config) as process:
        return process.create(process.check(news))


# What check says.


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"ref_identifier": {"sha": "a", "branch": "b"}},
            "ref_identifier.*: give a sha or a branch",
        ),
        ({"ref_identifier": {}}, "ref_identifier.*: give {"),
        ({"ref_identifier": {"commit": "a"}}, "ref_identifier.commit: unknown"),
        ({"target_collection_name": None}, "target_collection_name: required: this source is a GitHub"),
        ({"target_collection_name": "x"}, "target_collection_name: must have 3 to 512 characters"),
        ({"object_key": "a"}, "object_key: is for sources of kind s3"),
        ({"on_deadline": "stop"}, 'on_deadline: must be one of "fail", "cancel", "leave"'),
        ({"deadline": 0}, "deadline: must be 1 or more"),
        ({"collection": "x"}, "collection.*: unknown; did you mean target_collection_name?"),
        ({"source_id": "00000000-0000-4000-8000-00000000dead"}, "source_id: the service has no such source"),
    ],
)
def test_a_mistake_has_its_path_at_preview(memory: RunsMemory, handbook: str, given: Bag, said: str) -> None:
    """Nothing was started."""
    with memory.process() as process:
        assert said in failure(process, {**inputs(handbook), **given})
    assert memory.runs() == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"object_key": None}, "object_key: required: this source is an S3 bucket"),
        ({"object_key": "other/a.pdf"}, 'object_key: must begin with "acme/"'),
        ({"ref_identifier": {"branch": "main"}}, "is for sources of kind s3, and ref_identifier"),
        ({"custom_id": "é" * 61}, "custom_id: must be at most 120 bytes"),
        ({"metadata": {"tags": ["a", 1]}}, "metadata.tags: the items of a list must be of one type"),
        ({"metadata": {"tags": {"a": 1}}}, "metadata.tags: must be a text, a number"),
    ],
)
def test_each_kind_of_source_demands_its_own(memory: RunsMemory, papers: str, given: Bag, said: str) -> None:
    """S3 runs sync one object below the prefix."""
    with memory.process() as process:
        assert said in failure(process, {**of_object(papers), **given})


def test_metadata_may_hold_null_and_numbers_leave_as_they_are(memory: RunsMemory, papers: str) -> None:
    """As documented; whole numbers leave as whole numbers."""
    metadata = {"page": 3, "draft": None, "scores": [1.5, 2], "tags": ["a", "b"]}
    create(memory, of_object(papers, metadata=metadata, custom_id="paper-1"))
    [request] = memory.requests("create_invocation")
    assert b'"page": 3,' in request.raw and b'"draft": null' in request.raw
    assert request.body == {"object_key": "acme/a.pdf", "custom_id": "paper-1", "metadata": metadata}


def test_the_preview_says_what_an_up_will_do(memory: RunsMemory, handbook: str) -> None:
    """Of which source, at which commit, into which collection, for how long it waits; and starts nothing."""
    with memory.process() as process:
        process.check(inputs(handbook, deadline=90))
    assert (
        f'docs: an up starts a run of source {handbook} ("github acme/handbook") at sha 3f2a into collection '
        '"handbook-3f2a", and waits for it for up to 1 min 30 s'
    ) in process.text
    assert memory.runs() == {}


# What starts, and how it ends.


def test_a_run_is_started_once_and_waited_for(memory: RunsMemory, handbook: str) -> None:
    """Its end is in the outputs; progress is told when it changes, with the time and the id."""
    with memory.process() as process:
        run_id, outputs = process.create(process.check(inputs(handbook)))
    assert list(memory.runs()) == [run_id]
    assert {
        name: outputs[name] for name in ("invocation_id", "status", "collection_name", "duration_ms")
    } == {
        "invocation_id": run_id,
        "status": "complete",
        "collection_name": "handbook-3f2a",
        "duration_ms": 20_000,
    }
    assert outputs["finished_at"] and outputs["created_at"] and outputs["database_name"] == "demo"
    assert f"docs: pending, 0 s, run {run_id}" in process.text
    assert "docs: processing, " in process.text
    assert memory.time.now < 25 + 16  # at most one pause later


def test_a_long_run_is_told_of_every_half_minute(memory: RunsMemory, handbook: str) -> None:
    """With pauses of 15 s at most, and each question a short one."""
    memory.processing = 200
    with memory.process() as process:
        process.create(process.check(inputs(handbook)))
    lines = [line for line in process.text.splitlines() if "docs: processing" in line]
    assert 5 <= len(lines) <= 8
    asked = [seen.at for seen in memory.requests("get_invocation")]
    pauses = [after - before for before, after in zip(asked, asked[1:], strict=False)]
    assert max(pauses) <= 18.1 and pauses[0] <= 1.3 and len(asked) < 30


def test_a_run_that_is_not_waited_for_is_in_the_state_as_it_is(memory: RunsMemory, handbook: str) -> None:
    """A refresh brings the end, and then nothing is left to do."""
    with memory.process() as process:
        news = process.check(inputs(handbook, wait=False))
        run_id, outputs = process.create(news)
    assert outputs["status"] == "pending"
    memory.time.sleep(60)
    with memory.process() as process:
        _, outputs, _ = process.read(run_id, outputs)
        process.check(news, news)
        assert not process.diff(run_id, outputs, news).changes
    assert outputs["status"] == "complete" and outputs["duration_ms"] == 20_000


def test_a_failed_run_ends_the_up_and_the_next_one_starts_anew(memory: RunsMemory, handbook: str) -> None:
    """The service's error, the run's id and how to look are told; the failed one is named by the next."""
    memory.ends = "repository not found"
    with memory.process() as process, pytest.raises(UnfinishedError) as caught:
        process.create(process.check(inputs(handbook)))
    [failed] = memory.runs()
    look = f"pulumi-chroma-sync runs {handbook}"
    for part in (f"run {failed}", "failed: repository not found", look):
        assert part in str(caught.value)
    assert caught.value.object_id == failed and caught.value.outputs["status"] == "failed"

    memory.ends = "complete"
    with memory.process() as process:
        news = process.check(inputs(handbook), inputs(handbook))
        diff = process.diff(failed, caught.value.outputs, news)
        assert diff.replaces == ["status"] and diff.delete_before_replace is False
        run_id, outputs = process.create(news)
        process.delete(failed, caught.value.outputs)
    assert f"run {failed} failed (repository not found); an up starts a run" in process.text
    assert outputs["status"] == "complete" and list(memory.runs()) == [failed, run_id]


def test_where_nothing_of_a_failed_run_reached_the_state_a_new_one_is_started(
    memory: RunsMemory, handbook: str
) -> None:
    """As after a kill, or with an SDK that can't say "created but failed"."""
    memory.ends = "no such ref"
    with pytest.raises(UnfinishedError):
        create(memory, inputs(handbook))
    memory.ends = "complete"
    run_id, _ = create(memory, inputs(handbook))
    assert len(memory.runs()) == 2 and list(memory.runs())[-1] == run_id


@pytest.mark.parametrize("what", ["fail", "leave", "cancel"])
@pytest.mark.parametrize("state", ["pending", "processing"])
def test_a_deadline_does_what_was_asked_for(memory: RunsMemory, handbook: str, what: str, state: str) -> None:
    """Only a pending run can be cancelled, and the run is in the state whatever happens."""
    memory.pending, memory.processing = (1000, 0) if state == "pending" else (1, 1000)
    news = inputs(handbook, deadline=60, on_deadline=what)
    with memory.process() as process:
        checked = process.check(news)
        if what == "leave":
            run_id, outputs = process.create(checked)
            assert outputs["status"] == state and "it goes on" in process.text
        else:
            with pytest.raises(UnfinishedError, match=f"is still {state} after 1 min") as caught:
                process.create(checked)
            run_id, outputs, said = caught.value.object_id, caught.value.outputs, str(caught.value)
            if what == "cancel":
                assert ("it was cancelled" in said) == (state == "pending")
                assert ("can't be cancelled (412" in said) == (state == "processing")
    cancelled = what == "cancel" and state == "pending"
    assert memory.runs()[run_id]["status"] == ("cancelled" if cancelled else state)
    assert 59 <= memory.time.now < 63
    with memory.process() as process:
        process.check(checked, checked)
        diff = process.diff(run_id, outputs, checked)
        assert diff.changes and bool(diff.replaces) == cancelled
        if not cancelled:
            memory.move(run_id, {"complete": {"finished_at": "2026-11-02T10:00:00Z", "duration_ms": 7}})
            outputs = process.update(run_id, outputs, checked)
            assert outputs["status"] == "complete" and not process.diff(run_id, outputs, checked).changes
    assert list(memory.runs()) == [run_id]


def test_a_cancelled_update_stops_waiting_within_a_second(memory: RunsMemory, handbook: str) -> None:
    """The run goes on, is in the state, and the next up continues with it."""
    with memory.process() as process:
        news = process.check(inputs(handbook))
        memory.meanwhile("get_invocation", cancelling.cancel, count=3)
        with pytest.raises(UnfinishedError, match="stopped waiting for run") as caught:
            process.create(news)
    asked = memory.requests("get_invocation")
    assert len(asked) == 3 and memory.time.now - asked[-1].at < 1
    with memory.process() as process:
        process.check(news, news)
        assert process.diff(caught.value.object_id, caught.value.outputs, news).replaces == []
        outputs = process.update(caught.value.object_id, caught.value.outputs, news)
    assert outputs["status"] == "complete" and len(memory.runs()) == 1


@pytest.mark.parametrize("how", ["respond", "drop_before"])
def test_an_outage_while_it_waits_ends_nothing(memory: RunsMemory, handbook: str, how: str) -> None:
    """What may pass is waited out, and told."""
    with memory.process() as process:
        news = process.check(inputs(handbook))
        memory.fault("get_invocation", how, times=5, skip=2, **({"status": 503} if how == "respond" else {}))
        _, outputs = process.create(news)
    assert outputs["status"] == "complete" and len(memory.runs()) == 1
    assert "can't be asked at the moment" in process.text


# Exactly once.


@pytest.mark.parametrize("action", ["drop_after", "drop_then_commit", "respond_after"])
def test_a_lost_answer_starts_no_second_run(memory: RunsMemory, handbook: str, action: str) -> None:
    """It is found among the runs since, and told."""
    with memory.process() as process:
        news = process.check(inputs(handbook))
        plan: Bag = {"drop_then_commit": {"delay": 3}, "respond_after": {"status": 502}}.get(action, {})
        memory.fault("create_invocation", action, **plan)
        run_id, outputs = process.create(news)
    assert list(memory.runs()) == [run_id] and outputs["status"] == "complete"
    assert f"took run {run_id}, the very same and started since" in process.text
    assert len(memory.asked("create_invocation")) == 1


def test_an_unknown_outcome_says_what_may_be(memory: RunsMemory, handbook: str) -> None:
    """Nothing is sent again on hope; a run that appears later is continued by the next up."""
    with memory.process() as process:
        news = process.check(inputs(handbook))
        memory.fault("create_invocation", "drop_then_commit", delay=60)
        with pytest.raises(OutcomeUnknownError) as caught:
            process.create(news)
    for part in ('start run "docs"', "Nothing was sent twice", "is continued, and no second one"):
        assert part in str(caught.value)
    memory.time.sleep(45)
    run_id, outputs = create(memory, inputs(handbook))
    assert list(memory.runs()) == [run_id] and outputs["status"] == "complete"


def test_the_services_own_failure_is_sent_again(memory: RunsMemory, handbook: str) -> None:
    """Once it is sure that nothing was started."""
    memory.fault("create_invocation", "respond", status=500, times=2)
    create(memory, inputs(handbook))
    assert len(memory.runs()) == 1 and len(memory.asked("create_invocation")) == 3


@pytest.mark.parametrize("state", ["pending", "processing", "complete"])
def test_a_killed_up_is_continued_by_the_next_one(memory: RunsMemory, handbook: str, state: str) -> None:
    """Nothing of its run is in the state: the very same run is taken, and no second one started."""
    orphan = memory.start(handbook, target_collection_name="handbook-3f2a", ref_identifier={"sha": "3f2a"})
    memory.time.sleep({"pending": 1, "processing": 10, "complete": 100}[state])
    with memory.process() as process:
        run_id, outputs = process.create(process.check(inputs(handbook)))
    assert run_id == orphan and outputs["status"] == "complete" and len(memory.runs()) == 1
    assert ("it is continued" if state != "complete" else "it is taken over") in process.text


def test_an_old_run_of_somebody_else_is_named_and_taken_on_demand_alone(
    memory: RunsMemory, handbook: str
) -> None:
    """The collection is finished: what to do is said."""
    old = memory.start(handbook, target_collection_name="handbook-3f2a", ref_identifier={"sha": "3f2a"})
    memory.time.sleep(2 * 3600)
    with pytest.raises(RunExistsError) as caught:
        create(memory, inputs(handbook))
    assert caught.value.invocation_id == old
    for part in ('collection "handbook-3f2a" is finished', "Nothing was started", old, 'on_conflict="adopt"'):
        assert part in str(caught.value)
    run_id, outputs = create(memory, inputs(handbook, on_conflict="adopt"))
    assert run_id == old and outputs["status"] == "complete"


def test_who_always_wants_a_new_run_gets_no_older_one(memory: RunsMemory, handbook: str) -> None:
    """Not even where the service refuses a new one."""
    old = memory.start(handbook, target_collection_name="handbook-3f2a", ref_identifier={"sha": "3f2a"})
    memory.time.sleep(60)
    with pytest.raises(RunExistsError, match="wants a new collection"):
        create(memory, inputs(handbook, on_conflict="run"))
    assert list(memory.runs()) == [old]


def test_another_commit_into_a_finished_collection_is_an_error(memory: RunsMemory, handbook: str) -> None:
    """Nothing equal is there to take."""
    memory.start(handbook, target_collection_name="handbook-3f2a", ref_identifier={"sha": "old"})
    memory.time.sleep(60)
    with pytest.raises(RunExistsError, match="wants a new collection") as caught:
        create(memory, inputs(handbook, on_conflict="adopt"))
    assert caught.value.invocation_id is None


def test_an_object_is_not_indexed_twice_after_a_kill(memory: RunsMemory, papers: str) -> None:
    """S3 collections take one object again and again, so the service refuses nothing."""
    orphan = memory.start(papers, object_key="acme/a.pdf")
    memory.time.sleep(100)
    assert create(memory, of_object(papers))[0] == orphan
    assert create(memory, of_object(papers, "acme/b.pdf"))[0] != orphan
    assert create(memory, of_object(papers, on_conflict="run"))[0] != orphan
    memory.time.sleep(2 * 3600)
    assert create(memory, of_object(papers))[0] not in list(memory.runs())[:3]
    assert len(memory.runs()) == 4


@pytest.mark.parametrize(
    "other",
    [{"metadata": {"team": "b"}}, {"custom_id": "b"}, {"object_key": "acme/b.pdf"}, {"metadata": None}],
)
def test_a_run_of_anything_else_is_not_the_very_same(memory: RunsMemory, papers: str, other: Bag) -> None:
    """It is complete and young, and differs in one thing."""
    same = {"object_key": "acme/a.pdf", "metadata": {"team": "a"}, "custom_id": "a"}
    equal = memory.start(papers, **same)
    memory.time.sleep(60)
    assert create(memory, of_object(papers, **_without_key(same)))[0] == equal
    memory.forget_run(equal)
    theirs = memory.start(papers, **{name: value for name, value in {**same, **other}.items() if value})
    memory.time.sleep(60)
    assert create(memory, of_object(papers, **_without_key(same)))[0] != theirs


def _without_key(payload: Bag) -> Bag:
    return {name: value for name, value in payload.items() if name != "object_key"}


def test_what_stood_there_before_is_never_taken_for_ours(memory: RunsMemory, papers: str) -> None:
    """The request is lost, and an equal run of another hand is among the source's newest."""
    theirs = memory.start(papers, object_key="acme/a.pdf")
    memory.time.sleep(7200)
    with memory.process(settle=1) as process:
        news = process.check(of_object(papers, on_conflict="run"))
        memory.fault("create_invocation", "drop_before")
        with pytest.raises(OutcomeUnknownError):
            process.create(news)
    assert list(memory.runs()) == [theirs] and theirs not in process.text


def test_a_trigger_runs_again_whatever_ran_before(memory: RunsMemory, papers: str) -> None:
    """The run that is replaced, and those before it, are history, also within the hour."""
    news = of_object(papers, triggers=[1])
    run_id, outputs = create(memory, news)
    for turn in (2, 3):
        changed = of_object(papers, triggers=[turn])
        with memory.process() as process:
            checked = process.check(changed, news)
            assert process.diff(run_id, outputs, checked).replaces == ["triggers"]
            new_id, new_outputs = process.create(process.check(changed))
            process.delete(run_id, outputs)
        assert new_id != run_id
        news, run_id, outputs = checked, new_id, new_outputs
    assert len(memory.runs()) == 3


def test_equal_runs_of_one_program_are_two(memory: RunsMemory, papers: str) -> None:
    """What another resource of this process has is not taken."""
    with memory.process() as process:
        news = process.check(of_object(papers, wait=False))
        first, _ = process.create(news)
        second, _ = process.create(news)
    assert first != second and list(memory.runs()) == [first, second]


# What changes, goes and is forgotten.


def test_what_only_looks_after_the_run_is_no_new_run(memory: RunsMemory, handbook: str) -> None:
    """No request."""
    news = inputs(handbook)
    run_id, outputs = create(memory, news)
    memory.clear_requests()
    with memory.process(preflight=False) as process:
        changed = process.check({**news, "deadline": 7, "on_deadline": "leave", "on_conflict": "run"}, news)
        diff = process.diff(run_id, outputs, changed)
        assert diff.changes and diff.replaces == []
        after = process.update(run_id, outputs, changed)
        assert not process.diff(run_id, after, changed).changes
    assert after["deadline"] == 7 and after["status"] == "complete" and memory.seen == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("target_collection_name", "other"),
        ("ref_identifier", {"sha": "beef"}),
        ("triggers", {"date": "2026-11-02"}),
    ],
)
def test_a_change_is_another_run_new_first(memory: RunsMemory, handbook: str, name: str, value: Any) -> None:
    """Whoever reads the old collection goes on doing so until the new one is complete."""
    news = inputs(handbook)
    run_id, outputs = create(memory, news)
    with memory.process() as process:
        changed = process.check({**news, name: value}, news)
        diff = process.diff(run_id, outputs, changed)
    assert diff.replaces == [name] and diff.delete_before_replace is False
    assert f'{name} changed; collection "handbook-3f2a" stays as it is; an up starts a run' in process.text


def test_a_delete_cancels_what_is_pending_and_nothing_else(memory: RunsMemory, handbook: str) -> None:
    """A run is history."""
    for sha, age, left, asked in (("a", 1, "cancelled", 1), ("b", 10, "processing", 1), ("c", 50, "", 0)):
        run_id, outputs = create(memory, inputs(handbook, sha * 4, wait=sha == "c"))
        memory.time.sleep(age)
        memory.clear_requests()
        with memory.process() as process:
            process.delete(run_id, outputs)
        assert len(memory.asked()) == asked
        assert memory.runs()[run_id]["status"] == left or left == ""
    memory.forget_run(run_id)
    with memory.process() as process:
        process.delete(run_id, {**outputs, "status": "pending"})


def test_a_delete_cancels_nothing_that_another_entry_continues(memory: RunsMemory, handbook: str) -> None:
    """A renamed resource has taken the run over; the old entry goes, and the run goes on."""
    run_id, outputs = create(memory, inputs(handbook, wait=False))
    with memory.process() as process:
        renamed = process.check(inputs(handbook, name="renamed"))
        process.diff(run_id, {**outputs, "state_entry": "1-2"}, renamed)
        process.delete(run_id, outputs)
    assert memory.runs()[run_id]["status"] == "pending"


def test_a_run_that_the_service_forgot_is_kept_and_told_of_once(memory: RunsMemory, handbook: str) -> None:
    """By the first refresh that finds it so."""
    run_id, outputs = create(memory, inputs(handbook))
    memory.forget_run(run_id)
    memory.time.sleep(3600)
    for told in (True, False):
        with memory.process() as process:
            found, outputs, _ = process.read(run_id, outputs)
        assert found == run_id and outputs["status"] == "complete"
        assert ("no longer knows run" in process.text) == told


def test_a_refresh_in_an_outage_keeps_the_run_and_says_so(memory: RunsMemory, handbook: str) -> None:
    """It raises; nothing is concluded."""
    run_id, outputs = create(memory, inputs(handbook))
    memory.fault("get_invocation", "respond", status=500, times=0)
    with memory.process(retries=0) as process, pytest.raises(ChromaSyncError, match=f"read run {run_id}"):
        process.read(run_id, outputs)


def told_command(text: str) -> list[str]:
    """The words of the one command that a message tells."""
    [line] = [line for line in text.splitlines() if "pulumi-chroma-sync " in line]
    return shlex.split(line.partition("pulumi-chroma-sync ")[2])


@pytest.mark.parametrize("connection", [None, "team-b"])
def test_a_command_that_is_told_asks_the_right_account(
    memory: RunsMemory, handbook: str, connection: str | None
) -> None:
    """Of a failed run, of one that nobody knows of, and of a source likewise: click takes each as it is."""
    options = ["--connection", connection] if connection else []
    more = {"connection": connection} if connection else {}
    config: Bag = {"team-b.apiKey": KEY}
    texts = []
    with memory.process(**config) as process:
        memory.ends = "no such ref"
        with pytest.raises(UnfinishedError) as failed:
            process.create(process.check(inputs(handbook, **more)))
        memory.fault("create_invocation", "drop_then_commit", delay=60)
        with pytest.raises(OutcomeUnknownError) as unknown:
            process.create(process.check(inputs(handbook, "beef", **more)))
        memory.fault("create_source", "drop_then_commit", delay=60)
        sources = process.beside(SourceProvider)
        of_source = {"database_name": "demo", "web_scrape": {"starting_url": "https://docs.acme.com/"}}
        with pytest.raises(OutcomeUnknownError) as source:
            sources.create(sources.check({**of_source, **more}))
        texts = [told_command(str(caught.value)) for caught in (failed, unknown, source)]
    assert texts == [
        ["runs", handbook, *options],
        ["runs", handbook, *options],
        ["list", "--database", "demo", *options],
    ]
    for name, *arguments in texts:
        context = main.commands[name].make_context(name, arguments)
        assert context.params["connection"] == connection
