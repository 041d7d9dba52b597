"""What a refresh makes of a set: single sources that are gone or changed, found in the database's list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_chroma_sync.core.crew import Crew
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.terminal import inform
from pulumi_chroma_sync.errors import ChromaSyncError
from pulumi_chroma_sync.kinds.source.sources import Sources
from pulumi_chroma_sync.kinds.source.spec import changed_inputs
from pulumi_chroma_sync.kinds.source.state import born, refreshed

from .declared import secrets_of
from .record import Held, Members

__all__ = ["Reading", "read_members"]

_FEW = 3
"""Sources that are read one by one."""


@dataclass
class Reading:
    """What was found.

    Args:
        members: the sources that are there, as the service has them now.
        gone: keys whose source is there no more.
        drifted: key -> names of the inputs that changed on the service.
    """

    members: Members
    gone: list[str] = field(default_factory=list)
    drifted: dict[str, list[str]] = field(default_factory=dict)


def read_members(
    session_of: Callable[[Mapping[str, Any]], Session], entry: str, name: str, members: Members
) -> Reading:
    """Ask the service about these sources: a page of 100 at a time, and what isn't listed by its id.

    Args:
        session_of: the process's view of the service, for a source of these properties.
        entry: identity of the set's entry in the state.
        name: of the resource.
        members: as the state has them.

    Raises:
        ChromaSyncError: one of them could not be read; then the state stays as it is.
    """
    found, secrets = Reading(Members()), secrets_of(members.props())
    if not len(members):
        return found
    places: dict[tuple[str | None, str], Session] = {}
    for held in members.held.values():
        place = held.props.get("connection"), str(held.props["database_name"])
        if place not in places:
            places[place] = session_of(held.props)
            places[place].client.hide(secrets)
        places[place].ownership.seen(held.id, entry)
    for (_, database), session in places.items() if len(members) > _FEW else ():
        session.part(Sources).expect_many(database)

    def read(key: str) -> None:
        held = members.held[key]
        session = places[held.props.get("connection"), str(held.props["database_name"])]
        reply = session.part(Sources).read(held.props.get("database_name"), held.id, born(held.props))
        if reply is None:
            session.ownership.deleted(held.id)
            found.gone.append(key)
        elif reply.problem is not None or reply.kind is None:
            what = reply.problem or "its kind is none that this version knows"
            inform(f"warning: {name}: source {held.id} is kept as it is, this version can't read it: {what}")
            found.members.held[key] = held
        else:
            props = _now(held, reply.body, reply.created_at)
            if "created_at" in held.props and (names := changed_inputs(held.props, props)):
                found.drifted[key] = names
            found.members.held[key] = Held(held.id, props)

    crew = Crew(next(iter(places.values())), name, len(members))
    crew.run("read", list(members), read)
    if crew.failures:
        raise _unread(name, crew.failures)
    # In the order of before, whichever thread came first.
    found.members.held = {key: found.members.held[key] for key in members if key in found.members.held}
    return found


def _now(held: Held, answer: Mapping[str, Any], created_at: str) -> dict[str, Any]:
    outputs = {**held.props, "source_id": held.id}
    _, props = refreshed(outputs, answer, created_at)
    if "created_at" in held.props:
        # It never changes; the state has it to the second.
        props["created_at"] = held.props["created_at"]
    props.pop("state_entry", None)
    return props


def _unread(name: str, failures: Mapping[str, str]) -> ChromaSyncError:
    [(key, reason), *others] = failures.items()
    more = f" (and {len(others):,} others)" if others else ""
    return ChromaSyncError(
        f'source "{key}"{more}: {reason}',
        step=f"read the sources of {name}",
        outcome="The state keeps all of them as they were.",
    )
