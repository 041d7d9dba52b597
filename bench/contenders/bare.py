"""No engine: httpx and a file, the least that a program of one's own has to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from .contender import AT_ONCE, ROOT, Contender, Operation

__all__ = ["Bare"]


class Bare(Contender):
    """See ``bench/programs/bare.py``."""

    name = "bare"
    title = "bare httpx"
    about = (
        "a script of 16 concurrent connections with a JSON file for its state; no check, no retry, no second "
        "look: its refresh reads the list, its preview compares two files"
    )
    most = 10_000

    @classmethod
    def versions(cls) -> Mapping[str, str]:
        """The library's."""
        return {"httpx": version("httpx")}

    @property
    def environment(self) -> Mapping[str, str]:
        """This process's own, and the way to the service."""
        return {**os.environ, **self.service, "PYTHONPATH": str(ROOT)}

    def prepare(self) -> None:
        """Nothing: the script reads what is declared."""

    def command(self, operation: Operation) -> Sequence[str]:
        """The script with the operation."""
        what = "up" if operation == "change" else operation
        return [sys.executable, "-m", "bench.programs.bare", what, str(AT_ONCE)]

    def state(self) -> Path:
        """Its JSON file."""
        return self.folder / "state.json"
