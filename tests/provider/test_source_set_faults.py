"""The faults of the matrix, played on a set: on the first such request of a command, on two, and on each.

What is asked of one source is asked of each of the set: 0 duplicates, 0 lost, 0 untold. Afterwards everything
that is under way lands, and the next command, without a fault, does what is left.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pulumi_chroma_sync import SourceSetProvider
from pulumi_chroma_sync.errors import ChromaSyncError

from .fault_cases import API_KEY, AWS_SECRET, FAULTS, TIMEOUT, Fault, Rule
from .memory import MANNERS, Memory
from .plugin import Bag, Process
from .sets import Stack

EACH = bool(os.environ.get("CHROMA_SYNC_SOAK"))
"""Whether each fault is played on each service."""

SERVICES: list[tuple[Rule, str]] = [("identity", "plain"), ("content", "normalising"), ("never", "filled")]
CONFIG = {"key": API_KEY, "timeout": TIMEOUT, "settle": TIMEOUT, "retries": 1}


def buckets(*keys: str, **others: Bag | str) -> Bag:
    """A set of buckets with inline keys, which all of them share."""
    s3 = {"region": "us-east-1", "aws_access_key_id": "AKIAMATRIX", "aws_secret_access_key": AWS_SECRET}
    sources = {key: {"s3": {"bucket_name": key, "collection_name": f"of-{key}"}} for key in keys}
    return {"name": "tenants", "database_name": "demo", "s3": s3, "sources": sources, **others}


BEFORE, AFTER = buckets("a", "b", "c", "d"), buckets("b", "c", "d", "e", chunking={"type": "lines"})


@dataclass
class Run:
    """One command on a set, with one fault in it."""

    fault: Fault
    operation: str
    times: int
    rule: Rule
    manner: str
    parallel: int

    def __post_init__(self) -> None:
        self.memory = Memory(unique=self.rule, **MANNERS[self.manner])
        self.memory.keys = {API_KEY: {"demo"}}
        self.stack = Stack(self.memory, config={**CONFIG, "parallel": self.parallel})
        self.told = ""

    def strike(self) -> None:
        """The fault is there from now on."""
        self.memory.settings(**self.fault.service)
        if self.fault.action:
            self.memory.fault(self.operation, self.fault.action, times=self.times, **self.fault.plan)

    def calm(self) -> None:
        """What is under way lands, and no fault is left."""
        self.memory.clear_faults()
        self.memory.time.sleep(5 * TIMEOUT)

    def command(self, act: Callable[[Process], None]) -> None:
        """One process; an error that it ends with is no more than told."""
        with self.memory.process(provider=SourceSetProvider, **self.stack.config) as process:
            try:
                act(process)
            except ChromaSyncError:
                pass
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


PHASES = [
    ("create", "create_source"),
    ("create", "list_sources"),
    ("create", "get_source"),
    ("update", "create_source"),
    ("update", "delete_source"),
    ("refresh", "list_sources"),
    ("refresh", "get_source"),
    ("destroy", "delete_source"),
]


@pytest.mark.parametrize(("phase", "operation"), PHASES)
def test_no_fault_makes_a_duplicate_or_loses_a_source_of_a_set(phase: str, operation: str) -> None:
    """Each fault of the matrix, and one source, two or all of them meet it; the services take turns."""
    changes = operation in ("create_source", "delete_source")
    for turn, fault in enumerate(FAULTS):
        if fault.changing and not changes:
            continue
        for number, times in enumerate((1, 2, 0)):
            for rule, manner in SERVICES if EACH else [SERVICES[(turn + number) % len(SERVICES)]]:
                run = Run(fault, operation, times, rule, manner, parallel=1 + 3 * (turn % 2))
                try:
                    getattr(run, phase)()
                    run.calm()
                    run.keeps_the_promises()
                    if phase == "destroy":
                        if run.stack.id:
                            run.stack.destroy()
                            run.memory.time.sleep(5 * TIMEOUT)
                        assert run.memory.sources() == {}
                    else:
                        if phase == "refresh":
                            run.stack.refresh()
                            assert run.stack.ids.keys() == {"a", "c", "d"}
                        run.ends_well(AFTER if phase == "update" else BEFORE)
                except AssertionError as broken:
                    raise AssertionError(
                        f"{fault.words}, {times} times, {rule}, {manner}: {broken}"
                    ) from broken
