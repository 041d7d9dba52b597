"""What the command line shows of sources."""

from __future__ import annotations

import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.kinds.source.model import KINDS
from pulumi_chroma_sync.kinds.source.spec import target_of

from .importing import Plan

__all__ = ["line", "print_table", "show", "table_of", "visible", "what_was_imported"]


def show(sources: Sequence[SourceReply]) -> None:
    """Print sources as a table."""
    rows = []
    for source in sources:
        given = source.body.get("chunking")
        chunking = " ".join(map(str, given.values())) if isinstance(given, Mapping) else str(given or "")
        target = re.sub(r"^https?://", "", target_of(source.body)) or source.problem or ""
        rows.append((source.id, source.kind_name, target, chunking, source.created_at[:10]))
    print_table(table_of(("ID", "KIND", "TARGET", "CHUNKING", "CREATED"), rows))


def table_of(headings: Iterable[str], rows: Iterable[Iterable[str]], *, ids: bool = True) -> Table:
    """A table of which nothing is cut: where it is too wide for the terminal, cells go over several lines.

    Args:
        headings: of the columns.
        rows: their cells.
        ids: whether the first column holds ids, each of which stays on one line.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        if number or not ids:
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, no_wrap=True, min_width=36)
    for cells in rows:
        table.add_row(*map(visible, cells))
    return table


def print_table(table: Table) -> None:
    """Print it to stdout: as wide as the terminal, and where there is none, as wide as it needs."""
    console = Console()
    if not console.is_terminal:
        console.width = Console(width=sys.maxsize).measure(table).maximum
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        click.echo(line.rstrip())  # rich fills each line up to the table's width


def line(what: str, sentence: str) -> None:
    """One line of a command's report, to stderr."""
    click.echo(f"{what:<10} {sentence}", err=True)


def what_was_imported(planned: Plan, out: Path, database: str | None = None) -> None:
    """What an import wrote, and what to do next.

    Args:
        planned: what is in the file.
        out: the file.
        database: the database that is in it, too.
    """
    kinds = Counter(str(each.source.kind) for each in planned.imported)
    counted = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kind in kinds)  # s3 is the last
    credentials = {
        str(each.source.body["s3"].get("aws_credential_id"))
        for each in planned.imported
        if each.source.kind == "s3"
    }
    if planned.settings:
        counted += " (inline AWS keys)"
    elif credentials:
        counted += f" (uses credential {', '.join(sorted(credentials))}; no secret needed)"
    count = len(planned.imported)
    of_them = f"{count} source{'s' if count > 1 else ''}: {counted}" if count else ""
    click.echo("; ".join(filter(None, [f'database "{database}"' if database else "", of_them])), err=True)
    file = shlex.quote(str(out))
    if planned.settings:
        line("secret", f"{out} holds the AWS keys in plain text, readable by you alone: delete it later")
    steps = [f"pulumi config set --secret {setting}" for setting in planned.settings]
    steps.append(f"pulumi import --file {file} --generate-code=false")
    steps.append("put the code into your program: `pulumi preview` then shows no changes")
    if planned.settings:
        steps.append(f"rm {file}")
    for number, step in enumerate(steps):
        line("" if number else "next", step)


def visible(text: str) -> Text:
    """The text without marks that would steer the terminal, and without markup."""
    return Text("".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in text))
