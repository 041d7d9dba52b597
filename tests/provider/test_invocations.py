"""The life of many runs, in memory: what check says, what is run and what isn't, what a failure leaves."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_chroma_sync import InvocationProvider, InvocationsProvider
from pulumi_chroma_sync.core import cancelling
from pulumi_chroma_sync.core.answer import UnfinishedError
from pulumi_chroma_sync.errors import AuthorizationError, ChromaSyncError

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
A, B, C = "acme/a.pdf", "acme/b.pdf", "acme/c.pdf"


@pytest.fixture
def memory() -> RunsMemory:
    """A service with runs."""
    return RunsMemory()


@pytest.fixture
def papers(memory: RunsMemory) -> str:
    """An S3 source."""
    return memory.make(database_name="demo", s3=S3)


def plugin(memory: RunsMemory, **config: Any) -> Process:
    """One process, for many runs."""
    return memory.process(provider=InvocationsProvider, **config)


def inputs(source_id: str, keys: Any = (A, B), **more: Any) -> Bag:
    """Runs of these objects."""
    return {
        "name": "papers",
        "source_id": source_id,
        "keys": list(keys) if isinstance(keys, tuple) else keys,
        **more,
    }


def create(memory: RunsMemory, news: Bag, **config: Any) -> tuple[str, Bag]:
    """One up of new runs."""
    with plugin(memory, **config) as process:
        return process.create(process.check(news))


def up(memory: RunsMemory, entry: str, outputs: Bag, news: Bag) -> tuple[Bag, str]:
    """One more up of the same resource, which has to have something to do; the outputs, and what was told."""
    with plugin(memory) as process:
        checked = process.check(news, outputs)
        diff = process.diff(entry, outputs, checked)
        assert diff.changes and diff.replaces == []
        return process.update(entry, outputs, checked), process.text


def started(memory: RunsMemory) -> list[str]:
    """The object of each run that was ever started."""
    return sorted(run["metadata"]["s3"]["object_key"] for run in memory.runs().values())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"keys": None}, "keys: required"),
        ({"keys": "acme/a.pdf"}, "keys.*: must be an object with keys"),
        ({"keys": ["acme/a.pdf", 7]}, "keys[1]: must be the key of an object"),
        ({"keys": ["acme/a.pdf", "acme/a.pdf"]}, "keys[1]: is the same as keys[0]"),
        ({"keys": ["other/a.pdf"]}, 'keys["other/a.pdf"]: must begin with "acme/"'),
        ({"keys": {A: {"custom_id": "x" * 121}}}, f'keys["{A}"].custom_id: must be at most 120 bytes'),
        ({"keys": {A: {"customid": "x"}}}, f'keys["{A}"].customid: unknown; did you mean custom_id?'),
        ({"keys": {A: {"metadata": {"tags": [1, "a"]}}}}, f'keys["{A}"].metadata.tags: the items of a list'),
        ({"metadata": {"tags": {"a": 1}}}, "metadata.tags: must be a text"),
        ({"on_conflict": "error"}, 'on_conflict: must be one of "adopt", "run"'),
        ({"source_id": "00000000-0000-4000-8000-00000000dead"}, "source_id: the service has no such source"),
    ],
)
def test_a_mistake_has_its_key_and_path(memory: RunsMemory, papers: str, given: Bag, said: str) -> None:
    """Nothing was started."""
    with plugin(memory) as process, pytest.raises(ValueError) as caught:
        process.check({**inputs(papers), **given})
    assert f"property {said}" in str(caught.value)
    assert memory.runs() == {}


def test_thousands_of_mistakes_are_twenty_and_a_number(memory: RunsMemory, papers: str) -> None:
    """A person has to read them."""
    wrong = {f"acme/{number}": {"custom_id": "x" * 200} for number in range(300)}
    with plugin(memory) as process, pytest.raises(ValueError) as caught:
        process.check(inputs(papers, wrong))
    assert str(caught.value).count("custom_id") == 20 and "and 280 more failures" in str(caught.value)


def test_a_source_of_another_kind_is_told(memory: RunsMemory) -> None:
    """Its runs sync everything."""
    handbook = memory.make(**github())
    with plugin(memory) as process, pytest.raises(ValueError, match="must be a source of kind s3"):
        process.check(inputs(handbook))


def test_each_object_is_run_once_and_waited_for(memory: RunsMemory, papers: str) -> None:
    """With what is particular to it on the wire; and the same program again changes nothing."""
    keys = {A: {"custom_id": "paper-a", "metadata": {"year": 2025}}, B: None}
    news = inputs(papers, keys, metadata={"team": "law", "year": 2024})
    entry, outputs = create(memory, news)
    bodies = {seen.body["object_key"]: seen.body for seen in memory.requests("create_invocation")}
    assert bodies == {
        A: {"object_key": A, "custom_id": "paper-a", "metadata": {"team": "law", "year": 2025}},
        B: {"object_key": B, "metadata": {"team": "law", "year": 2024}},
    }
    assert outputs["invocation_ids"].keys() == {A, B} and set(outputs["invocation_ids"].values()) == set(
        memory.runs()
    )
    assert outputs["statuses"] == outputs["failures"] == {} and outputs["collection_name"] == "papers"
    assert all("complete" in run["status"] for run in memory.runs().values())
    memory.clear_requests()
    with plugin(memory) as process:
        checked = process.check(news, outputs)
        assert not process.diff(entry, outputs, checked).changes
        process.read(entry, outputs)
    assert (
        memory.asked("create_invocation")
        == memory.asked("get_source")
        == memory.asked("latest_by_keys")
        == []
    )


def test_the_preview_says_what_an_up_runs_and_what_is_complete(memory: RunsMemory, papers: str) -> None:
    """Append-only: an object that is complete isn't run again, and one under way is continued."""
    old = memory.start(papers, object_key=A)
    memory.time.sleep(3 * 3600)
    going = memory.start(papers, object_key=B)
    news = inputs(papers, (A, B, C), deadline=90)
    with plugin(memory) as process:
        checked = process.check(news)
        assert (
            f"papers: an up runs 1 object ({C}), and waits for each for up to 1 min 30 s; "
            f"2 objects are complete or under way already ({A}, {B}), and not run again"
        ) in process.text
        _, outputs = process.create(checked)
    assert started(memory) == [A, B, C]
    assert (outputs["invocation_ids"][A], outputs["invocation_ids"][B]) == (old, going)
    assert outputs["statuses"] == {}


