"""Starting a run exactly once: runs cost money, and one object that is run twice is indexed twice.

Ours is a run of the same source that asks for the same, was not listed before we asked, and that no entry of
the state has, as far as this process knows. Where an up was ended by force, nothing of its run is in the
state; so before one is started, the source's newest runs are looked at:

==================================  ==================================================================
an equal run that no entry has      what becomes of it
==================================  ==================================================================
is pending or processing            it is continued: a second one would do the same again
is complete, GitHub or web          a new one is asked for. Where the service refuses (409: the
                                    collection is finished), it is taken over if it was started
                                    within the deadline, else by ``on_conflict="adopt"`` alone
is complete, S3                     taken over if it was started within the deadline, or with
                                    ``on_conflict="adopt"``: a second run would append all again
failed or was cancelled             a new one is started
==================================  ==================================================================

``on_conflict="run"`` looks at nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.core.exactly_once import ExactlyOnce
from pulumi_chroma_sync.core.ownership import new_entry
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.terminal import inform
from pulumi_chroma_sync.errors import ChromaSyncError, UniqueConstraintError

from .runs import Runs
from .sentences import continuing, finished_already, how_to_look, starting, taken
from .spec import RunSpec, payload

__all__ = ["DEADLINE", "RunStart", "deadline_of"]

DEADLINE = 3600.0
"""Seconds that a run may take, where the program doesn't say."""


def deadline_of(inputs: Mapping[str, Any]) -> float:
    """Seconds."""
    return float(inputs.get("deadline") or DEADLINE)


class RunStart:
    """One run to be started; :meth:`run` does it once.

    Args:
        session: the process's view of the service.
        inputs: checked inputs, all known.

    Attributes:
        entry: identity of the entry in the state that is to hold it.
    """

    entry: str
    nothing = "Nothing was started"

    def __init__(self, session: Session, inputs: Mapping[str, Any]) -> None:
        self._session = session
        self._runs = session.part(Runs)
        self._inputs = inputs
        self._source_id = str(inputs["source_id"])
        self._spec = RunSpec.from_inputs(inputs)
        self._conflict = inputs.get("on_conflict") or "error"
        self._before: frozenset[str] = frozenset()
        self.step = starting(inputs)

    @property
    def how_to_look(self) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        return how_to_look(self._inputs)

    def run(self) -> str:
        """Start the run, or continue the one that is under way; its id.

        Raises:
            RunExistsError: the collection is finished.
            OutcomeUnknownError: it may have been started, or may yet be; nothing was sent twice.
            ChromaSyncError: nothing was started.
        """
        with self._session.one_at_a_time(self._spec):
            try:
                before = self._stands_there()
            except ChromaSyncError as fault:
                raise fault.during(self.step, f"{self.nothing}.") from None
            self._before = frozenset(run.id for run in before)
            for run in self._equal(before) if self._conflict != "run" else ():
                if not run.is_over and self._take(run.id):
                    inform(continuing(self._inputs, run))
                    return run.id
                if run.kind == "s3" and self._may_take(run) and self._take(run.id):
                    inform(taken(self._inputs, run))
                    return run.id
            client = self._session.client
            return ExactlyOnce(self, client.policy, self._session.settings.settle).run()

    # What exactly-once creation asks.

    def send(self) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        return self._session.client.create_invocation(self._source_id, payload(self._inputs))

    def ours(self) -> Sequence[str]:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        listed = self._listed_now()
        known = self._session.ownership.is_known
        return [
            run.id
            for run in listed
            if run.id not in self._before and self._spec.is_met_by(run) and not known(run.id)
        ]

    def take(self, made: str) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        if not self._take(made):
            raise ChromaSyncError(
                f"the service answered with run {made}, which another resource of this program has",
                step=self.step,
            )
        return made

    def take_found(self, found: str, fault: ChromaSyncError) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        made = self.take(found)
        inform(f"{self.step}: {fault}; took run {made}, the very same and started since")
        return made

    def met(self, fault: UniqueConstraintError, *, passing: bool) -> str | None:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`.

        The collection is finished. That never passes.
        """
        try:
            complete = [run for run in self._equal(self._listed_now()) if run.is_over]
        except ChromaSyncError:
            complete = []
        complete = [run for run in complete if run.status == "complete"]
        for run in complete if self._conflict != "run" else ():
            if self._may_take(run) and self._take(run.id):
                inform(taken(self._inputs, run))
                return run.id
        raise finished_already(self._inputs, self._spec.collection, complete, fault.detail)

    # What stands there.

    def _stands_there(self) -> Sequence[InvocationReply]:
        """The runs before ours that may be the very same, the newest first."""
        return self._runs.newest(self._source_id)

    def _listed_now(self) -> Sequence[InvocationReply]:
        """The same as they are now, in one short look."""
        return self._session.client.newest_invocations(self._source_id, retries=0).items

    def _equal(self, listed: Sequence[InvocationReply]) -> list[InvocationReply]:
        """Equal runs that no entry of the state has; none that is older than one that an entry has.

        Of a resource that is replaced because it shall run again, all earlier runs are history.
        """
        found: list[InvocationReply] = []
        for run in listed:
            if not self._spec.is_met_by(run):
                continue
            if self._session.ownership.is_known(run.id):
                break
            found.append(run)
        return found

    def _may_take(self, run: InvocationReply) -> bool:
        """Whether a complete run may be taken for the one that was to be started."""
        if run.status != "complete":
            return False
        if self._conflict == "adopt":
            return True
        now = datetime.fromtimestamp(self._session.clock.time(), timezone.utc)
        return run.moment is not None and (now - run.moment).total_seconds() < deadline_of(self._inputs)

    def _take(self, run_id: str) -> bool:
        self.entry = new_entry(self._session.clock.time())
        return self._session.ownership.take(run_id, self.entry)
