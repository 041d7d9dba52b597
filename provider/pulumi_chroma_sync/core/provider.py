"""What every provider has: its settings, its session, and a word that is said once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import dynamic

from pulumi_chroma_sync.errors import ConfigError

from .terminal import inform

if TYPE_CHECKING:
    from pulumi_chroma_sync.settings import Settings

    from .session import Session

__all__ = ["Provider"]


class Provider(dynamic.ResourceProvider):
    """The part of a lifecycle that knows no resource. An instance has no attributes until it is configured.

    The state names the class that a resource's module derives from this one, never this one.
    """

    serialize_as_secret_always = False

    _settings: Settings | None = None
    _config_error: ConfigError | None = None
    _informed: frozenset[str] = frozenset()
    _program_runs = False
    """Whether the engine has begun to register what the program declares. Before that it may refresh, and
    then it calls diff after each read, also for resources that the program no longer has (measured)."""

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Read the settings. A wrong one is kept until check can name it as a property's failure."""
        from pulumi_chroma_sync.settings import load_settings

        from .parallel import allow_at_once

        try:
            self._settings = load_settings(req.config.get)
        except ConfigError as error:
            self._config_error = error
        else:
            allow_at_once(self._settings.parallel)

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

    def _session(self) -> Session:
        from .session import session_for

        if self._settings is None:
            raise self._config_error or ConfigError("apiKey", "the provider was not configured")
        return session_for(self._settings)
