"""Many invocations, one an object of a bucket: what a program writes (:class:`Invocations`) and what the
engine calls.

Nothing here imports httpx or pydantic before the engine calls: a user's program loads this module, only
the plugin works with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pulumi
from pulumi import dynamic
from typing_extensions import TypedDict, Unpack

from .args import ObjectArgs, as_input
from .core.border import called_by_the_engine
from .errors import ChromaSyncError
from .kinds.invocation.provider import RunProvider

if TYPE_CHECKING:
    from .kinds.invocations.plan import Plan
    from .kinds.invocations.record import Runs

__all__ = ["Invocations", "InvocationsProvider"]


class InvocationsProvider(RunProvider):
    """The lifecycle of many runs, as the engine calls it.

    Every resource's state holds a pickled reference to this class by its module and name, so neither may
    ever change.
    """

    @called_by_the_engine
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        """Normalise and validate the inputs, then ask the service about the key and the source.

        Never raises for bad input: every failure names its key and property path.
        """
        from .kinds.invocations.check import check_inputs, setting_failure, unfit
        from .kinds.invocations.sentences import coming

        self._program_runs = True
        inputs, failures = check_inputs(news)
        is_new = any(_olds.get(name) != inputs.get(name) for name in ("source_id", "keys", "connection"))
        failures += self._preflight(inputs, failures, setting_failure, unfit if is_new else None)
        if not failures and not _olds.get("source_id") and not self._is_announced(inputs):
            self._inform_once(coming(inputs, self._there_already(inputs)))
        return dynamic.CheckResult(inputs, failures)

    @called_by_the_engine
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Compare the program with the program, object by object.

        What changes for all of them is other runs as a whole, new first; else only what is new, changed,
        failed or under way is touched.
        """
        from .core.validation import is_known
        from .kinds.invocation.spec import changed_inputs
        from .kinds.invocations.model import ARGUMENTS
        from .kinds.invocations.plan import plan
        from .kinds.invocations.record import Runs
        from .kinds.invocations.sentences import changing, coming, replaced

        runs, replaces = Runs.of(_olds), changed_inputs(_olds, _news)
        if not is_known(_news.get("keys")):
            self._inform_once(f"{_name_in(_news)}: its objects are not known yet")
            return dynamic.DiffResult(changes=True, replaces=replaces, delete_before_replace=False)
        planned = plan(runs, _olds, _news)
        updates = any(_olds.get(each) != _news.get(each) for each in (*ARGUMENTS, "__provider"))
        if self._settings is not None and self._program_runs:
            self._tell_ownership(_id, runs, planned, leaves_all=bool(replaces))
            if replaces:
                if not self._is_announced(_news):
                    self._inform_once(coming(_news, [], replaced(replaces, runs)))
            elif sentence := changing(_name_in(_news), planned):
                self._inform_once(sentence)
        return dynamic.DiffResult(
            changes=bool(replaces) or planned.changes or updates,
            replaces=replaces,
            delete_before_replace=False,
        )

    @called_by_the_engine
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Run each object exactly once, and wait.

        Raises:
            UnfinishedError: some objects could not be indexed; all others are in the state.
        """
        from .core.ownership import new_entry
        from .kinds.invocations.record import Runs

        entry = new_entry(self._session().clock.time())
        return dynamic.CreateResult(entry, self._carried_out(entry, Runs(), {}, props))

    @called_by_the_engine
    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """The runs as they stand; of those that are over nothing is asked, they are history."""
        from .kinds.invocations.running import refreshed

        if "invocation_ids" not in props:
            raise ChromaSyncError(
                "many runs can't be read by one id. To look at runs: pulumi-chroma-sync runs SOURCE"
            )
        try:
            runs = refreshed(self._session(), props)
        except ChromaSyncError as error:
            raise error.during(f"read the runs of {_name_in(props)}") from None
        for run_id in runs.ids.values():
            self._session().ownership.seen(run_id, id_)
        return dynamic.ReadResult(id_, runs.outputs(props))

    @called_by_the_engine
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Run what is new, changed or failed, and wait for what was under way.

        Raises:
            UnfinishedError: some objects could not be indexed; all others are in the state.
        """
        from .kinds.invocations.record import Runs

        return dynamic.UpdateResult(self._carried_out(_id, Runs.of(_olds), _olds, _news))

    @called_by_the_engine
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Cancel what is pending; everything else is history."""
        from .kinds.invocations.record import Runs
        from .kinds.invocations.running import cancel_pending

        if Runs.of(_props).unfinished:
            cancel_pending(self._session(), _id, _props)

    def _carried_out(
        self, entry: str, runs: Runs, olds: Mapping[str, Any], news: Mapping[str, Any]
    ) -> dict[str, Any]:
        from .kinds.invocations.plan import plan
        from .kinds.invocations.running import Running

        return Running(self._session(), entry, news, runs).carry_out(plan(runs, olds, news))

    def _tell_ownership(self, entry: str, runs: Runs, planned: Plan, *, leaves_all: bool) -> None:
        """Let the process know which runs stay with this resource."""
        ownership, leaving = self._session().ownership, {*planned.run, *planned.gone}
        for key, run_id in runs.ids.items():
            if leaves_all or key in leaving:
                ownership.leaves(run_id, entry, None)
            else:
                ownership.stays(run_id, entry, None)

    def _there_already(self, inputs: Mapping[str, Any]) -> list[str]:
        """Objects that an up won't run, since they are complete or under way, as far as that can be asked."""
        from .core.validation import is_wholly_known
        from .kinds.invocations.running import there_already

        asks = self._settings is not None and self._settings.preflight
        if not asks or not is_wholly_known(inputs):
            return []
        try:
            return there_already(self._session(), inputs)
        except ChromaSyncError as error:
            self._inform_once(
                f"warning: {_name_in(inputs)}: which objects are complete already could not be asked: {error}"
            )
            return []


