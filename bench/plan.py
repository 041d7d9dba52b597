"""Which contender is measured with how many sources, and how far away the service is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .contenders import CONTENDERS

__all__ = ["Cell", "Plan", "chosen"]


@dataclass(frozen=True)
class Cell:
    """One measurement: the five operations of a contender, in their order.

    Attributes:
        contender: its name.
        count: sources.
        latency: milliseconds.
        round: 0 for the first time.
    """

    contender: str
    count: int
    latency: int
    round: int = 0

    def __str__(self) -> str:
        again = f", round {self.round + 1}" if self.round else ""
        return f"{self.contender}, N = {self.count:,}, {self.latency} ms{again}"


@dataclass(frozen=True)
class Plan:
    """What a run measures.

    Attributes:
        kind: ``full``, ``quick``, or ``part`` where somebody chose.
        contenders: names, in the order of their turns.
        counts: of sources; each contender up to what it is meant for.
        latencies: milliseconds.
        rounds: of the small counts; medians count. A thousand sources are measured once.
        without_end: whether the counts hold for every contender.
    """

    kind: str
    contenders: Sequence[str]
    counts: Sequence[int]
    latencies: Sequence[int]
    rounds: int
    without_end: bool = False

    def cells(self) -> Iterator[Cell]:
        """Contenders take turns at each place, so that what else the machine does meets all of them."""
        for latency in self.latencies:
            for count in self.counts:
                for number in range(self.rounds if count < 1000 else 1):
                    for name in self.contenders:
                        if self.without_end or count <= CONTENDERS[name].most:
                            yield Cell(name, count, latency, number)


def chosen(
    *,
    quick: bool = False,
    contenders: Sequence[str] = (),
    counts: Sequence[int] = (),
    latencies: Sequence[int] = (),
    rounds: int | None = None,
) -> Plan:
    """The full plan or the quick one, narrowed to what is named.

    Args:
        quick: a few minutes.
        contenders: these alone, and with each of the counts that are named.
        counts: of sources.
        latencies: milliseconds.
        rounds: of the small counts.
    """
    narrowed = bool(contenders or counts or latencies)
    return Plan(
        kind="part" if narrowed else "quick" if quick else "full",
        contenders=[name for name in CONTENDERS if not contenders or name in contenders],
        counts=sorted(counts) or ([1, 100] if quick else [1, 100, 1000, 10_000]),
        latencies=sorted(latencies) or ([50] if quick else [0, 50, 300]),
        rounds=rounds or (1 if quick or narrowed else 3),
        without_end=bool(contenders and counts),
    )
