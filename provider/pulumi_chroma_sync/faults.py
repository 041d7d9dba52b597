"""Faults of transport and answers of failure, translated into the error tree.

A fault is told from another by one question: may the request have been carried out? Before a connection
stands, no; after that, yes.
"""

from __future__ import annotations

import contextlib
import email.utils
import html
import json
import re
import socket
import ssl
from collections.abc import Iterable
from datetime import datetime, timezone
from urllib.parse import quote

import httpx

from .config import HOW_TO_SET_KEY
from .errors import (
    ApiError,
    AuthorizationError,
    BadRequestError,
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    RateLimitError,
    ServerError,
    UniqueConstraintError,
    UnreachableError,
)

__all__ = ["api_error", "scrubbed", "setup_error", "transport_error"]

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    UnicodeError,
)

_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequestError,
    401: AuthorizationError,
    403: AuthorizationError,
    404: NotFoundError,
    409: UniqueConstraintError,
    422: BadRequestError,
    429: RateLimitError,
}

_LONGEST_DETAIL = 300
_LONGEST_WAIT = 3600.0


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret masked: a server's message may quote what it was sent.

    Scrub before a text is shortened: half a secret is found by nobody.
    """
    for secret in secrets:
        # As it is, and as it stands in a URL, a page, a JSON text.
        spelled = {
            secret,
            quote(secret),
            quote(secret, safe=""),
            html.escape(secret),
            json.dumps(secret)[1:-1],
        }
        spelled |= {json.dumps(secret)[1:-1].replace("/", "\\/")}
        for spelling in sorted(spelled, key=len, reverse=True):
            if spelling:
                text = text.replace(spelling, "[secret]")
    return text


def setup_error(error: Exception, what: str, secrets: Iterable[str]) -> UnreachableError:
    """The error for a client that can't be made: the environment or the URL is at fault."""
    reason = _first_line(error, secrets)
    if isinstance(error, OSError):
        reason = (
            f"the certificate authorities could not be loaded ({_plain(error.strerror or reason)}). "
            "Check SSL_CERT_FILE and SSL_CERT_DIR"
        )
    elif isinstance(error, httpx.InvalidURL):
        reason = f"this is not a usable URL ({reason}). Check chroma-sync:url"
    elif isinstance(error, ImportError):
        reason = (
            "the environment names a SOCKS proxy, which needs one more package: pip install httpx[socks]. "
            "Or change ALL_PROXY and HTTPS_PROXY"
        )
    else:
        reason = f"the proxy of the environment is not usable ({reason}). Check HTTPS_PROXY and ALL_PROXY"
    return UnreachableError(scrubbed(f"{what}: {reason}. Nothing was sent.", secrets), may_pass=False)


def transport_error(
    error: Exception, what: str, timeout: float, secrets: Iterable[str], *, proxied: bool = False
) -> ChromaSyncError:
    """The error for a request without an answer.

    Args:
        error: httpx's own.
        what: method and URL.
        timeout: seconds that a request may wait.
        secrets: texts that must not be in the message.
        proxied: whether the request goes through a proxy of the environment.
    """
    secrets = list(secrets)
    if isinstance(error, _NEVER_SENT):
        reason, may_pass = _why_unreachable(error, proxied, secrets)
        return UnreachableError(scrubbed(f"{what}: {reason}. Nothing was sent.", secrets), may_pass=may_pass)
    if isinstance(error, httpx.TimeoutException):
        return NoAnswerError(f"{what}: no answer within {timeout:g} s")
    if isinstance(error, httpx.DecodingError):
        return NoAnswerError(f"{what}: the answer could not be decoded")
    return NoAnswerError(
        scrubbed(f"{what}: the connection broke before the answer ({_first_line(error, secrets)})", secrets)
    )


