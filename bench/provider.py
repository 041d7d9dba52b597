"""``python -m bench.provider``: what the provider costs beside what Pulumi itself costs.

Each figure of ours stands beside one of Pulumi's own, taken in the same minute: a program with as many
resources of a dynamic provider that does nothing. The two take turns, and the median counts, so that a busy
machine slows both alike. The ratio is what to look at.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table
from tests.engine.harness import Project, engine_folder

__all__ = ["main"]

OURS = """
import pulumi_chroma_sync as chroma_sync

for number in range({count}):
    chroma_sync.Source(
        f"source-{{number}}",
        github={{"repository": f"acme/repository-{{number}}", "include_globs": ["**/*.md"]}},
        chunking={{"type": "tree_sitter", "max_size_bytes": {size}}},
    )
"""
NOOP = """
import noop_resource

for number in range({count}):
    noop_resource.Nothing(
        f"source-{{number}}",
        {{
            "github": {{"repository": f"acme/repository-{{number}}", "include_globs": ["**/*.md"]}},
            "chunking": {{"type": "tree_sitter", "max_size_bytes": {size}}},
        }},
    )
"""
NOOP_MODULE = """
import uuid
from pulumi import dynamic

class Provider(dynamic.ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return dynamic.CreateResult(str(uuid.uuid4()), props)

    def diff(self, _id, olds, news):
        replaces = [key for key in news if key != "__provider" and olds.get(key) != news[key]]
        return dynamic.DiffResult(changes=bool(replaces), replaces=replaces)

class Nothing(dynamic.Resource):
    def __init__(self, name, props):
        super().__init__(Provider(), name, props)
"""
"""In a module of its own, so that its provider is pickled as a reference, as ours is."""

Pair = tuple[list[float], list[float]]
"""Measurements of ours, and of Pulumi's own."""


@click.command(context_settings={"show_default": True})
@click.option("--resources", default=50, type=click.IntRange(1), help="Resources of a program.")
@click.option("--runs", default=5, type=click.IntRange(1), help="Rounds of every operation of the engine.")
@click.option("--imports", default=31, type=click.IntRange(1), help="Fresh processes for each import.")
def main(resources: int, runs: int, imports: int) -> None:
    """Measure, and print a table in Markdown."""
    table = Table(box=box.MARKDOWN)
    for title in ("", "ours", "Pulumi's own", "ratio"):
        table.add_column(title, justify="left" if not title else "right")
    _import_rows(table, imports)
    with tempfile.TemporaryDirectory() as folder, _emulator() as service:
        _engine_rows(table, Path(folder), service, resources, runs)
    Console(width=100).print(table)


def _import_rows(table: Table, runs: int) -> None:
    """A program's start: whole processes, and the package's own share measured from inside."""
    pulumi, both = "import pulumi", "import pulumi, pulumi_chroma_sync"
    times = _alternating(
        runs, lambda: _seconds([sys.executable, "-c", both]), lambda: _seconds([sys.executable, "-c", pulumi])
    )
    _row(table, "process with the import, ms", times, 1000)
    inside = (
        "import time; a = time.perf_counter(); import pulumi; b = time.perf_counter(); "
        "import pulumi_chroma_sync; c = time.perf_counter(); print(c - b, b - a)"
    )
    said = [subprocess.check_output([sys.executable, "-c", inside], text=True).split() for _ in range(runs)]
    _row(table, "the import itself, ms", ([float(a) for a, _ in said], [float(b) for _, b in said]), 1000)


def _engine_rows(table: Table, folder: Path, service: Mapping[str, str], count: int, runs: int) -> None:
    """The engine's operations on one program each, round by round, and the state that they leave."""
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.prefix) / "bin"), str(engine_folder()), os.environ["PATH"]]
    )
    (folder / "modules").mkdir()
    (folder / "modules" / "noop_resource.py").write_text(NOOP_MODULE, encoding="utf-8")
    environment = {**service, "PYTHONPATH": str(folder / "modules")}
    (folder / "home").mkdir()
    programs = (OURS, NOOP)
    ours, noop = (
        Project(folder / name, text.format(count=count, size=0), env=environment, pulumi_home=folder / "home")
        for name, text in zip(("ours", "noop"), programs, strict=True)
    )
    times: dict[str, Pair] = {}
    state: Pair = ([], [])
    for number in range(runs):
        for project, text in zip((ours, noop), programs, strict=True):
            project.program(text.format(count=count, size=1000 + number))
        for what, run in _operations():
            _collect(times.setdefault(what, ([], [])), run, (ours, noop), turned=number % 2 == 1)
            if what == "up: create":
                for sizes, project in zip(state, (ours, noop), strict=True):
                    sizes.append(_state_bytes(project) / count)
    for what, pair in times.items():
        _row(table, f"{what}, {count} resources, s", pair, 1)
    _row(table, "state, bytes a resource", state, 1)


def _operations() -> Iterator[tuple[str, Callable[[Project], object]]]:
    yield "preview: create", lambda project: project.preview()
    yield "up: create", lambda project: project.up()
    yield "preview: nothing to do", lambda project: project.preview("--expect-no-changes")
    yield "up: nothing to do", lambda project: project.up("--expect-no-changes")
    yield "refresh", lambda project: project.refresh("--expect-no-changes")
    yield "destroy", lambda project: project.destroy()


def _collect(into: Pair, run: Callable[[Project], object], projects: Sequence[Project], turned: bool) -> None:
    order = list(zip(into, projects, strict=True))
    for measured, project in reversed(order) if turned else order:
        started = time.perf_counter()
        run(project)
        measured.append(time.perf_counter() - started)


def _alternating(runs: int, ours: Callable[[], float], theirs: Callable[[], float]) -> Pair:
    pair: Pair = ([], [])
    for _ in range(runs):
        pair[0].append(ours())
        pair[1].append(theirs())
    return pair


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _state_bytes(project: Project) -> int:
    """Of the checkpoint itself, as the engine writes it at every step."""
    (checkpoint,) = (project.backend / ".pulumi" / "stacks").rglob("*.json")
    return checkpoint.stat().st_size


def _row(table: Table, what: str, pair: Pair, scale: float) -> None:
    ours, theirs = (statistics.median(measured) * scale for measured in pair)
    digits = 0 if scale == 1 and ours > 100 else 2 if scale == 1 else 1
    table.add_row(what, f"{ours:.{digits}f}", f"{theirs:.{digits}f}", f"{ours / theirs:.2f}")


@contextmanager
def _emulator() -> Iterator[Mapping[str, str]]:
    """The emulator as a process of its own, as people run it; gives the variables that lead there."""
    command = [sys.executable, "-m", "chroma_sync_emulator"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = re.match(
                r'chroma_sync_emulator (\S+)  key "(\S+)"  database "(\S+)"', process.stdout.readline()
            )
            if said is None:
                raise click.ClickException("the emulator did not start")
            yield {"CHROMA_SYNC_URL": said[1], "CHROMA_API_KEY": said[2], "CHROMA_DATABASE": said[3]}
        finally:
            process.terminate()


if __name__ == "__main__":
    main(prog_name="python -m bench.provider")
