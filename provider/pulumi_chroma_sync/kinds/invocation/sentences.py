"""What is said to a person about a run: which one, how it goes, why it ended so, and the ways out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.errors import RunExistsError
from pulumi_chroma_sync.kinds.source.spec import describe
from pulumi_chroma_sync.settings import option_of

from .runs import words_for

__all__ = [
    "cancelled",
    "coming",
    "continuing",
    "ended",
    "failed",
    "finished_already",
    "forgotten",
    "how_to_look",
    "name_in",
    "next_up_starts_anew",
    "overdue",
    "progress",
    "replaced",
    "starting",
    "stays",
    "stopped",
    "taken",
    "will_stay",
]


def name_in(props: Mapping[str, Any]) -> str:
    """The resource's name."""
    name = props.get("name")
    return name if isinstance(name, str) else "run"


def starting(inputs: Mapping[str, Any]) -> str:
    """``start run "docs" of source 8a6f... into collection "handbook-3f2a"``."""
    return f'start run "{name_in(inputs)}" of source {inputs["source_id"]}{_what(inputs)}'


def _what(inputs: Mapping[str, Any]) -> str:
    ref = inputs.get("ref_identifier")
    at = next((f" at {name} {ref[name]}" for name in ("sha", "branch") if ref.get(name)), "") if ref else ""
    key, collection = inputs.get("object_key"), inputs.get("target_collection_name")
    text = f' of object "{key}"' if isinstance(key, str) else at
    return text + (f' into collection "{collection}"' if isinstance(collection, str) else "")


def coming(inputs: Mapping[str, Any], source: SourceReply | None, why: str = "") -> str:
    """What an up will do, in a sentence for the preview."""
    of = f"source {inputs['source_id']}" if isinstance(inputs.get("source_id"), str) else "its source"
    if source is not None and source.problem is None:
        of += f' ("{describe(source.body)}")'
    waits = ""
    if inputs.get("wait", True):
        waits = f", and waits for it for up to {words_for(float(inputs.get('deadline') or 3600))}"
    return f"{name_in(inputs)}: {why}an up starts a run of {of}{_what(inputs)}{waits}"


def replaced(changed: Sequence[str], becomes: str) -> str:
    """Why a new run is started and what becomes of the old collection, for :func:`coming`."""
    return f"{', '.join(changed)} changed; " + (f"{becomes}; " if becomes else "")


def ended(run_id: str, olds: Mapping[str, Any], becomes: str) -> str:
    """The same where nothing changed, and the run of the state didn't complete."""
    how = "failed" if olds.get("status") == "failed" else "was cancelled"
    error = f" ({olds['error']})" if olds.get("error") else ""
    return f"run {run_id} {how}{error}; " + (f"{becomes}; " if becomes else "")


def will_stay(collection: str, why: str) -> str:
    """Of a collection that is not to be deleted with its run."""
    return f'collection "{collection}" will stay when another run supersedes this one: {why}'


def stays(collection: str, why: str) -> str:
    """Of a collection that a run has superseded and that is not deleted."""
    by_hand = f'client.delete_collection("{collection}")'
    return f'collection "{collection}" stays: {why} (to delete it by hand, with chromadb: {by_hand})'


def how_to_look(inputs: Mapping[str, Any]) -> str:
    """What to do where a run may exist that the state doesn't know."""
    return (
        "Run `pulumi up` again: a run of this kind that\n"
        "  is under way by then is continued, and no second one is started.\n"
        f"  To look: {_runs_of(inputs.get('source_id'), inputs)}"
    )


def _runs_of(source_id: object, inputs: Mapping[str, Any]) -> str:
    """The command that shows the runs of a source, with the resource's own connection."""
    return f"pulumi-chroma-sync runs {source_id}{option_of(inputs.get('connection'))}"


def _since(inputs: Mapping[str, Any], run: InvocationReply) -> str:
    return f"{starting(inputs)}: run {run.id}, the very same, was started at {run.created_at or 'some time'}"


def continuing(inputs: Mapping[str, Any], run: InvocationReply) -> str:
    """What is said where a run that is under way is waited for, and none started."""
    return f"{_since(inputs, run)} and is {run.status}; it is continued, and no second one started"


def taken(inputs: Mapping[str, Any], run: InvocationReply) -> str:
    """What is said where a complete run is taken over, and none started."""
    return f"{_since(inputs, run)} and is complete; it is taken over, and no second one started"


def finished_already(
    inputs: Mapping[str, Any], collection: str, equal: Sequence[InvocationReply], detail: str
) -> RunExistsError:
    """The error for a collection whose ingest is finished (409)."""
    outcome = [
        "Nothing was started. A new version wants a new collection: build its name from the commit, as in",
        'target_collection_name=f"handbook-{sha[:12]}".',
    ]
    if equal:
        run = equal[0]
        outcome.append(
            f"existing           run {run.id}, the very same, {run.status}, started {run.created_at}"
        )
        outcome.append('to take it over    on_conflict="adopt"')
    return RunExistsError(
        f'the ingest of collection "{collection}" is finished, so it takes no further run (409: {detail})',
        equal[0].id if equal else None,
        step=starting(inputs),
        outcome="\n  ".join(outcome),
    )


def progress(name: str, run: InvocationReply, seconds: float) -> str:
    """``handbook: processing, 2 min 10 s, run 3f2a...``."""
    return f"{name}: {run.status}, {words_for(seconds)}, run {run.id}"


def failed(name: str, run: InvocationReply) -> str:
    """Why an up ends with an error, of a run that didn't complete."""
    where = f' into collection "{run.collection_name}"' if run.collection_name else ""
    if run.status == "cancelled":
        return f"{name}: run {run.id}{where} was cancelled"
    return f"{name}: run {run.id}{where} {run.status}: {run.error or 'the service says no more'}"


def next_up_starts_anew(run: InvocationReply, inputs: Mapping[str, Any]) -> str:
    """What is so after a failed run."""
    look = _runs_of(run.source_id or inputs.get("source_id") or "ID", inputs)
    return f"The next `pulumi up` starts a new run. To look: {look}"


def overdue(name: str, run: InvocationReply, deadline: float) -> str:
    """Why an up ends with an error, of a run that takes too long."""
    return f"{name}: run {run.id} is still {run.status} after {words_for(deadline)}, its deadline"


def stopped(name: str, run_id: str, status: str) -> str:
    """Why an up ends, where somebody stopped it."""
    return f"{name}: stopped waiting for run {run_id}, which is {status}, since the update was cancelled"


def cancelled(name: str, run_id: str) -> str:
    """What is said where a pending run was cancelled."""
    return f"{name}: cancelled run {run_id}, which was pending"


def forgotten(name: str, run_id: str) -> str:
    """What is said once of a run that the service no longer knows."""
    return (
        f"{name}: the service no longer knows run {run_id}; a run is history, so the state keeps it as it was"
    )