def test_what_was_run_otherwise_is_run_again(memory: RunsMemory, papers: str) -> None:
    """Another custom id asks for another thing, and a failed run is none."""
    memory.start(papers, object_key=A, custom_id="old")
    memory.ends = "no such object"
    memory.start(papers, object_key=B)
    memory.time.sleep(100)
    memory.ends = "complete"
    create(memory, inputs(papers))
    assert started(memory) == [A, A, B, B]
    create(memory, inputs(papers, (B,), on_conflict="run"))
    assert started(memory) == [A, A, B, B, B]


def test_a_failure_of_one_object_leaves_the_others(memory: RunsMemory, papers: str) -> None:
    """What is done is in the state, the reason is told, and the next up does only what is left."""
    memory.fault("create_invocation", "respond", status=400, times=1, skip=1)
    with plugin(memory, parallel=1) as process, pytest.raises(UnfinishedError) as caught:
        process.create(process.check(inputs(papers, (A, B, C))))
    said, outputs = str(caught.value), caught.value.outputs
    assert "papers: 1 of 3 objects could not be indexed" in said and f"\n  {B}: " in said
    assert outputs["invocation_ids"].keys() == {A, C} and outputs["failures"].keys() == {B}
    after, told = up(memory, caught.value.object_id, outputs, inputs(papers, (A, B, C)))
    assert f"papers: an up runs 1 object ({B}); 2 stay" in told
    assert after["failures"] == {} and started(memory) == [A, B, C]


