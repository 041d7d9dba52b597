"""An engine that is there: on PATH, or in the cache folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import cache
from .engine import Engine, NoEngineError

__all__ = ["OLDEST", "PARTS", "VERSION", "cached", "on_path", "version_of"]

VERSION = "3.259.0"
"""The engine that is installed or built, official and built alike; cli/go.mod names the same."""

OLDEST = (3, 254, 0)
"""The oldest engine on PATH that will do: `pulumi import --file` with outputs came with it (tried)."""

PARTS = (
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
)
"""What a folder needs to run Python programs with dynamic providers."""


def on_path() -> Engine:
    """The user's own engine.

    Raises:
        NoEngineError: none on PATH, one that is too old, or one without its Python host.
    """
    command = shutil.which("pulumi")
    if command is None:
        raise NoEngineError("no pulumi on PATH")
    folder = Path(command).parent.absolute()
    version = version_of(folder)
    if version is None:
        raise NoEngineError(f"{command} does not say its version")
    if tuple(int(part) for part in version.split(".")) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise NoEngineError(f"{command} is v{version}, older than v{oldest}")
    for part in PARTS:
        if not os.access(folder / part, os.X_OK) and shutil.which(part) is None:
            raise NoEngineError(f"{command} has no {part} beside it or on PATH")
    return Engine(folder, version, f"on PATH in {folder}")


def cached() -> Engine | None:
    """The engine in the cache folder; what lies there was checked before it was put there."""
    home = cache.home(VERSION)
    try:
        how = (home / "how").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return Engine(home / "bin", VERSION, how)


def version_of(folder: Path) -> str | None:
    """What ``pulumi version`` of this folder says, without the v and anything after the three numbers."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    command = [str(folder / "pulumi"), "version"]
    try:
        said = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\bv?(\d+\.\d+\.\d+)", said.stdout)
    return match[1] if match and said.returncode == 0 else None
