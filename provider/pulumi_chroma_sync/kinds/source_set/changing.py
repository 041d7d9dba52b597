"""Carrying out what changes in a set: each source exactly once, as a ``Source`` is, and old first.

A key's old source is deleted right before its new one is created, so that whatever happens as few as can be
are without one. What stands in the way of another key's create goes before all creates; what only left the
program goes last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from pulumi_chroma_sync.core.crew import Crew
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.terminal import inform
from pulumi_chroma_sync.errors import ChromaSyncError
from pulumi_chroma_sync.kinds.source.creation import SourceCreation
from pulumi_chroma_sync.kinds.source.sources import Sources
from pulumi_chroma_sync.kinds.source.spec import SourceSpec
from pulumi_chroma_sync.kinds.source.state import born, outputs_after_update, outputs_of

from .declared import secrets_of
from .plan import Plan
from .record import Held, Members

__all__ = ["Change"]


class Change:
    """One change of a set.

    Args:
        session: the process's view of the service.
        entry: identity of the set's entry in the state.
        name: of the resource.
        members: the sources that exist; what is done shows here at once.
        declared: key -> checked inputs, all known; empty where everything is deleted.
        session_of: the session of a source that exists: it may be one of another account.
    """

    def __init__(
        self,
        session: Session,
        entry: str,
        name: str,
        members: Members,
        declared: Mapping[str, Any],
        session_of: Callable[[Mapping[str, Any]], Session],
    ) -> None:
        self._session, self._entry, self._name = session, entry, name
        self._session_of = session_of
        self._members, self._declared = members, declared
        self._kept_ids: list[str] = []
        session.client.hide(secrets_of([*declared.values(), *members.props()]))

    def carry_out(self, planned: Plan) -> dict[str, str]:
        """Do what is planned; key -> why, for each that failed."""
        held = self._members.held
        over = {key: held[giver] for key, giver in planned.moved.items()}
        for key in planned.gone:
            del held[key]
        held.update(over)
        for key in (*planned.kept, *planned.moved):
            held[key] = Held(held[key].id, outputs_after_update(held[key].props, self._declared[key]))
        # What was deleted for another entry of the state, or went over: there is nothing to delete any more.
        for key in planned.created:
            held.pop(key, None)
        to_make = [*planned.created, *planned.replaced]
        crew = Crew(self._session, self._name, len(to_make) + len(planned.removed))
        in_the_way = self._in_the_way(planned, to_make)
        crew.run("deleted", [key for key in planned.removed if key in in_the_way], self._delete)
        crew.run("", [key for key in planned.replaced if key in in_the_way], self._delete)
        crew.run("created", planned.created, self._create)
        crew.run("replaced", planned.replaced, self._replace)
        crew.run("deleted", [key for key in planned.removed if key not in in_the_way], self._delete)
        crew.over()
        self._tell_kept()
        return crew.failures

    def delete_all(self) -> dict[str, str]:
        """Delete every source; key -> why, for each that may still be there."""
        crew = Crew(self._session, self._name, len(self._members))
        crew.run("deleted", list(self._members), self._delete)
        crew.over()
        self._tell_kept()
        return crew.failures

    def _in_the_way(self, planned: Plan, to_make: list[str]) -> set[str]:
        """Keys whose old source may keep another key's new one from being created."""
        wanted: defaultdict[object, set[str]] = defaultdict(set)
        for key in to_make:
            wanted[SourceSpec.from_inputs(self._declared[key]).key].add(key)
        return {
            key
            for key in (*planned.removed, *planned.replaced)
            if wanted.get(SourceSpec.from_inputs(self._members.held[key].props).key, set()) - {key}
        }

    def _create(self, key: str) -> None:
        inputs = self._declared[key]
        creation = SourceCreation(self._session, inputs)
        source_id, reply = creation.run()
        if reply is None:
            outputs = outputs_of(inputs, source_id, None, entry=creation.entry)
        else:
            outputs = outputs_of(inputs, source_id, reply.body, reply.created_at)
        self._members.held[key] = Held(source_id, outputs)

    def _replace(self, key: str) -> None:
        if key in self._members.held:
            self._delete(key)
        self._create(key)

    def _delete(self, key: str) -> None:
        held, ownership = self._members.held[key], self._session.ownership
        sources = self._session_of(held.props).part(Sources)
        if not ownership.release(held.id, self._entry):
            self._kept_ids.append(held.id)
            del self._members.held[key]
            return
        database = held.props.get("database_name")
        try:
            sources.delete(database, held.id, born(held.props), was_read="created_at" in held.props)
        except ChromaSyncError:
            ownership.seen(held.id, self._entry)
            raise
        ownership.deleted(held.id)
        del self._members.held[key]

    def _tell_kept(self) -> None:
        if self._kept_ids:
            ids = ", ".join(self._kept_ids[:5]) + (", ..." if len(self._kept_ids) > 5 else "")
            sources = "source" if len(self._kept_ids) == 1 else "sources"
            inform(f"{self._name}: kept {len(self._kept_ids):,} {sources} that another resource has: {ids}")
