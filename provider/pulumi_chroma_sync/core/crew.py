"""Many sources at once: a few threads over one client, what failed of which key, and how far it is."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from pulumi_chroma_sync.errors import (
    AuthorizationError,
    ChromaSyncError,
    NoAnswerError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
    UnreachableError,
)

from .cancelling import is_cancelled
from .session import Session
from .terminal import inform

__all__ = ["Crew"]

_EVERY = 5.0
"""Seconds between two lines of progress."""

_PATIENCE = 8
"""Failures in a row of the service as a whole, at least, before nothing further is begun."""

_OF_THE_SERVICE = (
    AuthorizationError,
    NoAnswerError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
    UnreachableError,
)


class Crew:
    """Does one thing for each of many keys, and goes on where one of them fails.

    Where nothing but failures of the service itself comes back, the rest isn't begun: an outage is found out
    once, and not once for each of thousands.

    Args:
        session: the process's view of the service.
        name: of the resource, for what is told.
        total: how many things there are to do.

    Attributes:
        failures: key -> why it failed.
    """

    def __init__(self, session: Session, name: str, total: int) -> None:
        self._clock, self._name, self._total = session.clock, name, total
        self._at_once = session.settings.parallel
        self._lock = threading.Lock()
        self._done: Counter[str] = Counter()
        self._told = self._clock.monotonic()
        self._has_told = False
        self._in_a_row = 0
        self._out: str | None = None
        self.failures: dict[str, str] = {}

    def run(self, verb: str, keys: Iterable[str], work: Callable[[str], object]) -> None:
        """Do it for these keys; what fails is in :attr:`failures` then.

        Args:
            verb: what is then done, such as ``created``; empty for a first part of what is counted later.
            keys: of those that failed before, nothing is begun.
            work: does it for one key.
        """
        waiting = [key for key in keys if key not in self.failures]
        workers = min(self._at_once, len(waiting))
        if workers <= 1:
            for key in waiting:
                self._attempt(verb, key, work)
            return
        with ThreadPoolExecutor(workers) as pool:
            for future in [pool.submit(self._attempt, verb, key, work) for key in waiting]:
                future.result()

    def over(self) -> None:
        """The last line, where there were others or something failed."""
        if self._has_told or self.failures:
            self._tell()

    def _attempt(self, verb: str, key: str, work: Callable[[str], object]) -> None:
        if is_cancelled():
            self._failed(key, "not begun, since the update was cancelled")
            return
        if self._out is not None:
            self._failed(key, f"not begun, after {self._in_a_row} failures in a row: {self._out}")
            return
        try:
            work(key)
        except ChromaSyncError as error:
            text = f"{error.message}\n  {error.outcome}" if error.outcome else error.message
            self._failed(key, text, error)
        except Exception as error:  # noqa: BLE001 - of one key; the others are to reach the state
            self._failed(key, f"a mistake of this package ({type(error).__name__}); please report it")
        else:
            with self._lock:
                self._in_a_row = 0
                self._done[verb] += bool(verb)
        if self._clock.monotonic() - self._told >= _EVERY:
            self._tell()

    def _failed(self, key: str, reason: str, error: ChromaSyncError | None = None) -> None:
        with self._lock:
            self.failures[key] = reason
            if isinstance(error, _OF_THE_SERVICE):
                self._in_a_row += 1
                if self._in_a_row >= max(_PATIENCE, self._at_once) and self._out is None:
                    self._out = error.message

    def _tell(self) -> None:
        with self._lock:
            self._told, self._has_told = self._clock.monotonic(), True
            done, failed = {verb: count for verb, count in self._done.items() if count}, len(self.failures)
        counted = ", ".join(f"{number:,} {verb}" for verb, number in done.items())
        if len(done) == 1:
            [(verb, number)] = done.items()
            line = f"{number:,} of {self._total:,} {verb}"
        else:
            line = f"{sum(done.values()):,} of {self._total:,} done" + (f" ({counted})" if counted else "")
        inform(f"{self._name}: {line}" + (f", {failed:,} failed" if failed else ""))
