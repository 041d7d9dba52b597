"""One request over one pool of connections, within its time; every fault is of the error tree."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Protocol

import httpx

from pulumi_chroma_sync.errors import ChromaSyncError, NoAnswerError, UnreachableError
from pulumi_chroma_sync.settings import Settings

from .clock import Clock
from .environment import EnvironmentFault, Proxy, proxy_for, tls_for
from .replies import Answer
from .retrying import Allowance
from .translate import Translator

__all__ = ["USER_AGENT", "Content", "Form", "Transport"]

USER_AGENT = f"pulumi-chroma-sync/{metadata.version('pulumi-chroma-sync')}"

_LARGEST_BODY = 32 * 2**20
_LONGEST_CONNECT = 10.0

# As many connections as threads that ask: a request that waited for one would spend its own time-out on that.
# A connection is given up before usual gateways do (60 s).
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=20)


class Content(Protocol):
    """A file's bytes, read once from the beginning."""

    def read(self, size: int) -> bytes:
        """The next bytes, ``size`` of them at most; none at the end.

        Only when that was given the request is completed: who raises before has sent nothing that counts.
        """


@dataclass(frozen=True)
class Form:
    """A multipart form with one file, which is read as it is sent: its size doesn't matter to memory.

    Attributes:
        fields: sent in their order, before the file.
        name: the file's name.
        content: the file's bytes.
        size: how many there are.
        content_type: of the file.
        headers: of the request.
    """

    fields: Mapping[str, str]
    name: str
    content: Content
    size: int
    content_type: str
    headers: Mapping[str, str]


class _Part:
    """A form's file as httpx reads it: it asks for the length, and then for a piece at a time (httpx 0.28).

    Attributes:
        size: bytes that it has.
        sent: bytes that were read to be sent.
        is_whole: whether all of them were.
    """

    def __init__(self, form: Form, monotonic: Callable[[], float], end: float) -> None:
        self._content, self._monotonic, self._end = form.content, monotonic, end
        self.size = form.size
        self.sent = 0
        self.is_whole = False

    def tell(self) -> int:
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.size if whence == 2 else offset

    def read(self, size: int) -> bytes:
        # Each piece has a time-out of its own: many slow ones would be none.
        if self._monotonic() > self._end:
            raise httpx.WriteTimeout("it was not sent in time")
        piece = self._content.read(size)
        self.sent += len(piece)
        self.is_whole = not piece
        return piece


class _Token(httpx.Auth):
    """Adds the API key when a request is sent, so that it is in no client, request or error before."""

    def __init__(self, key: Callable[[], str]) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["x-chroma-token"] = self._key()
        yield request


