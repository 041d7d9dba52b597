"""Creating a source exactly once.

The API has no idempotency key, and a POST whose answer is lost may have been carried out, or may be later.
So everything here turns on what is known after an attempt:

- it never reached the service (refused, DNS, TLS, 429): send again;
- the service itself failed (its own 5xx, a 503 with Retry-After): look in the list, then send again if it
  isn't there;
- nothing is known (time-out, dropped connection, a gateway's 5xx, an unusable answer): never send again;
  look in the list for a while, take the source if it is ours, else stop and say so;
- 409: another source stands there. Explain, or adopt an equal one where that was asked for.

Ours is a source of equal content that was not there before we began and that no other resource of this
process has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import tenacity

from .client import wait_before_retry
from .errors import (
    ApiError,
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
    SourceClaimedError,
    SourceExistsError,
    UniqueConstraintError,
    UnreachableError,
)
from .explanations import exists, look_again, named, unknown
from .meaning import content_key, describe, differences, identity, payload
from .models import SourceReply
from .session import Session
from .terminal import say

__all__ = ["Creation", "meets"]

_NOTICE_AGE = 30.0
"""Seconds for which the list is good enough for a notice at preview."""


class _SendAgain(Exception):
    """The attempt surely left no source behind; carries the fault that ended it."""

    def __init__(self, fault: ChromaSyncError) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.retry_after = getattr(fault, "retry_after", None)


@dataclass
class Creation:
    """One source to be created.

    Args:
        session: the process's view of the service.
        inputs: checked inputs, all known.
        adopt: whether an equal source that exists may be taken over.
    """

    session: Session
    inputs: dict[str, Any]
    adopt: bool = False

    def __post_init__(self) -> None:
        self.database = str(self.inputs["database_name"])
        self.name = named(self.inputs)
        self.session.client.hide(self.inputs)
        self._before: dict[str, SourceReply] = {}
        self._doubtful = False

    def run(self) -> str:
        """Create the source, or adopt an equal one; answers the id.

        Raises:
            SourceExistsError: one stands there and was not taken over.
            SourceClaimedError: the service answered with a source of another resource.
            OutcomeUnknownError: it may have been created, or may yet be; nothing was sent twice.
            ChromaSyncError: nothing was created.
        """
        with self.session.creating(identity(self.inputs) or content_key(self.inputs)):
            try:
                self._before = self.session.seen(self.database)
                existing = self._equal_from_before()
            except ChromaSyncError as fault:
                fault.args = (f"{self.name}: {fault}\n  Nothing was created.",)
                raise
            if existing is not None:
                return self._meet(existing, "the database already has an equal one")
            return self._send_until_known()

    def _send_until_known(self) -> str:
        settings = self.session.settings
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_SendAgain),
            wait=wait_before_retry,
            stop=tenacity.stop_after_attempt(settings.retries + 1)
            | tenacity.stop_before_delay(settings.deadline),
            reraise=True,
        )
        try:
            return retrying(self._send)
        except _SendAgain as last:
            fault = last.fault
        attempts = retrying.statistics["attempt_number"]
        tried = "tried once" if attempts == 1 else f"tried {attempts} times"
        known = f"Nothing was created ({tried}). Run `pulumi up` again later."
        if self._doubtful:
            known = f"It is not in the list ({tried}). {look_again(self.database)}"
        fault.args = (f"{self.name}: {fault}\n  {known}",)
        raise fault

    def _send(self) -> str:
        """One POST, and all that can be learnt after it."""
        try:
            source_id = self.session.client.create_source(payload(self.inputs))
        except (UnreachableError, RateLimitError) as fault:
            raise _SendAgain(fault) from None
        except NoAnswerError as fault:
            return self._settle(fault)
        except ServerError as fault:
            return self._after_failure(fault)
        except UniqueConstraintError as fault:
            return self._after_conflict(fault)
        except ApiError as fault:
            if fault.status == 408:  # somebody gave up waiting
                return self._settle(fault)
            fault.args = (f"{self.name}: {fault}\n  Nothing was created.",)
            raise
        return self._take(source_id)

    def _take(self, source_id: str, *, adopted: bool = False) -> str:
        if not adopted and source_id in self._before:
            # Not in the contract, but a service may answer "created" with what it has already.
            return self._meet(self._before[source_id], "the service answered with one that it had already")
        if not self.session.claim(source_id, adopted=adopted):
            raise SourceClaimedError(
                f"{self.name}: the service answered with source {source_id}, which another resource of this "
                "program has. Declare each source once, or tell the two apart by their fields."
            )
        return source_id

    def _take_found(self, source: SourceReply, fault: ChromaSyncError) -> str:
        # Somebody else may have created an equal one in the very same moment: say which it is.
        taken = self._take(source.id)
        say(f"{self.name}: {fault}; took source {taken}, equal and created since ({source.created_at})")
        return taken

    def _after_failure(self, fault: ServerError) -> str:
        refused = fault.status == 503 and fault.retry_after is not None
        if not refused and (fault.code is None or fault.status in (502, 504)):
            return self._settle(fault)
        self._doubtful = True
        try:
            found = self._ours(self.session.seen(self.database).values())
        except ChromaSyncError:
            return self._settle(fault)
        if len(found) == 1:
            return self._take_found(found[0], fault)
        if found:
            raise self._unknown(fault, found)
        raise _SendAgain(fault) from None

    def _settle(self, fault: ChromaSyncError) -> str:
        """Look for the source until it appears or the window closes; nothing is sent again."""
        self._doubtful = True
        unread: ChromaSyncError | None = None
        window = tenacity.Retrying(
            wait=tenacity.wait_exponential(multiplier=0.1, max=2.0),
            # One look alone may take as long as the window.
            stop=tenacity.stop_all(
                tenacity.stop_after_attempt(2), tenacity.stop_after_delay(self.session.settings.settle)
            ),
            retry=tenacity.retry_if_result(lambda sources: not sources),
            retry_error_callback=lambda _state: [],
        )

        def look() -> list[SourceReply]:
            nonlocal unread
            try:
                sources = self.session.seen(self.database, retries=0)
            except ChromaSyncError as error:
                unread = error
                return []
            unread = None
            return self._ours(sources.values())

        found = window(look)
        if len(found) == 1:
            return self._take_found(found[0], fault)
        raise self._unknown(fault, found, unread)

    def _unknown(
        self, fault: ChromaSyncError, found: list[SourceReply], unread: ChromaSyncError | None = None
    ) -> OutcomeUnknownError:
        seen = f"it did not appear in the list within {self.session.settings.settle:g} s"
        if found:
            ids = ", ".join(source.id for source in found)
            seen = f"more than one equal source appeared since: {ids}; nobody can tell which is this one"
        elif unread is not None:
            seen = f"the list could not be read either ({unread})"
        return unknown(self.inputs, fault, seen)

    def _after_conflict(self, fault: UniqueConstraintError) -> str:
        """409: ours from an earlier attempt, an equal one to adopt, or a conflict to explain."""
        try:
            sources = self.session.sources(self.database)
        except ChromaSyncError as unread:
            raise SourceExistsError(
                f"{self.name}: the service already has one (409: {fault.detail}), and the list that would "
                f"show which could not be read ({unread}). Nothing was created. Run `pulumi up` again.",
                None,
            ) from None
        if self._doubtful and len(ours := self._ours(sources.values())) == 1:
            return self._take_found(ours[0], fault)
        mine = identity(self.inputs)
        same = [source for source in sources.values() if identity(source.model_dump()) == mine]
        if not same:
            raise SourceExistsError(
                f"{self.name}: the service already has one (409: {fault.detail}), but its list shows none "
                f"like it. Nothing was created. {look_again(self.database)}",
                None,
            ) from None
        # An equal one first: under a rule of equal content it is the one that stands in the way.
        same.sort(key=lambda source: (len(differences(self.inputs, source)), source.created_at))
        return self._meet(same[0], "the service already has one (409)")

    def _equal_from_before(self) -> SourceReply | None:
        for source in self._before.values():
            if self.session.is_claimed(source.id) or differences(self.inputs, source, strict=False):
                continue
            now: SourceReply | None
            try:
                now = self.session.client.get_source(source.id)
            except NotFoundError:
                # Gone since the list was read; or a gateway's 404.
                now = self.session.sources(self.database).get(source.id)
            if now is not None and not differences(self.inputs, now, strict=False):
                return now
        return None

    def _ours(self, sources: Iterable[SourceReply]) -> list[SourceReply]:
        # By the service's own clock: what is older than something from before was there before, even
        # where a page of the list had shifted under us.
        newest = max((moment for source in self._before.values() if (moment := source.moment)), default=None)
        return [
            source
            for source in sources
            if source.id not in self._before
            and not self.session.is_claimed(source.id)
            and (newest is None or (source.moment is not None and source.moment >= newest))
            and not differences(self.inputs, source, strict=False)
        ]

    def _meet(self, existing: SourceReply, what: str) -> str:
        """A source stands there: adopt it where that was asked for and it is equal, else explain."""
        differing = differences(self.inputs, existing)
        claimed = self.session.is_claimed(existing.id)
        if self.adopt and not differing and not claimed:
            taken = self._take(existing.id, adopted=True)
            say(f'adopted source {taken} ("{describe(self.inputs)}" in database "{self.database}")')
            return taken
        raise exists(self.inputs, existing, what, claimed=claimed)


def meets(session: Session, inputs: dict[str, Any]) -> str | None:
    """What a create of these inputs would meet now, in a sentence for the preview; None for nothing.

    Args:
        session: the process's view of the service.
        inputs: checked inputs, all known.

    Raises:
        ChromaSyncError: the list could not be read.
    """
    database, mine = str(inputs["database_name"]), identity(inputs)
    for source in session.sources(database, max_age=_NOTICE_AGE).values():
        if session.is_claimed(source.id) or identity(source.model_dump()) != mine:
            continue
        differing = differences(inputs, source)
        where = f'"{describe(inputs)}": database "{database}" already has source {source.id}'
        if not differing and inputs.get("on_conflict") == "adopt":
            return f"{where}, an equal one; up adopts it"
        if not differing:
            return f'{where}, an equal one; up stops there, unless on_conflict="adopt" takes it over'
        return (
            f"{where}, which differs in {', '.join(map(str, differing))}; the service may refuse a second one"
        )
    return None
