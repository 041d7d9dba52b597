"""What is said to a person about many runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_chroma_sync.kinds.invocation.runs import words_for
from pulumi_chroma_sync.kinds.invocation.starting import deadline_of

from .model import objects_in
from .plan import Plan
from .record import Runs

__all__ = ["changing", "coming", "failed", "replaced"]

_NAMED = 3
_SHOWN = 20


def _named(keys: Sequence[str]) -> str:
    more = ", ..." if len(keys) > _NAMED else ""
    return ", ".join(keys[:_NAMED]) + more


def _objects(count: int) -> str:
    return f"{count:,} object" + ("" if count == 1 else "s")


def coming(inputs: Mapping[str, Any], there: Sequence[str], why: str = "") -> str:
    """What an up will run where nothing of it is in the state.

    Args:
        inputs: checked inputs.
        there: objects that are complete or under way already.
        why: everything is run anew, with a semicolon at its end.
    """
    name = inputs.get("name") or "runs"
    if not isinstance(inputs.get("keys"), (list, Mapping)):
        return f"{name}: {why}its objects are not known yet"
    done = set(there)
    keys = [key for key in objects_in(inputs) if key not in done]
    text = f"{name}: {why}an up runs {_objects(len(keys))}" + (f" ({_named(keys)})" if keys else "")
    if inputs.get("wait", True):
        text += f", and waits for each for up to {words_for(deadline_of(inputs))}"
    if there:
        are = "is" if len(there) == 1 else "are"
        text += f"; {_objects(len(there))} {are} complete or under way already ({_named(there)})"
        text += ", and not run again"
    return text


def replaced(changed: Sequence[str], runs: Runs) -> str:
    """Why everything is run anew, for :func:`coming`."""
    stays = f'; what is in collection "{runs.collection}" stays there' if runs.collection else ""
    return f"{', '.join(changed)} changed{stays}; "


def changing(name: str, planned: Plan) -> str:
    """What an up will do with what changed; "" for nothing."""
    parts = []
    if planned.run:
        parts.append(f"runs {_objects(len(planned.run))} ({_named(planned.run)})")
    if planned.wait:
        parts.append(f"waits for {_objects(len(planned.wait))} under way ({_named(planned.wait)})")
    if planned.gone:
        parts.append(
            f"forgets {_objects(len(planned.gone))} ({_named(planned.gone)}): what was indexed stays"
        )
    return f"{name}: an up {', '.join(parts)}; {planned.kept:,} stay" if parts else ""


def failed(name: str, failures: Mapping[str, str], total: int) -> tuple[str, str]:
    """Why an up ends with an error, and what is so then."""
    lines = []
    for key, reason in list(failures.items())[:_SHOWN]:
        lines.append(f"{key}: " + reason.replace("\n", "\n  "))
    if len(failures) > _SHOWN:
        lines.append(f"and {len(failures) - _SHOWN:,} more, with reasons in the output `failures`")
    lines.append("All others are indexed, and in the state. The next `pulumi up` does only what is left.")
    return f"{name}: {len(failures):,} of {_objects(total)} could not be indexed", "\n  ".join(lines)
