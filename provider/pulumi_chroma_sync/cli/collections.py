"""The command ``collections``: what a database has for apps to read."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from pulumi_chroma_sync.errors import ConfigError

from .common import Misused, connection_option, database_in, errors_in_a_line, settings_with_key

__all__ = ["collections_command"]


@click.command("collections")
@click.option("--database", metavar="NAME", help="Whose collections.  [env: CHROMA_DATABASE]")
@connection_option
@click.option("--json", "as_json", is_flag=True, help="A JSON array of what the look-ups answer.")
@errors_in_a_line
def collections_command(database: str | None, connection: str | None, as_json: bool) -> None:
    """Show the collections of a database by name, each with the number of its records.

    They are asked for at Chroma's public API; a finished one takes no further run.
    """
    from pulumi_chroma_sync.core.session import session_for
    from pulumi_chroma_sync.kinds.collection.lookup import collections_of
    from pulumi_chroma_sync.settings import variable_of

    from .report import print_table, table_of

    settings = settings_with_key(None, database, connection)
    name = database_in(settings)
    try:
        found = collections_of(session_for(settings), name)
    except ConfigError as error:
        raise Misused(f"{variable_of('apiUrl', connection)}: {error.reason}") from None
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2))
    elif found:
        rows = [
            (
                each.name,
                str(each.count),
                "" if each.dimension is None else str(each.dimension),
                "yes" if each.finished_ingest else "no",
            )
            for each in found
        ]
        print_table(table_of(("NAME", "RECORDS", "DIMENSION", "FINISHED"), rows, ids=False))
    else:
        click.echo(f'no collections in database "{name}"', err=True)
