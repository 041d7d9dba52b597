"""What every contender can do, so that one run measures them side by side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, get_args

from bench.workload import declare, sources

__all__ = ["AT_ONCE", "OPERATIONS", "ROOT", "Contender", "Operation"]

ROOT = Path(__file__).resolve().parents[2]
"""Of the checkout."""

AT_ONCE = 16
"""Resources that a contender works on at the same time. The engine's own default depends on the machine."""

Operation = Literal["up", "preview", "refresh", "change", "destroy"]

OPERATIONS: Sequence[Operation] = get_args(Operation)
"""In the order in which they are run: ``preview`` of what is up already, ``change`` of one source."""


class Contender(ABC):
    """One way to have so many sources.

    Args:
        folder: an empty one, for its program and its state.
        service: the environment variables that lead to the service.
        latency: seconds that the service is away.

    Attributes:
        name: on the command line and in the results.
        title: in tables.
        about: a sentence on what it is.
        most: the most sources that the full run gives it.
        sends: whether it makes requests at all.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    most: ClassVar[int] = 1000
    sends: ClassVar[bool] = True

    def __init__(self, folder: Path, service: Mapping[str, str], latency: float) -> None:
        self.folder = folder
        self.service = service
        self.latency = latency

    @classmethod
    def missing(cls) -> str | None:
        """Why it can't be run here, in a sentence; None where it can."""
        return None

    @classmethod
    def versions(cls) -> Mapping[str, str]:
        """Name -> version of what it brings along."""
        return {}

    @property
    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """The whole environment of its commands."""

    @abstractmethod
    def prepare(self) -> None:
        """Put its program into its folder. What this takes is not measured."""

    @abstractmethod
    def command(self, operation: Operation) -> Sequence[str]:
        """The command that carries the operation out; it runs in the folder."""

    @abstractmethod
    def state(self) -> Path:
        """The file that it remembers the sources in; it is there once they are up."""

    def declare(self, count: int, *, changed: bool) -> None:
        """Say what there is to be from now on."""
        declare(self.folder, sources(count, changed=changed))
