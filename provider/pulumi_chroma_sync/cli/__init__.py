"""The command line: ``pulumi-chroma-sync`` with ``list``, ``import``, ``runs``, ``run``, ``collections``.

Settings come from the environment (:mod:`pulumi_chroma_sync.settings`); the API key from there alone, because
what stands on a command line can be read by every user of the machine. Results go to stdout, everything else
to stderr.
Exit codes: 0 done, 1 it failed, 2 it was asked for in the wrong way, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pulumi_chroma_sync.errors import AuthorizationError, ChromaSyncError, NotFoundError

from .collections import collections_command
from .common import Misused, common_options, errors_in_a_line, settings_and_database
from .run_commands import run_command, runs_command

if TYPE_CHECKING:
    from pulumi_chroma_sync.api.replies import SourceReply
    from pulumi_chroma_sync.settings import Settings

    from .importing import AwsKeys

__all__ = ["main"]

_AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="pulumi-chroma-sync")
def main() -> None:
    """Chroma Sync beside Pulumi: look at sources, their runs and collections, start runs, and bring existing
    sources into a stack.

    The API key is read from CHROMA_API_KEY, or with --connection from that connection's own variable.

    Exit codes: 0 done, 1 it failed, 2 it was asked for in the wrong way, 130 stopped with Ctrl-C.
    """


main.add_command(runs_command)
main.add_command(run_command)
main.add_command(collections_command)


@main.command("list")
@common_options
@click.option("--json", "as_json", is_flag=True, help="A JSON array of sources as the API answers them.")
@errors_in_a_line
def list_command(database: str | None, url: str | None, connection: str | None, as_json: bool) -> None:
    """Show the sources of a database, the oldest first."""
    from pulumi_chroma_sync.kinds.source.secrecy import without_secrets

    from .report import show

    settings, name = settings_and_database(url, database, connection)
    sources = _sources(settings, name)
    if as_json:
        click.echo(json.dumps([without_secrets(source.body) for source in sources], indent=2))
    elif sources:
        show(sources)
    else:
        click.echo(f'no sources in database "{name}"', err=True)


@main.command("import")
@common_options
@click.option(
    "--source", "wanted", metavar="ID", multiple=True, help="This source; repeatable. Default: all."
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    default="import.json",
    show_default=True,
    help="File for `pulumi import --file`; readable by you alone.",
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option(
    "--as-set", "set_name", metavar="NAME", help="As one SourceSet of this name, not a Source for each."
)
@click.option(
    "--aws-keys",
    "with_keys",
    is_flag=True,
    help="The program passes inline AWS keys for the S3 sources, not the id of a credential. The keys are "
    "read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or asked for.",
)
@click.option("--with-database", is_flag=True, help="The database as well, as a resource of its own.")
@errors_in_a_line
def import_command(
    database: str | None,
    url: str | None,
    connection: str | None,
    wanted: Sequence[str],
    out: Path,
    force: bool,
    set_name: str | None,
    with_keys: bool,
    with_database: bool,
) -> None:
    """Bring existing sources into a stack: writes the file for `pulumi import --file`, prints the program.

    The program goes to stdout, what to do next to stderr:

        pulumi-chroma-sync import --database knowledge > sources.py
    """
    from .codegen import program
    from .importing import SetOf, document, plan
    from .report import line, what_was_imported

    _check_out(out, force)
    if set_name == "":
        raise Misused("--as-set: give the set a name")
    settings, name = settings_and_database(url, database, connection)
    sources = _chosen(_sources(settings, name), wanted, name)
    if with_keys:
        _check_one_credential(sources)
    planned = plan(sources, _aws_keys() if with_keys else None, connection)
    for source, reason in planned.left_out:
        if wanted:
            raise click.ClickException(f"source {source.id}: {reason}. Nothing was written.")
        line("left out", f"{source.id}: {reason}")
    if not planned.imported and not with_database:
        raise click.ClickException(f'database "{name}" has no source to import. Nothing was written.')
    written = planned if set_name is None else SetOf(planned, set_name, name, connection)
    declarations = written.declarations if planned.imported else []
    entries = written.entries(*_in_state(as_set=set_name is not None)) if planned.imported else []
    if with_database:
        from .importing_database import database_of, with_database_first

        found = database_of(settings, name)
        declarations, entries = with_database_first(found, connection, declarations, entries)
    click.echo(program(declarations), nl=False)  # first, so that no file is left where this fails
    _write(out, document(entries), force)
    what_was_imported(planned, out, database=name if with_database else None)


def _sources(settings: Settings, database: str) -> list[SourceReply]:
    """The sources of a database, the oldest first."""
    from pulumi_chroma_sync.api.client import SyncClient
    from pulumi_chroma_sync.settings import variable_of

    try:
        with SyncClient(settings) as client:
            listed = client.list_sources(database)
    except NotFoundError as error:
        if not error.is_the_services_own:
            raise
        raise ChromaSyncError(f'the service has no database "{database}" for {settings.whose_key}') from None
    except AuthorizationError as error:
        if error.status == 401:
            variable = variable_of("apiKey", settings.connection)
            raise ChromaSyncError(f"the service refused the API key (401); check {variable}") from None
        raise ChromaSyncError(
            f'{settings.whose_key} may not use database "{database}" (403); a key can be scoped to one '
            "database"
        ) from None
    if not listed.complete:
        raise ChromaSyncError(
            f'the service gives the sources of database "{database}" in pages of which nobody can tell '
            "whether they are all; nothing was concluded from them"
        )
    return sorted(listed.items, key=lambda source: (source.created_at, source.id))


def _chosen(sources: list[SourceReply], wanted: Sequence[str], database: str) -> list[SourceReply]:
    if not wanted:
        return sources
    absent = [source_id for source_id in wanted if source_id not in {source.id for source in sources}]
    if absent:
        raise click.ClickException(
            f'database "{database}" has no source {", ".join(absent)}. Nothing was written. '
            f"To see what there is: pulumi-chroma-sync list --database {shlex.quote(database)}"
        )
    return [source for source in sources if source.id in wanted]


def _check_one_credential(sources: list[SourceReply]) -> None:
    """One pair of keys is one credential: for two, the wrong keys would stand in the state."""
    found = {source.body["s3"].get("aws_credential_id") for source in sources if source.kind == "s3"}
    if not found:
        raise Misused("--aws-keys: there is no S3 source among those to import")
    if len(found) > 1:
        ids = ", ".join(sorted(map(str, found)))
        raise Misused(
            f"--aws-keys: the S3 sources have different credentials ({ids}), and one pair of keys is one "
            "credential; import those of each by themselves, with --source"
        )


def _aws_keys() -> AwsKeys:
    from .importing import AwsKeys

    pair = {name: os.environ.get(name, "").strip() for name in _AWS}
    missing = [name for name, value in pair.items() if not value]
    if missing and not sys.stdin.isatty():
        raise Misused(f"--aws-keys: set {' and '.join(missing)}, or run this in a terminal to be asked")
    for name in missing:
        pair[name] = click.prompt(name, hide_input=True, err=True).strip()
    return AwsKeys(*pair.values())


def _in_state(*, as_set: bool) -> tuple[str, str]:
    """Type and provider of a source, or of a set, as every state holds them."""
    from pulumi.dynamic.dynamic import serialize_provider

    from pulumi_chroma_sync.source import Source, SourceProvider
    from pulumi_chroma_sync.source_set import SourceSet, SourceSetProvider

    if as_set:
        return f"pulumi-python:{SourceSet._resource_type_name}", serialize_provider(SourceSetProvider())
    return f"pulumi-python:{Source._resource_type_name}", serialize_provider(SourceProvider())


def _check_out(out: Path, force: bool) -> None:
    if str(out) == "-":
        raise Misused("--out: a file is needed; stdout gets the program")
    if not out.parent.is_dir():
        raise Misused(f"--out: there is no folder {out.parent}")
    if os.path.lexists(out) and not force:
        raise Misused(f"--out: {out} is there already; --force overwrites it")


def _write(out: Path, text: str, force: bool) -> None:
    """Write the file whole or not at all, from its first byte for the owner alone."""
    target = out.with_name(f".{out.name}.{os.getpid()}") if force else out
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(target, out)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise click.ClickException(f"--out: can't write {out}: {error.strerror}") from None
