"""The Terraform provider, built into the user's cache from the Go module that ``restapi/go.mod`` pins."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

import click
from scripts.engine import cache

__all__ = ["MODULE", "VERSION", "NotBuiltError", "provider"]

MODULE = "github.com/Mastercard/terraform-provider-restapi"
VERSION = "1.20.0"


class NotBuiltError(Exception):
    """There is no provider and none can be built; the message says why."""


@functools.cache
def provider() -> Path:
    """Its program, built where there is none.

    Raises:
        NotBuiltError: no Go on PATH, or the build failed.
    """
    folder = cache.root() / "terraform-provider-restapi" / VERSION
    program = folder / MODULE.rpartition("/")[2]
    if program.exists():
        return program
    go = shutil.which("go")
    if go is None:
        raise NotBuiltError(f"to build {program.name} takes `go` on PATH")
    with cache.locked():
        if not program.exists():
            click.echo(f"building {program.name} v{VERSION} from its Go module", err=True)
            _build(go, folder)
    return program


def _build(go: str, folder: Path) -> None:
    """Aside first, so that an interrupted build leaves no half of a program."""
    aside = folder.with_name(f"{folder.name}.making")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    environment = {**os.environ, "GOBIN": str(aside), "GOWORK": "off", "GOTOOLCHAIN": "local"}
    command = [go, "install", "-trimpath", "-ldflags", "-s -w", "tool"]
    ended = subprocess.run(
        command,
        cwd=Path(__file__).with_name("restapi"),
        env=environment,
        capture_output=True,
        text=True,
    )
    if ended.returncode != 0:
        last = " ".join(ended.stderr.split())[-300:]
        raise NotBuiltError(f"the Terraform provider could not be built: {last}")
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
