"""What stands between us and the service: TLS, proxies, DNS, each with a sentence of its own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.provider.scripted import answer, scripted

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.errors import ApiError, ChromaSyncError, UnreachableError
from pulumi_chroma_sync.settings import Settings

KEY = "ck-a-key-for-tests"
FOUND = answer(200, {"id": "s-1", "database_name": "demo"})


def fault(url: str, **settings: Any) -> ChromaSyncError:
    """What a read from this address ends with."""
    chosen = Settings(apiKey=KEY, **{"timeout": 5, "retries": 0, **settings}).model_copy(update={"url": url})
    with SyncClient(chosen) as api, pytest.raises(ChromaSyncError) as caught:
        api.get_source("s-1")
    assert KEY not in str(caught.value)
    return caught.value


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts yet."""
    return trustme.CA()


@pytest.fixture
def unused() -> Iterator[int]:
    """A port at which nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


def test_a_certificate_that_nobody_signed_is_refused(authority: trustme.CA) -> None:
    """The sentence names the reason and the way for a company's own authority."""
    with scripted(FOUND, tls=context(authority.issue_cert("127.0.0.1"))) as server:
        error = fault(server.url)
        assert server.requests == []
    assert isinstance(error, UnreachableError) and not error.may_pass
    for part in ("TLS certificate was refused", "SSL_CERT_FILE", "Nothing was sent", server.url):
        assert part in str(error)


def test_a_certificate_for_another_host_is_refused(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trusted, but for somebody else."""
    with (
        authority.cert_pem.tempfile(str(tmp_path)) as trusted,
        scripted(FOUND, tls=context(authority.issue_cert("sync.example.org"))) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SSL_CERT_FILE", trusted)
        error = fault(server.url)
    assert "TLS certificate was refused" in str(error) and "127.0.0.1" in str(error)


def test_a_server_without_tls_is_told_apart() -> None:
    """https to a port that speaks plain http."""
    with scripted(FOUND) as server:
        error = fault(server.url.replace("http:", "https:"))
    assert isinstance(error, UnreachableError) and not error.may_pass
    assert "TLS handshake failed" in str(error)


@pytest.mark.parametrize("make", ["missing", "malformed"])
def test_authorities_that_cannot_be_loaded_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: str
) -> None:
    """A wrong SSL_CERT_FILE is the environment's fault, and the sentence says so."""
    file = tmp_path / "ca.pem"
    if make == "malformed":
        file.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    error = fault("https://sync.example.invalid")
    assert isinstance(error, UnreachableError)
    assert "SSL_CERT_FILE" in str(error) and "Nothing was sent" in str(error)


def test_a_host_that_dns_does_not_know_is_named() -> None:
    """.invalid never resolves (RFC 2606)."""
    error = fault("https://sync.example.invalid")
    assert isinstance(error, UnreachableError) and error.may_pass
    for part in ("sync.example.invalid", "DNS", "chroma-sync:url", "Nothing was sent"):
        assert part in str(error)


def test_a_refused_connection_is_named(unused: int) -> None:
    """Nothing listens there."""
    error = fault(f"http://127.0.0.1:{unused}")
    assert isinstance(error, UnreachableError) and error.may_pass
    for part in (f":{unused}/", "connection was refused", "chroma-sync:url", "Nothing was sent"):
        assert part in str(error)


def test_a_proxy_that_is_not_there_is_named(unused: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL is right then, and the sentence doesn't send anybody to change it."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{unused}")
    error = fault("https://sync.example.invalid")
    assert isinstance(error, UnreachableError) and error.may_pass
    assert "to the proxy was refused" in str(error) and "HTTPS_PROXY" in str(error)
    assert "chroma-sync:url" not in str(error)


def test_a_proxy_whose_name_dns_does_not_know_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the proxy's name, not the service's."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.invalid:3128")
    error = fault("https://sync.example.org")
    assert "the proxy's host name could not be resolved" in str(error)


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_the_way_is_named(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """Its page of HTML is no answer of the service, and nothing was sent."""
    page = answer(status, b"<html><title>Corporate policy</title></html>")
    with scripted(page) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = fault("https://sync.example.org")
    assert [request.method for request in proxy.requests] == ["CONNECT"]
    assert isinstance(error, UnreachableError)
    assert "the proxy refused the way" in str(error) and str(status) in str(error)


def test_the_environments_proxy_is_not_for_this_machine(unused: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator on loopback is reached whatever HTTP_PROXY says."""
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused}")
    with scripted(FOUND) as server, SyncClient(Settings(apiKey=KEY, url=server.url)) as api:
        assert api.get_source("s-1").id == "s-1"


@pytest.mark.parametrize(
    "url", ["https://ex\u00e4mple..com", "https://host\x00name", f"https://{'a' * 70}.com", "https://a b"]
)
def test_a_url_that_cannot_be_used_is_named(url: str) -> None:
    """Also where it slipped through the settings' own check, the sentence names the setting."""
    error = fault(url)
    assert isinstance(error, UnreachableError) and "chroma-sync:url" in str(error)


def test_a_redirect_is_not_followed() -> None:
    """The key goes nowhere but to the URL that was set."""
    with scripted(FOUND) as other, scripted(answer(307, headers={"location": other.url})) as server:
        error = fault(server.url)
        assert other.requests == []
    assert isinstance(error, ApiError)
    assert f"never redirects ({other.url})" in str(error) and "chroma-sync:url" in str(error)
