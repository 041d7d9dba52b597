"""Blue and green, and what becomes of blue: the collection of a run that another run has superseded.

It is deleted with the old run's entry in the state, which the engine does last of all: the new run is
complete by then, and whatever reads the collection's name has the new one. Which entry follows which is
known where the engine compares (diff) and starts the new run, and goes into the new entry; so a process that
meets the old entry again, because the one before was killed, knows it from there. A destroy compares
nothing: it deletes no collection.

What is deleted is what a run of the resource has made and nobody else has written to:

===========================  =========================================================================
when                         what is asked of the public API, and kept
===========================  =========================================================================
before a run is started      that there is no collection of this name
when an up sees it complete  the id of the collection that is there now
when the old entry goes      that the new run's collection is there, and the old one has the same id
===========================  =========================================================================

Where one of these is missing the collection stays.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.api.public_calls import CollectionReply
from pulumi_chroma_sync.api.replies import moment_of
from pulumi_chroma_sync.core.account import Account
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.terminal import inform
from pulumi_chroma_sync.errors import ChromaSyncError, NotFoundError

from .runs import Runs
from .sentences import name_in, stays, will_stay
from .state import declared_in

__all__ = [
    "FLAG",
    "OWN",
    "SUPERSEDES",
    "Successions",
    "becomes_of",
    "delete_superseded",
    "place_of_its_own",
    "recorded",
]

FLAG = "delete_superseded_collection"
OWN = "own_collection"
"""Key of the state: tenant, database and name of a collection that wasn't there before the run, and its id
once an up has seen the run complete."""
SUPERSEDES = "supersedes"
"""Key of the state: the entries that this one follows, each with the name of its collection."""

_EARLIER = timedelta(days=1)
"""A run that was started so long before another one has begun to write before that one was started."""


@dataclass(frozen=True)
class _Entry:
    outputs: Mapping[str, Any]
    wants: bool


class Successions:
    """Which entry of the state follows which, as far as this process has heard. Threads may share it.

    Args:
        session: the process's view of the service.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._coming: dict[str, dict[str, str]] = {}
        self._entries: dict[str, _Entry] = {}
        self._follower: dict[str, str] = {}

    def replaces(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> None:
        """The program wants another run in the place of this one."""
        self.stands(olds, wants=news.get(FLAG) is True)
        entry = olds.get("state_entry")
        if not isinstance(entry, str) or news.get(FLAG) is not True:
            return
        followed = {entry: str(olds.get("collection_name") or "") if olds.get(OWN) else ""}
        if olds.get("status") != "complete":  # what it was to supersede may be there still
            followed |= olds.get(SUPERSEDES) or {}
        with self._lock:
            self._coming.setdefault(_key(news), {}).update(followed)

    def followed_by(self, inputs: Mapping[str, Any]) -> dict[str, str]:
        """The entries that a run of these inputs is to supersede, for the state."""
        with self._lock:
            return dict(self._coming.get(_key(inputs), ()))

    def stands(self, outputs: Mapping[str, Any], *, wants: bool | None = None) -> None:
        """This entry is in the state, or about to be.

        Args:
            outputs: its own.
            wants: whether the program says that what it supersedes is deleted; None for as it is declared.
        """
        entry = outputs.get("state_entry")
        if not isinstance(entry, str):
            return
        with self._lock:
            self._entries[entry] = _Entry(outputs, outputs.get(FLAG) is True if wants is None else wants)
            for old in outputs.get(SUPERSEDES) or ():
                self._follower[old] = entry

    def successor(self, entry: object) -> tuple[bool, Mapping[str, Any] | None]:
        """Whether an entry was superseded and its collection is to go, and the newest complete one since."""
        complete, last, met = None, None, set()
        with self._lock:
            while isinstance(entry, str) and entry in self._follower and entry not in met:
                met.add(entry)
                entry = self._follower[entry]
                last = self._entries[entry]
                if last.outputs.get("status") == "complete":
                    complete = last.outputs
        return last is not None and last.wants, complete

    def also_has(self, props: Mapping[str, Any]) -> str | None:
        """The name of another resource of this program whose run writes the same collection."""
        place, own = _place_of(props), props.get("state_entry")
        with self._lock:
            return next(
                (
                    name_in(other.outputs)
                    for entry, other in self._entries.items()
                    if entry != own and _place_of(other.outputs) == place
                ),
                None,
            )


def becomes_of(olds: Mapping[str, Any], news: Mapping[str, Any]) -> str:
    """What becomes of the collection of a run that is replaced, for a preview; "" where it has none."""
    old, own, wants = olds.get("collection_name"), olds.get(OWN), news.get(FLAG) is True
    going = [] if olds.get("status") == "complete" else [*(olds.get(SUPERSEDES) or {}).values()]
    if not old or not wants:
        return f'collection "{old}" stays as it is' if old else ""
    if old == news.get("target_collection_name"):
        return ""
    if news.get("wait") is False:
        return stays(old, "this up doesn't wait for the new run")
    if olds.get("connection") != news.get("connection"):
        return stays(old, "the new run is of another connection")
    if olds.get("status") == "complete":
        if not isinstance(own, Mapping) or "id" not in own:
            return stays(old, "nothing shows that this resource's run made it")
        going.append(old)
    names = [f'"{name}"' for name in going if name]
    if not names:
        return ""
    what = f"collection {names[0]} is" if len(names) == 1 else f"collections {', '.join(names)} are"
    return f"{what} deleted once the new run is complete"


def place_of_its_own(session: Session, inputs: Mapping[str, Any]) -> dict[str, str] | None:
    """Where a run that is about to be started will make its collection; None where that can't be shown.

    Never raises: the run is what matters.
    """
    name, collection = name_in(inputs), str(inputs.get("target_collection_name"))
    try:
        source = session.part(Runs).source(str(inputs["source_id"]), inform).source
        database = None if source is None else source.body.get("database_name")
        if not isinstance(database, str):
            raise ChromaSyncError("the service didn't say which database the source is of")
        tenant = session.settings.tenant or session.part(Account).tenant()
        place = {"tenant": tenant, "database": database, "name": collection}
        if _found(session, place) is None:
            return place
        why = "it is there already"
    except ChromaSyncError as error:
        why = f"whether it is there already could not be asked: {error}"
    inform(f"{name}: {will_stay(collection, why)}")
    return None


def recorded(session: Session, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a run that an up has seen complete, with the id of the collection that it made.

    Never raises: the run must reach the state.
    """
    own = outputs.get(OWN)
    if not isinstance(own, Mapping) or "id" in own or outputs.get("status") != "complete":
        return dict(outputs)
    why = "the public API doesn't show it"
    try:
        if own["name"] != outputs.get("collection_name"):
            why = f'the run wrote collection "{outputs.get("collection_name")}"'
        else:
            policy = session.client.public.policy
            found = policy.settling(session.settings.settle)(lambda: _found(session, own))
            if found is not None:
                return {**outputs, OWN: {**own, "id": found.id}}
    except ChromaSyncError as error:
        why = f"it could not be read: {error}"
    inform(f"{name_in(outputs)}: {will_stay(own['name'], why)}")
    return {name: value for name, value in outputs.items() if name != OWN}


def delete_superseded(session: Session, run_id: str, props: Mapping[str, Any]) -> None:
    """Delete the collection of a run whose entry goes, where another run has superseded it.

    Raises:
        ChromaSyncError: it is to be deleted and could not be.
    """
    own, successions = props.get(OWN), session.part(Successions)
    to_go, successor = successions.successor(props.get("state_entry"))
    if not to_go or not isinstance(own, Mapping):
        return
    name, collection, database = name_in(props), own["name"], own["database"]
    step = f'delete collection "{collection}" of database "{database}", which run {run_id} made'
    if successor is None:
        inform(f"{name}: {stays(collection, 'the run that was to supersede it is not complete')}")
        return
    if _place_of(successor) == _place_of(props):
        return
    try:
        why = _against(session, run_id, props, successor)
        if why is None:
            api = session.client.public
            api.delete_collection(own["tenant"], database, collection)
    except NotFoundError as error:
        if not error.is_the_services_own:
            raise error.during(step, _OUTCOME) from None
        if not error.after_doubt:
            inform(f'{name}: collection "{collection}" was already gone')
            return
        why = None
    except ChromaSyncError as error:
        raise error.during(step, _OUTCOME) from None
    if why is not None:
        inform(f"{name}: {stays(collection, why)}")
        return
    new = f'run {successor["invocation_id"]} into "{successor.get("collection_name")}" has superseded it'
    inform(f'{name}: deleted collection "{collection}", since {new}')


_OUTCOME = (
    "The new run is complete and in the state; the old collection may be there still. The next `pulumi up`\n"
    "  tries again. To keep it: delete_superseded_collection=False, then `pulumi up`."
)


def _against(
    session: Session, run_id: str, props: Mapping[str, Any], successor: Mapping[str, Any]
) -> str | None:
    """What speaks against deleting the collection of a run; None where nothing does.

    Raises:
        NotFoundError: the API's own: it is gone.
    """
    own: Mapping[str, str] = props[OWN]
    if "id" not in own:
        return f"no up saw run {run_id} complete"
    other = session.part(Successions).also_has(props)
    if other is not None:
        return f'the resource "{other}" has it, too'
    new = {**own, "database": successor.get("database_name"), "name": successor.get("collection_name")}
    if _found(session, new) is None:
        return f'the public API doesn\'t show the new one, "{new["name"]}"'
    found = session.client.public.get_collection(own["tenant"], own["database"], own["name"])
    if found.id != own["id"]:
        return f"it is another one by now (id {found.id}; run {run_id} made {own['id']})"
    writer = _other_writer(session, run_id, props)
    return None if writer is None else f"run {writer.id} of source {writer.source_id} wrote it, too"


def _other_writer(session: Session, run_id: str, props: Mapping[str, Any]) -> InvocationReply | None:
    """Another run that may have written the same collection, whoever started it.

    The newest runs of the database are read, until those that had begun before the collection was made.
    """
    own: Mapping[str, str] = props[OWN]
    made = moment_of(str(props.get("created_at") or ""))
    for at_most in (100, 1000, None):
        listed = session.client.list_invocations(database=own["database"], at_most=at_most)
        for run in listed.items:
            idle = run.status in ("failed", "cancelled")
            if run.collection_name == own["name"] and run.id != run_id and not idle:
                return run
        oldest = listed.items[-1].moment if listed.items else None
        if listed.complete or (made is not None and oldest is not None and oldest < made - _EARLIER):
            break
    return None


def _found(session: Session, place: Mapping[str, Any]) -> CollectionReply | None:
    """The collection there; None where the API itself says that there is none.

    Raises:
        ChromaSyncError: nobody can tell.
    """
    try:
        return session.client.public.get_collection(
            str(place["tenant"]), str(place["database"]), str(place["name"])
        )
    except NotFoundError as error:
        if not error.is_the_services_own:
            raise
        return None


def _place_of(outputs: Mapping[str, Any]) -> tuple[Any, Any]:
    return outputs.get("database_name"), outputs.get("collection_name")


def _key(inputs: Mapping[str, Any]) -> str:
    return json.dumps(declared_in(inputs), sort_keys=True, default=str)
