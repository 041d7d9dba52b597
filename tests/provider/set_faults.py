"""The faults of the matrix, played on a set: on the first such request of a command, on two, and on each.

What is asked of one source is asked of each of the set: 0 duplicates, 0 lost, 0 untold. Afterwards everything
that is under way lands, and the next command, without a fault, does what is left.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pulumi_chroma_sync import SourceSetProvider
from pulumi_chroma_sync.errors import ChromaSyncError

from .fault_cases import API_KEY, AWS_SECRET, TIMEOUT, Call, Fault, Rule, lines
from .memory import MANNERS, Memory
from .plugin import Bag, Process
from .sets import Stack

__all__ = ["CALLS", "EACH", "Outcome", "observe", "section"]

EACH = bool(os.environ.get("CHROMA_SYNC_SOAK"))
"""Whether each fault is played on each service; else the services take turns."""

CALLS = (
    Call("create-list", "Set, four new sources: what is there already?", "create", "list_sources"),
    Call("create-post", "Set, four new sources: the requests that create", "create", "create_source"),
    Call("create-read", "Set, four new sources: reading them back", "create", "get_source"),
    Call("update-post", "Set, one new source and three replaced: creating", "update", "create_source"),
    Call("update-delete", "Set, one source gone and three replaced: deleting", "update", "delete_source"),
    Call("refresh-list", "Set, refresh: reading the list", "read", "list_sources"),
    Call("refresh-read", "Set, refresh: reading what the list doesn't have", "read", "get_source"),
    Call("destroy", "Set, destroy", "delete", "delete_source"),
)

SERVICES: list[tuple[Rule, str]] = [("identity", "plain"), ("content", "normalising"), ("never", "filled")]
CONFIG = {"key": API_KEY, "timeout": TIMEOUT, "settle": TIMEOUT, "retries": 1}


def buckets(*keys: str, **others: Bag | str) -> Bag:
    """A set of buckets with inline keys, which all of them share."""
    s3 = {"region": "us-east-1", "aws_access_key_id": "AKIAMATRIX", "aws_secret_access_key": AWS_SECRET}
    sources = {key: {"s3": {"bucket_name": key, "collection_name": f"of-{key}"}} for key in keys}
    return {"name": "tenants", "database_name": "demo", "s3": s3, "sources": sources, **others}


BEFORE, AFTER = buckets("a", "b", "c", "d"), buckets("b", "c", "d", "e", chunking={"type": "lines"})


@dataclass
class Outcome:
    """What became of one command on a set under one fault.

    Attributes:
        call: the request that the fault happened to.
        fault: the fault.
        times: to how many such requests; 0 for each.
        service: what it refuses, and how it answers.
        error: what ended the command, or None.
        failures: what the state says of keys that failed, afterwards.
        broken: the promises that were not kept, each with what shows it.
    """

    call: Call
    fault: Fault
    times: int
    service: tuple[Rule, str]
    error: Exception | None = None
    failures: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def observe(call: Call) -> Iterator[Outcome]:
    """Every fault of this call, on the first request, on two, and on each."""
    for turn, fault in enumerate(call.faults):
        for number, times in enumerate((1, 2, 0)):
            for service in SERVICES if EACH else [SERVICES[(turn + number) % len(SERVICES)]]:
                outcome = Outcome(call, fault, times, service)
                # Several at once share the time that passes, so what they see of it isn't always the same.
                _Run(outcome, parallel=4 if times == 2 else 1).play()
                yield outcome


class _Run:
    def __init__(self, outcome: Outcome, parallel: int) -> None:
        self.outcome = outcome
        rule, manner = outcome.service
        self.memory = Memory(unique=rule, **MANNERS[manner])
        self.memory.keys = {API_KEY: {"demo"}}
        self.stack = Stack(self.memory, config={**CONFIG, "parallel": parallel})
        self.told = ""

    def play(self) -> None:
        """The command with the fault in it, and the one after it."""
        step = self.outcome.call.step
        {"create": self.create, "update": self.update, "read": self.refresh, "delete": self.destroy}[step]()
        self.outcome.failures = self.stack.failures
        self.memory.clear_faults()
        self.memory.time.sleep(5 * TIMEOUT)  # what is under way lands
        try:
            self.keeps_the_promises()
            if step == "delete":
                if self.stack.id:
                    self.stack.destroy()
                    self.memory.time.sleep(5 * TIMEOUT)
                assert self.memory.sources() == {}
                return
            if step == "read":
                self.stack.refresh()
                assert self.stack.ids.keys() == {"a", "c", "d"}
            self.ends_well(AFTER if step == "update" else BEFORE)
        except AssertionError as broken:
            self.outcome.broken.append(str(broken))

    def strike(self) -> None:
        """The fault is there from now on."""
        fault = self.outcome.fault
        self.memory.settings(**fault.service)
        if fault.action:
            operation, times = self.outcome.call.operation, self.outcome.times
            self.memory.fault(operation, fault.action, times=times, **fault.plan)

    def command(self, act: Callable[[Process], None]) -> None:
        """One process; an error that it ends with is no more than told."""
        with self.memory.process(provider=SourceSetProvider, **self.stack.config) as process:
            try:
                act(process)
            except ChromaSyncError as error:
                self.outcome.error = error
            self.told += process.text

    def create(self) -> None:
        """The first up."""

        def act(process: Process) -> None:
            inputs = process.check(BEFORE)
            self.strike()
            self.stack.id, self.stack.outputs = process.create(inputs)
            self.stack.inputs = inputs

        self.command(act)

    def update(self) -> None:
        """An up that makes one, replaces three and deletes one."""
        self.stack.up(BEFORE)
        self.memory.time.sleep(5 * TIMEOUT)

        def act(process: Process) -> None:
            stack = self.stack
            inputs = process.check(AFTER, stack.inputs)
            assert process.diff(stack.id, stack.outputs, inputs).changes
            self.strike()
            stack.outputs = process.update(stack.id, stack.outputs, inputs)
            stack.inputs = inputs

        self.command(act)

    def refresh(self) -> None:
        """A refresh, after one was deleted by another hand."""
        self.stack.up(BEFORE)
        self.memory.time.sleep(5 * TIMEOUT)
        self.memory.delete(self.stack.ids["b"])

        def act(process: Process) -> None:
            self.strike()
            _, self.stack.outputs, _ = process.read(self.stack.id, self.stack.outputs)

        self.command(act)

    def destroy(self) -> None:
        """A destroy."""
        self.stack.up(BEFORE)
        self.memory.time.sleep(5 * TIMEOUT)

        def act(process: Process) -> None:
            self.strike()
            process.delete(self.stack.id, self.stack.outputs)
            self.stack.id, self.stack.outputs, self.stack.inputs = "", {}, {}

        self.command(act)

    def keeps_the_promises(self) -> None:
        """No source twice, none that nobody knows, no secret told."""
        there = self.memory.sources()
        targets = [source["s3"]["bucket_name"] for source in there.values()]
        assert len(targets) == len(set(targets)), "duplicates"
        unknown = there.keys() - set(self.stack.ids.values())
        for source_id in unknown:
            key = there[source_id]["s3"]["bucket_name"]
            reason = self.stack.failures.get(key, "")
            assert "may still appear" in reason and "pulumi-chroma-sync list" in reason, f"untold: {key}"
        assert API_KEY not in self.told and AWS_SECRET not in self.told
        assert AWS_SECRET not in str(self.stack.failures)

    def ends_well(self, program: Bag) -> None:
        """The next up, with adoption, leaves exactly what is declared."""
        self.stack.up({**program, "on_conflict": "adopt"})
        if self.stack.failures:  # what this up deleted may linger for a while
            self.memory.time.sleep(5 * TIMEOUT)
            self.stack.up({**program, "on_conflict": "adopt"})
        assert self.stack.failures == {}, self.stack.failures
        self.keeps_the_promises()
        there = self.memory.sources()
        assert self.stack.ids.keys() == program["sources"].keys()
        assert {key: there[each]["s3"]["bucket_name"] for key, each in self.stack.ids.items()} == {
            key: key for key in program["sources"]
        }
        assert len(there) == len(program["sources"])


def words(outcome: Outcome) -> str:
    """What became of the set, in a few words."""
    step, failures = outcome.call.step, outcome.failures
    if outcome.error is not None:
        return "*error*: the state keeps all of it; the next command does it"
    if not failures:
        return {"read": "read", "delete": "deleted"}.get(step, "done")
    told = "each is told as failed" if outcome.times == 0 else "what met it is told, the rest is done"
    if any("may still appear" in reason for reason in failures.values()):
        told += ", and what may exist with how to look"
    return f"*error*: {told}; the next command does what is left"


def section(call: Call, outcomes: Sequence[Outcome]) -> str:
    """This call's part of the page."""

    def cell(fault: Fault, lasting: bool) -> str:
        times = 0 if lasting else 1
        found = {words(each) for each in outcomes if (each.fault, each.times) == (fault, times)}
        return "; ".join(sorted(found))

    broken = sum(bool(outcome.broken) for outcome in outcomes)
    return "\n".join(
        [
            *lines(call, call.faults, cell),
            f"{len(outcomes)} runs: {broken} with a duplicate, a source that neither the state nor the user "
            "knows, one that the next commands don't bring to its end, or a secret in plain text.",
            "",
        ]
    )
