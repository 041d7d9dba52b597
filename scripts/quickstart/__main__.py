"""``python -m scripts.quickstart up|preview|refresh|down``; ``make`` calls it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import click
from rich.console import Console

from pulumi_chroma_sync.settings import DEFAULT_URL
from scripts import engine

from . import emulator, repository, stack
from .answer import show_answer
from .place import note
from .show import show_sources

_LIVE_HELP = "Use the real service, with CHROMA_API_KEY, and no emulator."
_NEXT = "edit __main__.py, then: make preview · make up · make down"

_live = click.option("--live", is_flag=True, envvar="LIVE", help=_LIVE_HELP)
_rest = click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
_passes_on = {"ignore_unknown_options": True}


@click.group()
def main() -> None:
    """The quickstart: the program at the root of the checkout, on the real engine."""


@main.command(context_settings=_passes_on)
@_live
@_rest
def up(live: bool, arguments: tuple[str, ...]) -> None:
    """Preview and update; other options go to `pulumi up`."""
    console = Console()
    chosen, service = _ready(live, console)
    _checked(chosen.run("up", "--yes", *arguments))
    show_sources(console, chosen.sources(), service, DEFAULT_URL)
    collection, database = chosen.output("collection"), chosen.output("database")
    if not live and collection is not None and database is not None:
        show_answer(console, collection, database, service)
    suffix = " (each with LIVE=1)" if live else ""
    console.print(note("next", _NEXT + suffix), markup=False, soft_wrap=True)
    console.print(note("", "by hand: . .local/env, then pulumi ..."), markup=False, soft_wrap=True)


@main.command(context_settings=_passes_on)
@_live
@_rest
def preview(live: bool, arguments: tuple[str, ...]) -> None:
    """Show what `up` would change; other options go to `pulumi preview`."""
    chosen, _ = _ready(live, Console())
    _checked(chosen.run("preview", *arguments))


@main.command(context_settings=_passes_on)
@_live
@_rest
def refresh(live: bool, arguments: tuple[str, ...]) -> None:
    """Take over into the state what changed on the service; other options go to `pulumi refresh`."""
    chosen, _ = _ready(live, Console())
    _checked(chosen.run("refresh", "--yes", *arguments))


@main.command(context_settings=_passes_on)
@_live
@_rest
def down(live: bool, arguments: tuple[str, ...]) -> None:
    """Delete what `up` created, and stop the emulator; other options go to `pulumi destroy`."""
    console = Console()
    try:
        code = 0
        if stack.exists():
            chosen, _ = _ready(live, console)
            code = chosen.run("destroy", "--yes", *arguments)
    finally:
        # Even where the destroy failed: the store stays, and the next run starts the emulator on it again.
        if not live and emulator.stop():
            console.print(note("emulator", "stopped"), markup=False)
    _checked(code)
    if not stack.exists():
        console.print(note("next", "nothing is up here: make up"), markup=False)


def _ready(live: bool, console: Console) -> tuple[stack.Stack, Mapping[str, str]]:
    """The stack to work on, and the service's environment variables; the emulator runs unless ``live``."""
    found = engine.find()
    if found is None:
        raise engine.NoEngineError("there is no Pulumi engine yet: run `make engine`")
    service: dict[str, str]
    if live:
        service = {name: value for name, value in os.environ.items() if name.startswith("CHROMA_")}
        if not service.get("CHROMA_API_KEY"):
            raise click.ClickException(
                "LIVE=1 works on the real service and needs its key: set CHROMA_API_KEY"
            )
        url = service.get("CHROMA_SYNC_URL") or DEFAULT_URL
        line = note("service", f"{url}  (the real one, with your CHROMA_API_KEY)")
    else:
        lacks = repository.missing()
        sha = repository.head() if lacks is None else None
        started = emulator.start()
        service = started.environment()
        line = note("emulator", str(started))
    console.print(line, markup=False, soft_wrap=True, highlight=False)
    chosen = stack.named("live" if live else "dev", found.folder, service)
    chosen.select()
    if not live and sha is not None:
        chosen.set("sha", sha)
    elif not live:
        line = f"no collection is filled, for {lacks} is missing"
        console.print(note("data", line), markup=False, soft_wrap=True)
    return chosen, service


def _checked(code: int) -> None:
    if code != 0:
        # The engine has said what is wrong; its exit code is ours.
        raise SystemExit(code)


if __name__ == "__main__":
    try:
        main(prog_name="python -m scripts.quickstart")
    except (engine.NoEngineError, emulator.EmulatorError, stack.StackError) as error:
        print(note("error", str(error)), file=sys.stderr)
        sys.exit(1)
