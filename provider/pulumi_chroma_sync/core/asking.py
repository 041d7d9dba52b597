"""How look-ups ask: with which settings, of arguments that are checked, and later where these are outputs.

Nothing here imports httpx or pydantic before the first look-up: every program loads this module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi

from pulumi_chroma_sync.errors import ChromaSyncError, ConfigError

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Resources", "checked", "database_of", "later", "session_of"]

Resources = pulumi.Resource | Sequence[pulumi.Resource]
"""One, or many."""

_T = TypeVar("_T")


def session_of(name: str | None) -> Session:
    """What look-ups work with: the one place where their settings are read."""
    from .connections import Connections
    from .session import session_for

    stack = pulumi.Config("chroma-sync")  # empty in a script without the engine
    connections = Connections(lambda key: stack.get(key.removeprefix("chroma-sync:")))
    connection = connections.at(name)
    if connection.settings is None:
        raise connection.error or ConfigError("connection", "there is none")
    return session_for(connection.settings, connections.secrets)


def database_of(session: Session) -> str:
    """The database where the program names none: of the settings, else the one that the key is good for."""
    from pulumi_chroma_sync.settings import setting_of, variable_of

    from .account import Account

    if session.settings.database is not None:
        return session.settings.database
    name, why = session.part(Account).database(pulumi.log.info)  # in a script it goes to stderr
    if name is None:
        setting, variable = (of("database", session.settings.connection) for of in (setting_of, variable_of))
        raise ConfigError(
            "database",
            "no database is named; pass database_name, or set "
            f"`pulumi config set {setting} NAME` or {variable}{why}",
        )
    return name


def checked(name: str, value: object, allowed: Any = None, *, optional: bool = False) -> None:
    """Refuse what no look-up could work with, before anything is asked."""
    if optional and value is None:
        return
    if isinstance(value, pulumi.Output):
        raise ChromaSyncError(f"{name}: is an output; pass it to the look-up's twin with _output")
    if not isinstance(value, str) or not value:
        raise ChromaSyncError(f"{name}: must be a text that isn't empty")
    if allowed is not None and value not in allowed.__args__:
        raise ChromaSyncError(f"{name}: must be one of {', '.join(allowed.__args__)}")


def later(look_up: Callable[..., _T], depends_on: Resources, **arguments: Any) -> pulumi.Output[_T]:
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
    from pulumi_chroma_sync.api.secrecy import scrubbed

    given = arguments.values()
    texts = [text for value in given for text in (value if isinstance(value, list) else [value])]
    secrets = [text for text in texts if isinstance(text, str)]
    for name in ("message", "step", "outcome"):
        if text := getattr(error, name):
            setattr(error, name, scrubbed(text, secrets))
    error.args = (error.message,)
    return error
