"""Writes the results into the pages, between markers; all else on a page is left as it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from . import tables
from .contenders import CONTENDERS
from .plot import draw
from .results import Results

__all__ = ["report", "write"]

BEGIN, END = "<!-- bench: written by `make bench` -->", "<!-- bench: end -->"
PLOT = """\
<picture>
  <source media="(prefers-color-scheme: dark)" srcset="plot-dark.svg">
  <img alt="Seconds by the number of sources, a line for each contender" src="plot-light.svg">
</picture>"""


def write(results: Results, root: Path) -> None:
    """The report and the plots into ``bench``, the headline into ``docs/scale.md``.

    Raises:
        ValueError: a page has no markers.
    """
    draw(results, root / "bench")
    _between(root / "bench" / "README.md", report(results))
    _between(root / "docs" / "scale.md", _headline(results))


def report(results: Results) -> str:
    """All that there is to say on the results, in Markdown."""
    return "\n\n".join(_parts(results))


def _parts(results: Results) -> Iterator[str]:
    if results.provisional:
        yield f"**Provisional figures: {results.provisional}.**"
    yield _where(results)
    yield "\n".join(f"- {CONTENDERS[name].title}: {CONTENDERS[name].about}." for name in results.contenders)
    for name, why in results.left_out.items():
        yield f"{CONTENDERS[name].title} was left out: {why}."
    if not results.measured:
        return
    yield PLOT
    for latency in results.latencies:
        yield f"### Seconds, {latency} ms away"
        yield tables.wall(results, latency)
    _, latency = tables.place(results)
    yield f"### CPU seconds, memory and state, {latency} ms away"
    yield tables.cost(results, latency)
    yield f"### Requests, {latency} ms away"
    yield tables.requests(results, latency)
    failed = [one for one in results.measured if one.error]
    if failed:
        yield "### What failed"
        yield "\n".join(
            f"- {CONTENDERS[one.contender].title}, N = {one.count:,}, {one.latency} ms: "
            f"`{' '.join(one.error.split())[:300]}`"
            for one in failed
        )
    if results.imports:
        yield "### The import"
        yield (
            f"`from pulumi_chroma_sync import Source` takes {results.imports.ours:.1f} ms in a program that "
            f"has imported `pulumi`, which takes {results.imports.pulumi:.0f} ms."
        )


def _headline(results: Results) -> str:
    count, latency = tables.place(results)
    said = f"Seconds for {count:,} sources on a service {latency} ms away"
    said += f" (provisional: {results.provisional}):" if results.provisional else ":"
    return f"{said}\n\n{tables.headline(results)}\n\n{_where(results)} [All figures](../bench/README.md)."


def _where(results: Results) -> str:
    """Machine, versions, day, load."""
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"{results.began[:10]}, {machine.cores} cores of {machine.processor}, "
        f"{machine.memory_bytes / 2**30:.0f} GiB, {machine.system}, "
        f"load average {machine.load:g} before it began; {versions}."
    )


def _between(page: Path, text: str) -> None:
    whole = page.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no place for the benchmark: put {BEGIN} and {END} into it")
    aside = page.with_name(f"{page.name}.new")
    aside.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
    os.replace(aside, page)