def _name_in(props: Mapping[str, Any]) -> str:
    name = props.get("name")
    return name if isinstance(name, str) else "runs"


class _NoOther(TypedDict):
    """No other argument; one that a program passes all the same is named by check, with what was meant."""


class Invocations(dynamic.Resource, module="chroma-sync", name="Invocations"):
    """One run for each of many objects of a bucket, a few at a time, in one resource.

    An object whose newest run asked for the very same and is complete isn't run again: an S3 collection takes
    the same object twice, and then has it twice. What fails of one object doesn't touch the others: what is
    done is in the state, the update fails with the objects and the reasons, and the next ``up`` does only
    what is left.

    Usage::

        first = chroma_sync.Invocations(
            "first-sync",
            source_id=docs.source_id,
            keys=["handbook/a.pdf", "handbook/b.pdf"],
        )
        pulumi.export("runs", first.invocation_ids)

    Args:
        resource_name: name of the resource in the program.
        source_id: the S3 source whose objects are run.
        keys: whole keys of the objects, below the source's prefix: a list, or a mapping to what is particular
            to one of them (``custom_id``, ``metadata``; ``{}`` for nothing). A key that is added is run, one
            that is changed is run again, and one that is taken away is forgotten: what was indexed stays.
        target_collection_name: the collection that is written. Default: the source's own.
        metadata: what every chunk gets as well; an object's own is put over it.
        triggers: anything; a change of it runs every object again.
        wait: whether to wait until the runs are over. Default: True. Without it, a refresh brings the state.
        deadline: seconds to wait for each. Default: 3600.
        on_deadline: what to do then with that run; see :class:`Invocation`.
        on_conflict: what to do where an equal run of an object stands there that no resource has. One that is
            under way is continued, one that is complete is taken over; ``"run"`` always asks for a new one.
        connection: with which account's settings, that of the source; see :class:`Source`.
        opts: Pulumi's resource options.

    A change of ``source_id``, ``target_collection_name``, ``metadata`` or ``triggers`` runs everything anew.
    At most ``chroma-sync:parallel`` runs are under way at once. Bad arguments fail at preview, each with its
    key and path.
    """

    source_id: pulumi.Output[str]
    """The source."""
    invocation_ids: pulumi.Output[Mapping[str, str]]
    """Object key -> the service's id of its run."""
    statuses: pulumi.Output[Mapping[str, str]]
    """Object key -> one word, of each object whose run isn't complete."""
    failures: pulumi.Output[Mapping[str, str]]
    """Object key -> why it isn't indexed; empty after an ``up`` that ended well."""
    collection_name: pulumi.Output[str]
    """The collection that was written; empty until a run of it was read."""

    def __init__(
        self,
        resource_name: str,
        *,
        source_id: pulumi.Input[str],
        keys: pulumi.Input[Sequence[pulumi.Input[str]] | Mapping[str, pulumi.Input[ObjectArgs | None]]],
        target_collection_name: pulumi.Input[str | None] = None,
        metadata: pulumi.Input[Mapping[str, Any] | None] = None,
        triggers: pulumi.Input[Any] = None,
        wait: pulumi.Input[bool | None] = None,
        deadline: pulumi.Input[float | None] = None,
        on_deadline: pulumi.Input[Literal["fail", "cancel", "leave"] | None] = None,
        on_conflict: pulumi.Input[Literal["adopt", "run"] | None] = None,
        connection: pulumi.Input[str | None] = None,
        opts: pulumi.ResourceOptions | None = None,
        **others: Unpack[_NoOther],
    ) -> None:
        arguments: dict[str, Any] = {
            "source_id": source_id,
            "keys": keys,
            "target_collection_name": target_collection_name,
            "metadata": metadata,
            "triggers": triggers,
            "wait": wait,
            "deadline": deadline,
            "on_deadline": on_deadline,
            "on_conflict": on_conflict,
            "connection": connection,
            **others,
        }
        inputs = {name: as_input(value, name) for name, value in arguments.items()}
        inputs = {name: value for name, value in inputs.items() if value is not None}
        inputs["name"] = resource_name
        super().__init__(InvocationsProvider(), resource_name, {**dict.fromkeys(_COMPUTED), **inputs}, opts)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A subclass is the same resource: without this the SDK would give it the type of no resource."""
        super().__init_subclass__(**{"module": "chroma-sync", "name": "Invocations", **kwargs})


_COMPUTED = ("invocation_ids", "statuses", "failures", "collection_name")
