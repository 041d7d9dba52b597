"""Plays one cell of the fault matrix, and the next `pulumi up` after it, and counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue

import httpx

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync.errors import ChromaSyncError, SourceExistsError

from .fault_cases import API_KEY, AWS_SECRET, LOST, RULES, Call, Fault, Rule
from .plugin import Bag, Process

__all__ = ["Outcome", "observe"]

_AT_ONCE = 8
"""Runs of each rule that are played side by side: most of their time is waiting."""

INPUTS: Bag = {
    "database_name": "demo",
    "s3": {
        "bucket_name": "papers",
        "region": "us-east-1",
        "collection_name": "papers",
        "aws_access_key_id": "AKIAMATRIX",
        "aws_secret_access_key": AWS_SECRET,
    },
}


@dataclass
class Outcome:
    """What became of one run under one fault.

    Attributes:
        call: the request that the fault happened to.
        fault: the fault.
        lasting: whether it happened to every such request of the run, or to the first alone.
        rule: the service's rule of uniqueness.
        error: what ended the run, or None.
        told: all that the user was told.
        sent: how many requests of the call's own kind there were, the one with the fault included.
        posts: how many requests to create there were.
        listed: whether the list was answered in the end.
        there: ids on the service once all has landed.
        known: ids in the state.
        next_up: what the next run did, where this one ended in an error.
        finally_there: ids on the service after it.
        finally_known: ids in the state after it.
    """

    call: Call
    fault: Fault
    lasting: bool
    rule: Rule
    error: Exception | None = None
    told: str = ""
    sent: int = 0
    posts: int = 0
    listed: bool = False
    there: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    next_up: str = ""
    finally_there: list[str] = field(default_factory=list)
    finally_known: list[str] = field(default_factory=list)


def observe(call: Call) -> list[Outcome]:
    """Every fault of this call, once and lasting, under every rule."""
    outcomes = [
        Outcome(call, fault, lasting, rule)
        for fault in call.faults
        for lasting in (False, True)
        for rule in RULES
    ]
    with _labs() as labs, ThreadPoolExecutor(_AT_ONCE * len(RULES)) as threads:

        def play(outcome: Outcome) -> None:
            lab = labs[outcome.rule].get()
            try:
                _Run(lab, outcome).play()
            finally:
                labs[outcome.rule].put(lab)

        # The waiting ones first, so that they wait together.
        list(threads.map(play, sorted(outcomes, key=lambda outcome: -outcome.fault.waits)))
    return outcomes


@dataclass
class _Lab:
    emu: RunningEmulator
    api: httpx.Client


@contextmanager
def _labs() -> Iterator[dict[Rule, SimpleQueue[_Lab]]]:
    with ExitStack() as stack:
        labs: dict[Rule, SimpleQueue[_Lab]] = {rule: SimpleQueue() for rule in RULES}
        for rule in RULES:
            for _ in range(_AT_ONCE):
                emu = stack.enter_context(emulator(unique=rule, api_key=API_KEY))
                labs[rule].put(_Lab(emu, stack.enter_context(emu.client(timeout=60))))
        yield labs


class _Run:
    def __init__(self, lab: _Lab, outcome: Outcome) -> None:
        self.emu, self.api = lab.emu, lab.api
        self.outcome, self.call, self.fault = outcome, outcome.call, outcome.fault
        self.state: dict[str, Bag] = {}

    def play(self) -> None:
        """The run, what it left behind, and for a failed create the next run."""
        control, outcome = self.emu.control, self.outcome
        control.reset()
        with self._process() as process:
            try:
                getattr(self, f"_{self.call.step}")(process)
            except (ChromaSyncError, ValueError) as error:
                outcome.error = error
        outcome.told = process.text
        outcome.posts = len(control.requests("create_source"))
        outcome.sent = len(control.requests(self.call.operation))
        lists = control.requests("list_sources")
        outcome.listed = bool(lists) and lists[-1]["fault"] is None
        control.clear_faults()
        self._wait_for_what_lands_late()
        outcome.there, outcome.known = self._there(), list(self.state)
        if outcome.error is not None and self.call.step != "check":
            with self._process() as process:
                outcome.next_up = getattr(self, f"_{self.call.step}_again")(process)
            outcome.told += "\n" + process.text
        outcome.finally_there, outcome.finally_known = self._there(), list(self.state)

    def _process(self) -> Process:
        # Where every look fails, a longer window is only a longer wait.
        blind = self.call.name == "create-look" and self.outcome.lasting
        settle = 0.2 if blind else 20 if self.call.name == "create-look" else self.fault.settle
        return Process(self.emu.url, API_KEY, timeout=self.fault.timeout, settle=settle, retries=1)

    def _plan(self) -> None:
        control = self.emu.control
        control.clear_requests()
        if self.call.name == "create-look":
            control.fault("create_source", LOST.action)
        times = 0 if self.outcome.lasting else 1
        control.fault(
            self.call.operation, self.fault.action, times=times, skip=self.call.skip, **self.fault.plan
        )

    def _check(self, process: Process) -> None:
        self._plan()
        process.check(INPUTS)

    def _create(self, process: Process) -> None:
        inputs = process.check(INPUTS)
        self._plan()
        source_id, outputs = process.create(inputs)
        self.state[source_id] = outputs

    def _read(self, process: Process) -> None:
        source_id, outputs = self._given(process)
        if self.call.name == "read-gone":
            self.api.delete(f"/api/v1/sources/{source_id}").raise_for_status()
        # Another process than the one that created it, and that has read the list.
        with self._process() as refresh:
            try:
                if self.call.name == "read-list":
                    for _ in range(3):
                        refresh.read(source_id, outputs)
                self._plan()
                found, outputs, _inputs = refresh.read(source_id, outputs)
                self.state = {found: outputs} if found else {}
            finally:
                process.told += refresh.told

    def _delete(self, process: Process) -> None:
        source_id, outputs = self._given(process)
        self._plan()
        process.delete(source_id, outputs)
        self.state = {}

    def _given(self, process: Process) -> tuple[str, Bag]:
        source_id, outputs = process.create(process.check(INPUTS))
        self.state = {source_id: outputs}
        return source_id, outputs

    def _create_again(self, process: Process) -> str:
        words = "creates it"
        try:
            source_id, outputs = process.create(process.check(INPUTS))
        except SourceExistsError as met:
            assert met.source_id is not None and met.source_id in str(met), str(met)
            source_id, outputs = process.create(process.check({**INPUTS, "on_conflict": "adopt"}))
            words = "names it, and adopts it where asked to"
        self.state[source_id] = outputs
        return words

    def _read_again(self, process: Process) -> str:
        [(source_id, outputs)] = self.state.items()
        found, outputs, _inputs = process.read(source_id, outputs)
        self.state = {found: outputs} if found else {}
        return "reads it" if found else "sees that it is gone"

    def _delete_again(self, process: Process) -> str:
        [(source_id, outputs)] = self.state.items()
        process.delete(source_id, outputs)
        self.state = {}
        return "finds it gone" if "was already gone" in process.text else "deletes it"

    def _wait_for_what_lands_late(self) -> None:
        if not self.fault.does:
            return
        if self.call.operation == "create_source":
            _until(lambda: bool(self._there()))
        if self.call.operation == "delete_source":
            _until(lambda: not self._there())

    def _there(self) -> list[str]:
        answer = self.api.get("/api/v1/sources", headers={"user-agent": "the test"})
        return [source["id"] for source in answer.raise_for_status().json()]


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
