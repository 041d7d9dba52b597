"""What is said to a person about a database: which one, what becomes of it, and the ways out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_chroma_sync.errors import ChromaSyncError, DatabaseExistsError, DatabaseNotEmptyError

__all__ = [
    "ADVICE",
    "another_tenant",
    "exists",
    "exists_already",
    "is_another_now",
    "listed",
    "may_not_use",
    "not_empty",
    "replaced",
    "step_of",
    "unknown_outcome",
    "with_force",
]

_SHOWN = 10
"""Names of collections that a sentence has at most."""

ADVICE = (
    "a database holds what all runs wrote into it; opts=pulumi.ResourceOptions(protect=True) keeps a slip of "
    "the pen from deleting it (without force_destroy it is never deleted while it has collections)"
)
"""Said once of new ones."""


def step_of(doing: str, tenant: object, name: object) -> str:
    """``create database "knowledge" of tenant "8a6f..."``."""
    return f'{doing} database "{name}"' + (f' of tenant "{tenant}"' if tenant else "")


def listed(names: Sequence[str], count: int) -> str:
    """``2 collections ("a", "b")``; of many the first few."""
    shown = ", ".join(f'"{name}"' for name in names[:_SHOWN])
    more = ", ..." if count > min(len(names), _SHOWN) else ""
    what = "collection" if count == 1 else "collections"
    return f"{count} {what} ({shown}{more})" if shown else f"{count} {what}"


def exists(tenant: str, name: str, *, ours: bool = False) -> DatabaseExistsError:
    """The error for a database that stands there already.

    Args:
        tenant: whose.
        name: which.
        ours: whether another resource of this program has it.
    """
    if ours:
        message, outcome = (
            "another resource of this stack has it",
            "Nothing was created. Two resources can't have one database: pass the name of the one on to\n"
            "  whatever uses it. Was it renamed in the program? opts=pulumi.ResourceOptions(aliases=[...])",
        )
    else:
        message, outcome = (
            "the service already has one",
            "Nothing was created, and the existing one was not touched.\n"
            '  to take it over    on_conflict="adopt" (a destroy deletes it then, if it has no collections)\n'
            "  to only read it    chroma_sync.Database.get(...), or pass its name as a text",
        )
    return DatabaseExistsError(message, step=step_of("create", tenant, name), outcome=outcome)


def exists_already(name: str, *, adopts: bool) -> str:
    """What a preview says of a database that is to be created and stands there."""
    if adopts:
        return f'the service has a database "{name}"; an up takes it over, with all that is in it'
    return (
        f'warning: the service already has a database "{name}", so an up ends with an error. To take it '
        'over: on_conflict="adopt"'
    )


def another_tenant(name: str, before: str, now: str, whose_key: str) -> str:
    """The failure where the settings' key is another account's than that of the state."""
    return (
        f'database "{name}" is in tenant "{before}", and {whose_key} is of tenant "{now}". Set the key of '
        f'the first one; or, to make a new database in the second, pass tenant="{now}"'
    )


def may_not_use(tenant: str, name: str, whose_key: str) -> str:
    """What a 403 about a database means."""
    return (
        f'{whose_key} may not use database "{name}" of tenant "{tenant}" (403): is the '
        "tenant the key's, and is the key scoped to no other database?"
    )


def is_another_now(name: str, before: str, now: str) -> ChromaSyncError:
    """The error for a database that was deleted and made again by somebody else."""
    return ChromaSyncError(
        f"the database of this name is another one by now (id {now}; the state has {before}): somebody "
        "deleted it and made it anew",
        outcome="Nothing was deleted. Run `pulumi refresh` to take the new one for this resource's, or\n"
        f'  `pulumi state delete URN` to leave "{name}" alone.',
    )


def not_empty(names: Sequence[str], count: int) -> DatabaseNotEmptyError:
    """The error for a database that is to be deleted and has collections."""
    return DatabaseNotEmptyError(
        f"it has {listed(names, count)}",
        names,
        count,
        outcome="Nothing was deleted. To delete it with all of them: force_destroy=True, an up that brings "
        "this into\n  the state, then the same command again. To keep it: `pulumi state delete URN`, or\n"
        "  opts=pulumi.ResourceOptions(retain_on_delete=True).",
    )


def with_force(name: str, names: Sequence[str], count: int) -> str:
    """What is said where collections go with their database."""
    return f'deleting database "{name}" with its {listed(names, count)}: force_destroy is set'


def replaced(olds: Mapping[str, Any], changed: Sequence[str], found: tuple[Sequence[str], int] | None) -> str:
    """What becomes of the old one of a replacement.

    Args:
        olds: of the state.
        changed: why.
        found: names and number of its collections, as far as somebody has asked.
    """
    what = (
        f'{", ".join(changed)} changed: a new database is made, and "{olds.get("name")}" is deleted after it'
    )
    if found is None or not found[1]:
        return f"{what}; no collection moves from the one to the other"
    if olds.get("force_destroy"):
        return f"{what}, with its {listed(*found)}: force_destroy is set"
    return (
        f"warning: {what}. It has {listed(*found)}, so its deletion will fail, and the up with it, unless it "
        "has none by then. To delete them as well: an up with force_destroy=True before"
    )


def unknown_outcome(tenant: str, name: str, fault: ChromaSyncError, seen: str) -> tuple[str, str, str]:
    """Message, step and outcome for a create of which nobody knows what became."""
    return (
        f"{fault}; and {seen}",
        step_of("create", tenant, name),
        "It may exist, or may still appear, once. Run `pulumi up` again; where it exists by then:\n"
        '  on_conflict="adopt"',
    )