class Transport:
    """Sends requests to the service. Threads may share it; its connections are kept alive and pooled.

    Args:
        settings: url and API key.
        clock: what the time of a request is measured on.
        translator: makes the errors.
        instead: what carries the requests in place of the network, in tests; no proxy is looked for then.
    """

    def __init__(
        self, settings: Settings, clock: Clock, translator: Translator, instead: httpx.BaseTransport | None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._translator = translator
        self._instead = instead
        self._lock = threading.Lock()
        self._opened: tuple[httpx.Client, Proxy | None, weakref.finalize[[], Transport]] | None = None

    def close(self) -> None:
        """Close the pooled connections; the next request opens new ones."""
        with self._lock:
            if self._opened is not None:
                self._opened[2]()
                self._opened = None

    def send(
        self,
        method: str,
        path: str,
        allowed: Allowance,
        *,
        query: Mapping[str, str | int] | None = None,
        payload: Mapping[str, Any] | None = None,
        form: Form | None = None,
    ) -> Answer:
        """One request and its answer, whatever the status; a redirect is not followed.

        Args:
            method: GET, POST, PUT, DELETE.
            path: below the settings' url, quoted.
            allowed: how long it may take.
            query: the query's fields.
            payload: sent as JSON, the numbers as they are.
            form: sent instead of a payload.

        Raises:
            UnreachableError: it was not sent, or not as a whole.
            NoAnswerError: no answer came, or one that can't be read.
        """
        request = f"{method} {self._settings.url}{path}"
        try:
            http, proxy = self._http()
        except EnvironmentFault as fault:
            raise self._translator.environment(fault, request) from None
        part = None if form is None else _Part(form, self._clock.monotonic, allowed.end)
        failure: ChromaSyncError
        try:
            with http.stream(
                method,
                path,
                params=query,
                **_content(payload, form, part),
                timeout=httpx.Timeout(allowed.timeout, connect=min(_LONGEST_CONNECT, allowed.timeout)),
            ) as response:
                answer = self._answer(response, request, allowed.end)
        # A host name that can't be written in DNS is a UnicodeError of Python's own.
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
            failure = self._translator.transport(error, request, allowed.timeout, proxy)
        except NoAnswerError as error:
            failure = error
        else:
            if part is None or part.is_whole or not (answer.status >= 500 or answer.status == 408):
                return answer
            failure = self._translator.failure(answer)
        if part is not None and not part.is_whole and not isinstance(failure, UnreachableError):
            # A file that didn't arrive whole is none, whatever was the matter.
            raise self._translator.broken_off(failure, part.sent, part.size) from None
        raise failure from None

    def _http(self) -> tuple[httpx.Client, Proxy | None]:
        """The one pool, made at the first request: what is wrong with the environment is its error."""
        with self._lock:
            if self._opened is None:
                client, proxy = self._open()
                # Who forgets to close it leaves no open socket behind all the same.
                self._opened = client, proxy, weakref.finalize(self, client.close)
            return self._opened[:2]

    def _open(self) -> tuple[httpx.Client, Proxy | None]:
        url = self._settings.url
        proxy = proxy_for(url) if self._instead is None else None
        tls = tls_for(url) if self._instead is None else None
        try:
            client = httpx.Client(
                base_url=url,
                auth=_Token(self._settings.require_key),
                headers={"accept": "application/json", "user-agent": USER_AGENT},
                limits=_LIMITS,
                follow_redirects=False,
                trust_env=False,
                proxy=None if proxy is None else proxy.for_httpx(tls),
                verify=False if tls is None else tls,
                transport=self._instead,
            )
        except ImportError:
            variable = proxy.variable if proxy else "the environment"
            raise EnvironmentFault(
                f"{variable} names a SOCKS proxy, which needs one more package: pip install httpx[socks]. Or "
                "change the variable"
            ) from None
        except (httpx.InvalidURL, ValueError):
            raise EnvironmentFault(f"this is not a usable URL. Check {self._translator.setting}") from None
        return client, proxy

    def _answer(self, response: httpx.Response, request: str, end: float) -> Answer:
        encoding = response.headers.get("content-encoding", "")
        # Not response.read(): a body that drips keeps every phase's time-out happy for ever.
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _LARGEST_BODY:
                    raise NoAnswerError(
                        f"{request}: the answer is larger than {_LARGEST_BODY // 2**20} MiB", may_pass=False
                    )
                if self._clock.monotonic() > end:
                    raise httpx.ReadTimeout("the body did not end in time", request=response.request)
        except httpx.DecodingError:
            raise self._translator.undecodable(request, encoding) from None
        asked = response.request.headers.get("accept-encoding", "")
        # httpx leaves what it doesn't know as it is.
        unasked = {part.strip().lower() for part in encoding.split(",")} - {
            "",
            "identity",
            *(part.strip() for part in asked.split(",")),
        }
        return Answer(
            request, response.status_code, response.headers, bytes(body), ", ".join(sorted(unasked))
        )


def _content(payload: Mapping[str, Any] | None, form: Form | None, part: _Part | None) -> dict[str, Any]:
    """What a request carries, as httpx's arguments."""
    if form is not None:
        file = (form.name, part, form.content_type)
        return {"data": dict(form.fields), "files": {"file": file}, "headers": dict(form.headers)}
    if payload is None:
        return {}
    body = json.dumps(dict(payload), allow_nan=False).encode()
    return {"content": body, "headers": {"content-type": "application/json"}}
