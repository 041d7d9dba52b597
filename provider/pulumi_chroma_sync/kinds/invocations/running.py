"""Running many objects: each exactly once, a few at a time, and what fails of one never touches the others.

What latest-by-keys shows complete isn't run again: an S3 collection takes one object again and again, and
then has it twice. Nor is a second run started where the very same is under way, as after a killed ``up``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.core.answer import UnfinishedError
from pulumi_chroma_sync.core.crew import Crew
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.errors import ChromaSyncError, NotFoundError, RunFailedError
from pulumi_chroma_sync.kinds.invocation.spec import RunSpec
from pulumi_chroma_sync.kinds.invocation.starting import RunStart
from pulumi_chroma_sync.kinds.invocation.watching import watch

from .model import objects_in, run_inputs
from .plan import Plan
from .record import Runs
from .sentences import failed

__all__ = ["Running", "cancel_pending", "refreshed", "there_already"]


class _ObjectStart(RunStart):
    """The start of one object's run: what stands there is asked for by its key.

    Args:
        session: the process's view of the service.
        inputs: of the run.
        newest: the object's newest run, where there is one.
    """

    def __init__(self, session: Session, inputs: Mapping[str, Any], newest: InvocationReply | None) -> None:
        super().__init__(session, inputs)
        self._newest = newest

    def _stands_there(self) -> Sequence[InvocationReply]:
        return [] if self._newest is None else [self._newest]

    def _listed_now(self) -> Sequence[InvocationReply]:
        key = str(self._inputs["object_key"])
        return [*self._session.client.latest_by_keys(self._source_id, [key]).values()]

    def _may_take(self, run: InvocationReply) -> bool:
        return run.status == "complete"


class Running:
    """One change of many runs.

    Args:
        session: the process's view of the service.
        entry: the resource's id.
        inputs: checked inputs, all known.
        runs: as the state has them; what is done shows here at once.
    """

    def __init__(self, session: Session, entry: str, inputs: Mapping[str, Any], runs: Runs) -> None:
        self._session, self._client = session, session.client
        self._entry, self._inputs, self._runs = entry, inputs, runs
        self._source_id = str(inputs["source_id"])
        self._waits = inputs.get("wait", True) is not False
        self._newest: dict[str, InvocationReply] = {}

    def carry_out(self, planned: Plan) -> dict[str, Any]:
        """Do what is planned; the outputs.

        Raises:
            UnfinishedError: some objects could not be indexed; what was done is in it.
            ChromaSyncError: nothing was done.
        """
        name = str(self._inputs.get("name") or "runs")
        if planned.run:
            try:
                self._newest = self._client.latest_by_keys(self._source_id, planned.run)
            except ChromaSyncError as error:
                raise error.during(f"run the objects of {name}", "Nothing was started.") from None
        self._forget(planned.gone)
        for key in (*planned.run, *planned.wait):
            self._runs.failures.pop(key, None)
        crew = Crew(self._session, name, len(planned.run) + len(planned.wait))
        done = "indexed" if self._waits else "started"
        crew.run(done, planned.run, self._run)
        crew.run(done, planned.wait, self._wait)
        crew.over()
        self._runs.failures.update(crew.failures)
        outputs = self._runs.outputs(self._inputs)
        if self._runs.failures:
            message, outcome = failed(name, self._runs.failures, len(objects_in(self._inputs)))
            raise UnfinishedError(message, self._entry, outputs, outcome=outcome)
        return outputs

    def _forget(self, keys: Sequence[str]) -> None:
        """Of what left the program, cancel what is pending; what could not be asked about stays."""
        pending = [key for key in keys if key in self._runs.unfinished]
        crew = Crew(self._session, str(self._inputs.get("name") or "runs"), len(pending))
        crew.run("cancelled", pending, lambda key: _cancel(self._session, self._entry, self._runs.ids[key]))
        for key in keys:
            if key not in crew.failures:
                self._runs.drop(key)
        self._runs.failures.update(crew.failures)

    def _run(self, key: str) -> None:
        inputs = run_inputs(self._inputs, key)
        run_id = _ObjectStart(self._session, inputs, self._newest.get(key)).run()
        self._runs.note(key, run_id, "pending")
        self._wait(key)

    def _wait(self, key: str) -> None:
        """Wait for the run of an object, if that is asked for, and note how it is."""
        run_id, inputs = self._runs.ids[key], run_inputs(self._inputs, key)
        if not self._waits:
            known = self._newest.get(key)
            if known is not None and known.id == run_id:
                self._noted(key, run_id, known.status, known.collection_name)
            return
        try:
            outputs = watch(self._session, inputs, run_id, {"status": "pending"}, quietly=True)
        except UnfinishedError as error:
            self._noted(key, run_id, error.outputs["status"], error.outputs.get("collection_name", ""))
            raise RunFailedError(error.message.removeprefix(f"{key}: ")) from None
        self._noted(key, run_id, outputs["status"], outputs.get("collection_name", ""))

    def _noted(self, key: str, run_id: str, status: str, collection: str) -> None:
        self._runs.note(key, run_id, status)
        self._runs.collection = collection or self._runs.collection


def there_already(session: Session, inputs: Mapping[str, Any]) -> list[str]:
    """Objects whose newest run is the very same, and complete or under way; no entry of the state has it.

    Raises:
        ChromaSyncError: the service could not be asked.
    """
    keys = [*objects_in(inputs)]
    if inputs.get("on_conflict") == "run":
        return []
    newest = session.client.latest_by_keys(str(inputs["source_id"]), keys)
    return [
        key
        for key in keys
        if (run := newest.get(key)) is not None
        and run.status not in ("failed", "cancelled")
        and not session.ownership.is_known(run.id)
        and RunSpec.from_inputs(run_inputs(inputs, key)).is_met_by(run)
    ]


def refreshed(session: Session, props: Mapping[str, Any]) -> Runs:
    """How the runs are that were under way; those that are over are history, and not asked about.

    Raises:
        ChromaSyncError: the service could not be asked.
    """
    runs = Runs.of(props)
    unfinished = runs.unfinished
    if not unfinished:
        return runs
    newest = session.client.latest_by_keys(str(props.get("source_id")), unfinished)
    for key in unfinished:
        run = newest.get(key)
        if run is None or run.id != runs.ids.get(key):
            try:
                run = session.client.get_invocation(runs.ids[key])
            except NotFoundError as error:
                if not error.is_the_services_own:
                    raise
                continue  # it is forgotten: kept as it was
        runs.note(key, run.id, run.status)
        runs.collection = run.collection_name or runs.collection
        if run.status == "failed":
            runs.failures[key] = f"run {run.id} failed: {run.error or 'the service says no more'}"
        elif run.status == "complete":
            runs.failures.pop(key, None)
    return runs


def cancel_pending(session: Session, entry: str, props: Mapping[str, Any]) -> None:
    """Cancel what is still pending; everything else is history.

    Raises:
        ChromaSyncError: some could not be asked about.
    """
    runs = Runs.of(props)
    name = str(props.get("name") or "runs")

    crew = Crew(session, name, len(runs.unfinished))
    crew.run("cancelled", runs.unfinished, lambda key: _cancel(session, entry, runs.ids[key]))
    if crew.failures:
        key, reason = next(iter(crew.failures.items()))
        raise ChromaSyncError(
            f"{_runs(len(crew.failures))} could not be cancelled; of {key}: {reason}",
            step=f"cancel the runs of {name}",
        )


def _cancel(session: Session, entry: str, run_id: str) -> None:
    """Cancel a run if it is still pending, and no other entry of the state has it."""
    if not session.ownership.release(run_id, entry):
        return
    try:
        session.client.cancel_invocation(run_id)
    except NotFoundError as error:
        if not error.is_the_services_own:
            raise


def _runs(count: int) -> str:
    return f"{count:,} run" + ("" if count == 1 else "s")
