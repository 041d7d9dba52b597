"""What the state holds of an upload: the inputs, and what the service said last of its run. All of it is
state format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .content import Content
from .model import INPUTS

__all__ = ["declared_in", "outputs_of"]


def declared_in(props: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs among these properties."""
    return {name: props[name] for name in INPUTS if props.get(name) is not None}


def outputs_of(inputs: Mapping[str, Any], content: Content, run_id: str, entry: str) -> dict[str, Any]:
    """The outputs of an upload whose run was not looked at yet.

    Args:
        inputs: as declared.
        content: what was uploaded, whatever stood in the file when the inputs were checked.
        run_id: the service's id of the run.
        entry: identity of the entry in the state.
    """
    return {
        **declared_in(inputs),
        "sha256": content.sha256,
        "size": content.size,
        "invocation_id": run_id,
        "state_entry": entry,
        "status": "pending",
    }
