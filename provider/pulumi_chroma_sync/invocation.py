"""An invocation, one sync run: what a program writes (:class:`Invocation`) and what the engine calls.

Nothing here imports httpx or pydantic before the engine calls: a user's program loads this module, only
the plugin works with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import pulumi
from pulumi import dynamic
from typing_extensions import TypedDict, Unpack

from .args import RefIdentifierArgs, as_input
from .core.border import called_by_the_engine, with_whole_numbers
from .errors import ConfigError
from .kinds.invocation.provider import OneRunProvider

if TYPE_CHECKING:
    from pulumi.dynamic import CheckFailure

    from .settings import Settings

__all__ = ["Invocation", "InvocationProvider"]


class InvocationProvider(OneRunProvider):
    """The lifecycle of a run, as the engine calls it; how one is read, waited for and left is the base's.

    Every resource's state holds a pickled reference to this class by its module and name, so neither may
    ever change.
    """

    @called_by_the_engine
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        """Normalise and validate the inputs, then ask the service about the key and the source.

        Never raises for bad input: every failure names its property path. What is new is said of a run that
        an up would start.
        """
        from .kinds.invocation.check import check_inputs, setting_failure, unfit
        from .kinds.invocation.spec import changed_inputs
        from .kinds.invocation.superseding import FLAG

        self._program_runs = True
        inputs, failures = check_inputs(news)
        is_new = not _olds.get("source_id") or bool(changed_inputs(_olds, inputs))
        # Another connection has to see the same source: then it is one of the same account.
        is_new |= _olds.get("connection") != inputs.get("connection")
        cleans_up = inputs.get(FLAG) is True
        is_new |= cleans_up and _olds.get(FLAG) is not True
        failures += self._preflight(inputs, failures, setting_failure, unfit if is_new else None)
        if cleans_up and not failures and self._settings is not None:
            failures += self._preflight_of_clean_up(self._settings, inputs)
        if not failures and not _olds.get("source_id"):
            self._notice(inputs)
        return dynamic.CheckResult(inputs, failures)

    @called_by_the_engine
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Compare the program with the program. A change is another run; so is what failed or was cancelled.

        New first: whoever reads the old collection goes on doing so until the new one is complete.
        """
        from .kinds.invocation.model import ARGUMENTS
        from .kinds.invocation.sentences import ended, replaced
        from .kinds.invocation.spec import changed_inputs
        from .kinds.invocation.state import is_unfinished
        from .kinds.invocation.superseding import FLAG, Successions, becomes_of

        name, replaces = _news.get("name") or "run", changed_inputs(_olds, _news)
        status, becomes = _olds.get("status"), becomes_of(_olds, _news)
        why = replaced(replaces, becomes)
        if not replaces and status in ("failed", "cancelled"):
            replaces, why = ["status"], ended(_id, _olds, becomes if _news.get(FLAG) else "")
        updates = any(_olds.get(each) != _news.get(each) for each in (*ARGUMENTS, "__provider"))
        waits = is_unfinished(_olds) and _news.get("wait", True) is not False
        if self._settings is not None and self._program_runs:
            ownership, entry = self._session().ownership, _olds.get("state_entry")
            successions = self._session().part(Successions)
            if replaces:
                ownership.leaves(_id, entry, None)
                successions.replaces(_olds, _news)
                self._notice(_news, why)
            else:
                ownership.stays(_id, entry, None)
                successions.stands(_olds, wants=_news.get(FLAG) is True)
                if waits:
                    self._inform_once(f"{name}: run {_id} was {status} when last seen; an up waits for it")
        return dynamic.DiffResult(
            changes=bool(replaces) or updates or waits, replaces=replaces, delete_before_replace=False
        )

    @called_by_the_engine
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Start the run exactly once, or continue one that is under way, and wait for it.

        Raises:
            UnfinishedError: the run is not complete; it is in the state all the same.
        """
        from .kinds.invocation.starting import RunStart
        from .kinds.invocation.state import declared_in, outputs_of
        from .kinds.invocation.superseding import FLAG, OWN, SUPERSEDES, Successions, place_of_its_own
        from .kinds.invocation.watching import watch

        session, inputs = self._session(), declared_in(props)
        successions = session.part(Successions)
        own = place_of_its_own(session, inputs) if inputs.get(FLAG) else None
        start = RunStart(session, inputs)
        run_id = start.run()
        more = {OWN: own, SUPERSEDES: successions.followed_by(inputs)}
        outputs = outputs_of(inputs, run_id, None, start.entry)
        outputs |= {name: value for name, value in more.items() if value}
        successions.stands(outputs)
        if inputs.get("wait", True):
            outputs = self._completed(watch(session, inputs, run_id, outputs))
        else:
            outputs = self._seen(run_id, outputs)
        return dynamic.CreateResult(run_id, outputs)

    @called_by_the_engine
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Cancel a run that is pending; delete the collection of one that another run has superseded.

        Raises:
            ChromaSyncError: the collection is to be deleted and could not be; the next up tries again.
        """
        from .kinds.invocation.superseding import OWN, delete_superseded

        self._cancel(_id, _props)
        if OWN in _props:
            delete_superseded(self._session(), _id, _props)

    def _completed(self, outputs: dict[str, Any]) -> dict[str, Any]:
        from .kinds.invocation.superseding import Successions, recorded

        outputs = recorded(self._session(), outputs)
        self._session().part(Successions).stands(outputs)
        return outputs

    def _preflight_of_clean_up(self, settings: Settings, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        """Whether the public API, which collections are deleted by, knows the key."""
        from .kinds.database.databases import Databases
        from .kinds.invocation.check import setting_failure
        from .kinds.invocation.superseding import FLAG

        databases = self._session().part(Databases)
        try:
            _ = databases.api
        except ConfigError as error:
            return [setting_failure(error.setting, error.reason, inputs)]
        if not settings.preflight:
            return []
        _, asked = databases.key_and_tenant(self._inform_once)
        if not asked.property or (asked.property == "tenant" and settings.tenant):
            return []
        return [setting_failure(FLAG if asked.property == "tenant" else asked.property, asked.reason, inputs)]

    def _notice(self, inputs: Mapping[str, Any], why: str = "") -> None:
        """Say at preview what a run that is to be started will do."""
        from .kinds.invocation.sentences import coming

        if self._is_announced(inputs):
            return
        source_id = inputs.get("source_id")
        source = None
        if isinstance(source_id, str) and self._settings is not None and self._settings.preflight:
            source = self._source(source_id).source
        self._inform_once(coming(inputs, source, why))


class _NoOther(TypedDict):
    """No other argument; one that a program passes all the same is named by check, with what was meant."""


class Invocation(dynamic.Resource, module="chroma-sync", name="Invocation"):
    """One sync run of a source into one collection: started once, and waited for.

    Any change of what is run starts a new run, new first: whoever reads ``collection_name`` goes on reading
    the old collection until the new one is complete. A run that fails ends the up with the service's error;
    the next up starts a new one. An up that is stopped while it waits continues with the same run.

    Usage::

        run = chroma_sync.Invocation(
            "handbook",
            source_id=docs.source_id,
            target_collection_name=f"handbook-{sha[:12]}",
            ref_identifier={"sha": sha},
        )
        pulumi.export("collection", run.collection_name)

    Args:
        resource_name: name of the resource in the program.
        source_id: the source that is synced.
        target_collection_name: the collection that the run writes. Required for GitHub and web sources, and
            it must not have finished its ingest; S3 sources have one of their own.
        ref_identifier: of a GitHub source, ``{"sha": ...}`` or ``{"branch": ...}``. Default: the service's.
        object_key: of an S3 source, the whole key of the one object that is synced.
        custom_id: of an S3 source, what the ids of the chunks begin with; at most 120 bytes.
        metadata: of an S3 source, what each chunk gets as well: texts, numbers, booleans, null, or lists of
            one of these.
        triggers: anything; a change of it runs again, such as a date or a hash.
        wait: whether to wait until the run is over. Default: True. Without it, a refresh brings the state.
        deadline: seconds to wait. Default: 3600.
        on_deadline: what to do then: ``"fail"`` (default) ends the up with an error, ``"cancel"`` cancels the
            run as well where it is still pending, ``"leave"`` ends the wait without an error. The run itself
            goes on in all other cases.
        delete_superseded_collection: whether the collection of the run before is deleted, once a new run is
            complete and the update's other changes are done. Default: False. Only a collection that this
            resource's own run has made goes, never on a destroy; what stays is told. The public API does it
            (``chroma-sync:apiUrl``). Not for S3 sources.
        on_conflict: what to do where an equal run stands there that no resource has. One that is under way is
            continued. One that is complete: ``"error"`` (default) takes it over where the service refuses a
            new one, or the object would be indexed twice, and it was started within the deadline;
            ``"adopt"`` takes it over whatever its age; ``"run"`` always asks for a new one.
        connection: with which account's settings, that of the source; see :class:`Source`.
        opts: Pulumi's resource options.

    Bad arguments fail at preview, each with its property path.
    """

    source_id: pulumi.Output[str]
    """The source."""
    invocation_id: pulumi.Output[str]
    """The service's id of the run; also the resource's id."""
    status: pulumi.Output[str]
    """One word: ``pending``, ``processing``, ``complete``, ``failed`` or ``cancelled``."""
    error: pulumi.Output[str | None]
    """Why it failed."""
    created_at: pulumi.Output[str]
    """When it was started, RFC 3339."""
    finished_at: pulumi.Output[str | None]
    """When it was complete, RFC 3339."""
    collection_name: pulumi.Output[str]
    """The collection that it wrote. It is known once the run is complete, if it is waited for."""
    database_name: pulumi.Output[str]
    """The database of the collection."""

    def __init__(
        self,
        resource_name: str,
        *,
        source_id: pulumi.Input[str],
        target_collection_name: pulumi.Input[str | None] = None,
        ref_identifier: pulumi.Input[RefIdentifierArgs | None] = None,
        object_key: pulumi.Input[str | None] = None,
        custom_id: pulumi.Input[str | None] = None,
        metadata: pulumi.Input[Mapping[str, Any] | None] = None,
        triggers: pulumi.Input[Any] = None,
        wait: pulumi.Input[bool | None] = None,
        deadline: pulumi.Input[float | None] = None,
        on_deadline: pulumi.Input[Literal["fail", "cancel", "leave"] | None] = None,
        on_conflict: pulumi.Input[Literal["error", "adopt", "run"] | None] = None,
        delete_superseded_collection: pulumi.Input[bool | None] = None,
        connection: pulumi.Input[str | None] = None,
        opts: pulumi.ResourceOptions | None = None,
        **others: Unpack[_NoOther],
    ) -> None:
        arguments: dict[str, Any] = {
            "source_id": source_id,
            "target_collection_name": target_collection_name,
            "ref_identifier": ref_identifier,
            "object_key": object_key,
            "custom_id": custom_id,
            "metadata": metadata,
            "triggers": triggers,
            "wait": wait,
            "deadline": deadline,
            "on_deadline": on_deadline,
            "on_conflict": on_conflict,
            "delete_superseded_collection": delete_superseded_collection,
            "connection": connection,
            **others,
        }
        inputs = {name: as_input(value, name) for name, value in arguments.items()}
        inputs = {name: value for name, value in inputs.items() if value is not None}
        inputs["name"] = resource_name
        super().__init__(InvocationProvider(), resource_name, {**dict.fromkeys(_COMPUTED), **inputs}, opts)

    @property
    @pulumi.getter
    def duration_ms(self) -> pulumi.Output[int | None]:
        """How long a complete run took, in milliseconds."""
        output: pulumi.Output[Any] | None = pulumi.get(self, "duration_ms")
        whole: pulumi.Output[int | None] = pulumi.Output.from_input(output).apply(with_whole_numbers)
        return whole

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A subclass is the same resource: without this the SDK would give it the type of no resource."""
        super().__init_subclass__(**{"module": "chroma-sync", "name": "Invocation", **kwargs})


_COMPUTED = (
    "invocation_id",
    "status",
    "error",
    "created_at",
    "finished_at",
    "duration_ms",
    "collection_name",
    "database_name",
)
