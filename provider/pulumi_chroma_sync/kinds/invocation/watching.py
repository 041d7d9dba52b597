"""Waiting for a run: until it is over, its deadline, or Ctrl-C; and what each of these means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.core.answer import UnfinishedError
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.terminal import inform
from pulumi_chroma_sync.core.waiting import CancelledError, OverdueError, Wait
from pulumi_chroma_sync.errors import (
    ApiError,
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    RateLimitError,
    ServerError,
    UnreachableError,
)

from .sentences import cancelled, failed, name_in, next_up_starts_anew, overdue, progress, stopped
from .starting import deadline_of
from .state import with_reply

__all__ = ["watch"]

_PASSING = (UnreachableError, NoAnswerError, RateLimitError, ServerError)


def watch(
    session: Session,
    inputs: Mapping[str, Any],
    run_id: str,
    outputs: dict[str, Any],
    *,
    quietly: bool = False,
) -> dict[str, Any]:
    """Wait for a run; the outputs once it is complete, or was left alone at its deadline.

    Args:
        session: the process's view of the service.
        inputs: as declared.
        run_id: the run.
        outputs: as they are known until now.
        quietly: it is one of many, of which somebody else tells how far they are.

    Raises:
        UnfinishedError: it failed, was cancelled, took too long, can't be followed, or the user stopped the
            update. The outputs for the state are in it.
    """
    return _Watch(session, inputs, run_id, outputs, quietly).end()


class _Watch:
    def __init__(
        self,
        session: Session,
        inputs: Mapping[str, Any],
        run_id: str,
        outputs: dict[str, Any],
        quietly: bool,
    ) -> None:
        self._session, self._client = session, session.client
        self._inputs, self._run_id, self._outputs = inputs, run_id, outputs
        self._name, self._deadline, self._quietly = name_in(inputs), deadline_of(inputs), quietly
        self._began = session.clock.monotonic()
        self._last: InvocationReply | None = None
        self._fault: ChromaSyncError | None = None

    def end(self) -> dict[str, Any]:
        wait: Wait[InvocationReply | None] = Wait(
            self._ask,
            lambda run: run is not None and run.is_over,
            (lambda *_: "") if self._quietly else self._tell,
            self._session.clock,
            self._deadline,
        )
        try:
            run = wait.run(key=lambda run: (None if run is None else run.status, self._fault is None))
        except CancelledError:
            raise self._unfinished(
                stopped(self._name, self._run_id, self._status),
                "The run goes on. The next `pulumi up` continues with it.",
            ) from None
        except OverdueError:
            return self._at_the_deadline()
        except ChromaSyncError as error:
            raise self._unfinished(
                f"{self._name}: run {self._run_id} could not be followed: {error}",
                "It may go on. The next `pulumi up` continues with it.",
            ) from None
        assert run is not None
        self._outputs = with_reply(self._outputs, run)
        if run.status != "complete":
            raise self._unfinished(failed(self._name, run), next_up_starts_anew(run, self._inputs))
        return self._outputs

    @property
    def _status(self) -> str:
        return "pending" if self._last is None else self._last.status

    def _ask(self) -> InvocationReply | None:
        """The run; None while the service can't say. What may pass doesn't end the wait."""
        try:
            self._last = self._client.get_invocation(self._run_id, retries=0)
        except NotFoundError as error:
            # A service may not show at once what it has just started.
            young = self._session.clock.monotonic() - self._began < 3 * self._session.settings.settle
            if not (error.is_the_services_own and young and self._last is None):
                raise
            self._fault = error
            return None
        except _PASSING as error:
            self._fault = error
            return None if self._last is None else self._last
        except ApiError as error:
            if error.status != 408:
                raise
            self._fault = error
            return self._last
        self._fault = None
        return self._last

    def _tell(self, run: InvocationReply | None, seconds: float) -> str:
        if self._fault is not None:
            return f"{self._name}: how run {self._run_id} is can't be asked at the moment: {self._fault}"
        assert run is not None
        return progress(self._name, run, seconds)

    def _at_the_deadline(self) -> dict[str, Any]:
        run = self._last
        what = self._inputs.get("on_deadline") or "fail"
        if run is None:
            raise self._unfinished(
                f"{self._name}: run {self._run_id} was never shown by the service: {self._fault}",
                "It may go on. The next `pulumi up` continues with it.",
            )
        self._outputs = with_reply(self._outputs, run)
        sentence = overdue(self._name, run, self._deadline)
        if what == "leave":
            inform(f"{sentence}; it goes on, and a refresh brings its state")
            return self._outputs
        if what == "fail":
            raise self._unfinished(
                sentence,
                "It goes on, and the next `pulumi up` continues to wait. To wait longer: deadline=, in "
                'seconds. To end the wait without an error: on_deadline="leave". To cancel what is still '
                'pending: "cancel".',
            )
        try:
            was_cancelled = self._client.cancel_invocation(self._run_id)
        except ChromaSyncError as error:
            raise self._unfinished(
                f"{sentence}, and could not be cancelled: {error}", "It goes on."
            ) from None
        if not was_cancelled:
            raise self._unfinished(
                f"{sentence}, and can't be cancelled (412: only a run that is pending can)",
                "It goes on. The next `pulumi up` continues to wait for it.",
            )
        self._outputs["status"] = "cancelled"
        inform(cancelled(self._name, self._run_id))
        raise self._unfinished(f"{sentence}; it was cancelled", "The next `pulumi up` starts a new run.")

    def _unfinished(self, message: str, outcome: str) -> UnfinishedError:
        return UnfinishedError(message, self._run_id, self._outputs, outcome=outcome)
