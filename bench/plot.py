"""Results as a plot: a column for each operation, a row for each latency, a line for each contender."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from .contenders import CONTENDERS, OPERATIONS, Operation
from .results import Results
from .tables import TITLES

__all__ = ["draw"]

LOOKS: Mapping[str, tuple[str, str]] = {"light": ("#ffffff", "#1f2328"), "dark": ("#0d1117", "#e6edf3")}
"""Background and ink, as GitHub's own pages have them."""

LINES: Mapping[str, tuple[str, str]] = {
    "floor": ("#808080", "s"),
    "source": ("#e69f00", "o"),
    "set": ("#d55e00", "D"),
    "terraform": ("#8a63d2", "^"),
    "terraform-state": ("#8a63d2", "v"),
    "bare": ("#009e73", "x"),
}
"""Colour and marker of a contender: told apart by colour-blind people and on both backgrounds."""


def draw(results: Results, folder: Path) -> list[Path]:
    """Write ``plot-light.svg`` and ``plot-dark.svg`` to the folder; the same results give the same bytes."""
    return [_draw(results, folder / f"plot-{look}.svg", *LOOKS[look]) for look in LOOKS]


def _draw(results: Results, file: Path, ground: str, ink: str) -> Path:
    colours = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    style: Any = {**dict.fromkeys(colours, ink), "svg.hashsalt": "bench", "font.size": 9}
    with mpl.rc_context(style):
        figure = Figure(
            figsize=(13, 0.9 + 2.5 * len(results.latencies)), facecolor=ground, layout="constrained"
        )
        places = figure.subplots(
            len(results.latencies), len(OPERATIONS), sharex=True, sharey=True, squeeze=False
        )
        for row, latency in zip(places, results.latencies, strict=True):
            for axes, operation in zip(row, OPERATIONS, strict=True):
                axes.set_facecolor(ground)
                _panel(axes, results, latency, operation)
            row[0].set_ylabel(f"{latency} ms away\nseconds")
        for axes, title in zip(places[0], TITLES, strict=True):
            axes.set_title(title)
        for axes in places[-1]:
            axes.set_xlabel("sources")
        handles, labels = places[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
        figure.savefig(file, metadata={"Date": None})
    return file


def _panel(axes: Axes, results: Results, latency: int, operation: Operation) -> None:
    axes.set(xscale="log", yscale="log")
    for name in results.contenders:
        points = [
            (count, seconds)
            for count in results.counts(name)
            if (seconds := results.median(name, count, latency, operation, lambda one: one.seconds))
        ]
        colour, marker = LINES[name]
        axes.plot(
            [count for count, _ in points],
            [seconds for _, seconds in points],
            color=colour,
            marker=marker,
            markersize=5,
            linestyle=":" if name == "terraform-state" else "-",
            label=CONTENDERS[name].title.replace("`", ""),
        )
    axes.set_xticks(results.counts(), [f"{count:,}" for count in results.counts()])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(alpha=0.25)
