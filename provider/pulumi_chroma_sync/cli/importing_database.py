"""An existing database beside its sources, as a resource of a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pulumi.dynamic.dynamic import serialize_provider

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.public_calls import DatabaseReply
from pulumi_chroma_sync.core.ownership import new_entry
from pulumi_chroma_sync.database import Database, DatabaseProvider
from pulumi_chroma_sync.kinds.database.state import id_of, outputs_of
from pulumi_chroma_sync.settings import Settings

from .codegen import Declaration, Reference, logical_names, variable

__all__ = ["database_of", "with_database_first"]


def database_of(settings: Settings, name: str) -> DatabaseReply:
    """The database of this name, as the public API has it.

    Raises:
        ChromaSyncError: it could not be asked, or has none.
    """
    with SyncClient(settings) as client:
        tenant = settings.tenant or client.public.identity().tenant
        # Where a server has every database of that name, it says whose this one is.
        return replace(client.public.get_database(tenant, name), tenant=tenant)


def with_database_first(
    database: DatabaseReply,
    connection: str | None,
    declarations: Sequence[Declaration],
    entries: Sequence[Mapping[str, Any]],
) -> tuple[list[Declaration], list[dict[str, Any]]]:
    """A program and a file with the database before all else; the program passes its name on.

    Args:
        database: as the service has it.
        connection: what the program names; None for the plain settings.
        declarations: of the program.
        entries: of the file.
    """
    [slug] = logical_names([(database.name, database.id)])
    taken = {variable(each.name) for each in declarations} | {each.name for each in declarations}
    name = f"{slug}-database" if {slug, variable(slug)} & taken else slug
    named = {} if connection is None else {"connection": connection}
    inputs: dict[str, Any] = {"name": database.name, **named}
    of_it = Reference(f"{variable(name)}.name")
    first = Declaration(name, inputs, f"database {database.id}", "Database")
    rest = [replace(each, inputs={**each.inputs, "database_name": of_it}) for each in declarations]
    # `pulumi import` protects what it imports, and the program says so.
    kept = {**inputs, "tenant": database.tenant, "protected": True}
    own = {"__provider": serialize_provider(DatabaseProvider())}
    entry = {
        "type": f"pulumi-python:{vars(Database)['_resource_type_name']}",
        "name": name,
        "id": id_of(database.tenant, database.name),
        "inputs": {**kept, **own},
        "outputs": {**outputs_of(kept, database.tenant, database, new_entry()), **own},
    }
    return [first, *rest], [entry, *map(dict, entries)]
