"""Proxies and certificate authorities of the environment: the one that counts, and nothing of an address."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.provider.scripted import answer, scripted

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.environment import proxy_for
from pulumi_chroma_sync.errors import ChromaSyncError, UnreachableError
from pulumi_chroma_sync.settings import Settings

from .test_transport import context

KEY = "ck-a-key-for-tests"
FOUND = answer(200, {"id": "s-1", "database_name": "demo"})
URL = "https://sync.example.org"


def fault(url: str = URL) -> ChromaSyncError:
    """What a read from this address ends with."""
    with SyncClient(Settings(apiKey=KEY, url=url, timeout=5, retries=0)) as api:
        with pytest.raises(ChromaSyncError) as caught:
            api.get_source("s-1")
    return caught.value


def test_the_urls_own_variable_comes_before_the_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY, then ALL_PROXY; HTTP_PROXY is for other addresses. Small letters come first."""
    monkeypatch.setenv("HTTP_PROXY", "http://a:1")
    assert proxy_for(URL) is None
    for variable, host in (("ALL_PROXY", "b:1"), ("HTTPS_PROXY", "c:1"), ("https_proxy", "d:1")):
        monkeypatch.setenv(variable, host)
        proxy = proxy_for(URL)
        assert proxy is not None and (proxy.variable, proxy.host, proxy.scheme) == (variable, host, "http")
    monkeypatch.setenv("https_proxy", "")
    assert proxy_for(URL) is None or proxy_for(URL).variable == "ALL_PROXY"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("::1/128,fd00::/64,[::1],localhost", URL, False),
        ("localhost,,  ,::1/128, sync.example.org", URL, True),
        (".example.org", URL, True),
        ("example.org", URL, True),
        ("ample.org", URL, False),
        ("*", URL, True),
        ("sync.example.org:443", "https://sync.example.org:443", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("fd00::/64", "https://[fd00::7]", True),
        ("[fd00::7]", "https://[fd00::7]:8443", True),
        ("fd00::/64", "https://[fd01::7]", False),
        ("not a host,%%,[,::/x", URL, False),
    ],
)
def test_no_proxy_is_understood_and_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, direct: bool
) -> None:
    """Whatever container tools write there."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (proxy_for(url) is None) is direct


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://localhost", "http://[::1]:8000"])
def test_this_machine_is_behind_no_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Not even behind one that can't be used."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "carrier-pigeon://x")
    assert proxy_for(url) is None


def test_no_proxy_with_networks_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As container tools inject it."""
    monkeypatch.setenv("NO_PROXY", "::1/128,fd00::/64,[::1],127.0.0.0/8")
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1")
    with scripted(FOUND) as server, SyncClient(Settings(apiKey=KEY, url=server.url)) as api:
        assert api.get_source("s-1").id == "s-1"


ADDRESSES = {
    "http://user:Hash#Word@{host}": ("user", "Hash#Word"),
    "user:Hash#Word@{host}": ("user", "Hash#Word"),
    "http://user:a@b/c?d@{host}/": ("user", "a@b/c?d"),
    "http://us%40er:per%25cent@{host}": ("us@er", "per%cent"),
    "http://user:50%@{host}": ("user", "50%"),
    "http://user@{host}": ("user", ""),
    "http://üser:wörd@{host}": ("üser", "wörd"),
    " http://{host} ": None,
    "{host}": None,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_proxys_user_and_password_reach_it_however_they_are_written(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """And nobody else: they are in no error."""
    with scripted(answer(407, b"<html></html>")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", address.format(host=proxy.url.removeprefix("http://")))
        error = fault()
        [request] = proxy.requests
    sent = request.headers.get("proxy-authorization")
    login = ADDRESSES[address]
    assert sent == (login and "Basic " + base64.b64encode(":".join(login).encode()).decode())
    assert "the proxy refused the way" in str(error) and "HTTPS_PROXY" in str(error)
    assert proxy.url.removeprefix("http://") not in str(error)
    assert not login or not login[1] or login[1] not in str(error)


UNUSABLE = {
    "carrier-pigeon://user:Word-1@secret-host:1": "http://host:port",
    "http://user:Word-1@secret-host:port": "http://host:port",
    "http://user:Word-1@secret-host:99999": "http://host:port",
    "http://user:Word-1@": "http://host:port",
    "http://[secret-host": "http://host:port",
    "socks://user:Word-1@secret-host:1": "socks5://host:port (and pip install httpx[socks])",
    "socks4://secret-host:1": "socks5://host:port (and pip install httpx[socks])",
    "socks5://user:Word-1@secret-host:1": "pip install httpx[socks]",
    "SOCKS5H://secret-host:1": "pip install httpx[socks]",
}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("address", UNUSABLE)
def test_a_proxy_that_can_not_be_used_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    """With the remedy, and without a word of its value."""
    monkeypatch.setenv(variable, address)
    error = fault()
    assert isinstance(error, UnreachableError) and not error.may_pass
    assert f" {variable} " in str(error) and UNUSABLE[address] in str(error)
    for part in ("Word-1", "secret-host", "user", "carrier-pigeon", "chroma-sync:url"):
        assert part not in str(error)


def test_the_authority_of_the_environment_counts_on_this_machine_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loopback is behind no proxy; its certificate is one like others."""
    authority = trustme.CA()
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    with scripted(FOUND, tls=context(authority.issue_cert("127.0.0.1"))) as server:
        assert "TLS certificate was refused" in str(fault(server.url))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        with SyncClient(Settings(apiKey=KEY, url=server.url)) as api:
            assert api.get_source("s-1").id == "s-1"


def test_a_folder_of_authorities_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_DIR; one that isn't there is named, since OpenSSL would pass over it."""
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))
    error = fault("https://127.0.0.1:1")
    assert isinstance(error, UnreachableError) and "SSL_CERT_DIR names no folder that exists" in str(error)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert "connection was refused" in str(fault("https://127.0.0.1:1"))


def test_a_refused_certificate_of_a_proxy_does_not_show_its_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL's text has the host in it."""
    authority = trustme.CA()
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with scripted(FOUND, tls=context(authority.issue_cert("proxy.example.org"))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = fault()
    assert "TLS certificate was refused" in str(error) and "127.0.0.1" not in str(error)


def test_a_proxy_shows_nothing_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in its repr either."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:Word-1@secret-host:1")
    shown: Any = repr(proxy_for(URL))
    assert shown == "<the proxy of HTTPS_PROXY>"
