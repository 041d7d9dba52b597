"""What an error says of its source: which one, why it ended so, and the ways out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import ChromaSyncError, OutcomeUnknownError, SourceExistsError
from .meaning import describe, differences
from .models import SourceReply

__all__ = ["exists", "look_again", "named", "step_of", "unknown"]


def named(inputs: Mapping[str, Any]) -> str:
    """``create source "github acme/handbook" in database "knowledge"``."""
    return f'create source "{describe(inputs)}" in database "{inputs["database_name"]}"'


def step_of(step: str, source_id: str, declared: Mapping[str, Any]) -> str:
    """``delete source 8a6f... ("github acme/handbook" in database "knowledge")``."""
    what = f"{step} source {source_id}"
    if not declared:
        return what
    return f'{what} ("{describe(declared)}" in database "{declared.get("database_name")}")'


def exists(
    inputs: Mapping[str, Any], existing: SourceReply, what: str, *, claimed: bool
) -> SourceExistsError:
    """The error for a source that stands there and is not taken over.

    Args:
        inputs: checked inputs.
        existing: the source that stands there.
        what: how it was met.
        claimed: whether another resource of the program has it.
    """
    differing = differences(inputs, existing)
    how = "differs in: " + ", ".join(map(str, differing)) if differing else "equal"
    lines = [
        f"{named(inputs)}: {what}. Nothing was created.",
        f"  existing   {existing.id} created {existing.created_at[:10] or 'unknown'}, {how}",
    ]
    if claimed:
        lines.append("  another resource of this program has it: declare it once; to rename a resource,")
        lines.append('  pass opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="the old name")])')
    else:
        adopt = 'on_conflict="adopt"' + (" and the fields as they stand" if differing else "")
        command = f"pulumi-chroma-sync import --database {inputs['database_name']} --source {existing.id}"
        lines.append(f"  to take it over    {adopt}")
        lines.append(f"  to import it       {command}")
    return SourceExistsError("\n".join(lines), existing.id)


def unknown(inputs: Mapping[str, Any], fault: ChromaSyncError, seen: str) -> OutcomeUnknownError:
    """The error for a create that may or may not have been carried out.

    Args:
        inputs: checked inputs.
        fault: what ended the one request.
        seen: what the list said afterwards.
    """
    return OutcomeUnknownError(
        f"{named(inputs)}: {fault}; and {seen}.\n"
        f"  It may exist, or may still appear. Nothing was sent twice. {look_again(inputs['database_name'])}"
    )


def look_again(database: object) -> str:
    """What to do where a source may appear that the state doesn't know."""
    return (
        "Run `pulumi up` again: if it is\n"
        '  there by then, the preview will say so, and with on_conflict="adopt" that up takes it over.\n'
        f"  To look: pulumi-chroma-sync list --database {database}"
    )
