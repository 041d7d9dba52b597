"""The Sync API over httpx: one method an operation, every fault translated into the error tree.

Requests that may be repeated (GET, DELETE) are, with jitter, within a total time. ``create_source`` sends
once and says exactly what is known afterwards; what follows from that is :mod:`.creation`'s.
"""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import tenacity
from pydantic import BaseModel, TypeAdapter, ValidationError

from .config import Settings, is_loopback
from .errors import NoAnswerError, RateLimitError, ServerError, UnreachableError
from .faults import api_error, scrubbed, setup_error, transport_error
from .models import CreateReply, SourceReply

__all__ = ["PAGE", "USER_AGENT", "SyncClient", "wait_before_retry"]

PAGE = 100
"""Sources asked for in one page of the list."""

USER_AGENT = f"pulumi-chroma-sync/{metadata.version('pulumi-chroma-sync')}"

_LARGEST_BODY = 32 * 2**20
_Reply = TypeVar("_Reply")
_SOURCES = TypeAdapter(list[SourceReply])
_ANYTHING: TypeAdapter[object] = TypeAdapter(object)


class _Token(httpx.Auth):
    """Adds the API key when a request is sent, so that it is in no client, request or error before."""

    def __init__(self, key: Callable[[], str]) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["x-chroma-token"] = self._key()
        yield request


