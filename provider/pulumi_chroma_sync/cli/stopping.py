"""Ctrl-C in a command that waits: it stops soon and in order, and says what goes on without it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from pulumi_chroma_sync.core import cancelling

__all__ = ["Stop", "stoppable"]


@dataclass
class Stop:
    """What asked to stop, if anything did.

    Attributes:
        signal: its number; 0 for none.
    """

    signal: int = 0

    @property
    def code(self) -> int:
        """The exit code that a shell gives a command which this signal ended."""
        return 128 + (self.signal or signal.SIGINT)


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let Ctrl-C, and SIGTERM, end what waits; a second one ends whatever is done with KeyboardInterrupt.

    So a request that is under way comes to its end, and it is known what it did.
    """
    stop = Stop()

    def asked(number: int, _frame: FrameType | None) -> None:
        if stop.signal:
            raise KeyboardInterrupt
        stop.signal = number
        cancelling.cancel()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        cancelling.reset()