def test_a_failed_run_is_run_again_by_the_next_up(memory: RunsMemory, papers: str) -> None:
    """Its error is the service's."""
    memory.ends = "the object is encrypted"
    with plugin(memory) as process, pytest.raises(UnfinishedError, match="the object is encrypted") as caught:
        process.create(process.check(inputs(papers, (A,))))
    outputs = caught.value.outputs
    assert outputs["statuses"] == {A: "failed"}
    memory.ends = "complete"
    after, _ = up(memory, caught.value.object_id, outputs, inputs(papers, (A,)))
    assert after["statuses"] == after["failures"] == {} and started(memory) == [A, A]


def test_a_refused_key_starts_nothing(memory: RunsMemory, papers: str) -> None:
    """And there is nothing to keep."""
    with plugin(memory) as process:
        checked = process.check(inputs(papers))
        memory.fault("latest_by_keys", "respond", status=401)
        with pytest.raises(AuthorizationError, match="Nothing was started"):
            process.create(checked)
    assert memory.runs() == {}


@pytest.mark.parametrize("action", ["drop_after", "drop_then_commit", "respond_after"])
def test_a_lost_answer_indexes_nothing_twice(memory: RunsMemory, papers: str, action: str) -> None:
    """The run is found by its object."""
    plan: Bag = {"drop_then_commit": {"delay": 3}, "respond_after": {"status": 502}}.get(action, {})
    with plugin(memory, parallel=1) as process:
        checked = process.check(inputs(papers))
        memory.fault("create_invocation", action, times=2, **plan)
        _, outputs = process.create(checked)
    assert started(memory) == [A, B] and outputs["statuses"] == outputs["failures"] == {}


def test_a_killed_up_is_continued(memory: RunsMemory, papers: str) -> None:
    """Nothing of it reached the state; what runs is waited for, what is complete is kept."""
    memory.start(papers, object_key=A)
    memory.time.sleep(100)
    memory.start(papers, object_key=B)
    _, outputs = create(memory, inputs(papers, (A, B, C)))
    assert started(memory) == [A, B, C] and outputs["statuses"] == {}


def test_a_cancelled_update_keeps_what_was_begun(memory: RunsMemory, papers: str) -> None:
    """The runs that are under way are in the state; the others are begun by the next up."""
    with plugin(memory, parallel=2) as process:
        checked = process.check(inputs(papers, (A, B, C)))
        memory.meanwhile("get_invocation", cancelling.cancel, count=2)
        with pytest.raises(UnfinishedError, match="since the update was cancelled") as caught:
            process.create(checked)
    outputs = caught.value.outputs
    begun = set(started(memory))
    assert begun and begun < {A, B, C}
    assert outputs["statuses"].keys() == outputs["invocation_ids"].keys() == begun
    after, told = up(memory, caught.value.object_id, outputs, inputs(papers, (A, B, C)))
    assert f"runs {3 - len(begun)} object" in told and f"waits for {len(begun)} object" in told
    assert after["statuses"] == {} and started(memory) == [A, B, C]


def test_added_changed_and_gone_objects(memory: RunsMemory, papers: str) -> None:
    """Only what is new or changed is run; what is gone stays indexed."""
    entry, outputs = create(memory, inputs(papers, {A: {}, B: {}}))
    news = inputs(papers, {B: {"custom_id": "b"}, C: {}})
    after, told = up(memory, entry, outputs, news)
    assert f"runs 2 objects ({B}, {C}), forgets 1 object ({A}): what was indexed stays; 0 stay" in told
    assert after["invocation_ids"].keys() == {B, C} and started(memory) == [A, B, B, C]
    with plugin(memory) as process:
        assert not process.diff(entry, after, process.check(news, after)).changes


