"""The fault matrix of runs: each fault at each request of a run's life, and what became of it.

The faults are those of ``fault_cases.py``; ``docs/faults.md`` has what is seen, after the part on sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_chroma_sync import InvocationProvider, InvocationsProvider
from pulumi_chroma_sync.core.answer import UnfinishedError
from pulumi_chroma_sync.core.provider import Provider
from pulumi_chroma_sync.errors import ChromaSyncError, OutcomeUnknownError

from .fault_cases import API_KEY, LOST, TIMEOUT, Call, Fault, lines
from .memory_runs import RunsMemory
from .plugin import Bag, Process
from .service import github

__all__ = ["CALLS", "RunOutcome", "broken", "faults_of", "observe", "section"]

CALLS: tuple[Call, ...] = (
    Call("run-look", "Run: is the very same under way?", "create", "list_invocations"),
    Call("run-post", "Run: the request that starts it", "create", "create_invocation"),
    Call("run-found", "Run: looking for it after its answer was lost", "create", "list_invocations", skip=1),
    Call("run-wait", "Run: waiting for it", "create", "get_invocation"),
    Call("run-read", "Run: refresh", "read", "get_invocation"),
    Call("run-cancel", "Run: delete, while it is pending", "delete", "cancel_invocation"),
    Call("runs-look", "Runs of many objects: what is complete already?", "create", "latest_by_keys"),
    Call("runs-post", "Runs of many objects: the request that starts one", "create", "create_invocation"),
)

_S3: Bag = {
    "bucket_name": "papers",
    "region": "us-east-1",
    "collection_name": "papers",
    "aws_credential_id": 7,
}
_OF_SOURCES = {"linger", "async_delete"}


def faults_of(call: Call) -> tuple[Fault, ...]:
    """The faults that say anything of this request."""
    return tuple(fault for fault in call.faults if not fault.service.keys() & _OF_SOURCES)


@dataclass
class RunOutcome:
    """What became of one command under one fault.

    Attributes:
        call: the request that the fault happened to.
        fault: the fault.
        lasting: whether it happened to every such request of the command, or to the first alone.
        kind: ``github``, or ``s3`` for one object.
        error: what ended the command, or None.
        told: all that the user was told.
        sent: how many requests of the call's own kind there were.
        posts: how many requests to start a run there were.
        there: runs on the service once all has landed.
        known: runs in the state.
        next_up: what the next command did, where this one ended in an error.
        finally_there: runs on the service after it, and how each is.
        finally_known: runs in the state after it.
    """

    call: Call
    fault: Fault
    lasting: bool
    kind: str
    error: Exception | None = None
    told: str = ""
    sent: int = 0
    posts: int = 0
    there: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    next_up: str = ""
    finally_there: dict[str, str] = field(default_factory=dict)
    finally_known: list[str] = field(default_factory=list)


def observe(call: Call) -> Iterator[RunOutcome]:
    """Every fault of this call, once and lasting, with a run of each kind."""
    for fault in faults_of(call):
        for lasting in (False, True):
            for kind in ("s3",) if call.name.startswith("runs-") else ("github", "s3"):
                yield _Play(RunOutcome(call, fault, lasting, kind)).play()


class _Play:
    def __init__(self, outcome: RunOutcome) -> None:
        self.outcome, self.call, self.fault = outcome, outcome.call, outcome.fault
        self.memory = RunsMemory()
        self.memory.keys = {API_KEY: {"demo"}}
        source = github() if outcome.kind == "github" else {"database_name": "demo", "s3": _S3}
        source_id = self.memory.create(API_KEY, source)
        self.inputs: Bag = {"name": "docs", "source_id": source_id, "deadline": 600}
        self.provider: type[Provider] = InvocationProvider
        if self.call.name.startswith("runs-"):
            self.provider = InvocationsProvider
            self.inputs["keys"] = ["a.pdf"]
        elif outcome.kind == "github":
            self.inputs |= {"target_collection_name": "docs-3f2a", "ref_identifier": {"sha": "3f2a"}}
        else:
            self.inputs["object_key"] = "a.pdf"
        self.state: tuple[str, Bag] | None = None
        self.others: frozenset[str] = frozenset()

    def play(self) -> RunOutcome:
        memory, outcome = self.memory, self.outcome
        with self._process() as process:
            checked = process.check(self.inputs)
            try:
                getattr(self, f"_{self.call.step}")(process, checked)
            except ChromaSyncError as error:
                outcome.error = error
                if isinstance(error, UnfinishedError):
                    self.state = error.object_id, error.outputs
        outcome.told = process.text
        outcome.sent = len(memory.requests(self.call.operation))
        outcome.posts = len(memory.requests("create_invocation"))
        memory.clear_faults()
        # What is still under way lands.
        memory.time.sleep(5 * TIMEOUT)
        outcome.there, outcome.known = list(self._statuses()), self._known()
        if outcome.error is not None:
            with self._process() as process:
                outcome.next_up = self._next(process)
            outcome.told += f"\n{outcome.error}\n{process.text}"
        outcome.finally_there, outcome.finally_known = self._statuses(), self._known()
        return outcome

    def _process(self) -> Process:
        settings: Bag = {"timeout": TIMEOUT, "settle": TIMEOUT, "retries": 1}
        return self.memory.process(provider=self.provider, key=API_KEY, **settings)

    def _plan(self) -> None:
        memory, fault = self.memory, self.fault
        if "page_cap" in fault.service:
            self._by_other_hands()
        memory.settings(**fault.service)
        memory.clear_requests()
        if self.call.name == "run-found":
            memory.fault("create_invocation", LOST.action)
        if fault.action:
            times = 0 if self.outcome.lasting else 1
            memory.fault(self.call.operation, fault.action, times=times, skip=self.call.skip, **fault.plan)

    def _by_other_hands(self) -> None:
        for number in range(7):
            payload: Bag = {"object_key": f"other-{number}.pdf"}
            if self.outcome.kind == "github":
                payload = {"target_collection_name": f"other-{number}", "ref_identifier": {"branch": "main"}}
            self.memory.start(self.inputs["source_id"], **payload)
        self.others = frozenset(self.memory.runs()) - self._mine()

    def _create(self, process: Process, checked: Bag) -> None:
        self._plan()
        self.state = process.create(checked)

    def _started(self, process: Process, checked: Bag) -> tuple[str, Bag]:
        made = process.create({**checked, "wait": False})
        self.state = made
        return made

    def _read(self, process: Process, checked: Bag) -> None:
        run_id, outputs = self._started(process, checked)
        self.memory.time.sleep(60)
        self._plan()
        same, outputs, _ = process.read(run_id, outputs)
        self.state = (same, outputs) if same else None

    def _delete(self, process: Process, checked: Bag) -> None:
        self.memory.pending = 10_000
        run_id, outputs = self._started(process, checked)
        self._plan()
        process.delete(run_id, outputs)

    def _next(self, process: Process) -> str:
        """The next command of the same kind; what it did."""
        before = set(self._statuses())
        if self.call.step == "read":
            assert self.state is not None
            run_id, outputs, _ = process.read(*self.state)
            self.state = run_id, outputs
            return "reads it"
        if self.call.step == "delete":
            assert self.state is not None
            process.delete(*self.state)
            return "cancels it" if "cancelled" in process.text else "finds it cancelled"
        if self.state is None:
            self.state = process.create(process.check(self.inputs))
        else:
            entry, outputs = self.state
            checked = process.check(self.inputs, outputs)
            diff = process.diff(entry, outputs, checked)
            assert diff.changes and not diff.replaces
            self.state = entry, process.update(entry, outputs, checked)
            if set(self._statuses()) == before:
                return "waits for it"
        if set(self._statuses()) != before:
            return "starts it"
        return "continues it" if "it is continued" in process.text else "takes it over"

    def _statuses(self) -> dict[str, str]:
        """Our runs, and how each is."""
        return {
            run_id: run["status"] if isinstance(run["status"], str) else next(iter(run["status"]))
            for run_id, run in self.memory.runs().items()
            if run_id not in self.others
        }

    def _mine(self) -> frozenset[str]:
        return frozenset(self._known())

    def _known(self) -> list[str]:
        if self.state is None:
            return []
        entry, outputs = self.state
        return [*outputs["invocation_ids"].values()] if "invocation_ids" in outputs else [entry]


def words(outcome: RunOutcome) -> str:
    """What became of it, in a few words."""
    error = outcome.error
    if error is None:
        text = _went_well(outcome)
    elif _says_what_may_be(outcome):
        text = "*error*: it may exist or appear, nothing was sent twice"
    elif isinstance(error, UnfinishedError) and outcome.known:
        text = "*error*: the run goes on, and is in the state"
    elif outcome.call.step == "create":
        text = "*error*: nothing was started"
    else:
        text = "*error*: the state keeps it"
    return text + (f"; the next command {outcome.next_up}" if outcome.next_up else "")


def _went_well(outcome: RunOutcome) -> str:
    told, step = outcome.told, outcome.call.step
    if step == "read":
        return "read" + _again(outcome)
    if step == "delete":
        return "cancelled" + (" by a second request" if outcome.sent > 1 else "")
    text = "complete"
    if outcome.posts > 1:
        return f"{text}, started by a second request"
    if "took run" in told:
        return f"{text}; found in the list, with its id told"
    if outcome.call.operation == "get_invocation" and "can't be asked" in told:
        return f"{text}; that it couldn't be asked is told"
    return text + (_again(outcome) if not outcome.call.changes else "")


def _again(outcome: RunOutcome) -> str:
    return ", after a second try" if outcome.fault.action else ""


def broken(outcome: RunOutcome) -> dict[str, list[str]]:
    """The promises that this command broke, each with what shows it."""
    found: dict[str, list[str]] = {"second": [], "unknown": [], "lost": [], "secrets": []}
    if outcome.posts > 1 and outcome.fault.does and outcome.call.operation == "create_invocation":
        found["second"].append(f"{outcome.posts} requests to start")
    found["second"] += list(outcome.finally_there)[1:]
    if not _says_what_may_be(outcome):
        found["unknown"] += [run for run in outcome.there if run not in outcome.known]
    found["unknown"] += [run for run in outcome.finally_there if run not in outcome.finally_known]
    ends: Any = {"delete": "cancelled"}.get(outcome.call.step, "complete")
    found["lost"] += [f"{run}: {status}" for run, status in outcome.finally_there.items() if status != ends]
    found["lost"] += [] if len(outcome.finally_known) == 1 else ["not in the state in the end"]
    found["secrets"] += [API_KEY] if API_KEY in outcome.told else []
    return found


def _says_what_may_be(outcome: RunOutcome) -> bool:
    parts = ("may still appear", "Nothing was sent twice", "is continued, and no second one")
    return isinstance(outcome.error, (OutcomeUnknownError, UnfinishedError)) and all(
        part in " ".join(outcome.told.split()) for part in parts
    )


def section(call: Call, outcomes: Sequence[RunOutcome]) -> str:
    """This call's part of the page."""

    def cell(fault: Fault, lasting: bool) -> str:
        by_words: dict[str, list[str]] = {}
        for outcome in outcomes:
            if (outcome.fault, outcome.lasting) == (fault, lasting):
                by_words.setdefault(words(outcome), []).append(outcome.kind)
        if len(by_words) == 1:
            return next(iter(by_words))
        return "; ".join(f"{' and '.join(kinds)}: {text}" for text, kinds in by_words.items())

    counted = [broken(outcome) for outcome in outcomes]
    counts = {name: sum(bool(promises[name]) for promises in counted) for name in counted[0]}
    return "\n".join(
        [
            *lines(call, faults_of(call), cell),
            f"{len(outcomes)} runs: {counts['second']} with a second run, {counts['unknown']} with a run that"
            f" neither the state nor the user knows, {counts['lost']} with a run lost from the state or not"
            f" at its end, {counts['secrets']} with a secret in plain text.",
            "",
        ]
    )
