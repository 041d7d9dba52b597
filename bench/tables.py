"""Results as tables in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .contenders import CONTENDERS, OPERATIONS, Contender, Operation
from .results import Operated, Results

__all__ = ["cost", "headline", "place", "requests", "wall"]

MIB = 1024 * 1024
TITLES: Sequence[str] = ["up", "unchanged preview", "refresh", "one change", "destroy"]
"""Of the operations, in their order."""

NONE = "–"


def wall(results: Results, latency: int) -> str:
    """Seconds by the clock, at one latency."""
    return _table(
        ["N", "", *TITLES],
        (
            [f"{count:,}", _title(name), *_values(results, name, count, latency, lambda one: one.seconds)]
            for count, name in _rows(results, latency)
        ),
    )


def cost(results: Results, latency: int) -> str:
    """CPU seconds of each operation, the most memory of all of them, and the state."""
    rows = []
    for count, name in _rows(results, latency):
        peaks = [
            peak
            for operation in OPERATIONS
            if (peak := results.median(name, count, latency, operation, lambda one: one.peak_bytes))
        ]
        state = max(one.state_bytes for one in results.rounds(name, count, latency))
        rows.append(
            [
                f"{count:,}",
                _title(name),
                *_values(results, name, count, latency, lambda one: one.cpu_seconds),
                f"{max(peaks) / MIB:,.0f}" if peaks else NONE,
                f"{state:,}",
                f"{state / count:,.0f}",
            ]
        )
    return _table(["N", "", *TITLES, "peak MiB", "state, bytes", "a source"], rows)


def requests(results: Results, latency: int) -> str:
    """What the service saw, at one latency."""
    rows = []
    for count, name in _rows(results, latency):
        if CONTENDERS[name].sends:
            # Rounds differ by a look at the list more or less; the first stands for all.
            first = results.rounds(name, count, latency)[0]
            said = [_said(first.operations.get(operation)) for operation in OPERATIONS]
            rows.append([f"{count:,}", _title(name), *said])
    return _table(["N", "", *TITLES], rows)


def headline(results: Results) -> str:
    """Seconds by the clock at one place that says the most; see :func:`place`."""
    count, latency = place(results)
    return _table(
        ["", *TITLES],
        (
            [_title(name), *_values(results, name, count, latency, lambda one: one.seconds)]
            for row, name in _rows(results, latency)
            if row == count
        ),
    )


def place(results: Results) -> tuple[int, int]:
    """As many sources as most contenders had, and the latency in the middle."""
    counts = results.counts()
    count = max(
        counts, key=lambda one: (len([n for n in results.contenders if one in results.counts(n)]), one)
    )
    return count, results.latencies[len(results.latencies) // 2]


def _rows(results: Results, latency: int) -> Iterable[tuple[int, str]]:
    return (
        (count, name)
        for count in results.counts()
        for name in results.contenders
        if results.rounds(name, count, latency)
    )


def _title(name: str) -> str:
    contender: type[Contender] = CONTENDERS[name]
    return contender.title


def _values(
    results: Results, name: str, count: int, latency: int, value: Callable[[Operated], float]
) -> list[str]:
    def shown(operation: Operation) -> str:
        median = results.median(name, count, latency, operation, value)
        if median is None:
            return NONE
        return f"{median:.2f}" if median < 10 else f"{median:.1f}" if median < 100 else f"{median:,.0f}"

    return [shown(operation) for operation in OPERATIONS]


def _said(one: Operated | None) -> str:
    """Such as ``100 create_source, 2 list_sources``."""
    if one is None:
        return NONE
    return ", ".join(f"{number:,} {what}" for what, number in sorted(one.requests.items())) or "none"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The names stand on the left; all else is a number, or as good as one."""
    head = [f"| {' | '.join(columns)} |", f"|{'|'.join('---' if not one else '---:' for one in columns)}|"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)])
