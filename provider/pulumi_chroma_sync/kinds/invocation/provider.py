"""What the providers of runs have in common: the source is asked about, and what comes is told once.

What one run has in common with another one, however each was started, is here, too: how it is read, waited
for and left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulumi import dynamic

from pulumi_chroma_sync.core.border import called_by_the_engine
from pulumi_chroma_sync.core.provider import Provider
from pulumi_chroma_sync.core.terminal import inform
from pulumi_chroma_sync.errors import ChromaSyncError, ConfigError, NotFoundError

if TYPE_CHECKING:
    from pulumi.dynamic import CheckFailure

    from pulumi_chroma_sync.api.replies import SourceReply

    from .runs import SourceAsked

__all__ = ["OneRunProvider", "RunProvider"]


class RunProvider(Provider):
    """The part of a lifecycle that one run and many have in common."""

    _announced: frozenset[str] = frozenset()

    def _preflight(
        self,
        inputs: Mapping[str, Any],
        failures: Sequence[CheckFailure],
        failure: Callable[[str, str, Mapping[str, Any]], CheckFailure],
        unfit: Callable[[SourceReply, Mapping[str, Any]], list[CheckFailure]] | None,
    ) -> list[CheckFailure]:
        """What is wrong with the settings, the key or the source.

        Args:
            inputs: what the program passed.
            failures: what is known to be wrong with it.
            failure: makes one of a setting.
            unfit: what the source demands and these inputs don't give; None where that was asked before.
        """
        found = []
        if self._config_error is not None:
            found.append(failure(self._config_error.setting, self._config_error.reason, inputs))
        if self._settings is None or not self._settings.preflight:
            return found
        try:
            self._settings.require_key()
        except ConfigError as error:
            return [*found, failure(error.setting, error.reason, inputs)]
        source_id = inputs.get("source_id")
        refused = any(each.property == "source_id" for each in failures)
        if unfit is not None and isinstance(source_id, str) and not refused:
            asked = self._source(source_id)
            if asked.property:
                found.append(failure(asked.property, asked.reason, inputs))
            elif asked.source is not None and asked.source.problem is None:
                found += unfit(asked.source, inputs)
        return found

    def _source(self, source_id: str) -> SourceAsked:
        from .runs import Runs

        return self._session().part(Runs).source(source_id, inform)

    def _is_announced(self, inputs: Mapping[str, Any]) -> bool:
        """Whether it was told before what an up does with this resource; from now on it is.

        Of a replacement the engine checks the inputs once more, as those of a new one.
        """
        name = str(inputs.get("name"))
        known = name in self._announced
        self._announced |= {name}
        return known


class OneRunProvider(RunProvider):
    """The lifecycle of one run once it is started."""

    @called_by_the_engine
    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """The run as it stands. One that the service has forgotten is history, and kept as it was."""
        from .sentences import forgotten, name_in
        from .state import born, outputs_of, with_reply

        refreshing = "invocation_id" in props
        if refreshing:
            self._session().ownership.seen(id_, props.get("state_entry"))
        step = f"read run {id_}"
        try:
            reply = self._session().client.get_invocation(id_)
        except NotFoundError as error:
            if not refreshing or not error.is_the_services_own:
                raise error.during(step) from None
            if not props.get("forgotten") and not self._is_young(born(props)):
                inform(forgotten(name_in(props), id_))
                props = {**props, "forgotten": True}
            return dynamic.ReadResult(id_, _own(props), self._declared_in(props))
        except ChromaSyncError as error:
            raise error.during(step) from None
        if reply.problem is not None:
            inform(
                f"warning: {step}: kept in the state as it is, this version can't read it: {reply.problem}"
            )
            return dynamic.ReadResult(id_, _own(props), self._declared_in(props))
        if not refreshing:
            said = {"source_id": reply.source_id, "connection": props.get("connection")}
            return dynamic.ReadResult(id_, outputs_of(said, id_, reply, ""))
        return dynamic.ReadResult(id_, with_reply(_own(props), reply), self._declared_in(props))

    @called_by_the_engine
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Wait for a run that was not over; else keep what the service never sees.

        Raises:
            UnfinishedError: the run is not complete; it is in the state all the same.
        """
        from .state import is_unfinished
        from .watching import watch

        declared, names = self._declared_in(_news), self._inputs()
        kept = {name: value for name, value in _own(_olds).items() if name not in names}
        outputs = {**kept, **declared}
        if is_unfinished(_olds) and _news.get("wait", True):
            outputs = self._completed(watch(self._session(), declared, _id, outputs))
        return dynamic.UpdateResult(outputs)

    @called_by_the_engine
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Cancel a run that is pending. What is under way goes on, and what is over is history."""
        self._cancel(_id, _props)

    def _completed(self, outputs: dict[str, Any]) -> dict[str, Any]:
        """What else the state keeps of a run that an up has waited for."""
        return outputs

    def _inputs(self) -> Sequence[str]:
        """Names of everything that a program passes."""
        from .model import INPUTS

        return INPUTS

    def _declared_in(self, props: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs among these properties."""
        return {name: props[name] for name in self._inputs() if props.get(name) is not None}

    def _cancel(self, run_id: str, props: Mapping[str, Any]) -> bool:
        """Cancel a run that is pending and that no other entry of the state has; whether it was."""
        from .sentences import cancelled, name_in
        from .state import is_unfinished

        if not is_unfinished(props):
            return False
        session = self._session()
        if not session.ownership.release(run_id, props.get("state_entry")):
            return False
        try:
            was_pending = session.client.cancel_invocation(run_id)
        except NotFoundError as error:
            if not error.is_the_services_own:
                raise error.during(f"cancel run {run_id}") from None
            return False
        except ChromaSyncError as error:
            raise error.during(f"cancel run {run_id}") from None
        if was_pending:
            inform(cancelled(name_in(props), run_id))
        return was_pending

    def _seen(self, run_id: str, outputs: dict[str, Any]) -> dict[str, Any]:
        """With what the service says of the run, where it says it at once."""
        from .state import with_reply

        try:
            return with_reply(outputs, self._session().client.get_invocation(run_id, retries=1))
        except ChromaSyncError:
            return outputs  # it is started and must reach the state; a refresh brings the rest

    def _is_young(self, born: Any) -> bool:
        from datetime import datetime, timezone

        session = self._session()
        now = datetime.fromtimestamp(session.clock.time(), timezone.utc)
        return born is not None and (now - born).total_seconds() < 3 * session.settings.settle


def _own(props: Mapping[str, Any]) -> dict[str, Any]:
    """The properties without the SDK's own."""
    return {name: value for name, value in props.items() if name != "__provider"}
