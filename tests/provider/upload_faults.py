"""The faults of the matrix at each request of an upload, the next ``pulumi up``, and what is counted.

What the service refuses, and how it spells what it answers, is of no matter to an upload: a cell is one run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from pulumi_chroma_sync.core.answer import UnfinishedError
from pulumi_chroma_sync.errors import ChromaSyncError, OutcomeUnknownError

from .fault_cases import API_KEY, LOST, TIMEOUT, Call, Fault, lines
from .memory_uploads import UploadsMemory
from .plugin import Bag, Process
from .run_faults import faults_of

__all__ = ["CALLS", "broken", "observe", "section"]

SECRET = "the-secret-of-the-metadata"


CALLS = (
    Call("upload-before", "Upload: what is there before the request counts?", "create", "list_invocations"),
    Call("upload-post", "Upload: the request that uploads", "create", "add_file"),
    Call(
        *("upload-look", "Upload: looking for it after its answer was lost", "create", "list_invocations"),
        skip=1,
    ),
    Call("upload-wait", "Upload: waiting for its run", "create", "get_invocation"),
)


@dataclass
class Outcome:
    """What became of one up under one fault.

    Attributes:
        call: the request that the fault happened to.
        fault: the fault.
        lasting: whether it happened to every such request, or to the first alone.
        error: what ended the up, or None.
        told: all that the user was told.
        posts: how many uploads were sent.
        known: runs that the state had after it.
        next_up: what the next one did, where this one ended in an error.
        there: runs on the service in the end.
        finally_known: runs in the state in the end.
    """

    call: Call
    fault: Fault
    lasting: bool
    error: Exception | None = None
    told: str = ""
    posts: int = 0
    known: list[str] = field(default_factory=list)
    next_up: str = ""
    there: list[str] = field(default_factory=list)
    finally_known: list[str] = field(default_factory=list)


def observe(call: Call) -> Iterator[Outcome]:
    """Every fault of this call, once and lasting."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "guide.md"
        path.write_text("hello")
        for number, fault in enumerate(faults_of(call)):
            for lasting in (False, True):
                own = {"XDG_STATE_HOME": f"{folder}/{number}-{lasting}"}
                with mock.patch.dict(os.environ, own):
                    outcome = Outcome(call, fault, lasting)
                    _Run(outcome, path).play()
                yield outcome


class _Run:
    def __init__(self, outcome: Outcome, path: Path) -> None:
        self.outcome, self.call, self.fault = outcome, outcome.call, outcome.fault
        self.memory = UploadsMemory()
        self.memory.keys = {API_KEY: {"demo"}}
        self.inputs: Bag = {
            "name": "guide",
            "file": str(path),
            "database_name": "demo",
            "collection_name": "files",
            "metadata": {"password": SECRET},
            "deadline": 600,
        }
        self.state: dict[str, Bag] = {}
        self.others: frozenset[str] = frozenset()

    def play(self) -> None:
        outcome, memory = self.outcome, self.memory
        with self._process() as process:
            checked = process.check(self.inputs)
            self._plan()
            self._attempt(process, checked)
        outcome.posts = len(memory.requests("add_file"))
        outcome.told, outcome.known = process.text, list(self.state)
        memory.clear_faults()
        memory.time.sleep(5 * TIMEOUT)  # what is still under way lands
        if outcome.error is not None:
            outcome.next_up = self._again()
        outcome.there = [run for run in memory.runs() if run not in self.others]
        outcome.finally_known = list(self.state)

    def _process(self) -> Process:
        return self.memory.process(key=API_KEY, timeout=TIMEOUT, settle=TIMEOUT, retries=1)

    def _plan(self) -> None:
        memory, fault = self.memory, self.fault
        if "page_cap" in fault.service:
            self.others = frozenset(memory.upload(b"%d" % number) for number in range(7))
        memory.settings(**fault.service)
        if self.call.skip:
            memory.fault("add_file", LOST.action)
        if fault.action:
            times = 0 if self.outcome.lasting else 1
            memory.fault(self.call.operation, fault.action, times=times, skip=self.call.skip, **fault.plan)

    def _attempt(self, process: Process, checked: Bag) -> None:
        try:
            run_id, outputs = process.create(checked)
            self.state[run_id] = outputs
        except ChromaSyncError as error:
            self.outcome.error = error
            if isinstance(error, UnfinishedError):
                self.state[error.object_id] = error.outputs

    def _again(self) -> str:
        with self._process() as process:
            checked = process.check(self.inputs)
            if self.state:
                [(run_id, outputs)] = self.state.items()
                assert process.diff(run_id, outputs, checked).replaces == []
                self.state[run_id] = process.update(run_id, outputs, checked)
                words = "waits for the same run"
            else:
                run_id, self.state[run_id] = process.create(checked)
                words = "takes it" if "and is taken" in process.text else "uploads it"
        self.outcome.told += "\n" + process.text
        return words


def words(outcome: Outcome) -> str:
    """What became of an upload, in a few words."""
    error = outcome.error
    if isinstance(error, OutcomeUnknownError):
        text = "*error*: it may exist or appear, nothing was sent twice, how to look"
    elif isinstance(error, UnfinishedError):
        text = "*error*: the state has the run"
    elif error is not None:
        text = "*error*: nothing was uploaded"
    else:
        text = "uploaded"
        if outcome.posts > 1:
            text += " by a second request" if outcome.posts == 2 else " by a further request"
        if "took run" in outcome.told:
            text += "; found among the runs, with its id told"
    return text + (f"; the next command {outcome.next_up}" if outcome.next_up else "")


def broken(outcome: Outcome) -> dict[str, list[str]]:
    """The promises that this run broke, each with what shows it."""
    there, error = outcome.there, outcome.error
    parts = ('upload "guide" (guide.md)', "Nothing was sent twice", "--database demo")
    told = isinstance(error, OutcomeUnknownError) and all(part in str(error) for part in parts)
    return {
        "duplicates": there[1:],
        "unknown": [] if told else [run for run in there if run not in outcome.finally_known],
        "lost": [] if len(outcome.finally_known) == 1 else ["not in the state in the end"],
        "secrets": [name for name in (API_KEY, SECRET) if name in outcome.told],
    }


def section(call: Call, outcomes: Sequence[Outcome]) -> str:
    """This call's part of the page."""

    def cell(fault: Fault, lasting: bool) -> str:
        [found] = (each for each in outcomes if (each.fault, each.lasting) == (fault, lasting))
        return words(found)

    counted = [broken(outcome) for outcome in outcomes]
    counts = {name: sum(bool(promises[name]) for promises in counted) for name in counted[0]}
    return "\n".join(
        [
            *lines(call, faults_of(call), cell),
            f"{len(outcomes)} runs: {counts['duplicates']} with a second run, {counts['unknown']} with a run "
            f"that neither the state nor the user knows, {counts['lost']} with an upload lost, "
            f"{counts['secrets']} with a secret in plain text.",
            "",
        ]
    )