class SyncClient:
    """A client of the Sync API. Threads may share one; its connections are kept alive and pooled.

    Usage::

        with SyncClient(settings) as client:
            for source in client.list_sources("knowledge"):
                print(source.id)

    Args:
        settings: url, API key, timeouts and retries.

    Every method raises, from :mod:`.errors`: ``ConfigError`` without a key; ``UnreachableError``,
    ``NoAnswerError``, or a kind of ``ApiError``.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: httpx.Client | None = None
        self._hidden: frozenset[str] = frozenset()
        host = urlsplit(settings.url).hostname or ""
        # A proxy of the environment is for the way out, never for this machine itself.
        self._trust_env = not is_loopback(host)
        self._proxied = self._trust_env and _is_proxied(urlsplit(settings.url).scheme, host)

    def __enter__(self) -> SyncClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _http(self) -> httpx.Client:
        """The one pool, made at the first request: what is wrong with the environment is its error."""
        with self._lock:
            if self._opened is None:
                self._opened = httpx.Client(
                    base_url=self._settings.url,
                    auth=_Token(self._settings.require_key),
                    headers={"accept": "application/json", "user-agent": USER_AGENT},
                    limits=httpx.Limits(
                        max_connections=16, max_keepalive_connections=16, keepalive_expiry=20
                    ),
                    follow_redirects=False,
                    trust_env=self._trust_env,
                    # Plain http is for loopback alone, and loading the authorities takes 15 ms.
                    verify=not self._settings.url.startswith("http://"),
                )
            return self._opened

    def hide(self, inputs: Mapping[str, Any]) -> None:
        """Keep these inputs' AWS secret key out of every error from now on, whatever a server quotes."""
        s3 = inputs.get("s3")
        secret = s3.get("aws_secret_access_key") if isinstance(s3, Mapping) else None
        if isinstance(secret, str):
            with self._lock:
                self._hidden |= {secret}

    def create_source(self, payload: dict[str, Any]) -> str:
        """``POST /api/v1/sources``, sent once; answers the id.

        Raises:
            UnreachableError: nothing was created.
            NoAnswerError: a source may have been created, or may yet be; also where the service said yes
                without a usable id.
            ApiError: the service, or a gateway before it, answered with an error.
        """
        self.hide(payload)
        return self._once("POST", "/api/v1/sources", _reply(CreateReply), payload).source_id

    def get_source(self, source_id: str) -> SourceReply:
        """``GET /api/v1/sources/{source_id}``; raises NotFoundError where there is none."""
        return self._repeated("GET", _source_path(source_id), _reply(SourceReply))

    def delete_source(self, source_id: str) -> None:
        """``DELETE /api/v1/sources/{source_id}``; raises NotFoundError where there is none."""
        self._repeated("DELETE", _source_path(source_id), _nothing)

    def list_page(
        self, database: str, *, offset: int = 0, limit: int = PAGE, retries: int | None = None
    ) -> list[SourceReply]:
        """One page of ``GET /api/v1/sources``, as the service orders it.

        The contract types the answer as invocations; that is its known mistake.

        Args:
            database: its name.
            offset: how many sources to pass over, the newest first (the contract's default).
            limit: how many to answer at most.
            retries: instead of the settings', for a question that isn't worth a long wait.
        """
        query = {"database_name": database, "limit": limit, "offset": offset}
        return self._repeated("GET", "/api/v1/sources", _SOURCES.validate_json, query, retries)

    def list_sources(
        self, database: str, *, first: list[SourceReply] | None = None, retries: int | None = None
    ) -> list[SourceReply]:
        """Every source of a database, page after page.

        Args:
            database: its name.
            first: the first page, where it was read already.
            retries: of each page, instead of the settings'.
        """
        page = self.list_page(database, retries=retries) if first is None else first
        found = {source.id: source for source in page}
        offset = len(page)
        while len(page) >= PAGE:
            page = self.list_page(database, offset=offset, retries=retries)
            offset += len(page)
            if all(source.id in found for source in page):
                break  # a service that doesn't know the offset answers the first page for ever
            found.update((source.id, source) for source in page)
        return list(found.values())

    def _repeated(
        self,
        method: str,
        path: str,
        parse: Callable[[bytes], _Reply],
        query: dict[str, Any] | None = None,
        retries: int | None = None,
    ) -> _Reply:
        retries = self._settings.retries if retries is None else retries
        end = time.monotonic() + self._settings.deadline
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=wait_before_retry,
            stop=tenacity.stop_after_attempt(retries + 1)
            | tenacity.stop_before_delay(self._settings.deadline),
            reraise=True,
        ):
            with attempt:
                return self._once(method, path, parse, query=query, end=end)
        raise AssertionError("unreachable")  # pragma: no cover

    def _once(
        self,
        method: str,
        path: str,
        parse: Callable[[bytes], _Reply],
        json: dict[str, Any] | None = None,
        *,
        query: dict[str, Any] | None = None,
        end: float | None = None,
    ) -> _Reply:
        key = self._settings.require_key()
        hidden = [key, *self._hidden]
        what = f"{method} {self._settings.url}{path}"
        end = time.monotonic() + self._settings.deadline if end is None else end
        timeout = self._timeout(max(0.05, min(self._settings.timeout, end - time.monotonic())))
        try:
            http = self._http()
        except (httpx.InvalidURL, ValueError, ImportError, OSError) as error:
            raise setup_error(error, what, hidden) from None
        try:
            with http.stream(method, path, json=json, params=query, timeout=timeout) as response:
                body = _read(response, end, what)
        # A host name that can't be written in DNS is a UnicodeError of Python's own.
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
            raise transport_error(
                error, what, self._settings.timeout, hidden, proxied=self._proxied
            ) from None
        if not response.is_success:
            raise api_error(response, body, what, hidden)
        try:
            return parse(body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            place = ".".join(map(str, first["loc"])) or "body"
            kind = response.headers.get("content-type", "no content type")
            raise NoAnswerError(
                scrubbed(
                    f"{what}: the answer ({response.status_code}, {kind}, {len(body)} bytes) is not what the "
                    f"API's contract says at {place}: {first['msg']}. Is {self._settings.url} the Sync "
                    "Service's address, and is there a proxy that answers in its place?",
                    hidden,
                )
            ) from None

    def _timeout(self, seconds: float) -> httpx.Timeout:
        return httpx.Timeout(seconds, connect=min(10.0, seconds))


def wait_before_retry(state: tenacity.RetryCallState) -> float:
    """Seconds to wait: what the service asked for, else growing with jitter, at most 8."""
    error = state.outcome.exception() if state.outcome else None
    asked: float | None = getattr(error, "retry_after", None)
    jittered = tenacity.wait_random_exponential(multiplier=0.2, max=8)(state)
    return asked + min(0.25, jittered) if asked is not None else max(0.05, jittered)


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, UnreachableError):
        return error.may_pass
    return isinstance(error, (NoAnswerError, RateLimitError, ServerError))


def _read(response: httpx.Response, end: float, what: str) -> bytes:
    # Not response.read(): a body that drips keeps every phase's timeout happy for ever.
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise NoAnswerError(f"{what}: the answer is larger than {_LARGEST_BODY // 2**20} MiB")
        if time.monotonic() > end:
            raise httpx.ReadTimeout("the body did not end in time", request=response.request)
    return bytes(body)


def _is_proxied(scheme: str, host: str) -> bool:
    """Whether the environment sends requests to this host through a proxy."""
    proxies = urllib.request.getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not urllib.request.proxy_bypass(host)


def _nothing(body: bytes) -> None:
    # The contract has no body here. A page that a proxy answers in the service's place is no success.
    if body.strip():
        _ANYTHING.validate_json(body)


def _reply(model: type[_Model]) -> Callable[[bytes], _Model]:
    return model.model_validate_json


_Model = TypeVar("_Model", bound=BaseModel)


def _source_path(source_id: str) -> str:
    return f"/api/v1/sources/{quote(source_id, safe='')}"
