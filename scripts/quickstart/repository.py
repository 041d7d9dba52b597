"""The repository that the quickstart syncs: a few pages of its own, in ``.local/handbook``, under git."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

from .place import LOCAL, shown

__all__ = ["FOLDER", "NAME", "head", "missing"]

NAME = "acme/handbook"
"""What it stands for."""

FOLDER = LOCAL / "handbook"
_PAGES = Path(__file__).parent / "handbook"
_AUTHOR = ("-c", "user.name=quickstart", "-c", "user.email=quickstart@acme.example")


def missing() -> str | None:
    """What is not there, so that no data can be synced; None where all is."""
    if shutil.which("git") is None:
        return "`git`"
    if importlib.util.find_spec("chromadb_rust_bindings") is None:
        return "Chroma's own server: the wheel `chromadb`"
    return None


def head() -> str:
    """The repository's newest commit; it is made where there is none."""
    if not (FOLDER / ".git").exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        shutil.copytree(_PAGES, FOLDER)
        _git("init", "--quiet", "--initial-branch", "main")
        _git("add", "--all")
        _git(*_AUTHOR, "commit", "--quiet", "--message", f"The pages of {shown(FOLDER)}")
    return _git("rev-parse", "HEAD")


def _git(*arguments: str) -> str:
    ended = subprocess.run(
        ["git", *arguments], cwd=FOLDER, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()
