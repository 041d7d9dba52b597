"""What every provider has: its settings, its session, and a word that is said once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pulumi import dynamic

from pulumi_chroma_sync.errors import ConfigError

from .border import properties_of_the_call
from .terminal import inform

if TYPE_CHECKING:
    from pulumi_chroma_sync.settings import Settings

    from .connections import Connection, Connections
    from .session import Session

__all__ = ["Provider"]


class Provider(dynamic.ResourceProvider):
    """The part of a lifecycle that knows no resource. An instance has no attributes until it is configured.

    Each call of the engine is about one resource, and the property ``connection`` of that resource says with
    which settings it is carried out; so settings and session are those of the call.

    The state names the class that a resource's module derives from this one, never this one.
    """

    serialize_as_secret_always = False

    _connections: Connections | None = None
    _informed: frozenset[str] = frozenset()
    _program_runs = False
    """Whether the engine has begun to register what the program declares. Before that it may refresh, and
    then it calls diff after each read, also for resources that the program no longer has (measured)."""

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Read the settings, and hear of Ctrl-C.

        What is wrong with a setting is kept until check can name it as a property's failure.
        """
        from .cancelling import listen_for_cancel
        from .parallel import allow_at_once
        from .starting import load_httpx

        if listen_for_cancel():  # so this is a plugin's process
            load_httpx()
        from .connections import Connections

        # The SDK's bag gives the values of names; which names it has only its own attribute says (SDK 3.272).
        keys = vars(req.config).get("_props")
        self._connections = Connections(req.config.get, keys if isinstance(keys, Mapping) else ())
        if (plain := self._connections.at(None).settings) is not None:
            allow_at_once(plain.parallel)

    @property
    def _settings(self) -> Settings | None:
        """Of the call's connection."""
        return self._connection().settings

    @property
    def _config_error(self) -> ConfigError | None:
        """Why there are none."""
        return self._connection().error

    def _inform_once(self, sentence: str) -> None:
        """The engine checks and compares some resources twice."""
        if sentence not in self._informed:
            self._informed |= {sentence}
            inform(sentence)

    def _was_just_deleted(self, object_id: str) -> bool:
        """Whether this run deleted the object for another entry of the state, before it heard of this one."""
        if self._settings is None or not self._program_runs:
            return False
        return self._session().ownership.is_deleted(object_id)

    def _database(self, news: Mapping[str, Any]) -> tuple[str | None, str]:
        """The database where the program names none, and the sentence for where there is none.

        That of the settings, else the one that the API key is scoped to: it is asked for once in a process
        and connection, and told.
        """
        from .account import Account, how_to_set_database

        settings = self._settings
        if settings is None or settings.database or news.get("database_name") is not None:
            return (settings.database if settings else None), how_to_set_database(settings)
        if not settings.preflight or settings.api_key is None:
            return None, how_to_set_database(settings)
        name, why = self._session().part(Account).database(inform)
        return name, how_to_set_database(settings) + why

    def _is_elsewhere(
        self, olds: Mapping[str, Any], news: Mapping[str, Any], sees: Callable[[Session], bool]
    ) -> bool:
        """Whether an object has to go over to another account, since the program names another connection.

        It stays as it is where the new connection sees it: the same account by another name, or with another
        key. What is found out of two connections holds for all that they have.

        Args:
            olds: of the state.
            news: of the program.
            sees: whether a session's API key sees the object.

        Raises:
            ConfigError: it has to, and the old connection is not there any more, so nobody could delete it.
            ChromaSyncError: the service could not be asked.
        """
        assert self._connections is not None
        old, new = olds.get("connection"), news.get("connection")
        before, now = self._connection(olds), self._connection(news)
        same = self._connections.same_account(old, new)
        if same is None and before.settings is not None and now.settings is not None:
            # The same key at the same address need not be asked.
            fields = ("api_key", "url")
            if all(getattr(before.settings, each) == getattr(now.settings, each) for each in fields):
                same = True
        if same is None:
            if sees(self._session(news)):
                same = True
            elif before.settings is not None and sees(self._session(olds)):
                same = False
            if same is not None:
                self._connections.found_out(old, new, same)
        if same is not True and before.error is not None:
            raise copy.copy(before.error)
        return same is not True

    def _connection(self, props: Mapping[str, Any] | None = None) -> Connection:
        from .connections import Connection

        props = properties_of_the_call() if props is None else props
        if self._connections is None:
            return Connection(None, ConfigError("apiKey", "the provider was not configured"))
        return self._connections.at(props.get("connection"))

    def _session(self, props: Mapping[str, Any] | None = None) -> Session:
        """What this process shares for the connection of the call, or of other properties.

        Raises:
            ConfigError: its settings are malformed, or there is no such connection.
        """
        from .session import session_for

        connection = self._connection(props)
        if connection.settings is None or self._connections is None:
            raise copy.copy(connection.error) or ConfigError("apiKey", "the provider was not configured")
        return session_for(connection.settings, self._connections.secrets)
