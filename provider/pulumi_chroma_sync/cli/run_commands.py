"""The commands ``runs`` and ``run``, as they are called."""

from __future__ import annotations

from collections.abc import Sequence

import click

from .common import (
    Misused,
    common_options,
    connection_option,
    database_in,
    errors_in_a_line,
    settings_with_key,
    url_option,
)

__all__ = ["run_command", "runs_command"]

_STATUSES = ("pending", "processing", "complete", "failed", "cancelled")


@click.command("runs")
@click.argument("source_id", metavar="[SOURCE]", required=False)
@common_options
@click.option("--status", type=click.Choice(_STATUSES), help="Only runs that stand so.")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="The newest so many; 0 for all.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON array of runs as the API answers them.")
@click.option("--watch", is_flag=True, help="Go on until all of them are over.")
@errors_in_a_line
def runs_command(
    source_id: str | None,
    database: str | None,
    url: str | None,
    connection: str | None,
    status: str | None,
    limit: int,
    as_json: bool,
    watch: bool,
) -> None:
    """Show the runs of a source, or of a whole database, the newest first.

    With --watch a terminal shows the table as it changes. Elsewhere each change is a line on stderr, and
    stdout gets the table, or the JSON, at the end.
    """
    from pulumi_chroma_sync.api.client import SyncClient

    from .runs import Scope, show_runs

    if source_id is not None and database is not None:
        raise Misused("give SOURCE or --database, not both: the runs of a source are all in its database")
    settings = settings_with_key(url, database, connection)
    name = None if source_id is not None else database_in(settings)
    with SyncClient(settings) as client:
        scope = Scope(source_id, name, status, limit or None)
        code = show_runs(client, scope, as_json=as_json, watch=watch)
    raise click.exceptions.Exit(code)


@click.command("run")
@click.argument("source_id", metavar="SOURCE")
@url_option
@connection_option
@click.option("--collection", metavar="NAME", help="That is written; required but for S3 sources.")
@click.option("--sha", metavar="COMMIT", help="Of a GitHub source: sync this commit.")
@click.option("--branch", metavar="NAME", help="Of a GitHub source: sync this branch.")
@click.option("--object-key", metavar="KEY", help="Of an S3 source: the whole key of the object.")
@click.option("--custom-id", metavar="ID", help="Of an S3 source: what the ids of its chunks begin with.")
@click.option(
    "--metadata",
    metavar="KEY=VALUE",
    multiple=True,
    help="Of an S3 source: what each chunk gets as well; repeatable. A VALUE that is JSON is what it says "
    '(3, true, ["a"]), any other is a text.',
)
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until it is over.")
@click.option(
    "--deadline", metavar="SECONDS", type=float, default=3600, show_default=True, help="How long to wait."
)
@click.option(
    "--on-conflict",
    type=click.Choice(("error", "adopt", "run")),
    default="error",
    show_default=True,
    help="Where the very same run is complete: as of the resource Invocation.",
)
@errors_in_a_line
def run_command(
    source_id: str,
    url: str | None,
    connection: str | None,
    collection: str | None,
    sha: str | None,
    branch: str | None,
    object_key: str | None,
    custom_id: str | None,
    metadata: Sequence[str],
    wait: bool,
    deadline: float,
    on_conflict: str,
) -> None:
    """Start one run of a source, exactly once, and wait for it.

    The id of the run goes to stdout as soon as it is known, how it stands to stderr:

        pulumi-chroma-sync run 8a6f... --collection handbook-3f2a --sha 3f2a...

    A run of this very kind that is under way already is continued, and none is started. On Ctrl-C the run
    goes on.
    """
    from pulumi_chroma_sync.api.client import SyncClient
    from pulumi_chroma_sync.core.session import Session

    from .run import metadata_in, run_source

    settings = settings_with_key(url, None, connection)
    ref = {name: value for name, value in (("sha", sha), ("branch", branch)) if value is not None}
    inputs = {
        "name": collection or object_key or "run",
        "source_id": source_id,
        "target_collection_name": collection,
        "ref_identifier": ref or None,
        "object_key": object_key,
        "custom_id": custom_id,
        "metadata": metadata_in(metadata) or None,
        "wait": wait,
        "deadline": deadline,
        "on_conflict": on_conflict,
    }
    with SyncClient(settings) as client:
        code = run_source(Session(settings, client), inputs)
    raise click.exceptions.Exit(code)
