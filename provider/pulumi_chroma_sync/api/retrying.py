"""When to ask again, how long to wait before, and when to stop: the one policy of the package.

Requests that may be repeated without harm (GET, DELETE) go through :meth:`RetryPolicy.run`. A create goes
through :meth:`RetryPolicy.once`, and what follows from its failure is decided by who knows more; the waiting
for that (``again``, ``settling``) is here too, so that there is one set of rules. Everything is measured on
the policy's own clock: tenacity's stop rules read the machine's, which a test can't turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import tenacity

from pulumi_chroma_sync.errors import (
    ApiError,
    ChromaSyncError,
    NoAnswerError,
    RateLimitError,
    ServerError,
    UnreachableError,
)
from pulumi_chroma_sync.settings import Settings

from .clock import Clock

__all__ = ["OUTAGE_SECONDS", "OUTAGE_TIMEOUT", "Allowance", "RetryPolicy"]

OUTAGE_SECONDS = 30.0
"""For so long after an operation without an answer, the next ones try once."""

OUTAGE_TIMEOUT = 5.0
"""Seconds that such a try may wait, where the settings don't say less."""

_SHORTEST_TRY = 1.0
"""Seconds that a further try is worth: with less, its time-out would hide the fault before it."""

_LONGEST_WAIT = 8.0
_SPREAD = 0.25
_SHORTEST_WAIT = 0.05
_LONGEST_LOOK = 2.0
_FIRST_LOOK = 0.1

_T = TypeVar("_T")


@dataclass(frozen=True)
class Allowance:
    """How long one request may take.

    Attributes:
        timeout: seconds for each of connecting, sending, and waiting for bytes.
        end: the moment, on the clock's ``monotonic``, at which all of it has to be over.
    """

    timeout: float
    end: float


class RetryPolicy:
    """The rules of asking again, for one client. Threads may share it; none waits for another's request.

    Args:
        settings: ``retries`` (after the first try), ``deadline`` (seconds, all tries of an operation) and
            ``timeout`` (seconds, one request).
        clock: what everything is measured on.

    Every ``tenacity.Retrying`` that this gives is for one use: its time runs from when it was made.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._breaker = _Breaker(clock)
        self._served = 0

    def run(
        self,
        operation: Callable[[Allowance], _T],
        *,
        retries: int | None = None,
        busy: type[ApiError] | tuple[type[ApiError], ...] = (),
    ) -> _T:
        """Do something that may be repeated without harm, until it is answered or the rules say stop.

        Args:
            operation: makes one request; raises from the error tree.
            retries: instead of the settings'. With 0 it is one look in a loop of the caller's: that it fails
                says little, so it doesn't make others try less.
            busy: answers that mean "not now": asked again until the deadline, whatever ``retries`` says.

        Raises:
            ChromaSyncError: the last try's.
        """
        end = self._clock.monotonic() + self._settings.deadline
        patient = self._retrying(retry=tenacity.retry_if_exception_type(busy), stop=self._before(end))
        result: _T = patient(self._run, operation, retries, end)
        return result

    def once(self, operation: Callable[[Allowance], _T], *, deadline: float | None = None) -> _T:
        """Do something that must not be repeated; it is never cut short, and an answer ends an outage.

        Args:
            operation: makes one request.
            deadline: seconds for it, instead of the settings'.
        """
        end = self._end(deadline)
        try:
            result = operation(self._allowance(end))
        except ChromaSyncError as error:
            if isinstance(error, ApiError) and not _is_outage(error):
                self._breaker.answered()
            raise
        self._has_served()
        return result

    def now(self) -> float:
        """Seconds on the policy's own clock."""
        return self._clock.monotonic()

    def attempts(self, retries: int | None = None, deadline: float | None = None) -> tenacity.Retrying:
        """Repeats on faults that may pass.

        Args:
            retries: after the first try; the settings' by default.
            deadline: seconds from now; the settings' by default.
        """
        return self._retrying(
            retry=tenacity.retry_if_exception(_may_pass), stop=self._stop(retries, self._end(deadline))
        )

    def again(
        self,
        exceptions: type[BaseException] | tuple[type[BaseException], ...],
        *,
        deadline: float | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> tenacity.Retrying:
        """Repeats on these exceptions, as often and as long as the settings say; raises the last one.

        Waits as long as the exception's attribute ``retry_after`` asks, where it has one. Its attribute
        ``fault``, where it has one, is what the service said.

        Args:
            exceptions: which.
            deadline: seconds from now; the settings' by default. With one of its own, who is turned away
                (429) comes again until then: what takes long for others takes long to be free.
            sleep: lets so many seconds pass; the clock's by default.
        """
        return self._retrying(
            retry=tenacity.retry_if_exception_type(exceptions),
            stop=self._stop(None, self._end(deadline), patient=deadline is not None),
            sleep=sleep,
        )

    def settling(self, seconds: float) -> tenacity.Retrying:
        """Repeats while the result is None or empty; gives the last result, also where it is empty.

        Waits 0.1 s at first and 2 s at most. One look alone may take as long as the window, so there are two
        at least; the last begins where the window ends, or after it.

        Args:
            seconds: how long to look.
        """
        end = self._clock.monotonic() + seconds
        grown = tenacity.wait_exponential(multiplier=_FIRST_LOOK, max=_LONGEST_LOOK)

        def wait(state: tenacity.RetryCallState) -> float:
            return min(grown(state), max(_FIRST_LOOK, end - self._clock.monotonic()))

        def stop(state: tenacity.RetryCallState) -> bool:
            return state.attempt_number >= 2 and self._clock.monotonic() >= end

        def last(state: tenacity.RetryCallState) -> Any:
            return state.outcome.result() if state.outcome else None

        return tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda result: not result),
            wait=wait,
            stop=stop,
            sleep=self._clock.sleep,
            retry_error_callback=last,
        )

    def _run(self, operation: Callable[[Allowance], _T], retries: int | None, end: float) -> _T:
        outage, shortened = self._breaker.now()
        retrying = self.attempts(0 if outage else retries, end - self._clock.monotonic())
        try:
            result: _T = retrying(lambda: operation(self._allowance(end, shortened=shortened)))
        except ChromaSyncError as error:
            if not _is_outage(error):
                if isinstance(error, ApiError):
                    self._breaker.answered()
            elif outage or retries != 0:
                self._breaker.failed(shortened=shortened)
            raise
        self._has_served()
        return result

    def _has_served(self) -> None:
        self._served += 1  # threads may lose one to each other: what counts is that it moves
        self._breaker.answered()

    def _allowance(self, end: float, *, shortened: bool = False) -> Allowance:
        now = self._clock.monotonic()
        timeout = max(0.05, min(self._settings.timeout, end - now))
        if not shortened:
            return Allowance(timeout, end)
        timeout = min(timeout, OUTAGE_TIMEOUT)
        return Allowance(timeout, min(end, now + timeout))

    def _end(self, deadline: float | None) -> float:
        return self._clock.monotonic() + (self._settings.deadline if deadline is None else deadline)

    def _stop(
        self, retries: int | None, end: float, *, patient: bool = False
    ) -> Callable[[tenacity.RetryCallState], bool]:
        """After so many retries, or where the time is over.

        After a 429 while others were served the count begins anew: thirty threads that share a small rate are
        each turned away more often than four are, and their turn comes. Where nobody is served, it goes on,
        but for who is patient: then no 429 counts.
        """
        tries = 1 + (self._settings.retries if retries is None else retries)
        out_of_time = self._before(end)
        counted_from, served = 0, self._served

        def stop(state: tenacity.RetryCallState) -> bool:
            nonlocal counted_from, served
            if tries > 1 and (patient or served != self._served) and _is_turned_away(state):
                counted_from = state.attempt_number
            served = self._served
            return state.attempt_number - counted_from >= tries or out_of_time(state)

        return stop

    def _before(self, end: float) -> Callable[[tenacity.RetryCallState], bool]:
        # What would be waited for in vain is not waited for at all.
        enough = min(_SHORTEST_TRY, self._settings.timeout)
        return lambda state: self._clock.monotonic() + state.upcoming_sleep + enough >= end

    def _retrying(
        self,
        *,
        retry: Callable[[tenacity.RetryCallState], bool],
        stop: Callable[[tenacity.RetryCallState], bool],
        sleep: Callable[[float], None] | None = None,
    ) -> tenacity.Retrying:
        sleep = sleep or self._clock.sleep
        return tenacity.Retrying(retry=retry, stop=stop, wait=_wait, sleep=sleep, reraise=True)


