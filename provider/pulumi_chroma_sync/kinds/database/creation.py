"""Making a database exactly once.

Its identity is its name, and the service refuses a second one of a name. So a lost answer is decided by one
look, and where nothing is there yet the request is sent again: whichever of the two arrives makes it, and the
other one is refused. What stood there before the first request is never taken for ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_chroma_sync.api.public_calls import DatabaseReply
from pulumi_chroma_sync.core.ownership import new_entry
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.terminal import inform
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

from .databases import Databases
from .sentences import exists, step_of, unknown_outcome
from .state import held

__all__ = ["DatabaseCreation"]

_NOTHING = "Nothing was created."


class _SendAgain(Exception):
    """Nothing is there yet; carries the fault that ended the attempt."""

    def __init__(self, fault: ChromaSyncError) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.retry_after: float | None = getattr(fault, "retry_after", None)


class DatabaseCreation:
    """One database to be made; :meth:`run` does it once.

    Args:
        session: the process's view of the service.
        inputs: checked inputs, all known.
        tenant: whose it shall be.

    Attributes:
        entry: identity of the entry in the state that is to hold it.
    """

    def __init__(self, session: Session, inputs: Mapping[str, Any], tenant: str) -> None:
        self._session = session
        self._databases = session.part(Databases)
        self._adopts = inputs.get("on_conflict") == "adopt"
        self._tenant, self._name = tenant, str(inputs["name"])
        self._step = step_of("create", tenant, self._name)
        self._doubtful = False
        self.entry = new_entry(session.clock.time())

    def run(self) -> DatabaseReply | None:
        """Make it, or take over what is there; None where it is made and could not be read.

        Raises:
            DatabaseExistsError: there is one, and nobody asked to take it over.
            OutcomeUnknownError: it may exist, or may yet appear.
            ChromaSyncError: it does not exist.
        """
        with self._session.one_at_a_time(held(self._tenant, self._name)):
            try:
                before = self._databases.find(self._tenant, self._name)
            except ChromaSyncError as fault:
                raise fault.during(self._step, _NOTHING) from None
            return self._met(before) if before is not None else self._made()

    def _made(self) -> DatabaseReply | None:
        again = self._databases.api.policy.again(_SendAgain)
        found: DatabaseReply | None
        try:
            found = again(self._send)
        except _SendAgain as last:
            found = self._at_last(last.fault)
        self._take()
        return found

    def _send(self) -> DatabaseReply | None:
        try:
            self._databases.api.create_database(self._tenant, self._name)
        except (UnreachableError, RateLimitError) as fault:
            raise _SendAgain(fault) from None
        except UniqueConstraintError as fault:
            return self._after_conflict(fault)
        except (NoAnswerError, ServerError) as fault:
            return self._after_doubt(fault)
        except ApiError as fault:
            if fault.status == 408:  # somebody gave up waiting
                return self._after_doubt(fault)
            if self._doubtful:
                raise self._unknown(fault, "nothing was there when it was looked for") from None
            raise fault.during(self._step, _NOTHING) from None
        return self._read()

    def _after_doubt(self, fault: ChromaSyncError) -> DatabaseReply:
        self._doubtful = True
        try:
            found = self._databases.find(self._tenant, self._name, retries=0)
        except ChromaSyncError:
            found = None
        if found is None:
            raise _SendAgain(fault) from None
        inform(f"{self._step}: {fault}; it is there since")
        return found

    def _after_conflict(self, fault: UniqueConstraintError) -> DatabaseReply | None:
        """It stands there, and did not before the first request."""
        if self._doubtful:
            return self._read()
        try:
            before = self._databases.find(self._tenant, self._name)
        except ChromaSyncError:
            before = None
        if before is None:
            raise fault.during(self._step, _NOTHING) from None
        self._met(before)
        return before

    def _at_last(self, fault: ChromaSyncError) -> DatabaseReply:
        """No attempt was answered: what is there now, or the error that says what is so."""
        if not self._doubtful:
            raise fault.during(self._step, f"{_NOTHING} Run `pulumi up` again later.") from None
        seen = f"it did not appear within {self._session.settings.settle:g} s"

        def look() -> DatabaseReply | None:
            nonlocal seen
            try:
                return self._databases.find(self._tenant, self._name, retries=0)
            except ChromaSyncError as error:
                seen = f"it could not be looked for either ({error})"
                return None

        found: DatabaseReply | None = self._databases.api.policy.settling(self._session.settings.settle)(look)
        if found is None:
            raise self._unknown(fault, seen)
        return found

    def _unknown(self, fault: ChromaSyncError, seen: str) -> OutcomeUnknownError:
        message, step, outcome = unknown_outcome(self._tenant, self._name, fault, seen)
        return OutcomeUnknownError(message, step=step, outcome=outcome)

    def _met(self, before: DatabaseReply) -> DatabaseReply:
        """What stood there before: taken over where that is asked for."""
        ownership = self._session.ownership
        if not self._adopts:
            raise exists(self._tenant, self._name, ours=ownership.is_known(held(self._tenant, self._name)))
        self._take()
        inform(f"{self._step}: it was there (id {before.id}), and is taken over")
        return before

    def _take(self) -> None:
        if not self._session.ownership.take(held(self._tenant, self._name), self.entry):
            raise exists(self._tenant, self._name, ours=True)

    def _read(self) -> DatabaseReply | None:
        """Its id, where the service says it at once; it is made, and must reach the state."""
        try:
            return self._databases.find(self._tenant, self._name, retries=1)
        except ChromaSyncError:
            return None
