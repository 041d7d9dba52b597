"""What is said to a person about a source: which one, why it ended so, and the ways out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.core.specification import Difference
from pulumi_chroma_sync.errors import SourceClaimedError, SourceExistsError
from pulumi_chroma_sync.settings import option_of

from .spec import describe

__all__ = [
    "NOT_MOVED",
    "adopted",
    "claimed",
    "connection_in",
    "creating",
    "exists",
    "held_twice",
    "how_to_look",
    "meeting",
    "replaced",
    "step_of",
    "to_another_account",
]

NOT_MOVED = (
    "A source that goes over to another account is deleted with the connection that the state names. Set it "
    "again until the source has gone; where both are of one account, change the name first, the rest after."
)
"""What is so where a source can't go over to another connection."""

_NAME_THEM = "Name resources after what they sync, not after their place in a list."


def creating(inputs: Mapping[str, Any]) -> str:
    """``create source "github acme/handbook" in database "knowledge"``."""
    return f'create source "{describe(inputs)}" in database "{inputs["database_name"]}"'


def replaced(olds: Mapping[str, Any]) -> str:
    """What a change of these inputs means, in a sentence for the preview."""
    return (
        f"{describe(olds)}: the Sync API has no update, so an up replaces the source (old first; if "
        "the create then fails, there is none until the next up). Collections keep what was synced; "
        "the next run decides what is added."
    )


def to_another_account(olds: Mapping[str, Any], news: Mapping[str, Any], source_id: str) -> str:
    """What it means that the program names a connection of another account."""
    return (
        f"{describe(olds)}: {connection_in(news)} is of another account, which has no source {source_id}. An "
        f"up deletes it with {connection_in(olds)} and creates one there; collections keep what was synced."
    )


def connection_in(props: Mapping[str, Any]) -> str:
    """``connection "team-b"``, or ``the plain connection``."""
    name = props.get("connection")
    return "the plain connection" if name is None else f'connection "{name}"'


def step_of(step: str, source_id: str, declared: Mapping[str, Any]) -> str:
    """``delete source 8a6f... ("github acme/handbook" in database "knowledge")``."""
    what = f"{step} source {source_id}"
    if not declared:
        return what
    return f'{what} ("{describe(declared)}" in database "{declared.get("database_name")}")'


def how_to_look(inputs: Mapping[str, Any]) -> str:
    """What to do where a source may appear that the state doesn't know."""
    return (
        "Run `pulumi up` again: if it is\n"
        '  there by then, the preview will say so, and with on_conflict="adopt" that up takes it over.\n'
        f"  To look: pulumi-chroma-sync list{_where(inputs)}"
    )


def _where(inputs: Mapping[str, Any]) -> str:
    """The options of a command about the database of a source."""
    return f" --database {inputs['database_name']}{option_of(inputs.get('connection'))}"


def exists(
    inputs: Mapping[str, Any],
    existing: SourceReply,
    differing: Sequence[Difference],
    what: str,
    *,
    holder: str,
) -> SourceExistsError:
    """The error for a source that stands there and is not taken over.

    Args:
        inputs: checked inputs.
        existing: the source that stands there.
        differing: how it differs from the inputs.
        what: how it was met.
        holder: ``"nobody"`` in this state, as far as is known; ``"another"`` resource of it; ``"itself"``,
            the resource that is replaced by these inputs.
    """
    how = "differs in: " + ", ".join(map(str, differing)) if differing else "equal"
    lines = [f"existing   {existing.id} created {existing.created_at[:10] or 'unknown'}, {how}"]
    if holder == "another":
        lines.append("another resource of this program has it: declare it once; to rename a resource,")
        lines.append('pass opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="the old name")]).')
        lines.append(_NAME_THEM)
    elif holder == "itself":
        lines.append("it is this resource's own old source, kept while its successor is to be created:")
        lines.append(
            "take retain_on_delete=True, or delete_before_replace=False, out of its options, or undo"
        )
        lines.append("the change. A source that was retained is nobody's then: delete it, or with")
        lines.append('on_conflict="adopt" and the fields as they stand take it back.')
    else:
        adopt = 'on_conflict="adopt"' + (" and the fields as they stand" if differing else "")
        command = f"pulumi-chroma-sync import{_where(inputs)} --source {existing.id}"
        lines.append(f"to take it over    {adopt}")
        lines.append(f"to import it       {command}")
        if not differing:
            lines.append("If a resource that left this program has it (names that come from a list's index")
            lines.append(f"shift so), taking it over is the way, too. {_NAME_THEM}")
    return SourceExistsError(
        f"{what}. Nothing was created.", existing.id, step=creating(inputs), outcome="\n  ".join(lines)
    )


def meeting(inputs: Mapping[str, Any], source_id: str, differing: Sequence[Difference]) -> str:
    """What a create of these inputs would meet, in a sentence for the preview."""
    where = f'"{describe(inputs)}": database "{inputs["database_name"]}" already has source {source_id}'
    if differing:
        return (
            f"{where}, which differs in {', '.join(map(str, differing))}; the service may refuse a second one"
        )
    if inputs.get("on_conflict") == "adopt":
        return f"{where}, an equal one; up adopts it"
    return f'{where}, an equal one; up stops there, unless on_conflict="adopt" takes it over'


def adopted(inputs: Mapping[str, Any], source_id: str) -> str:
    """What is said of a source that was taken over, with the way out where a resource had it before."""
    return (
        f'adopted source {source_id} ("{describe(inputs)}" in database "{inputs["database_name"]}"). If a '
        "resource that left the program had it: a whole `pulumi up` forgets that one and keeps the source; "
        "don't destroy it by itself, `pulumi state delete ITS_URN` takes it out of the state."
    )


def claimed(inputs: Mapping[str, Any], source_id: str) -> SourceClaimedError:
    """The error for an answer with the id of another resource's source."""
    return SourceClaimedError(
        f"the service answered with source {source_id}, which another resource of this program has. "
        "Declare each source once, or tell the two apart by their fields.",
        step=creating(inputs),
    )


def held_twice(declared: Mapping[str, Any], source_id: str) -> SourceClaimedError:
    """The error for two entries of the state that stay and have one source."""
    return SourceClaimedError(
        f'source {source_id} ("{describe(declared)}") is in the state twice: two resources of this program '
        "have it, because one of them adopted it. Take one of the two out of the program, and out of the "
        "state with `pulumi state delete URN`, which leaves the source itself alone."
    )
