"""Plays one cell of the fault matrix, and the next `pulumi up` after it, and counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from pulumi_chroma_sync.errors import ChromaSyncError, SourceExistsError

from .fault_cases import API_KEY, AWS_SECRET, LOST, RULES, TIMEOUT, Call, Fault, Rule
from .memory import MANNERS, Memory
from .plugin import Bag, Process
from .service import github

__all__ = ["INPUTS", "Lab", "Outcome", "observe", "play"]

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


class Lab(Protocol):
    """A service to play on."""

    def process(self, **config: Any) -> Process:
        """One run of the plugin."""

    def make(self, **inputs: Any) -> str:
        """Create a source by another hand; its id."""

    def delete_here(self, source_id: str) -> None:
        """Delete a source over the API, by another hand."""

    def ids(self) -> list[str]:
        """What is there."""

    def fault(self, operation: str, action: str, **plan: Any) -> None:
        """Plan a fault."""

    def clear_faults(self) -> None:
        """Take all faults away."""

    def counted(self, operation: str) -> list[bool]:
        """The requests of an operation since the fault was planned: whether each met a fault."""

    def clear_requests(self) -> None:
        """Count anew."""

    def settings(self, **changes: Any) -> object:
        """Change how the service behaves."""

    def wait(self, seconds: float) -> None:
        """Let time pass; the faults' seconds."""


@dataclass
class Outcome:
    """What became of one run under one fault.

    Attributes:
        call: the request that the fault happened to.
        fault: the fault.
        lasting: whether it happened to every such request of the run, or to the first alone.
        rule: the service's rule of uniqueness.
        manner: how it answers what it was sent.
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
    manner: str = "plain"
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


class _InMemory(Memory):
    def process(self, **config: Any) -> Process:
        return super().process(key=API_KEY, timeout=TIMEOUT, settle=TIMEOUT, retries=1, **config)

    def make(self, **inputs: Any) -> str:
        return self.create(API_KEY, inputs)

    def delete_here(self, source_id: str) -> None:
        with self.process() as process:
            process.session.client.delete_source(source_id)
        self.clear_requests()

    def ids(self) -> list[str]:
        return list(self.sources())

    def counted(self, operation: str) -> list[bool]:
        return [seen.fault is not None for seen in self.requests(operation)]

    def wait(self, seconds: float) -> None:
        self.time.sleep(seconds)


def observe(call: Call) -> Iterator[Outcome]:
    """Every fault of this call, once and lasting, under every rule and in every manner."""
    for fault in call.faults:
        for lasting in (False, True):
            for rule in RULES:
                for manner in MANNERS:
                    lab = _InMemory(unique=rule, **MANNERS[manner])
                    lab.keys = {API_KEY: {"demo"}}
                    outcome = Outcome(call, fault, lasting, rule, manner)
                    play(lab, outcome)
                    yield outcome


def play(lab: Lab, outcome: Outcome) -> None:
    """The run, what it left behind, and for a failed one the next run."""
    _Run(lab, outcome).play()


class _Run:
    def __init__(self, lab: Lab, outcome: Outcome) -> None:
        self.lab = lab
        self.outcome, self.call, self.fault = outcome, outcome.call, outcome.fault
        self.state: dict[str, Bag] = {}
        self.others: set[str] = set()

    def play(self) -> None:
        lab, outcome = self.lab, self.outcome
        with lab.process() as process:
            try:
                getattr(self, f"_{self.call.step}")(process)
            except (ChromaSyncError, ValueError) as error:
                outcome.error = error
        outcome.told = process.text
        outcome.posts = len(lab.counted("create_source"))
        outcome.sent = len(lab.counted(self.call.operation))
        lists = lab.counted("list_sources")
        outcome.listed = bool(lists) and not lists[-1]
        lab.clear_faults()
        # What is still under way lands.
        lab.wait(5 * TIMEOUT)
        outcome.there, outcome.known = self._there(), list(self.state)
        if outcome.error is not None and self.call.step != "check":
            with lab.process() as process:
                outcome.next_up = getattr(self, f"_{self.call.step}_again")(process)
            outcome.told += "\n" + process.text
        outcome.finally_there, outcome.finally_known = self._there(), list(self.state)

    def _plan(self) -> None:
        lab, fault = self.lab, self.fault
        if "page_cap" in fault.service:
            self.others = {lab.make(**github(f"other{number}")) for number in range(7)}
        lab.settings(**fault.service)
        lab.clear_requests()
        if self.call.name == "create-look":
            lab.fault("create_source", LOST.action)
        if fault.action:
            times = 0 if self.outcome.lasting else 1
            lab.fault(self.call.operation, fault.action, times=times, skip=self.call.skip, **fault.plan)

    def _check(self, process: Process) -> None:
        self._plan()
        process.check(INPUTS)

    def _create(self, process: Process) -> None:
        if self.fault.service.keys() & {"linger", "async_delete"}:
            # As in a replacement: this very run has deleted one of the same target.
            old, outputs = process.create(process.check(INPUTS))
            self.lab.wait(5 * TIMEOUT)
            self.lab.settings(**self.fault.service)
            process.delete(old, outputs)
        inputs = process.check(INPUTS)
        # A preview's look serves a create that follows at once; here it is to look by itself.
        self.lab.wait(5)
        self._plan()
        source_id, outputs = process.create(inputs)
        self.state[source_id] = outputs

    def _read(self, process: Process) -> None:
        source_id, outputs = self._given(process)
        if self.call.name == "read-gone":
            if "linger" in self.fault.service:
                self.lab.settings(**self.fault.service)
            self.lab.wait(5 * TIMEOUT)
            self.lab.delete_here(source_id)
        # Another process than the one that created it, and that has read the list.
        with self.lab.process() as refresh:
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

    def _there(self) -> list[str]:
        return [source_id for source_id in self.lab.ids() if source_id not in self.others]