def _why_unreachable(error: Exception, proxied: bool, secrets: Iterable[str]) -> tuple[str, bool]:
    """What stood in the way, and whether the same request may pass a moment later."""
    whose = "the proxy's" if proxied else "the"
    check = "Check HTTPS_PROXY and NO_PROXY" if proxied else "Check chroma-sync:url and the network"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the TLS certificate was refused ({cause.verify_message}). Behind a company proxy, point "
                "SSL_CERT_FILE at its certificate authority",
                False,
            )
        if isinstance(cause, ssl.SSLError):
            return f"the TLS handshake failed ({cause.reason or 'no reason given'})", False
        if isinstance(cause, socket.gaierror):
            return f"{whose} host name could not be resolved (DNS). {check}", True
        if isinstance(cause, ConnectionRefusedError):
            to = " to the proxy" if proxied else ""
            return f"the connection{to} was refused; nothing listens there. {check}", True
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ProxyError):
        return f"the proxy refused the way ({_first_line(error, secrets)}). {check}", True
    if isinstance(error, httpx.ConnectTimeout):
        return f"no connection{' to the proxy' if proxied else ''} in time. {check}", True
    if isinstance(error, httpx.PoolTimeout):
        return "no free connection in time", True
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError)):
        return "this is not a usable URL. Check chroma-sync:url", False
    # getaddrinfo and connect errors reach us as text alone where httpx's backend drops the cause.
    text = _first_line(error, secrets)
    if re.search(r"(?i)certificate|ssl|tls", text):
        return f"TLS failed ({text})", False
    return f"no connection ({text}). {check}", True


def api_error(response: httpx.Response, body: bytes, what: str, secrets: Iterable[str]) -> ApiError:
    """The error for an answer that isn't a success; redirects count, as the API has none."""
    secrets = list(secrets)
    status = response.status_code
    code, detail = _told(body, secrets)
    trace = response.headers.get("chroma-trace-id") or response.headers.get("x-request-id")
    trace = _plain(scrubbed(trace, secrets))[:80] if trace else None
    retry_after = _retry_after(response.headers.get("retry-after"))
    parts = [f"{what}: {status}" + (f" {code}" if code else "")]
    if detail:
        parts.append(f": {detail}")
    location = scrubbed(response.headers.get("location", "no location"), secrets)
    if remedy := _remedy(status, location, code):
        parts.append(f". {remedy}")
    if retry_after is not None:
        parts.append(f". The service asked to wait {retry_after:.0f} s")
    if trace:
        parts.append(f" (trace id {trace})")
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else ApiError)
    return kind(
        scrubbed("".join(parts), secrets),
        status=status,
        code=code,
        detail=detail,
        trace_id=trace,
        retry_after=retry_after,
    )


def _told(body: bytes, secrets: list[str]) -> tuple[str | None, str]:
    """The API's ``error`` and ``message``; or None and a short plain form of any other body."""
    with contextlib.suppress(ValueError, RecursionError):
        told = json.loads(body)
        if isinstance(told, dict) and isinstance(told.get("error"), str):
            message = scrubbed(str(told.get("message") or ""), secrets)
            return _plain(scrubbed(told["error"], secrets)), _plain(message)
    text = scrubbed(body.decode("utf-8", "replace"), secrets)
    if "<" in text:  # a proxy's page: its title says most
        title = re.search(r"(?is)<title[^>]*>(.*?)</title>", text)
        text = title.group(1) if title else re.sub(r"(?s)<[^>]*>", " ", text)
    return None, _plain(text)


def _plain(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    short = " ".join(printable.split())
    return short if len(short) <= _LONGEST_DETAIL else short[: _LONGEST_DETAIL - 1] + "…"


def _remedy(status: int, location: str, code: str | None) -> str:
    if status == 401:
        return f"The service refused the API key; {HOW_TO_SET_KEY}"
    if status == 403:
        return "The API key may not do this; a key can be scoped to one database"
    if 300 <= status < 400:
        return f"The API never redirects ({_plain(location)}); check chroma-sync:url"
    if status >= 500 and code is None:
        return "This was not the service's own error body; a gateway or proxy answered"
    return ""


def _retry_after(text: str | None) -> float | None:
    """Seconds that ``Retry-After`` asks for, given as seconds or as a date."""
    if not text:
        return None
    with contextlib.suppress(ValueError, OverflowError):
        seconds = float(text) if text.strip().isdecimal() else _until(text)
        return min(max(0.0, seconds), _LONGEST_WAIT)
    return None


def _until(date: str) -> float:
    when = email.utils.parsedate_to_datetime(date)
    when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
    return (when - datetime.now(timezone.utc)).total_seconds()


def _first_line(error: BaseException, secrets: Iterable[str]) -> str:
    lines = scrubbed(str(error), secrets).strip().splitlines()
    return _plain(lines[0]) if lines else type(error).__name__
