"""What a run found, and the JSON file of it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from .contenders import CONTENDERS, OPERATIONS, Operation

__all__ = ["Imports", "Machine", "Measured", "Operated", "Results"]


@dataclass
class Operated:
    """One operation.

    Attributes:
        seconds: by the clock on the wall.
        cpu_seconds: of all the contender's processes; the service's are not among them.
        peak_bytes: of memory, of all of them together.
        requests: that the service saw, by operation of the API.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    requests: dict[str, int]


@dataclass
class Measured:
    """A contender's five operations.

    Attributes:
        contender: its name.
        count: sources.
        latency: milliseconds.
        round: 0 for the first time.
        load: the machine's load average of one minute when it began: the benchmark's own among it.
        state_bytes: of its state when the sources are up.
        operations: what was measured; fewer than five where one failed.
        error: what went wrong, or empty.
    """

    contender: str
    count: int
    latency: int
    round: int
    load: float
    state_bytes: int = 0
    operations: dict[Operation, Operated] = field(default_factory=dict)
    error: str = ""


@dataclass
class Imports:
    """What a program pays for the import, in milliseconds: this package's own share, and Pulumi's."""

    ours: float
    pulumi: float


@dataclass
class Machine:
    """Where it ran.

    Attributes:
        system: operating system and processor architecture.
        processor: its name.
        cores: of the processor, as the system counts them.
        memory_bytes: all of it.
        load: load average of one minute before the run began.
        versions: name -> version of what took part.
    """

    system: str
    processor: str
    cores: int
    memory_bytes: int
    load: float
    versions: dict[str, str]


@dataclass
class Results:
    """A run.

    Attributes:
        began: day and time, UTC.
        plan: ``full``, ``quick`` or ``part``.
        machine: where.
        left_out: contender -> why it did not take part, in a sentence.
        imports: the cost of the import; None where it was not measured.
        measured: in order.
    """

    began: str
    plan: str
    machine: Machine
    left_out: dict[str, str] = field(default_factory=dict)
    imports: Imports | None = None
    measured: list[Measured] = field(default_factory=list)

    @property
    def provisional(self) -> str:
        """Why its figures are not the final ones, as half a sentence; empty where they are."""
        why = {"full": [], "quick": ["a quick run"]}.get(self.plan, ["a part of a run"])
        if self.machine.load > self.machine.cores / 4:
            why = [*why, "the machine had other work to do"]
        return ", and ".join(why)

    @property
    def contenders(self) -> list[str]:
        """Those that were measured, in the order of the tables."""
        return [name for name in CONTENDERS if any(one.contender == name for one in self.measured)]

    @property
    def latencies(self) -> list[int]:
        """Milliseconds, the nearest first."""
        return sorted({one.latency for one in self.measured})

    def counts(self, contender: str | None = None) -> list[int]:
        """How many sources were measured, the fewest first."""
        return sorted({one.count for one in self.measured if contender in (None, one.contender)})

    def rounds(self, contender: str, count: int, latency: int) -> Sequence[Measured]:
        """All rounds of a cell."""
        wanted = (contender, count, latency)
        return [one for one in self.measured if (one.contender, one.count, one.latency) == wanted]

    def median(
        self,
        contender: str,
        count: int,
        latency: int,
        operation: Operation,
        value: Callable[[Operated], float],
    ) -> float | None:
        """The median of a cell's rounds; None where it was not measured, or failed."""
        rounds = self.rounds(contender, count, latency)
        values = [value(one.operations[operation]) for one in rounds if operation in one.operations]
        return statistics.median(values) if values else None

    def whole(self, contender: str, count: int, latency: int) -> list[Measured]:
        """The rounds in which all five operations were carried out."""
        return [
            one for one in self.rounds(contender, count, latency) if len(one.operations) == len(OPERATIONS)
        ]

    def save(self, file: Path) -> None:
        """Write it as JSON, whole or not at all."""
        aside = file.with_name(f"{file.name}.new")
        aside.write_bytes(_FORM.dump_json(self, indent=1) + b"\n")
        aside.replace(file)

    @staticmethod
    def load(file: Path) -> Results:
        """Read what :meth:`save` wrote."""
        return _FORM.validate_json(file.read_bytes())


_FORM = TypeAdapter(Results)
