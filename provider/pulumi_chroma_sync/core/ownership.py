"""Which entry of the state holds which object of the service, across resources and processes.

Nothing in the API says whose an object is, the SDK passes no URN, and a process hears of the entries of its
state one by one, of some never. Two entries can come to hold one id: by adopting what a renamed resource had
in a run that then skipped the old one's delete (``--target``, a sibling that failed). So every entry has an
identity of its own, made when it enters the state and kept in its outputs, and this class hears of each
entry and its object whenever the engine calls. What a call says of an entry:

==================  ========  ===========================================================================
call                standing  what follows
==================  ========  ===========================================================================
read (refresh)      SEEN      it is in the state; whether the program still has it isn't known yet
diff, no change     STAYS     another that stays or has taken the same object: two hold one, an error
diff, replaced      LEAVES    its object may be handed on to whom it fits, and is deleted otherwise
create, adopt       TAKEN     refused where another stays with it or has taken it
delete              (gone)    the object is deleted only where no other entry is seen, stays or has taken
                              it; from then on nobody can take it, unless the delete fails
==================  ========  ===========================================================================

Entries that older versions wrote have no identity until a refresh gives them one; of two calls without one,
nobody can say whether they are of one entry. One that stays is then never deleted under its name.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum

__all__ = ["Ownership", "Standing", "entry_made_at", "new_entry"]


class Standing(Enum):
    """What is known of one entry that holds an object."""

    SEEN = "seen"
    STAYS = "stays"
    LEAVES = "leaves"
    TAKEN = "taken"


_KEEP = frozenset({Standing.STAYS, Standing.TAKEN})
_PROTECT = _KEEP | {Standing.SEEN}


def new_entry(now: float | None = None) -> str:
    """An identity for an entry: when it was made, in seconds since the epoch, and chance."""
    return f"{int(time.time() if now is None else now):x}-{secrets.token_hex(4)}"


def entry_made_at(entry: str | None) -> datetime | None:
    """When an entry was made, by the clock of the machine that made it; None where it doesn't say."""
    try:
        return datetime.fromtimestamp(int((entry or "").partition("-")[0], 16), timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


@dataclass
class _Holding:
    standing: Standing
    becomes: object = None
    retained: bool = False


class Ownership:
    """Who holds which object, as far as this process has heard. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: defaultdict[str, dict[str | None, _Holding]] = defaultdict(dict)
        self._going: set[str] = set()
        self._gone: set[str] = set()

    def seen(self, object_id: str, entry: str | None) -> None:
        """A refresh met this entry, or it could not be deleted."""
        with self._lock:
            self._going.discard(object_id)
            self._held[object_id].setdefault(entry, _Holding(Standing.SEEN))

    def stays(self, object_id: str, entry: str | None, becomes: object, *, retained: bool = False) -> bool:
        """The program still has this entry, as it is.

        Args:
            object_id: what it holds.
            entry: its identity.
            becomes: what the program declares it to be.
            retained: whether it was declared until now to leave its object alone when it is replaced: then
                the engine may replace it though nothing changed, where an earlier replacement failed.

        Returns:
            False where another entry has the same object and stays, too.
        """
        with self._lock:
            held = self._held[object_id]
            alone = not self._others(object_id, entry, _KEEP)
            held[entry] = _Holding(Standing.STAYS, becomes, retained)
            return alone

    def leaves(self, object_id: str, entry: str | None, becomes: object, *, retained: bool = False) -> None:
        """The program wants this entry to hold another object.

        Args:
            object_id: what it holds until now.
            entry: its identity.
            becomes: what the program declares it to be from now on.
            retained: as for :meth:`stays`.
        """
        with self._lock:
            self._held[object_id][entry] = _Holding(Standing.LEAVES, becomes, retained)

    def take(self, object_id: str, entry: str) -> bool:
        """Take an object for an entry that is being made; False where another keeps it, or deletes it."""
        with self._lock:
            if self._is_deleted(object_id) or self._others(object_id, entry, _KEEP):
                return False
            self._held[object_id][entry] = _Holding(Standing.TAKEN)
            return True

    def take_back(self, object_id: str, entry: str) -> bool:
        """Take the object of an entry that this very one replaces, and that nobody else keeps."""
        with self._lock:
            others = self._held[object_id]
            if (
                self._is_deleted(object_id)
                or len(others) > 1
                or any(held.standing is Standing.TAKEN for held in others.values())
            ):
                return False
            others.clear()
            others[entry] = _Holding(Standing.TAKEN)
            return True

    def release(self, object_id: str, entry: str | None) -> bool:
        """This entry is deleted; whether the object is to be deleted with it."""
        with self._lock:
            held = self._held[object_id]
            own = held.get(entry)
            if entry is None and own is not None and own.standing is Standing.STAYS:
                return False
            held.pop(entry, None)
            if self._others(object_id, entry, _PROTECT):
                return False
            self._going.add(object_id)
            return True

    def deleted(self, object_id: str) -> None:
        """The object is gone, whoever held it."""
        with self._lock:
            self._going.discard(object_id)
            self._gone.add(object_id)
            self._held.pop(object_id, None)

    def free(self, object_id: str) -> None:
        """The object is gone, and what is made next may have its id: an id that is a name."""
        with self._lock:
            self._going.discard(object_id)
            self._held.pop(object_id, None)

    def is_kept(self, object_id: str) -> bool:
        """Whether an entry of this state keeps it, as far as is known."""
        with self._lock:
            return bool(self._others(object_id, object, _KEEP))

    def is_known(self, object_id: str) -> bool:
        """Whether any entry of this state has it, also one that leaves or is deleted."""
        with self._lock:
            return self._is_deleted(object_id) or bool(self._held.get(object_id))

    def is_leaving(self, object_id: str) -> bool:
        """Whether all entries that have it, and there is one, give it up in this run."""
        with self._lock:
            held = self._held.get(object_id) or {}
            return bool(held) and all(each.standing is Standing.LEAVES for each in held.values())

    def is_deleted(self, object_id: str) -> bool:
        """Whether this process has deleted it, or is about to: what a lagging service shows of it is over."""
        with self._lock:
            return self._is_deleted(object_id)

    def belongs_to(self, object_id: str, becomes: object) -> bool:
        """Whether an entry that has it is declared to be this: it is met by its own successor."""
        with self._lock:
            held = self._held.get(object_id) or {}
            return any(each.becomes == becomes for each in held.values() if each.becomes is not None)

    def is_retained(self, object_id: str) -> bool:
        """Whether an entry that has it was declared to leave it alone when it is replaced."""
        with self._lock:
            held = self._held.get(object_id) or {}
            return any(each.retained for each in held.values())

    def _is_deleted(self, object_id: str) -> bool:
        return object_id in self._going or object_id in self._gone

    def _others(self, object_id: str, entry: object, standings: frozenset[Standing]) -> list[str | None]:
        return [
            other
            for other, held in (self._held.get(object_id) or {}).items()
            if other != entry and held.standing in standings
        ]
