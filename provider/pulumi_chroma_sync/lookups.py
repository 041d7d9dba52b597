"""Look-ups: what the service has, read into a program or a script without managing any of it.

In a program the settings are those of the stack and the environment, in a script without Pulumi's engine
those of the environment (:mod:`pulumi_chroma_sync.settings`). Each look-up asks when it is called, at preview
too. Its twin with ``_output`` takes outputs of resources, asks when they are known, and holds nothing up
meanwhile.

Nothing here imports httpx or pydantic before the first look-up: every program loads this module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pulumi

from .errors import ChromaSyncError, ConfigError

if TYPE_CHECKING:
    from .core.session import Session
    from .results import InvocationResult, SourceResult

__all__ = [
    "Resources",
    "RunStatus",
    "SourceType",
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

Resources = pulumi.Resource | Sequence[pulumi.Resource]
"""One, or many."""

_T = TypeVar("_T")


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

    _checked("source_id", source_id)
    return source_result(source_of(_session(connection).client, source_id))


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
    return _later(get_source, depends_on, connection=connection, source_id=source_id)


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

    _checked("database_name", database_name, optional=True)
    _checked("source_type", source_type, SourceType, optional=True)
    session = _session(connection)
    found = sources_of(session.client, database_name or _database(session), source_type)
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
    return _later(
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

    _checked("invocation_id", invocation_id)
    return invocation_result(invocation_of(_session(connection).client, invocation_id))


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
    return _later(get_invocation, depends_on, connection=connection, invocation_id=invocation_id)


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

    _checked("source_id", source_id, optional=True)
    _checked("database_name", database_name, optional=True)
    _checked("source_type", source_type, SourceType, optional=True)
    _checked("status", status, RunStatus, optional=True)
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise ChromaSyncError("limit: must be a whole number, 1 or more; None for all")
    if source_id is not None and database_name is not None:
        raise ChromaSyncError(
            "give source_id or database_name, not both: the runs of a source are all in its database"
        )
    session = _session(connection)
    found = invocations_of(
        session.client,
        source_id=source_id,
        database=None if source_id is not None else database_name or _database(session),
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
    return _later(
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

    _checked("source_id", source_id)
    if isinstance(keys, str):
        raise ChromaSyncError("keys: must be a list of object keys, not one of them")
    for number, key in enumerate(keys := list(keys)):
        _checked(f"keys[{number}]", key)
    found = latest_invocations_of(_session(connection).client, source_id, keys)
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
    return _later(get_latest_invocations, depends_on, connection=connection, source_id=source_id, keys=keys)


def _session(name: str | None) -> Session:
    """What look-ups work with: the one place where their settings are read."""
    from .core.connections import Connections
    from .core.session import session_for

    stack = pulumi.Config("chroma-sync")  # empty in a script without the engine
    connections = Connections(lambda key: stack.get(key.removeprefix("chroma-sync:")))
    connection = connections.at(name)
    if connection.settings is None:
        raise connection.error or ConfigError("connection", "there is none")
    return session_for(connection.settings, connections.secrets)


def _database(session: Session) -> str:
    """The database where the program names none: of the settings, else the one that the key is good for."""
    from .core.account import Account
    from .settings import setting_of, variable_of

    if session.settings.database is not None:
        return session.settings.database
    name, why = session.part(Account).database(lambda _told: None)
    if name is None:
        setting, variable = (of("database", session.settings.connection) for of in (setting_of, variable_of))
        raise ConfigError(
            "database",
            "no database is named; pass database_name, or set "
            f"`pulumi config set {setting} NAME` or {variable}{why}",
        )
    return name


def _checked(name: str, value: object, allowed: Any = None, *, optional: bool = False) -> None:
    """Refuse what no look-up could work with, before anything is asked."""
    if optional and value is None:
        return
    if isinstance(value, pulumi.Output):
        raise ChromaSyncError(f"{name}: is an output; pass it to the look-up's twin with _output")
    if not isinstance(value, str) or not value:
        raise ChromaSyncError(f"{name}: must be a text that isn't empty")
    if allowed is not None and value not in allowed.__args__:
        raise ChromaSyncError(f"{name}: must be one of {', '.join(allowed.__args__)}")


def _later(look_up: Callable[..., _T], depends_on: Resources, **arguments: Any) -> pulumi.Output[_T]:
    """The look-up of arguments that may be outputs: unknown as long as one of them is, secret where one is.

    It is made on a thread, since the program's other resources need the event loop meanwhile.
    """
    if isinstance(depends_on, pulumi.Resource):
        depends_on = [depends_on]
    # What is to be created has no id at preview yet, and so keeps the answer unknown.
    there = [each.id if isinstance(each, pulumi.CustomResource) else each.urn for each in depends_on]
    given = pulumi.Output.all(pulumi.Output.all(**arguments), *there)

    async def answer(known: Sequence[Any]) -> _T:
        try:
            return await asyncio.to_thread(look_up, **known[0])
        except ChromaSyncError as error:
            if await given.is_secret():
                raise _without(error, known[0]) from None
            raise

    return given.apply(answer)


def _without(error: ChromaSyncError, arguments: Mapping[str, Any]) -> ChromaSyncError:
    """The same error, in which none of the arguments stands: one of them is a secret."""
    from .api.secrecy import scrubbed

    given = arguments.values()
    texts = [text for value in given for text in (value if isinstance(value, list) else [value])]
    secrets = [text for text in texts if isinstance(text, str)]
    for name in ("message", "step", "outcome"):
        if text := getattr(error, name):
            setattr(error, name, scrubbed(text, secrets))
    error.args = (error.message,)
    return error
