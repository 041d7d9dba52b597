"""The way to Chroma's public API with the same key, and the question what the key opens."""

from __future__ import annotations

from functools import cached_property

from pulumi_chroma_sync.errors import ConfigError

from .caller import Caller
from .public_calls import Identity, PublicClient

__all__ = ["IdentityCalls"]

_LONGEST_TIMEOUT = 10.0
_LONGEST_DEADLINE = 20.0


class IdentityCalls(Caller):
    """Ask what the API key may use."""

    @cached_property
    def public(self) -> PublicClient:
        """The client of the public API, at the settings' ``api_url``; it is closed with this one.

        Raises:
            ConfigError: its address isn't known.
        """
        if self.settings.api_url is None:
            raise ConfigError(
                self.settings.name_of("apiUrl"),
                "set it to the address of Chroma's public API that goes with this url: databases and "
                "collections are asked about there",
            )
        settings = self.settings.model_copy(update={"url": self.settings.api_url})
        return PublicClient(settings, transport=self._instead, clock=self.clock, secrets=self._secrets)

    def identity(self) -> Identity:
        """``GET /api/v2/auth/identity`` at the settings' ``api_url``.

        Nothing depends on the answer but a convenience, so it is not waited for long.

        Raises:
            ChromaSyncError: there is no usable answer.
        """
        chosen = {
            "url": self.settings.api_url or "",
            "timeout": min(self.settings.timeout, _LONGEST_TIMEOUT),
            "deadline": min(self.settings.deadline, _LONGEST_DEADLINE),
        }
        settings = self.settings.model_copy(update=chosen)
        with PublicClient(settings, transport=self._instead, clock=self.clock, secrets=self._secrets) as api:
            return api.identity(retries=1)

    def close(self) -> None:
        """Close the pooled connections; a closed client opens again when it is used."""
        super().close()
        if "public" in vars(self):
            self.public.close()
