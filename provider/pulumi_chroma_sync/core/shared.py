"""One answer for all threads that ask at the same time."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pulumi_chroma_sync.errors import ChromaSyncError

__all__ = ["Shared"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Answer(Generic[_T]):
    asked: float
    value: _T | None = None
    fault: ChromaSyncError | None = None


class Shared(Generic[_T]):
    """An answer that is asked for once by whoever needs it first; a failure is one, too.

    Of several threads one asks, without a lock held, and the others wait for its answer. Who needs one that
    is younger than the question gets no answer that was on its way before.

    Args:
        monotonic: seconds on a clock that never goes back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._turn = threading.Condition()
        self._asking = False
        self._last: _Answer[_T] | None = None

    def get(self, ask: Callable[[], _T], max_age: float = 0.0, meanwhile: float = 0.0) -> _T:
        """The answer.

        Args:
            ask: asks for it.
            max_age: seconds for which an earlier answer is good enough.
            meanwhile: seconds for which it is good enough while another thread asks.

        Raises:
            ChromaSyncError: what ``ask`` ended with, also where another thread asked.
        """
        oldest = self._monotonic() - max_age
        good = oldest - max(0.0, meanwhile - max_age)
        with self._turn:
            while True:
                if self._last is not None and self._last.asked >= oldest:
                    return _given(self._last)
                if not self._asking:
                    break
                if self._last is not None and self._last.fault is None and self._last.asked >= good:
                    return _given(self._last)
                self._turn.wait()
            self._asking = True
        asked = self._monotonic()
        answer: _Answer[_T] | None = None
        try:
            answer = _Answer(asked, value=ask())
        except ChromaSyncError as fault:
            answer = _Answer(asked, fault=fault)
        finally:
            with self._turn:
                self._asking = False
                if answer is not None and (self._last is None or self._last.asked <= asked):
                    self._last = answer
                self._turn.notify_all()
        return _given(answer)

    def offer(self, asked: float, value: _T) -> None:
        """An answer that somebody got in another way; taken where none is younger.

        Args:
            asked: when it was asked for, on the same clock.
            value: the answer.
        """
        with self._turn:
            if self._last is None or self._last.asked < asked:
                self._last = _Answer(asked, value=value)

    def forget(self) -> None:
        """Ask anew whoever comes next."""
        with self._turn:
            self._last = None


def _given(answer: _Answer[_T]) -> _T:
    if answer.fault is not None:
        # Every thread tells it of a step of its own.
        raise copy.copy(answer.fault).with_traceback(None)
    return answer.value  # type: ignore[return-value]
