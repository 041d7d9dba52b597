"""What is said to a person about a set: what is to come, what failed, and the ways out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.validation import is_wholly_known
from pulumi_chroma_sync.errors import ChromaSyncError, SourceClaimedError
from pulumi_chroma_sync.kinds.source.sources import Sources
from pulumi_chroma_sync.kinds.source.spec import SourceSpec

from .plan import Plan
from .reading import Reading

__all__ = ["coming", "found_otherwise", "held_twice", "meeting", "undeleted"]

_FIRST = 3
_NOTICE_AGE = 30.0
"""Seconds for which the list is good enough for a notice at preview."""


def coming(name: str, planned: Plan) -> str | None:
    """What an up does, in a sentence for the preview; None for nothing."""
    parts = []
    if planned.created:
        parts.append(f"creates {_counted(planned.created)}")
    if planned.replaced:
        why = {key: f"{key}: {', '.join(names)}" for key, names in planned.replaced.items()}
        parts.append(f"replaces {_counted(why.values())}, old first")
    if planned.removed:
        parts.append(f"deletes {_counted(planned.removed)}")
    if planned.moved:
        parts.append(f"hands over {_counted([f'{old} to {new}' for new, old in planned.moved.items()])}")
    if not parts:
        return None
    stay = f"; {len(planned.kept):,} stay" if planned.kept else ""
    return f"{name}: an up {', '.join(parts)}{stay}"


def meeting(session: Session, name: str, sources: Mapping[str, Any], keys: Collection[str]) -> str | None:
    """How many of the sources to be created exist already, in a sentence for the preview; None for none.

    Args:
        session: the process's view of the service.
        name: of the resource.
        sources: key -> inputs; those with a value that isn't known yet are passed over.
        keys: of those that are to be created.

    Raises:
        ChromaSyncError: the list could not be read.
    """
    equal, adopting, other = [], 0, []
    for key in keys:
        inputs = sources[key]
        if not is_wholly_known(inputs):
            continue
        listing = session.part(Sources).listing(str(inputs["database_name"]))
        listing.recent(_NOTICE_AGE)
        spec = SourceSpec.from_inputs(inputs)
        there = [known for known in listing.of(spec.key) if not session.ownership.is_known(known.id)]
        if any(known.spec is not None and not spec.differences(known.spec) for known in there):
            equal.append(key)
            adopting += inputs.get("on_conflict") == "adopt"
        elif there:
            other.append(key)
    parts = []
    if equal:
        parts.append(f"{len(equal):,} of {len(keys):,} exist already and are equal ({_named(equal)})")
        if adopting == len(equal):
            parts.append("up takes them over")
        else:
            parts.append('up stops at them, unless on_conflict="adopt" takes them over')
    if other:
        parts.append(
            f"of {len(other):,} the database has one that differs ({_named(other)}), and the service may "
            "refuse a second"
        )
    return f"{name}: {'; '.join(parts)}" if parts else None


def found_otherwise(name: str, reading: Reading) -> str | None:
    """What a refresh found that isn't as it was; None for nothing."""
    parts = []
    if reading.gone:
        parts.append(f"{len(reading.gone):,} gone ({_named(reading.gone)})")
    if reading.drifted:
        changed = [f"{key}: {', '.join(names)}" for key, names in reading.drifted.items()]
        parts.append(f"{len(changed):,} changed on the service ({_named(changed)})")
    return f"{name}: {' and '.join(parts)}; the next up makes them as declared" if parts else None


def undeleted(name: str, failures: Mapping[str, str], total: int) -> ChromaSyncError:
    """The error for sources that could not be deleted."""
    shown = [f"{key}: {reason}" for key, reason in list(failures.items())[:20]]
    more = [f"and {len(failures) - len(shown):,} more"] if len(failures) > len(shown) else []
    return ChromaSyncError(
        f"{len(failures):,} of {total:,} sources could not be deleted, and stay in the state",
        step=f"delete the sources of {name}",
        outcome="\n  ".join([*shown, *more, "Run the same command again: it finds the others gone."]),
    )


def held_twice(name: str, key: str, source_id: str) -> SourceClaimedError:
    """The error for a source that stays with this set and with another resource."""
    return SourceClaimedError(
        f'{name}: source {source_id} (key "{key}") is in the state twice: two resources of this program have '
        "it, because one of them adopted it. Take it out of one of the two; the other keeps the source."
    )


def _counted(names: Collection[str]) -> str:
    return f"{len(names):,} ({_named(list(names))})"


def _named(names: Sequence[str]) -> str:
    more = len(names) - _FIRST
    return ", ".join(names[:_FIRST]) + (f" and {more:,} more" if more > 0 else "")
