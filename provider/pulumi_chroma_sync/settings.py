"""Settings: stack configuration first, then the environment.

| stack configuration | environment | default |
|---|---|---|
| ``chroma-sync:apiKey`` (secret) | ``CHROMA_API_KEY`` | none |
| ``chroma-sync:url`` | ``CHROMA_SYNC_URL`` | ``https://sync.trychroma.com`` |
| ``chroma-sync:database`` | ``CHROMA_DATABASE`` | none |
| ``chroma-sync:tenant`` (of databases and collections) | ``CHROMA_TENANT`` | none |
| ``chroma-sync:apiUrl`` (Chroma's public API) | ``CHROMA_API_URL`` | ``https://api.trychroma.com`` |
| ``chroma-sync:timeout`` (seconds, one request) | ``CHROMA_SYNC_TIMEOUT`` | 30 |
| ``chroma-sync:retries`` (after the first try) | ``CHROMA_SYNC_RETRIES`` | 4 |
| ``chroma-sync:deadline`` (seconds, all tries of one operation) | ``CHROMA_SYNC_DEADLINE`` | 120 |
| ``chroma-sync:settle`` (seconds to wait for what isn't shown at once) | ``CHROMA_SYNC_SETTLE`` | 20 |
| ``chroma-sync:preflight`` (true, false) | ``CHROMA_SYNC_PREFLIGHT`` | true |
| ``chroma-sync:parallel`` (calls at once; up to 4: the SDK's own 4) | ``CHROMA_SYNC_PARALLEL`` | 32 |

A connection has settings of its own: ``chroma-sync:team-b.apiKey``, ``CHROMA_API_KEY_TEAM_B``. Its API key,
its database and its tenant are its own alone. Everything else falls back to the plain setting, ``apiUrl``
only together with ``url``. ``parallel`` is for the whole process. See ``docs/accounts.md``.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
)

from .errors import ConfigError

__all__ = [
    "DEFAULT_API_URL",
    "DEFAULT_URL",
    "OF_A_CONNECTION",
    "Settings",
    "is_loopback",
    "load_settings",
    "option_of",
    "setting_of",
    "variable_of",
]

DEFAULT_URL = "https://sync.trychroma.com"
DEFAULT_API_URL = "https://api.trychroma.com"
"""The vendor's public API (its documentation; the default of its own clients)."""

_ENVIRONMENT = {
    "apiKey": "CHROMA_API_KEY",
    "url": "CHROMA_SYNC_URL",
    "database": "CHROMA_DATABASE",
    "tenant": "CHROMA_TENANT",
    "apiUrl": "CHROMA_API_URL",
    "timeout": "CHROMA_SYNC_TIMEOUT",
    "retries": "CHROMA_SYNC_RETRIES",
    "deadline": "CHROMA_SYNC_DEADLINE",
    "settle": "CHROMA_SYNC_SETTLE",
    "preflight": "CHROMA_SYNC_PREFLIGHT",
    "parallel": "CHROMA_SYNC_PARALLEL",
}

OF_A_CONNECTION = tuple(name for name in _ENVIRONMENT if name != "parallel")
"""Settings that a connection may have of its own."""

_NEVER_ANOTHERS = ("apiKey", "database", "tenant")
"""Of another account they are wrong: a key opens it, and its tenant and databases are its own."""


def setting_of(name: str, connection: str | None = None) -> str:
    """``chroma-sync:url``, or ``chroma-sync:team-b.url``."""
    return f"chroma-sync:{_named(name, connection)}"


def variable_of(name: str, connection: str | None = None) -> str:
    """``CHROMA_SYNC_URL``, or ``CHROMA_SYNC_URL_TEAM_B``."""
    suffix = "" if connection is None else "_" + connection.upper().replace("-", "_")
    return _ENVIRONMENT[name] + suffix


def option_of(connection: str | None) -> str:
    """What a command that is told needs besides: `` --connection team-b``, or nothing."""
    return f" --connection {connection}" if connection else ""


def _named(name: str, connection: str | None) -> str:
    return name if connection is None else f"{connection}.{name}"


def _how_to_set_key(connection: str | None = None) -> str:
    setting, variable = setting_of("apiKey", connection), variable_of("apiKey", connection)
    return f"set it with `pulumi config set {setting} --secret` or {variable}"


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_url(url: str) -> str:
    # The contract's paths begin with it, and it is often copied together with the address.
    return re.sub(r"/api/v1(/sources)?/*$", "", _checked_address(url, DEFAULT_URL)).rstrip("/")


def _checked_api_url(url: str | None, info: ValidationInfo) -> str | None:
    if url is not None:
        return re.sub(r"/api/v2(/auth/identity)?/*$", "", _checked_address(url, DEFAULT_API_URL)).rstrip("/")
    # An emulator answers both. Where the address is neither it nor the vendor's, nobody has said that the key
    # is one that the vendor's public API may see.
    sync = info.data.get("url", "")
    if is_loopback(urlsplit(sync).hostname or ""):
        return str(sync)
    return DEFAULT_API_URL if sync == DEFAULT_URL else None


