"""``python -m bench``: measures the provider beside others that do the same, and writes the pages."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import imports, machine, pages
from .contenders import CONTENDERS
from .measure import measure
from .plan import Cell, Plan, chosen
from .results import Measured, Results
from .service import running

ROOT = Path(__file__).resolve().parents[1]
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--quick", is_flag=True, help="A few minutes: 1 and 100 sources, 50 ms away, once.")
@click.option(
    "--contender", "contenders", multiple=True, type=click.Choice([*CONTENDERS]), help="Repeatable."
)
@click.option("--count", "counts", multiple=True, type=click.IntRange(1), help="Sources; repeatable.")
@click.option("--latency", "latencies", multiple=True, type=click.IntRange(0), help="In ms; repeatable.")
@click.option("--rounds", type=click.IntRange(1), help="Of fewer than 1,000 sources; medians count.")
@click.option("--imports", "processes", default=31, show_default=True, help="For the import's cost; 0: none.")
@click.option("--json", "file", type=NEW, help="Write all that was found, after each measurement.")
@click.option("--from-json", "old", type=EXISTING, help="Measure nothing: write the pages of an earlier run.")
def main(
    quick: bool,
    contenders: Sequence[str],
    counts: Sequence[int],
    latencies: Sequence[int],
    rounds: int | None,
    processes: int,
    file: Path | None,
    old: Path | None,
) -> None:
    """Measure up, an unchanged preview, refresh, one change and destroy, of every contender in turns.

    A run of the whole plan, or of the quick one, writes bench/README.md, its plots and the headline in
    docs/scale.md. Where contenders, counts or latencies are named, what was found is only printed.

    The exit code is 1 where an operation failed.
    """
    # A stop by `kill` cleans up like one by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if old is not None:
        pages.write(Results.load(old), ROOT)
        return
    plan = chosen(quick=quick, contenders=contenders, counts=counts, latencies=latencies, rounds=rounds)
    results = _carried_out(plan, processes, file)
    console = Console()
    report = pages.report(results)
    if console.is_terminal:
        console.print(Markdown(report))
    else:
        click.echo(report)
    if plan.kind != "part":
        pages.write(results, ROOT)
    if any(one.error for one in results.measured):
        sys.exit(1)


def _carried_out(plan: Plan, processes: int, file: Path | None) -> Results:
    here = {name: CONTENDERS[name].missing() for name in plan.contenders}
    cells = [cell for cell in plan.cells() if here[cell.contender] is None]
    results = Results(
        began=time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        plan=plan.kind,
        machine=machine.look(CONTENDERS[name] for name, why in here.items() if why is None),
        left_out={name: why for name, why in here.items() if why is not None},
    )
    # To stderr, as what is printed at the end is the result.
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as progress, running() as service:
        for name, why in results.left_out.items():
            progress.console.print(f"{name} is left out: {why}", soft_wrap=True)
        if processes:
            results.imports = imports.measure(processes)
        for cell in progress.track(cells, description="measuring"):
            one = measure(cell, service)
            results.measured.append(one)
            progress.console.print(_line(cell, one), markup=False, highlight=False, soft_wrap=True)
            if file is not None:
                results.save(file)
    return results


def _line(cell: Cell, one: Measured) -> str:
    took = "  ".join(f"{operation} {done.seconds:.2f}" for operation, done in one.operations.items())
    return f"{cell}: {took} s" + (f"  FAILED {one.error}" if one.error else "")


if __name__ == "__main__":
    main(prog_name="python -m bench")
