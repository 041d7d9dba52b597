"""Waiting for what takes its time on the service: asking again, telling how it goes, stopping in time.

Each question is short, the pauses grow, and a Ctrl-C is noticed within a second.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Generic, TypeVar

import tenacity

from pulumi_chroma_sync.api.clock import Clock

from .cancelling import is_cancelled
from .terminal import inform

__all__ = ["CancelledError", "OverdueError", "Wait", "sleep_unless_cancelled"]

_FIRST = 1.0
_LONGEST = 15.0
_GROWTH = 1.5
_SLICE = 0.5
_TELL_EVERY = 30.0

_T = TypeVar("_T")


class CancelledError(Exception):
    """The engine has asked to stop, as on Ctrl-C."""


class OverdueError(Exception):
    """The deadline is over."""


def sleep_unless_cancelled(clock: Clock, seconds: float) -> None:
    """Let time pass.

    Raises:
        CancelledError: the engine asked to stop.
    """
    until = clock.monotonic() + seconds
    while True:
        if is_cancelled():
            raise CancelledError
        left = until - clock.monotonic()
        if left <= 0:
            return
        clock.sleep(min(_SLICE, left))


class Wait(Generic[_T]):
    """One thing that is waited for.

    Args:
        ask: asks how it stands.
        is_over: whether that is the end of it.
        tell: the sentence for how it stands after so many seconds; "" for nothing to say.
        clock: what waiting is measured on.
        deadline: seconds from when the wait begins.
    """

    def __init__(
        self,
        ask: Callable[[], _T],
        is_over: Callable[[_T], bool],
        tell: Callable[[_T, float], str],
        clock: Clock,
        deadline: float,
    ) -> None:
        self._ask, self._is_over, self._tell = ask, is_over, tell
        self._clock = clock
        self._deadline = deadline
        self._said: object = None
        self._said_at = 0.0

    def run(self, key: Callable[[_T], object] = lambda state: state) -> _T:
        """Wait for the end; a line whenever ``key`` changes, and every half minute.

        Raises:
            CancelledError: the engine asked to stop.
            OverdueError: it was not over at the deadline.
            Exception: what ``ask`` raises.
        """
        began = self._clock.monotonic()
        self._said_at = began

        def look() -> _T:
            state = self._ask()
            now = self._clock.monotonic()
            if not self._is_over(state) and (key(state) != self._said or now - self._said_at >= _TELL_EVERY):
                self._said, self._said_at = key(state), now
                if sentence := self._tell(state, now - began):
                    inform(sentence)
            return state

        def pause(state: tenacity.RetryCallState) -> float:
            grown = min(_LONGEST, _FIRST * _GROWTH ** (state.attempt_number - 1))
            left = began + self._deadline - self._clock.monotonic()
            # The last look comes at the deadline. The jitter keeps many waits from asking at once.
            return max(0.0, min(grown * random.uniform(0.8, 1.2), left))

        waiting: tenacity.Retrying = tenacity.Retrying(
            retry=tenacity.retry_if_not_result(self._is_over),
            wait=pause,
            stop=lambda _: self._clock.monotonic() - began >= self._deadline,
            sleep=lambda seconds: sleep_unless_cancelled(self._clock, seconds),
            retry_error_cls=_Overdue,
        )
        try:
            found: _T = waiting(look)
        except _Overdue:
            raise OverdueError from None
        return found


class _Overdue(tenacity.RetryError):
    """tenacity's way of saying so."""
