"""Faults of transport and answers of failure, translated into the error tree.

A fault is told from another by one question: may the request have been carried out? Before a connection
stands, no; after that, yes.
"""

from __future__ import annotations

import contextlib
import email.utils
import re
import socket
import ssl
from datetime import datetime, timezone

import httpx

from pulumi_chroma_sync.errors import (
    ApiError,
    AuthorizationError,
    BadRequestError,
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    PreconditionError,
    RateLimitError,
    ServerError,
    UniqueConstraintError,
    UnreachableError,
)
from pulumi_chroma_sync.settings import Settings, setting_of

from .clock import Clock
from .environment import EnvironmentFault, Proxy
from .replies import Answer, WrongShape, service_error_in
from .secrecy import Secrets

__all__ = ["Translator"]

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
    410: NotFoundError,
    412: PreconditionError,
    413: BadRequestError,
    415: BadRequestError,
    422: BadRequestError,
    429: RateLimitError,
}

# 403 from the API's contract (a scoped key) and the vendor's older reference (who may create and delete);
# what 415, 422 and 423 are for is a guess from the vendor's other services, the contract has none of them.
_REMEDIES = {
    401: "The service refused the API key; {how_to_set_key}",
    403: (
        "The API key may not do this: a key can be scoped to one database, and only owners and "
        "administrators of the team create and delete sources"
    ),
    413: "What was sent is larger than the service takes; shorten the lists of globs or regexes",
    415: "The service takes no JSON at this address; check {setting}",
    422: "The service can't work with a field as it is, or a quota of the team is used up",
    423: "It is locked at the moment; run the same command again later",
}

_LONGEST_DETAIL = 300
_MOST_READ = 2**16
_LONGEST_RETRY_AFTER = 3600.0