def test_a_key_that_goes_while_its_run_is_pending_is_cancelled(memory: RunsMemory, papers: str) -> None:
    """Nobody waits for it any more."""
    memory.pending = 1000
    entry, outputs = create(memory, inputs(papers, wait=False))
    after, _ = up(memory, entry, outputs, inputs(papers, (B,), wait=False))
    assert after["invocation_ids"].keys() == {B}
    assert sorted(str(run["status"]) for run in memory.runs().values()) == ["cancelled", "pending"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("triggers", 2), ("metadata", {"team": "x"}), ("target_collection_name", "papers-2")],
)
def test_what_changes_for_all_is_run_anew_new_first(
    memory: RunsMemory, papers: str, name: str, value: Any
) -> None:
    """The runs of before are history, also within the hour."""
    news = inputs(papers)
    entry, outputs = create(memory, news)
    with plugin(memory) as process:
        changed = process.check({**news, name: value}, outputs)
        diff = process.diff(entry, outputs, changed)
        assert diff.replaces == [name] and diff.delete_before_replace is False
        process.create(process.check({**news, name: value}))
        process.delete(entry, outputs)
    what = f'papers: {name} changed; what is in collection "papers" stays there; an up runs 2 objects'
    assert process.text.count("an up runs 2 objects") == 1 and what in process.text
    assert started(memory) == [A, A, B, B]


def test_without_waiting_a_refresh_brings_the_end(memory: RunsMemory, papers: str) -> None:
    """One question for all of them; what failed is run again by the next up."""
    entry, outputs = create(memory, inputs(papers, wait=False))
    assert outputs["statuses"] == {A: "pending", B: "pending"}
    memory.time.sleep(100)
    memory.move(outputs["invocation_ids"][B], {"failed": {"error": "no such object"}})
    memory.clear_requests()
    with plugin(memory) as process:
        _, after, _ = process.read(entry, outputs)
    assert after["statuses"] == {B: "failed"} and "no such object" in after["failures"][B]
    assert [seen.operation for seen in memory.seen] == ["latest_by_keys"]
    up(memory, entry, after, inputs(papers, wait=False))
    assert started(memory) == [A, B, B]


def test_a_refresh_takes_back_what_was_told_too_early_and_keeps_what_is_forgotten(
    memory: RunsMemory, papers: str
) -> None:
    """A deadline was over and the run is complete by now; of another one the service knows nothing more."""
    with plugin(memory) as process, pytest.raises(UnfinishedError) as caught:
        process.create(process.check(inputs(papers, deadline=3)))
    entry, outputs = caught.value.object_id, caught.value.outputs
    assert set(outputs["failures"]) == {A, B}
    memory.time.sleep(100)
    memory.forget_run(outputs["invocation_ids"][B])
    with plugin(memory) as process:
        _, after, _ = process.read(entry, outputs)
    assert set(after["failures"]) == {B} and after["statuses"].keys() == {B}
    assert after["invocation_ids"] == outputs["invocation_ids"]


def test_what_may_exist_is_told_with_the_command_for_the_right_account(
    memory: RunsMemory, papers: str
) -> None:
    """As of one run."""
    memory.fault("create_invocation", "drop_then_commit", delay=60, times=0)
    with plugin(memory, **{"team-b.apiKey": KEY}) as process, pytest.raises(UnfinishedError) as caught:
        process.create(process.check(inputs(papers, connection="team-b")))
    told = caught.value.outputs["failures"][A]
    assert f"pulumi-chroma-sync runs {papers} --connection team-b" in told


def test_a_delete_cancels_what_is_pending(memory: RunsMemory, papers: str) -> None:
    """What is over is history, and not asked about."""
    memory.pending = 1000
    entry, outputs = create(memory, inputs(papers, wait=False))
    memory.move(outputs["invocation_ids"][A], "processing")
    with plugin(memory) as process:
        process.delete(entry, outputs)
    assert [str(run["status"]) for run in memory.runs().values()].count("cancelled") == 1
    entry, outputs = create(memory, inputs(papers, (C,), wait=False))
    memory.fault("cancel_invocation", "respond", status=500, times=99)
    with plugin(memory) as process, pytest.raises(ChromaSyncError, match="1 run could not be cancelled"):
        process.delete(entry, outputs)


def test_a_run_of_its_own_and_many_share_a_process(memory: RunsMemory, papers: str) -> None:
    """What one resource has, another never takes."""
    with memory.process(provider=InvocationProvider) as process:
        one, _ = process.create(process.check({"name": "one", "source_id": papers, "object_key": A}))
        many = process.beside(InvocationsProvider)
        _, outputs = many.create(many.check(inputs(papers, (A,))))
    assert outputs["invocation_ids"][A] != one and started(memory) == [A, A]
