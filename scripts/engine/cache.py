"""The user's cache folder: one folder a version, put in place whole, by one process at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .process import say

__all__ = ["home", "locked", "put", "root", "staging"]

_STAGED = ".making-"


def root() -> Path:
    """``$XDG_CACHE_HOME/pulumi-chroma-sync``, by default below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    # The XDG specification: a relative path is to be ignored.
    folder = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return folder / "pulumi-chroma-sync"


def home(version: str) -> Path:
    """The folder of one engine: ``bin`` with the programs, and ``how``, a line on where they came from."""
    return root() / "engine" / version


@contextmanager
def locked() -> Iterator[bool]:
    """Hold the cache's lock; it is free again whenever its holder ends, however that ends.

    Yields whether another process held it first, and so may have done the work.
    """
    folder = root()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        waited = False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting: another process is getting it")
            fcntl.flock(file, fcntl.LOCK_EX)
            waited = True
        yield waited


@contextmanager
def staging() -> Iterator[Path]:
    """A folder to make an engine in, on the same file system as its home. Only while :func:`locked`."""
    parent = root() / "engine"
    parent.mkdir(parents=True, exist_ok=True)
    # With the lock held nobody else works here: what lies here is left from a killed process.
    for left in parent.glob(_STAGED + "*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_STAGED, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put(made: Path, version: str) -> None:
    """Put a staged engine in its place, in one step; one that is there already goes."""
    place = home(version)
    if place.exists():
        place.rename(made.with_name(made.name + "-old"))
    # mkdtemp makes folders for the owner alone; a shared cache may be read by others.
    made.chmod(0o755)
    made.rename(place)
    shutil.rmtree(made.with_name(made.name + "-old"), ignore_errors=True)
