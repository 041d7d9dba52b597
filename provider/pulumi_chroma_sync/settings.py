"""Settings: stack configuration first, then the environment.

| stack configuration | environment | default |
|---|---|---|
| ``chroma-sync:apiKey`` (secret) | ``CHROMA_API_KEY`` | none |
| ``chroma-sync:url`` | ``CHROMA_SYNC_URL`` | ``https://sync.trychroma.com`` |
| ``chroma-sync:database`` | ``CHROMA_DATABASE`` | none |
| ``chroma-sync:timeout`` (seconds, one request) | ``CHROMA_SYNC_TIMEOUT`` | 30 |
| ``chroma-sync:retries`` (after the first try) | ``CHROMA_SYNC_RETRIES`` | 4 |
| ``chroma-sync:deadline`` (seconds, all tries of one operation) | ``CHROMA_SYNC_DEADLINE`` | 120 |
| ``chroma-sync:settle`` (seconds to wait for what isn't shown at once) | ``CHROMA_SYNC_SETTLE`` | 20 |
| ``chroma-sync:preflight`` (true, false) | ``CHROMA_SYNC_PREFLIGHT`` | true |
| ``chroma-sync:parallel`` (calls at once; up to 4: the SDK's own 4) | ``CHROMA_SYNC_PARALLEL`` | 32 |
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
)

from .errors import ConfigError

__all__ = ["DEFAULT_URL", "HOW_TO_SET_KEY", "Settings", "is_loopback", "load_settings"]

DEFAULT_URL = "https://sync.trychroma.com"
HOW_TO_SET_KEY = "set it with `pulumi config set chroma-sync:apiKey --secret` or CHROMA_API_KEY"

_ENVIRONMENT = {
    "apiKey": "CHROMA_API_KEY",
    "url": "CHROMA_SYNC_URL",
    "database": "CHROMA_DATABASE",
    "timeout": "CHROMA_SYNC_TIMEOUT",
    "retries": "CHROMA_SYNC_RETRIES",
    "deadline": "CHROMA_SYNC_DEADLINE",
    "settle": "CHROMA_SYNC_SETTLE",
    "preflight": "CHROMA_SYNC_PREFLIGHT",
    "parallel": "CHROMA_SYNC_PARALLEL",
}


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_url(url: str) -> str:
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
        raise ValueError("give an http(s) URL such as " + DEFAULT_URL)
    if "@" in parts.netloc:
        raise ValueError("must not contain a user or password; the API key has a setting of its own")
    if "?" in url or "#" in url:
        raise ValueError("must not contain a query or fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("plain http would send the API key readable over the network; use https")
    # The contract's paths begin with it, and it is often copied together with the address.
    return re.sub(r"/api/v1(/sources)?/*$", "", url.rstrip("/")).rstrip("/")


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
    """What one run of the provider works with. Its repr masks the API key."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, populate_by_name=True)

    api_key: Annotated[SecretStr, AfterValidator(_checked_key)] | None = Field(default=None, alias="apiKey")
    url: Annotated[str, AfterValidator(_checked_url)] = DEFAULT_URL
    database: str | None = None
    timeout: float = Field(default=30.0, gt=0, le=3600)
    retries: int = Field(default=4, ge=0, le=100)
    deadline: float = Field(default=120.0, gt=0, le=86400)
    settle: float = Field(default=20.0, ge=0, le=3600)
    preflight: bool = True
    parallel: int = Field(default=32, ge=1, le=256)

    def require_key(self) -> str:
        """The API key in plain text, for the request header alone.

        Raises:
            ConfigError: none is set.
        """
        if self.api_key is None:
            raise ConfigError("apiKey", f"no API key is set; {HOW_TO_SET_KEY}")
        return self.api_key.get_secret_value()


def load_settings(
    from_stack: Callable[[str], Any] = lambda _key: None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings; stack configuration wins over the environment, and an empty value counts as absent.

    Blanks around a value don't count.

    Args:
        from_stack: gives the value of a key such as ``chroma-sync:url``, or None.
        environ: the environment; ``os.environ`` by default.

    Raises:
        ConfigError: a setting is malformed; the message names where it came from and never quotes it.
    """
    environ = os.environ if environ is None else environ
    found: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, variable in _ENVIRONMENT.items():
        for value, source in (
            (from_stack(f"chroma-sync:{name}"), f"chroma-sync:{name}"),
            (environ.get(variable), variable),
        ):
            value = value.strip() if isinstance(value, str) else value
            if value not in (None, ""):
                found[name], origin[name] = value, source
                break
    try:
        return Settings.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        name = str(first["loc"][0])
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigError(name, f"{reason[:1].lower()}{reason[1:]} (from {origin[name]})") from None
