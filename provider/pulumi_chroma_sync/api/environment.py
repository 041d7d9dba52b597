"""Which proxy stands on the way, and which certificate authorities count: chosen here, by the environment.

httpx would choose by itself, but it reads every proxy variable, also one that isn't for this URL, fails on
entries of NO_PROXY that container tools write (``::1/128``), and quotes an address, password and all, that
it can't read. So it is told what to use, and an error names the variable at fault and nothing of its value.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
import urllib.request
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import httpx

from pulumi_chroma_sync.settings import is_loopback

__all__ = ["EnvironmentFault", "Proxy", "proxy_for", "tls_for"]

_SCHEMES = ("http", "https", "socks5", "socks5h")


class EnvironmentFault(Exception):
    """Something of the environment can't be used; the text is a sentence that names the variable."""


@dataclass(frozen=True)
class Proxy:
    """The proxy for one URL.

    Attributes:
        variable: where it is set, such as ``HTTPS_PROXY``.
        scheme: ``http``, ``https``, ``socks5`` or ``socks5h``.
        host: host and port, as they were written; never to be shown.
        auth: user and password; never to be shown.
    """

    variable: str
    scheme: str
    host: str
    auth: tuple[str, str] | None

    def __repr__(self) -> str:
        return f"<the proxy of {self.variable}>"

    def for_httpx(self, tls: ssl.SSLContext | None) -> httpx.Proxy:
        """The same for httpx; an https proxy's own certificate is checked against ``tls``.

        Raises:
            EnvironmentFault: the address is none.
        """
        try:
            parts = urlsplit(f"//{self.host}")  # raises for a port out of range, which httpx takes
            if not parts.hostname or parts.port == 0:
                raise ValueError
            return httpx.Proxy(
                f"{self.scheme}://{self.host}",
                auth=self.auth,
                ssl_context=tls if self.scheme == "https" else None,
            )
        except (httpx.InvalidURL, ValueError):
            raise EnvironmentFault(
                f"the proxy of {self.variable} is not usable: write it as http://host:port"
            ) from None


def proxy_for(url: str) -> Proxy | None:
    """The proxy that the environment sets for this URL; None where there is none, or it is not for this host.

    The variables are the standard library's: ``https_proxy`` or ``HTTPS_PROXY``, then ``ALL_PROXY``, and
    ``NO_PROXY``, whose addresses may be networks as well. This machine itself is never behind a proxy.

    Raises:
        EnvironmentFault: it can't be used.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or _is_excepted(host, parts.port):
        return None
    proxies = urllib.request.getproxies()
    key = next((key for key in (parts.scheme, "all") if proxies.get(key)), None)
    return None if key is None else _proxy(_variable(f"{key}_proxy"), proxies[key].strip())


def _proxy(variable: str, address: str) -> Proxy:
    scheme, separator, rest = address.partition("://")
    scheme, rest = (scheme.lower(), rest) if separator else ("http", address)
    # At the last "@": a password is often written as it is, whatever a URL would want.
    userinfo, at, host = rest.rpartition("@")
    host = host.partition("/")[0]
    if scheme not in _SCHEMES:
        how = "write a SOCKS proxy as socks5://host:port" if scheme.startswith("socks") else ""
        raise EnvironmentFault(
            f"the proxy of {variable} is not usable: {how or 'write it as http://host:port'}"
            + (" (and pip install httpx[socks])" if how else "")
        )
    user, _, password = userinfo.partition(":")
    return Proxy(variable, scheme, host, (unquote(user), unquote(password)) if at else None)


def _variable(name: str) -> str:
    """How the variable is spelled here; the standard library prefers lower case."""
    if os.environ.get(name):
        return name
    spelled = (key for key, value in os.environ.items() if key.lower() == name and value)
    # macOS and Windows have settings of their own for it.
    return next(spelled, "the system's settings")


def _is_excepted(host: str, port: int | None) -> bool:
    """Whether ``NO_PROXY``, or the system's settings, say that this host is reached directly."""
    if urllib.request.proxy_bypass(host if port is None or ":" in host else f"{host}:{port}"):
        return True
    # Networks, and addresses in brackets, are other programs' habit; the standard library takes names alone.
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        entries = urllib.request.getproxies_environment().get("no", "").split(",")
        return any(_holds(entry.strip().strip("[]"), address) for entry in entries)
    return False


def _holds(entry: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def tls_for(url: str) -> ssl.SSLContext | None:
    """Who may sign the service's certificate: ``SSL_CERT_FILE``, ``SSL_CERT_DIR``, or certifi's list.

    Returns:
        None for plain http, which is for loopback alone: loading the authorities takes 15 ms.

    Raises:
        EnvironmentFault: they can't be loaded.
    """
    if urlsplit(url).scheme == "http":
        return None
    file, folder = os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None
    if file is None and folder is None:
        return httpx.create_ssl_context(trust_env=False)
    # OpenSSL passes over a folder that isn't there, and then every certificate is refused.
    if file is None and folder is not None and not any(map(os.path.isdir, folder.split(os.pathsep))):
        raise EnvironmentFault("SSL_CERT_DIR names no folder that exists")
    try:
        return ssl.create_default_context(cafile=file, capath=folder)
    except OSError as error:  # an SSLError is one: the file holds no certificate
        reason = error.strerror or "malformed"
        raise EnvironmentFault(
            f"the certificate authorities of SSL_CERT_FILE could not be loaded ({reason})"
        ) from None