class _Breaker:
    """Whether the service seems to be out, so that thirty resources don't find it out one after the other.

    An operation without an answer opens it for a while, an answer closes it. While it is open and keeps
    failing, one try in each while gets the whole time-out: a service that is slow but well would never be
    found so otherwise.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed_at: float | None = None
        self._given_time_at = 0.0

    def now(self) -> tuple[bool, bool]:
        """Whether to try once alone, and whether with the short time-out."""
        with self._lock:
            now = self._clock.monotonic()
            if self._failed_at is None or now >= self._failed_at + OUTAGE_SECONDS:
                self._failed_at = None
                return False, False
            if now >= self._given_time_at + OUTAGE_SECONDS:
                self._given_time_at = now
                return True, False
            return True, True

    def failed(self, *, shortened: bool) -> None:
        """Note that an operation ended without an answer."""
        with self._lock:
            self._failed_at = self._clock.monotonic()
            if not shortened:
                # From its end: it may have taken as long as the pause.
                self._given_time_at = self._failed_at

    def answered(self) -> None:
        """Note that the service is there."""
        with self._lock:
            self._failed_at = None


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, (UnreachableError, NoAnswerError)):
        return error.may_pass
    # 408: the service, or a gateway, gave up waiting for the request.
    return isinstance(error, (RateLimitError, ServerError)) or (
        isinstance(error, ApiError) and error.status == 408
    )


def _is_outage(error: ChromaSyncError) -> bool:
    if isinstance(error, (UnreachableError, NoAnswerError)):
        return error.may_pass
    return isinstance(error, ServerError) and error.status >= 500


def _is_turned_away(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    # Who has to send again may carry the fault in an exception of its own.
    return isinstance(getattr(error, "fault", error), RateLimitError)


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds: what the service asked for and a little more, else growing with jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked: float | None = getattr(error, "retry_after", None)
    jittered = tenacity.wait_random_exponential(multiplier=0.2, max=_LONGEST_WAIT)(state)
    # Clients that were sent away together don't come back together, the less so the more often it happens.
    spread = min(_SPREAD * state.attempt_number, jittered)
    return asked + spread if asked is not None else max(_SHORTEST_WAIT, jittered)
