"""The command ``runs``: which runs there are, how each stands, and on demand until all are over."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.core.waiting import CancelledError, Wait
from pulumi_chroma_sync.errors import (
    NoAnswerError,
    NotFoundError,
    RateLimitError,
    ServerError,
    UnreachableError,
)
from pulumi_chroma_sync.kinds.invocation.lookup import invocations_of
from pulumi_chroma_sync.kinds.invocation.runs import words_for
from pulumi_chroma_sync.kinds.source.secrecy import without_secrets

from .report import print_table, table_of, visible
from .stopping import stoppable

__all__ = ["Scope", "show_runs"]

_PASSING = (UnreachableError, NoAnswerError, RateLimitError, ServerError)

_WIDE = 120
"""Columns of a terminal that has room for two ids beside the rest."""

_PATIENCE = 300.0
"""Seconds without an answer after which nobody waits any longer."""


@dataclass(frozen=True)
class Scope:
    """Which runs are shown.

    Attributes:
        source_id: those of this source; or
        database: of this database.
        status: that stand so, when the command begins.
        limit: how many at most, the newest; None for all.
    """

    source_id: str | None
    database: str | None
    status: str | None
    limit: int | None

    def __str__(self) -> str:
        whose = f"source {self.source_id}" if self.source_id else f'database "{self.database}"'
        return f"{self.status + ' ' if self.status else ''}runs of {whose}"


def show_runs(client: SyncClient, scope: Scope, *, as_json: bool, watch: bool) -> int:
    """Print the runs to stdout, the newest first; what is said about them goes to stderr.

    Args:
        client: asks the service.
        scope: which runs.
        as_json: as the API answers them.
        watch: wait until all of them are over.

    Returns:
        The exit code: 0, or that of the signal which ended the watching.

    Raises:
        ChromaSyncError: they could not be read.
    """
    listed = invocations_of(
        client,
        source_id=scope.source_id,
        database=scope.database,
        status=scope.status,
        at_most=scope.limit and scope.limit + 1,  # one more says that there are more
    )
    found, code = list(listed.items)[: scope.limit], 0
    if watch and not all(run.is_over for run in found):
        watching = _Watching(client, scope, found)
        code = watching.until_over(on_screen=not as_json and sys.stdout.isatty())
        found = watching.runs
    if as_json:
        click.echo(json.dumps([without_secrets(run.body) for run in found], indent=2))
    elif found:
        print_table(_table(found, scope, client.clock.time()))
    else:
        click.echo(f"no {scope}", err=True)
    if len(listed.items) > len(found) and not as_json:
        click.echo(f"the newest {len(found)}; --limit 0 shows all", err=True)
    if code:
        left = sum(not run.is_over for run in found)
        click.echo(f"stopped watching; {left} of {len(found)} not over, and going on", err=True)
    return code


class _Watching:
    """The runs that were there when the command began, until all of them are over."""

    def __init__(self, client: SyncClient, scope: Scope, found: Sequence[InvocationReply]) -> None:
        self._client, self._scope = client, scope
        # One without an id can't be followed, and is shown as it was.
        self._runs = {run.id or f"#{number}": run for number, run in enumerate(found)}
        self._forgotten: set[str] = set()
        self._answered = client.clock.monotonic()
        self._doubt = ""
        self._screen: Live | None = None

    @property
    def runs(self) -> list[InvocationReply]:
        """As they are now, the newest first."""
        return list(self._runs.values())

    def until_over(self, *, on_screen: bool) -> int:
        """Wait; 0, or the exit code of the signal that ended it.

        Args:
            on_screen: draw the table on stdout, again and again; else each change is a line on stderr.

        Raises:
            ChromaSyncError: they can't be asked any more.
        """
        if on_screen:
            self._screen = Live(auto_refresh=False, transient=True)
        else:
            self._say(f"{len(self._left())} of {len(self._runs)} {self._scope} not over yet")
        wait = Wait(self._look, lambda left: not left, lambda *_: "", self._client.clock, math.inf)
        with stoppable() as stop, self._screen or contextlib.nullcontext():
            try:
                wait.run()
            except CancelledError:
                return stop.code
        return 0

    def _look(self) -> int:
        """How many are not over."""
        try:
            self._take(self._asked())
        except _PASSING as fault:
            if self._client.clock.monotonic() - self._answered > _PATIENCE:
                raise
            doubt = f"how they are can't be asked at the moment: {fault}"
        else:
            self._answered, doubt = self._client.clock.monotonic(), ""
        if doubt and not self._doubt and self._screen is None:
            self._say(doubt)
        self._doubt = doubt
        if self._screen is not None:
            table = _table(self.runs, self._scope, self._client.clock.time())
            table.caption = visible(doubt) if doubt else None
            self._screen.update(table, refresh=True)
        return len(self._left())

    def _asked(self) -> Iterator[InvocationReply]:
        """Those that are not over, as they are now: one list, and each that it doesn't show by itself."""
        left = self._left()
        listed = invocations_of(
            self._client,
            source_id=self._scope.source_id,
            database=self._scope.database,
            at_most=self._scope.limit,
            retries=0,
        )
        shown = {run.id: run for run in listed.items}
        for run_id in left:
            if run_id in shown:
                yield shown[run_id]
                continue
            try:
                yield self._client.get_invocation(run_id, retries=0)
            except NotFoundError as error:
                if not error.is_the_services_own:
                    raise
                self._forgotten.add(run_id)
                self._say(f"{run_id}: the service no longer knows it")

    def _take(self, found: Iterable[InvocationReply]) -> None:
        for run in found:
            changed = run.status != self._runs[run.id].status
            self._runs[run.id] = run
            if changed and self._screen is None:
                told = (f"{run.id}: {run.status}", _took(run, self._client.clock.time()), run.error)
                self._say(", ".join(filter(None, told)))

    def _left(self) -> list[str]:
        left = [run.id for run in self._runs.values() if run.id and not run.is_over]
        return [run_id for run_id in left if run_id not in self._forgotten]

    def _say(self, sentence: str) -> None:
        if self._screen is None:
            click.echo(visible(sentence).plain, err=True)


def _table(runs: Sequence[InvocationReply], scope: Scope, now: float) -> Table:
    """A row for each; columns that have nothing to say are left out, in a narrow terminal the source too."""
    console = Console()
    narrow = console.is_terminal and console.width < _WIDE
    columns = {
        "ID": [run.id for run in runs],
        "SOURCE": ["" if scope.source_id or narrow else run.source_id for run in runs],
        "STATUS": [run.status for run in runs],
        "SYNCED": [_synced(run) for run in runs],
        "COLLECTION": [run.collection_name for run in runs],
        "STARTED": [run.created_at[:16].replace("T", " ") for run in runs],
        "TOOK": [_took(run, now) for run in runs],
        "ERROR": [run.error for run in runs],
    }
    kept = {heading: cells for heading, cells in columns.items() if heading == "ID" or any(cells)}
    return table_of(kept, zip(*kept.values(), strict=True))


def _synced(run: InvocationReply) -> str:
    """The commit, the branch or the object."""
    if run.ref:
        return " ".join(*run.ref.items())
    return run.object_key


def _took(run: InvocationReply, now: float) -> str:
    """How long it took, or is taking."""
    if run.duration_ms is not None:
        return words_for(run.duration_ms / 1000)
    if run.is_over or run.moment is None:
        return ""
    return words_for(max(0.0, now - run.moment.timestamp()))
