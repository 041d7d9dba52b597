"""What every command has in common: its options, its settings, and how its errors are told."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click
from typing_extensions import ParamSpec

from pulumi_chroma_sync.errors import ChromaSyncError

if TYPE_CHECKING:
    from pulumi_chroma_sync.settings import Settings

__all__ = [
    "Misused",
    "common_options",
    "connection_option",
    "database_in",
    "errors_in_a_line",
    "settings_and_database",
    "settings_with_key",
    "url_option",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")

url_option = click.option("--url", metavar="URL", help="Of the service.  [env: CHROMA_SYNC_URL]")
database_option = click.option("--database", metavar="NAME", help="Whose sources.  [env: CHROMA_DATABASE]")
connection_option = click.option(
    "--connection",
    metavar="NAME",
    help="With the settings of this connection: team-b reads CHROMA_API_KEY_TEAM_B and its like.",
)


class Misused(click.ClickException):
    """Asked for in the wrong way; what to do is in the message, without click's usage lines."""

    exit_code = 2


def errors_in_a_line(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Errors of ours, and of whoever reads stdout, end the command with one line."""

    @functools.wraps(command)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return command(*args, **kwargs)
        except ChromaSyncError as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None
        except OSError as error:
            if error.errno == errno.EPIPE:  # nobody reads on; click ends quietly
                raise
            # What could not be written is still buffered, and Python would fail on it once more at its end.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.ClickException(f"can't write to stdout: {error.strerror}") from None

    return wrapper


def common_options(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """The options that say whose sources, and with which settings."""
    for option in (url_option, database_option, connection_option):
        command = option(command)
    return command


def settings_and_database(
    url: str | None, database: str | None, connection: str | None
) -> tuple[Settings, str]:
    """The settings, with a key in them, and the database."""
    settings = settings_with_key(url, database, connection)
    return settings, database_in(settings)


def settings_with_key(url: str | None, database: str | None, connection: str | None) -> Settings:
    """The settings of the environment, under what the options say.

    Args:
        url: of the service.
        database: its name.
        connection: whose settings; None for the plain ones.

    Raises:
        Misused: one is malformed, or there is no API key.
    """
    from pulumi_chroma_sync.core.connections import Connections
    from pulumi_chroma_sync.settings import variable_of

    given = {variable_of("url", connection): url, variable_of("database", connection): database}
    environ = {**os.environ, **{name: value for name, value in given.items() if value is not None}}
    found = Connections(environ=environ).at(connection)
    if found.settings is None:
        assert found.error is not None
        reason = found.error.reason
        if url is not None:
            reason = reason.replace(variable_of("url", connection), "--url")
        raise Misused(f"{'--' if found.error.setting == 'connection' else ''}{found.error.setting}: {reason}")
    settings = found.settings
    if settings.api_key is None:
        raise Misused(f"no API key is set; set {variable_of('apiKey', connection)}")
    return settings


def database_in(settings: Settings) -> str:
    """The database of the settings, else the one that the API key is good for."""
    from pulumi_chroma_sync.core.account import Account
    from pulumi_chroma_sync.core.session import session_for
    from pulumi_chroma_sync.settings import variable_of

    if settings.database is not None:
        return settings.database
    name, why = session_for(settings).part(Account).database(lambda told: click.echo(told, err=True))
    if name is None:
        variable = variable_of("database", settings.connection)
        raise Misused(f"no database is named; give --database or set {variable}{why}")
    return name