def _checked_address(url: str, example: str) -> str:
    import httpx

    try:
        httpx.URL(url)  # what the client can't take would fail there, long after the preview
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except (ValueError, httpx.InvalidURL):
        raise ValueError("is not a URL") from None
    if any(character.isspace() for character in url):
        raise ValueError("must not contain spaces")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("give an http(s) URL such as " + example)
    if "@" in parts.netloc:
        raise ValueError("must not contain a user or password; the API key has a setting of its own")
    if "?" in url or "#" in url:
        raise ValueError("must not contain a query or fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("plain http would send the API key readable over the network; use https")
    return url.rstrip("/")


def _checked_key(key: SecretStr) -> SecretStr:
    # A key with a line break or another control character can't be a header, and httpx would say so
    # in an error that quotes the key.
    text = key.get_secret_value()
    # A .env file may be read by something that takes its quotes for a part of the value.
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        raise ValueError("the API key is in quotes; give it without them")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("contains characters that an API key never has (was it pasted with a line break?)")
    return key


class Settings(BaseModel):
    """What one connection works with. Its repr masks the API key."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, populate_by_name=True)

    connection: str | None = None
    api_key: Annotated[SecretStr, AfterValidator(_checked_key)] | None = Field(default=None, alias="apiKey")
    url: Annotated[str, AfterValidator(_checked_url)] = DEFAULT_URL
    database: str | None = None
    tenant: str | None = None
    api_url: Annotated[str | None, AfterValidator(_checked_api_url)] = Field(
        default=None, alias="apiUrl", validate_default=True
    )
    timeout: float = Field(default=30.0, gt=0, le=3600)
    retries: int = Field(default=4, ge=0, le=100)
    deadline: float = Field(default=120.0, gt=0, le=86400)
    settle: float = Field(default=20.0, ge=0, le=3600)
    preflight: bool = True
    parallel: int = Field(default=32, ge=1, le=256)

    @property
    def how_to_set_key(self) -> str:
        """What to do about its API key; the end of a sentence."""
        return _how_to_set_key(self.connection)

    @property
    def whose_key(self) -> str:
        """``this API key``, or ``the API key of connection "team-b"``."""
        return "this API key" if self.connection is None else f'the API key of connection "{self.connection}"'

    def name_of(self, name: str) -> str:
        """A setting of this connection, without the namespace: ``url``, ``team-b.url``."""
        return _named(name, self.connection)

    def require_key(self) -> str:
        """The API key in plain text, for the request header alone.

        Raises:
            ConfigError: none is set.
        """
        if self.api_key is None:
            raise ConfigError(self.name_of("apiKey"), f"no API key is set; {self.how_to_set_key}")
        return self.api_key.get_secret_value()


def load_settings(
    from_stack: Callable[[str], Any] = lambda _key: None,
    environ: Mapping[str, str] | None = None,
    connection: str | None = None,
) -> Settings:
    """Read the settings; stack configuration wins over the environment, and an empty value counts as absent.

    Blanks around a value don't count. What a connection has of its own wins over what is plain.

    Args:
        from_stack: gives the value of a key such as ``chroma-sync:url``, or None.
        environ: the environment; ``os.environ`` by default.
        connection: whose settings; None for the plain ones.

    Raises:
        ConfigError: a setting is malformed; the message names where it came from and never quotes it.
    """
    environ = os.environ if environ is None else environ
    found: dict[str, Any] = {}
    origin: dict[str, tuple[str, str]] = {}
    for name in _ENVIRONMENT:
        for whose in _places(name, connection):
            for value, source in (
                (from_stack(setting_of(name, whose)), setting_of(name, whose)),
                (environ.get(variable_of(name, whose)), variable_of(name, whose)),
            ):
                value = value.strip() if isinstance(value, str) else value
                if value not in (None, "") and name not in found:
                    found[name], origin[name] = value, (_named(name, whose), source)
    if connection is not None and "url" in found and "apiUrl" in found:
        # A key goes where its own connection says: one address of it alone says nothing of the other.
        own = [origin[name][0] == _named(name, connection) for name in ("url", "apiUrl")]
        if own == [True, False]:
            del found["apiUrl"]
    try:
        return Settings.model_validate({**found, "connection": connection})
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        setting, source = origin[str(first["loc"][0])]
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigError(setting, f"{reason[:1].lower()}{reason[1:]} (from {source})") from None


def _places(name: str, connection: str | None) -> tuple[str | None, ...]:
    """Whose setting is looked at, in this order."""
    if connection is None or name not in OF_A_CONNECTION:
        return (None,)
    return (connection,) if name in _NEVER_ANOTHERS else (connection, None)
