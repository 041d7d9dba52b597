"""Look-ups: what the service has, read into a program or a script without managing any of it.

In a program the settings are those of the stack and the environment, in a script without Pulumi's engine
those of the environment (:mod:`pulumi_chroma_sync.settings`). Each look-up asks when it is called, at preview
too. Its twin with ``_output`` takes outputs of resources, asks when they are known, and holds nothing up
meanwhile.

Nothing here imports httpx or pydantic before the first look-up: every program loads this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import pulumi

from .core.asking import Resources, checked, database_of, later, session_of
from .errors import ChromaSyncError

if TYPE_CHECKING:
    from .results import CollectionResult, InvocationResult, SourceResult

__all__ = [
    "RunStatus",
    "SourceType",
    "get_collection",
    "get_collection_output",
    "get_collections",
    "get_collections_output",
    "get_invocation",
    "get_invocation_output",
    "get_invocations",
    "get_invocations_output",
    "get_latest_invocations",
    "get_latest_invocations_output",
    "get_source",
    "get_source_output",
    "get_sources",
    "get_sources_output",
]

SourceType = Literal["github", "web_scrape", "s3", "file_upload"]
"""A kind of source, as the API spells it."""

RunStatus = Literal["pending", "processing", "complete", "failed", "cancelled"]
"""How a run stands, as the API spells it."""


def get_source(source_id: str, *, connection: str | None = None) -> SourceResult:
    """Look up a source by its id.

    Args:
        source_id: the service's id.
        connection: with which account's settings; see :class:`Source`.

    Raises:
        NotFoundError: there is none for this API key.
        ConfigError: no API key is set, or a setting is malformed.
        ChromaSyncError: it could not be read.
    """
    from .kinds.source.lookup import source_of, source_result

    checked("source_id", source_id)
    return source_result(source_of(session_of(connection).client, source_id))


def get_source_output(
    source_id: pulumi.Input[str],
    *,
    connection: str | None = None,
    depends_on: Resources = (),
) -> pulumi.Output[SourceResult]:
    """:func:`get_source` of an output.

    Args:
        source_id: the service's id, such as ``docs.source_id``.
        connection: with which account's settings; see :class:`Source`.
        depends_on: resources that have to be there before anything is asked.
    """
    return later(get_source, depends_on, connection=connection, source_id=source_id)


def get_sources(
    *,
    database_name: str | None = None,
    source_type: SourceType | None = None,
    connection: str | None = None,
) -> Sequence[SourceResult]:
    """Look up the sources of a database, all of them, the newest first.

    Args:
        database_name: the database. Default: ``chroma-sync:database``, then ``CHROMA_DATABASE``, then the
            one that the API key is scoped to.
        source_type: only sources of this kind.
        connection: with which account's settings; see :class:`Source`.

    Raises:
        NotFoundError: there is no such database for this API key.
        ConfigError: no API key or no database is set, or a setting is malformed.
        ChromaSyncError: the list could not be read to its end.
    """
    from .kinds.source.lookup import source_result, sources_of

    checked("database_name", database_name, optional=True)
    checked("source_type", source_type, SourceType, optional=True)
    session = session_of(connection)
    found = sources_of(session.client, database_name or database_of(session), source_type)
    return tuple(map(source_result, found))


def get_sources_output(
    *,
    database_name: pulumi.Input[str | None] = None,
    source_type: pulumi.Input[SourceType | None] = None,
    connection: str | None = None,
    depends_on: Resources = (),
) -> pulumi.Output[Sequence[SourceResult]]:
    """:func:`get_sources` of outputs.

    Args:
        database_name: the database. Default: the setting.
        source_type: only sources of this kind.
        connection: with which account's settings; see :class:`Source`.
        depends_on: resources that have to be there before anything is asked, such as a source that the list
            is to have.
    """
    return later(
        get_sources, depends_on, connection=connection, database_name=database_name, source_type=source_type
    )


def get_invocation(invocation_id: str, *, connection: str | None = None) -> InvocationResult:
    """Look up a run by its id.

    Args:
        invocation_id: the service's id.
        connection: with which account's settings; see :class:`Source`.

    Raises:
        NotFoundError: there is none for this API key.
        ConfigError: no API key is set, or a setting is malformed.
        ChromaSyncError: it could not be read.
    """
    from .kinds.invocation.lookup import invocation_of, invocation_result

    checked("invocation_id", invocation_id)
    return invocation_result(invocation_of(session_of(connection).client, invocation_id))


def get_invocation_output(
    invocation_id: pulumi.Input[str],
    *,
    connection: str | None = None,
    depends_on: Resources = (),
) -> pulumi.Output[InvocationResult]:
    """:func:`get_invocation` of an output.

    Args:
        invocation_id: the service's id, such as ``run.invocation_id``.
        connection: with which account's settings; see :class:`Source`.
        depends_on: resources that have to be there before anything is asked.
    """
    return later(get_invocation, depends_on, connection=connection, invocation_id=invocation_id)


def get_invocations(
    *,
    source_id: str | None = None,
    database_name: str | None = None,
    source_type: SourceType | None = None,
    status: RunStatus | None = None,
    limit: int | None = None,
    connection: str | None = None,
) -> Sequence[InvocationResult]:
    """Look up the runs of a source or of a database, the newest first.

    Args:
        source_id: runs of this source; or
        database_name: runs of this database. Default without ``source_id``: the setting.
        source_type: only runs of sources of this kind.
        status: only runs that stand so.
        limit: how many at most, 1 or more. Default: all.
        connection: with which account's settings; see :class:`Source`.

    Raises:
        NotFoundError: there is no such source or database for this API key.
        ConfigError: no API key, or neither source nor database is named, or a setting is malformed.
        ChromaSyncError: the list could not be read; or both a source and a database are given.
    """
    from .kinds.invocation.lookup import invocation_result, invocations_of

    checked("source_id", source_id, optional=True)
    checked("database_name", database_name, optional=True)
    checked("source_type", source_type, SourceType, optional=True)
    checked("status", status, RunStatus, optional=True)
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise ChromaSyncError("limit: must be a whole number, 1 or more; None for all")
    if source_id is not None and database_name is not None:
        raise ChromaSyncError(
            "give source_id or database_name, not both: the runs of a source are all in its database"
        )
    session = session_of(connection)
    found = invocations_of(
        session.client,
        source_id=source_id,
        database=None if source_id is not None else database_name or database_of(session),
        source_type=source_type,
        status=status,
        at_most=limit,
    )
    return tuple(map(invocation_result, found.items))


def get_invocations_output(
    *,
    source_id: pulumi.Input[str | None] = None,
    database_name: pulumi.Input[str | None] = None,
    source_type: pulumi.Input[SourceType | None] = None,
    status: pulumi.Input[RunStatus | None] = None,
    limit: pulumi.Input[int | None] = None,
    connection: str | None = None,
    depends_on: Resources = (),
) -> pulumi.Output[Sequence[InvocationResult]]:
    """:func:`get_invocations` of outputs.

    Args:
        source_id: runs of this source; or
        database_name: runs of this database. Default without ``source_id``: the setting.
        source_type: only runs of sources of this kind.
        status: only runs that stand so.
        limit: how many at most, 1 or more. Default: all.
        connection: with which account's settings; see :class:`Source`.
        depends_on: resources that have to be there before anything is asked.
    """
    return later(
        get_invocations,
        depends_on,
        connection=connection,
        source_id=source_id,
        database_name=database_name,
        source_type=source_type,
        status=status,
        limit=limit,
    )


def get_latest_invocations(
    source_id: str, keys: Sequence[str], *, connection: str | None = None
) -> Mapping[str, InvocationResult]:
    """Look up the newest run of each of these objects of an S3 source.

    Args:
        source_id: the source.
        keys: the whole keys of the objects; however many.
        connection: with which account's settings; see :class:`Source`.

    Returns:
        Key -> its newest run. A key that was never run isn't there.

    Raises:
        NotFoundError: there is no such source for this API key.
        ConfigError: no API key is set, or a setting is malformed.
        ChromaSyncError: they could not be read.
    """
    from .kinds.invocation.lookup import invocation_result, latest_invocations_of

    checked("source_id", source_id)
    if isinstance(keys, str):
        raise ChromaSyncError("keys: must be a list of object keys, not one of them")
    for number, key in enumerate(keys := list(keys)):
        checked(f"keys[{number}]", key)
    found = latest_invocations_of(session_of(connection).client, source_id, keys)
    return {key: invocation_result(reply) for key, reply in found.items()}


def get_latest_invocations_output(
    source_id: pulumi.Input[str],
    keys: pulumi.Input[Sequence[pulumi.Input[str]]],
    *,
    connection: str | None = None,
    depends_on: Resources = (),
) -> pulumi.Output[Mapping[str, InvocationResult]]:
    """:func:`get_latest_invocations` of outputs.

    Args:
        source_id: the source.
        keys: the whole keys of the objects.
        connection: with which account's settings; see :class:`Source`.
        depends_on: resources that have to be there before anything is asked.
    """
    return later(get_latest_invocations, depends_on, connection=connection, source_id=source_id, keys=keys)


def get_collection(
    name: str,
    *,
    database_name: str | None = None,
    tenant: str | None = None,
    connection: str | None = None,
) -> CollectionResult:
    """Look up a collection by its name, with the number of its records.

    Args:
        name: its name.
        database_name: the database. Default: ``chroma-sync:database``, then ``CHROMA_DATABASE``, then the
            one that the API key is scoped to.
        tenant: whose the database is. Default: ``chroma-sync:tenant``, then ``CHROMA_TENANT``, then the
            tenant of the API key.
        connection: with which account's settings; see :class:`Source`.

    Raises:
        NotFoundError: there is no such collection, or no such database for this API key.
        ConfigError: no API key or no database is set, or a setting is malformed.
        ChromaSyncError: it could not be read.
    """
    from .kinds.collection.lookup import collection_of

    checked("name", name)
    checked("database_name", database_name, optional=True)
    checked("tenant", tenant, optional=True)
    session = session_of(connection)
    return collection_of(session, name, database_name or database_of(session), tenant)


def get_collection_output(
    name: pulumi.Input[str],
    *,
    database_name: pulumi.Input[str | None] = None,
    tenant: pulumi.Input[str | None] = None,
    connection: str | None = None,
    depends_on: Resources = (),
) -> pulumi.Output[CollectionResult]:
    """:func:`get_collection` of outputs.

    Args:
        name: its name, such as ``run.collection_name``.
        database_name: the database. Default: the setting.
        tenant: whose the database is. Default: the setting, then the tenant of the API key.
        connection: with which account's settings; see :class:`Source`.
        depends_on: resources that have to be there before anything is asked.
    """
    return later(
        get_collection,
        depends_on,
        connection=connection,
        name=name,
        database_name=database_name,
        tenant=tenant,
    )


def get_collections(
    *,
    database_name: str | None = None,
    tenant: str | None = None,
    connection: str | None = None,
) -> Sequence[CollectionResult]:
    """Look up the collections of a database, all of them, by name, each with the number of its records.

    Args:
        database_name: the database. Default: ``chroma-sync:database``, then ``CHROMA_DATABASE``, then the
            one that the API key is scoped to.
        tenant: whose it is. Default: ``chroma-sync:tenant``, then ``CHROMA_TENANT``, then the tenant of the
            API key.
        connection: with which account's settings; see :class:`Source`.

    Raises:
        NotFoundError: there is no such database for this API key.
        ConfigError: no API key or no database is set, or a setting is malformed.
        ChromaSyncError: the list could not be read to its end.
    """
    from .kinds.collection.lookup import collections_of

    checked("database_name", database_name, optional=True)
    checked("tenant", tenant, optional=True)
    session = session_of(connection)
    return collections_of(session, database_name or database_of(session), tenant)


def get_collections_output(
    *,
    database_name: pulumi.Input[str | None] = None,
    tenant: pulumi.Input[str | None] = None,
    connection: str | None = None,
    depends_on: Resources = (),
) -> pulumi.Output[Sequence[CollectionResult]]:
    """:func:`get_collections` of outputs.

    Args:
        database_name: the database. Default: the setting.
        tenant: whose it is. Default: the setting, then the tenant of the API key.
        connection: with which account's settings; see :class:`Source`.
        depends_on: resources that have to be there before anything is asked, such as a run that writes one
            of the collections, or the database itself, whose name is known before it is made.
    """
    return later(
        get_collections, depends_on, connection=connection, database_name=database_name, tenant=tenant
    )
