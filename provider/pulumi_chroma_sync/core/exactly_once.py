"""Making something exactly once over an API that knows no idempotency key.

A POST whose answer is lost may have been carried out, or may be later. So everything here turns on what is
known after an attempt:

- it never reached the service (refused, DNS, TLS, 429): send again;
- the service itself failed (its own 5xx, a 503 with Retry-After): look for it for as long as a service may
  not show what it has just made, then send again if it isn't there;
- nothing is known (time-out, dropped connection, a gateway's 5xx, an unusable answer): never send again;
  look for it for a while, take it if it is ours, else stop and say so;
- 409: something stands there. What follows is for who knows what it is; it may pass, and then: send again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pulumi_chroma_sync.api.retrying import RetryPolicy
from pulumi_chroma_sync.errors import (
    ApiError,
    ChromaSyncError,
    NoAnswerError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
    UniqueConstraintError,
    UnreachableError,
)

__all__ = ["ExactlyOnce", "Request"]


class Request(Protocol):
    """What is to be made, and how it is found; ids are the service's.

    Attributes:
        step: what is being done, for errors: ``create source "..." in database "..."``.
        nothing: what is so where it surely doesn't exist: ``Nothing was created``.
        how_to_look: what a person does where it may exist without anybody knowing.
    """

    @property
    def step(self) -> str: ...

    @property
    def nothing(self) -> str: ...

    @property
    def how_to_look(self) -> str: ...

    def send(self) -> str:
        """Ask the service for it, once; its id."""

    def ours(self) -> Sequence[str]:
        """Ids of what appeared since :meth:`send` was first called and is what was asked for.

        Raises:
            ChromaSyncError: nobody can tell now.
        """

    def take(self, made: str) -> str:
        """Take what the service says that it made; its id."""

    def take_found(self, found: str, fault: ChromaSyncError) -> str:
        """Take what was found after an answer was lost; its id."""

    def met(self, fault: UniqueConstraintError, *, passing: bool) -> str | None:
        """Something stands there: the id of what is taken in its place, or None where it may pass.

        Args:
            fault: the service's 409.
            passing: whether there is time to wait for it; else say what stands there.
        """


class _SendAgain(Exception):
    """The attempt left nothing behind; carries the fault that ended it, and when to send again."""

    def __init__(self, fault: ChromaSyncError, *, waited: float = 0.0) -> None:
        super().__init__(str(fault))
        self.fault = fault
        asked: float | None = getattr(fault, "retry_after", None)
        self.retry_after = None if asked is None else max(0.0, asked - waited)


class ExactlyOnce:
    """One thing to be made.

    Args:
        request: what, and how it is found.
        policy: when to send again, and how long to look.
        settle: seconds to look for it after an answer was lost, and to wait for what passes.
        deadline: seconds in which to send again, of what takes long; the settings' by default.
        sleep: lets the time until then pass; the clock's by default.
    """

    def __init__(
        self,
        request: Request,
        policy: RetryPolicy,
        settle: float,
        *,
        deadline: float | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._request = request
        self._policy = policy
        self._settle = settle
        self._deadline, self._sleep = deadline, sleep
        self._doubtful = False
        self._met: UniqueConstraintError | None = None

    def run(self) -> str:
        """Make it; its id.

        Raises:
            OutcomeUnknownError: it may exist, or may yet appear; nothing was sent twice.
            ChromaSyncError: it does not exist.
        """
        attempts = self._policy.settling(self._settle)
        made: str | None = attempts(self._until_answered)
        if made is None:
            assert self._met is not None
            made = self._request.met(self._met, passing=False)
        assert made is not None
        return made

    def _until_answered(self) -> str | None:
        """Send until it is known what came of it; None where something stands there that may pass."""
        retrying = self._policy.again(_SendAgain, deadline=self._deadline, sleep=self._sleep)
        try:
            made: str | None = retrying(self._send)
            return made
        except _SendAgain as last:
            fault = last.fault
        attempts = retrying.statistics["attempt_number"]
        tried = "tried once" if attempts == 1 else f"tried {attempts} times"
        known = f"{self._request.nothing} ({tried}). Run `pulumi up` again later."
        if self._doubtful:
            known = f"It is not in the list ({tried}). {self._request.how_to_look}"
        raise fault.during(self._request.step, known)

    def _send(self) -> str | None:
        try:
            made = self._request.send()
        except (UnreachableError, RateLimitError) as fault:
            raise _SendAgain(fault) from None
        except NoAnswerError as fault:
            return self._found_later(fault)
        except ServerError as fault:
            return self._after_failure(fault)
        except UniqueConstraintError as fault:
            return self._after_conflict(fault)
        except ApiError as fault:
            if fault.status == 408:  # somebody gave up waiting
                return self._found_later(fault)
            raise fault.during(self._request.step, f"{self._request.nothing}.") from None
        return self._request.take(made)

    def _after_failure(self, fault: ServerError) -> str:
        refused = fault.status == 503 and fault.retry_after is not None
        if not refused and (not fault.is_the_services_own or fault.status in (502, 504)):
            return self._found_later(fault)
        began = self._policy.now()
        found, unread = self._look()
        if not found and unread is None:
            raise _SendAgain(fault, waited=self._policy.now() - began) from None
        return self._only_one(fault, found, unread)

    def _after_conflict(self, fault: UniqueConstraintError) -> str | None:
        self._met = fault
        if self._doubtful:
            try:
                found = self._request.ours()
            except ChromaSyncError:
                found = []
            if len(found) == 1:
                return self._request.take_found(found[0], fault)
        return self._request.met(fault, passing=True)

    def _found_later(self, fault: ChromaSyncError) -> str:
        """Take it if it appears; nothing is sent again."""
        return self._only_one(fault, *self._look())

    def _look(self) -> tuple[Sequence[str], ChromaSyncError | None]:
        """Look until it appears or the window closes: what was found, and why the last look failed."""
        self._doubtful = True
        unread: ChromaSyncError | None = None

        def look() -> Sequence[str]:
            nonlocal unread
            try:
                found = self._request.ours()
            except ChromaSyncError as error:
                unread = error
                return []
            unread = None
            return found

        found: Sequence[str] = self._policy.settling(self._settle)(look)
        return found, unread

    def _only_one(self, fault: ChromaSyncError, found: Sequence[str], unread: ChromaSyncError | None) -> str:
        if len(found) == 1:
            return self._request.take_found(found[0], fault)
        raise self._unknown(fault, found, unread)

    def _unknown(
        self, fault: ChromaSyncError, found: Sequence[str], unread: ChromaSyncError | None
    ) -> OutcomeUnknownError:
        seen = f"it did not appear in the list within {self._settle:g} s"
        if found:
            seen = f"more than one appeared since: {', '.join(found)}; nobody can tell which is this one"
        elif unread is not None:
            seen = f"the list could not be read either ({unread})"
        return OutcomeUnknownError(
            f"{fault}; and {seen}",
            step=self._request.step,
            outcome="It may exist, or may still appear. Nothing was sent twice. " + self._request.how_to_look,
        )
