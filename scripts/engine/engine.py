"""What an engine is, and what is raised where there is none: the other modules stand on this one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Engine", "NoEngineError"]


class NoEngineError(Exception):
    """No engine can be had this way; the message says why in one sentence."""


@dataclass(frozen=True)
class Engine:
    """An engine.

    Attributes:
        folder: to put on PATH.
        version: such as ``3.259.0``.
        how: where it came from, such as ``built from Go modules``.
    """

    folder: Path
    version: str
    how: str

    def __str__(self) -> str:
        return f"pulumi v{self.version} ({self.how})"
