"""Time, as something that a test can hold still."""

from __future__ import annotations

import time as machine
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Clock"]


@dataclass(frozen=True)
class Clock:
    """The three things that waiting needs, all in seconds.

    Attributes:
        monotonic: runs on whatever happens to the wall clock; deadlines are measured on it.
        time: since the epoch; for comparing with dates that a service names.
        sleep: waits.
    """

    monotonic: Callable[[], float] = machine.monotonic
    time: Callable[[], float] = machine.time
    sleep: Callable[[float], None] = machine.sleep
