"""What a change of a set comes to, key by key: the program against the program, as for a ``Source``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_chroma_sync.kinds.source.model import PAYLOAD
from pulumi_chroma_sync.kinds.source.spec import SourceSpec, changed_inputs, has_keys

from .record import Held, Members

__all__ = ["Plan", "plan"]

_NOT_KNOWN = "not known yet"
"""What is said of a source that as a whole is an output of another resource."""


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Args:
        kept: keys whose source stays.
        updated: of those, the ones of which something changed that the service never sees.
        moved: key -> the key that gives its source up; it goes over as it stands, without a request.
        created: keys that have no source.
        replaced: key -> names of the inputs that changed; old first.
        removed: keys that left the program, and whose source nobody takes over.
        gone: keys that gave their source to another key, and get a new one or are no more.
    """

    kept: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    replaced: dict[str, list[str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        return any((self.updated, self.moved, self.created, self.replaced, self.removed, self.gone))


def plan(
    members: Members,
    declared: Mapping[str, Any],
    is_lost: Callable[[str], bool] = lambda _id: False,
    is_elsewhere: Callable[[Held], bool] = lambda _held: False,
) -> Plan:
    """What makes of these sources the declared ones.

    Args:
        members: those that exist.
        declared: key -> inputs of its source; values may be unknown, and are then a change.
        is_lost: whether a source of this id was deleted in this run, for another entry of the state.
        is_elsewhere: whether a source is one of another account than the set's.
    """
    found = Plan()
    elsewhere = {held.id for held in members.held.values() if is_elsewhere(held)}

    def changes(key: str, inputs: Any) -> list[str]:
        held = members.held[key]
        return [*_changed(held.props, inputs), *(["connection"] if held.id in elsewhere else [])]

    lost = {key for key, held in members.held.items() if is_lost(held.id)}
    changed: dict[str, list[str]] = {}
    for key, inputs in declared.items():
        if key not in members.held or key in lost:
            continue
        if names := changes(key, inputs):
            changed[key] = names
            continue
        found.kept.append(key)
        if _differs_for_us(members.held[key].props, inputs):
            found.updated.append(key)
    left = [key for key in members if key not in declared]
    givers = [key for key in (*left, *changed) if key not in lost and members.held[key].id not in elsewhere]
    kept = set(found.kept)
    takers = [key for key in declared if key not in kept]
    found.moved.update(_moves(members, declared, givers, takers, changed))
    given = set(found.moved.values())
    for key in takers:
        if key in changed and key not in given:
            found.replaced[key] = changed[key]
        elif key not in found.moved:
            found.created.append(key)
    found.gone.extend(key for key in givers if key in given and key not in found.moved)
    found.removed.extend(key for key in left if key not in given)
    return found


def _changed(before: Mapping[str, Any], inputs: Any) -> list[str]:
    if not isinstance(inputs, Mapping):
        return [_NOT_KNOWN]
    # Most sources of a large set are what they were, word for word.
    if all(before.get(name) == inputs.get(name) for name in (*PAYLOAD, "extra")):
        return []
    return changed_inputs(before, inputs)


def _differs_for_us(before: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Whether something differs that the service never sees."""
    if before.get("connection") != inputs.get("connection"):
        return True
    conflict = [bag.get("on_conflict") or "error" for bag in (before, inputs)]
    keys = [has_keys(bag.get("s3")) for bag in (before, inputs)]
    return conflict[0] != conflict[1] or keys[0] != keys[1]


def _moves(
    members: Members,
    declared: Mapping[str, Any],
    givers: list[str],
    takers: list[str],
    changed: Mapping[str, Any],
) -> dict[str, str]:
    """Keys that are what another key gives up: after a rename, in a swap."""
    if not givers or not takers:
        return {}
    offered: defaultdict[object, list[str]] = defaultdict(list)
    for key in givers:
        offered[SourceSpec.from_inputs(members.held[key].props).key].append(key)
    moves: dict[str, str] = {}
    for key in takers:
        if not isinstance(declared[key], Mapping):
            continue
        there = offered.get(SourceSpec.from_inputs(declared[key]).key, [])
        giver = next((one for one in there if not _changed(members.held[one].props, declared[key])), None)
        if giver is not None:
            there.remove(giver)
            moves[key] = giver
    # Of a key that gets another's source, its own has to go somewhere, too: no source without a key.
    while homeless := [key for key in moves if key in changed and key not in moves.values()]:
        for key in homeless:
            del moves[key]
    return moves
