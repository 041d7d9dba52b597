"""What the state holds of a database. All of it is state format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_chroma_sync.api.public_calls import DatabaseReply

from .model import INPUTS

__all__ = ["NOT_MANAGED", "changed_inputs", "declared_in", "held", "id_of", "outputs_of"]

NOT_MANAGED = "-"
"""In the place of an entry's identity: the database was looked up by ``Database.get``."""


def declared_in(props: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs among these properties."""
    return {name: props[name] for name in INPUTS if props.get(name) is not None}


def id_of(tenant: str, name: str) -> str:
    """The resource's id: what tells a database from all others of a service."""
    return f"{tenant}/{name}"


def held(tenant: str, name: str) -> str:
    """What an entry of the state holds, among the ids of everything else."""
    return f"database {id_of(tenant, name)}"


def outputs_of(
    inputs: Mapping[str, Any], tenant: str, reply: DatabaseReply | None, entry: str
) -> dict[str, Any]:
    """The outputs of a database.

    Args:
        inputs: as declared.
        tenant: whose it is.
        reply: the database as the service answers it; None where it could not be read yet.
        entry: identity of the entry in the state.
    """
    outputs = {**declared_in(inputs), "tenant": tenant, "state_entry": entry}
    return outputs if reply is None else {**outputs, "database_id": reply.id}


def changed_inputs(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """The inputs that ask for another database than before, in order; an unknown value is a change.

    Where nobody says whose it shall be, it stays whose it is.
    """
    changed = ["name"] if olds.get("name") != news.get("name") else []
    tenant = news.get("tenant")
    return [*changed, "tenant"] if tenant is not None and tenant != olds.get("tenant") else changed
