"""``python -m chroma_sync_emulator``: runs until it is interrupted."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Literal, get_args, get_origin

import click
from pydantic import ValidationError

from .settings import DEFAULT_DATABASE, DEMO_KEY, Settings

try:
    from .app import create_app
    from .core import Emulator
    from .server import Server, listen
    from .starting import open_data
except ModuleNotFoundError as error:
    if (error.name or "").startswith("chroma_sync_emulator"):
        raise
    raise SystemExit(
        'the emulator needs what its extra installs: pip install "pulumi-chroma-sync[emulator]"'
    ) from None

__all__ = ["main"]


def _settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each field of the settings, with its values, default and text."""
    for name, field in reversed(Settings.model_fields.items()):
        option = "--" + name.replace("_", "-")
        if name == "github_apps":
            repeated = click.option(
                "--github-app", name, multiple=True, help="GitHub app that there is; repeatable. None: each."
            )
            command = repeated(command)
            continue
        choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        number = float if field.annotation is float else int
        command = click.option(
            option,
            type=click.Choice(choices) if choices else number,
            default=field.default,
            help=field.description,
        )(command)
    return command


@click.command(context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="Loopback address to listen on.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port; 0 for any that is free.")
@click.option("--store", default=":memory:", help="SQLite file, made where there is none.")
@click.option(
    "--api-key",
    "api_keys",
    multiple=True,
    default=[DEMO_KEY],
    metavar="KEY[=DATABASE]",
    help="Key that opens it, or one database of it alone, which is made; repeatable.",
)
@click.option(
    "--database", "databases", multiple=True, default=[DEFAULT_DATABASE], help="Database; repeatable."
)
@click.option("--sync", is_flag=True, help="Carry out runs: read, chunk, embed, write to a Chroma server.")
@click.option("--chroma", metavar="URL", help="That server; without it one is started from its wheel.")
@click.option(
    "--repo",
    "repos",
    multiple=True,
    metavar="OWNER/NAME=PATH",
    help="Git repository that a run reads; repeatable.",
)
@click.option(
    "--site",
    "sites",
    multiple=True,
    metavar="URL=FOLDER",
    help="Folder of pages that stands for a site; repeatable.",
)
@click.option(
    "--bucket",
    "buckets",
    multiple=True,
    metavar="NAME=FOLDER",
    help="Folder that stands for a bucket; repeatable.",
)
@_settings_options
def main(
    host: str,
    port: int,
    store: str,
    api_keys: Sequence[str],
    databases: Sequence[str],
    sync: bool,
    chroma: str | None,
    repos: Sequence[str],
    sites: Sequence[str],
    buckets: Sequence[str],
    **settings: Any,
) -> None:
    """Run the emulator of Chroma's Sync API; prints one line with its URL when it is ready."""
    targets = {"repo": repos, "site": sites, "bucket": buckets}
    if not sync and (chroma or any(targets.values())):
        raise click.UsageError("--chroma, --repo, --site and --bucket are for --sync")
    try:
        # Repeated options are an empty tuple where there is none.
        chosen = Settings(**{name: None if value == () else value for name, value in settings.items()})
        listener, url = listen(host, port)
    except ValidationError as error:
        first = error.errors()[0]
        raise click.ClickException(f"{first['loc'][0]}: {first['msg']}") from None
    except (OSError, ValueError) as error:
        raise click.ClickException(f"can't listen on {host} port {port}: {error}") from None
    # What ends with = is a key as it is, such as one in base64.
    parts = [key.rpartition("=") if not key.endswith("=") else ("", "", key) for key in api_keys]
    keys = [key or scope for key, _, scope in parts]
    scopes = {key: scope for key, _, scope in parts if key}
    with listener, ExitStack() as stack:
        try:
            syncing = stack.enter_context(open_data(store, chroma, targets)) if sync else None
            emulator = Emulator(
                store, api_keys=keys, databases=databases, scopes=scopes, settings=chosen, syncing=syncing
            )
        except (ValueError, RuntimeError) as error:
            raise click.ClickException(str(error)) from None
        except (OSError, sqlite3.Error) as error:
            raise click.ClickException(f"can't open the store {store}: {error}") from None
        # Only the demo key is shown: any other may open more than this emulator.
        key = f'"{DEMO_KEY}"' if DEMO_KEY in keys else "as given"
        names = ", ".join(f'"{name}"' for name in databases)
        line = f"chroma_sync_emulator {url}  key {key}  database {names}  store {store}"
        line += f"  chroma {syncing.chroma.url}" if syncing else ""
        try:
            asyncio.run(Server(create_app(emulator), lambda: click.echo(line)).serve([listener]))
        except KeyboardInterrupt:
            pass
        finally:
            emulator.close()


if __name__ == "__main__":
    main(prog_name="python -m chroma_sync_emulator")