class Translator:
    """Makes the errors of one client.

    Args:
        settings: the service's address, and whose they are.
        secrets: texts that must be in no error.
        clock: says what time it is, for a ``Retry-After`` that is a date.
        setting: the one that the address comes from.
        service: what it is called.

    Attributes:
        setting: the same, as it is set: ``chroma-sync:url``, ``chroma-sync:team-b.url``.
    """

    def __init__(
        self, settings: Settings, secrets: Secrets, clock: Clock, setting: str, service: str
    ) -> None:
        self._url = settings.url
        self._secrets = secrets
        self._clock = clock
        self._service = service
        self._how_to_set_key = settings.how_to_set_key
        self.setting = setting_of(setting, settings.connection)

    def environment(self, fault: EnvironmentFault, request: str) -> UnreachableError:
        """The error for a client that can't be made."""
        return self._unreachable(request, str(fault), may_pass=False)

    def transport(
        self, error: Exception, request: str, timeout: float, proxy: Proxy | None
    ) -> ChromaSyncError:
        """The error for a request without an answer.

        Args:
            error: httpx's own, or a ``UnicodeError`` for a host name that DNS can't write.
            request: method and URL.
            timeout: seconds that it was given.
            proxy: the one that it went through.
        """
        if isinstance(error, _NEVER_SENT):
            reason, may_pass = self._why_unreachable(error, proxy)
            return self._unreachable(request, reason, may_pass=may_pass)
        if isinstance(error, httpx.TimeoutException):
            return NoAnswerError(f"{request}: no answer within {timeout:g} s")
        return NoAnswerError(
            f"{request}: the connection broke before the answer ({self._text_of(error, proxy)})"
        )

    def broken_off(self, fault: ChromaSyncError, sent: int, size: int) -> UnreachableError:
        """The error for a request whose file was sent in part: whatever came in between, it had no effect.

        Args:
            fault: what came in between.
            sent: bytes of the file that were sent.
            size: bytes that it has.
        """
        return UnreachableError(
            f"{fault}; that was after {sent:,} of {size:,} bytes of the file, and only a whole one counts",
            retry_after=getattr(fault, "retry_after", None),
        )

    def undecodable(self, request: str, encoding: str) -> NoAnswerError:
        """The error for a body that isn't in the content encoding that its header names."""
        name = self._short(encoding)
        return NoAnswerError(f"{request}: the answer could not be decoded (content encoding {name})")

    def wrong_shape(self, answer: Answer, problem: WrongShape) -> NoAnswerError:
        """The error for a success whose body can't be what was asked for."""
        kind = self._short(answer.headers.get("content-type", "no content type"))
        encoded = ""
        if answer.unasked_encoding:
            name = self._short(answer.unasked_encoding)
            encoded = f', in the content encoding "{name}" that nobody asked for'
        return NoAnswerError(
            self._secrets.scrub(
                f"{answer.request}: the answer ({answer.status}, {kind}, {len(answer.body)} bytes{encoded}) "
                f"is not what the API's contract says: {problem}. Is {self._url} {self._service}'s address, "
                "and is there a proxy that answers in its place?"
            ),
            may_pass=not problem.is_json,
        )

    def failure(self, answer: Answer) -> ApiError:
        """The error for an answer of failure: a redirect, which the API never gives, 4xx, 5xx.

        An error body under a status of success is a failure of the server's.
        """
        status = answer.status
        code, detail = self._reported(answer)
        trace = answer.headers.get("chroma-trace-id") or answer.headers.get("x-request-id")
        trace = self._short(trace, 80) if trace else None
        retry_after = self._retry_after(answer)
        parts = [f"{answer.request}: {status}" + (f" {code}" if code else "")]
        if detail:
            parts.append(f": {detail}")
        parts += [f". {remedy}" for remedy in self._remedies(answer, code)]
        if retry_after is not None:
            parts.append(f". The service asked to wait {retry_after:.0f} s")
        if trace:
            parts.append(f" (trace id {trace})")
        is_the_servers = status >= 500 or 200 <= status < 300
        kind = _BY_STATUS.get(status, ServerError if is_the_servers else ApiError)
        return kind(
            self._secrets.scrub("".join(parts)),
            status=status,
            code=code,
            detail=detail,
            trace_id=trace,
            retry_after=retry_after,
            served_at=answer.served_at,
        )

    def _unreachable(self, request: str, reason: str, *, may_pass: bool) -> UnreachableError:
        text = self._secrets.scrub(f"{request}: {reason}. Nothing was sent.")
        return UnreachableError(text, may_pass=may_pass)

    def _why_unreachable(self, error: Exception, proxy: Proxy | None) -> tuple[str, bool]:
        """What stood in the way, and whether the same request may pass a moment later."""
        whose = "the proxy's" if proxy else "the"
        to = " to the proxy" if proxy else ""
        check = f"Check {proxy.variable} and NO_PROXY" if proxy else f"Check {self.setting} and the network"
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return (
                    f"the TLS certificate was refused ({self._masked(cause.verify_message, proxy)}). Behind "
                    "a company proxy, point SSL_CERT_FILE at its certificate authority",
                    False,
                )
            if isinstance(cause, ssl.SSLError):
                return f"the TLS handshake failed ({cause.reason or 'no reason given'})", False
            if isinstance(cause, socket.gaierror):
                return f"{whose} host name could not be resolved (DNS). {check}", True
            if isinstance(cause, ConnectionRefusedError):
                return f"the connection{to} was refused; nothing listens there. {check}", True
            cause = cause.__cause__ or cause.__context__
        if isinstance(error, httpx.ProxyError):
            return f"the proxy refused the way ({self._text_of(error, proxy)}). {check}", True
        if isinstance(error, httpx.ConnectTimeout):
            return f"no connection{to} in time. {check}", True
        if isinstance(error, httpx.PoolTimeout):
            return "no free connection in time", True
        if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError)):
            if proxy:
                return f"the proxy of {proxy.variable} is not usable: write it as http://host:port", False
            return f"this is not a usable URL. Check {self.setting}", False
        # getaddrinfo and connect errors reach us as text alone where httpx's backend drops the cause.
        text = self._text_of(error, proxy)
        if re.search(r"(?i)certificate|ssl|tls", text):
            return f"TLS failed ({text})", False
        return f"no connection{to} ({text}). {check}", True

    def _reported(self, answer: Answer) -> tuple[str | None, str]:
        """The API's ``error`` and ``message``; or None and a short form of any other body."""
        if own := service_error_in(answer):
            return self._short(own[0]), self._short(own[1])
        if answer.unasked_encoding:
            name = self._short(answer.unasked_encoding)
            return None, f'a body in the content encoding "{name}", which nobody asked for'
        # Half of what is read may be thrown away after scrubbing: a secret at the cut stands there.
        text = self._secrets.scrub(answer.body[:_MOST_READ].decode("utf-8", "replace"))
        if len(answer.body) > _MOST_READ:
            text = text[: _MOST_READ // 2]
        if "<" in text:  # a proxy's page: its title says most
            title = re.search(r"(?is)<title[^>]*>(.*?)</title>", text)
            text = title.group(1) if title else re.sub(r"(?s)<[^>]*>", " ", text)
        return None, self._short(text)

    def _remedies(self, answer: Answer, code: str | None) -> list[str]:
        if 300 <= answer.status < 400:
            location = self._short(answer.headers.get("location", "no location"))
            return [f"The API never redirects ({location}); check {self.setting}"]
        found = []
        if remedy := _REMEDIES.get(answer.status):
            found.append(remedy.format(how_to_set_key=self._how_to_set_key, setting=self.setting))
        if answer.status == 409 and answer.request.startswith("DELETE "):
            found.append(
                "It can't be deleted while a run of it is in progress; run the same command again later"
            )
        if code is None and answer.status >= 500:
            found.append("This was not the service's own error body; a gateway or proxy answered")
        elif code is None:
            found.append(
                f"This was not {self._service}'s own answer: a gateway, a proxy or another service gave it. "
                f"Is {self._url} {self._service}'s address ({self.setting})?"
            )
        return found

    def _retry_after(self, answer: Answer) -> float | None:
        """Seconds that ``Retry-After`` asks for, given as seconds or as a date."""
        text = answer.headers.get("retry-after", "").strip()
        if not text:
            return None
        with contextlib.suppress(ValueError, OverflowError):
            seconds = float(text) if text.isdecimal() else self._until(text, answer.served_at)
            return min(max(0.0, seconds), _LONGEST_RETRY_AFTER)
        return None

    def _until(self, date: str, served_at: datetime | None) -> float:
        when = email.utils.parsedate_to_datetime(date)
        when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
        # By the service's own clock: ours may be minutes off.
        now = self._clock.time() if served_at is None else served_at.timestamp()
        return when.timestamp() - now

    def _text_of(self, error: BaseException, proxy: Proxy | None) -> str:
        """The first line of a library's text."""
        lines = str(error).strip().splitlines()
        return self._masked(lines[0], proxy) if lines else type(error).__name__

    def _masked(self, text: str, proxy: Proxy | None) -> str:
        """A library's text, short, and without the proxy's host: an address in it is not ours to show."""
        host = proxy.host.rpartition(":")[0] or proxy.host if proxy else ""
        return self._short(text.replace(host, "[proxy]") if host else text)

    def _short(self, text: str, longest: int = _LONGEST_DETAIL) -> str:
        """The text without secrets, in printable characters on one line."""
        text = self._secrets.scrub(text)
        printable = "".join(character if character.isprintable() else " " for character in text)
        short = " ".join(printable.split())
        return short if len(short) <= longest else short[: longest - 1] + "…"
