"""Which database an API key is for, where nobody names one: Chroma's public API knows it."""

from __future__ import annotations

import math
from collections.abc import Callable

from pulumi_chroma_sync.api.public_calls import Identity
from pulumi_chroma_sync.errors import ChromaSyncError
from pulumi_chroma_sync.settings import Settings, setting_of, variable_of

from .session import Session
from .shared import Shared

__all__ = ["Account", "how_to_set_database"]


def how_to_set_database(settings: Settings | None = None) -> str:
    """What is said where no database is named."""
    connection = settings.connection if settings is not None else None
    setting, variable = setting_of("database", connection), variable_of("database", connection)
    return f"required; or set `pulumi config set {setting} NAME` or {variable}"


class Account:
    """What is known of the account behind a session's API key. Threads may share it.

    Args:
        session: whose settings and client.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._settings = session.settings
        self._identity: Shared[Identity] = Shared(session.clock.monotonic)
        self._told: Shared[Identity] = Shared(session.clock.monotonic)
        self._shared: Shared[tuple[str | None, str]] = Shared(session.clock.monotonic)

    def identity(self) -> Identity:
        """What the key opens, asked for once in a session; a failure is an answer, too.

        Raises:
            ChromaSyncError: nobody can tell.
        """
        return self._identity.get(self._ask_for_identity, max_age=math.inf)

    def tenant(self) -> str:
        """Whose the key is, asked for as patiently as anything else, until somebody has told.

        Raises:
            ConfigError: the address of the public API isn't known.
            ChromaSyncError: nobody can tell.
        """
        api = self._session.client.public
        try:
            tenant = self._told.get(api.identity, max_age=math.inf).tenant
        except ChromaSyncError:
            self._told.forget()  # so that whoever comes later asks again
            raise
        if not tenant:
            setting, variable = (of("tenant", self._settings.connection) for of in (setting_of, variable_of))
            raise ChromaSyncError(
                f"the public API doesn't say whose {self._settings.whose_key} is; pass tenant, or set "
                f"{setting} or {variable}"
            )
        return tenant

    def database(self, tell: Callable[[str], None]) -> tuple[str | None, str]:
        """The one database that the key is good for, asked for once in a session.

        Args:
            tell: told, once, which one it is.

        Returns:
            Its name, or None; and what to add to the sentence for where it is None.
        """
        return self._shared.get(lambda: self._ask(tell), max_age=math.inf)

    def _ask_for_identity(self) -> Identity:
        asked = self._session.clock.monotonic()
        found = self._session.client.identity()
        self._told.offer(asked, found)
        return found

    def _ask(self, tell: Callable[[str], None]) -> tuple[str | None, str]:
        whose, url = self._settings.whose_key, self._settings.api_url
        where = setting_of("apiUrl", self._settings.connection)
        if url is None:
            return None, f". Or set {where}: the API there tells which one {whose} is scoped to"
        try:
            databases = self.identity().databases
        except ChromaSyncError as error:
            return None, (
                ". A key that is scoped to one database needs neither, but which one that is could not be "
                f"asked at {url} ({where}): {error}"
            )
        # "*" stands for all of them (the vendor's own client reads it so).
        if len(databases) == 1 and databases[0] != "*":
            tell(f'{whose} is good for database "{databases[0]}" alone, which is used where none is named')
            return databases[0], ""
        named = ", ".join(f'"{name}"' for name in databases if name != "*")
        return None, f"; {whose} is good for {named or 'no database in particular'}"
