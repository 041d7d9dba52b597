"""The Sync API's operations on sources: one method each.

What may be repeated without harm (GET, DELETE) is, by the rules of :mod:`.retrying`. ``create_source`` sends
once and says exactly what is known afterwards; what follows from that is for who knows more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import httpx

from pulumi_chroma_sync.errors import (
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    ServerError,
    UniqueConstraintError,
)
from pulumi_chroma_sync.settings import Settings

from .clock import Clock
from .paging import PAGE, Pager
from .replies import (
    Answer,
    Created,
    Listed,
    SourceReply,
    WrongShape,
    created_from,
    is_usable_id,
    service_error_in,
    source_from,
    sources_from,
)
from .retrying import Allowance, RetryPolicy
from .secrecy import Secrets
from .translate import Translator
from .transport import Transport

__all__ = ["SyncClient"]

_SOURCES = "/api/v1/sources"

_T = TypeVar("_T")


class SyncClient:
    """A client of the Sync API. Threads may share one; its connections are kept alive and pooled.

    Usage::

        with SyncClient(settings) as client:
            for source in client.list_sources("knowledge").sources:
                print(source.id)

    Args:
        settings: url, API key, timeouts and retries.
        transport: carries the requests instead of the network, in tests.
        clock: what waiting is measured on; the machine's by default.

    Attributes:
        settings: as given.
        clock: as given.
        policy: the rules of asking again, for who has to repeat more than one request.

    Every method that asks raises, from the package's error tree: ``ConfigError`` without a key;
    ``UnreachableError``, ``NoAnswerError``, or a kind of ``ApiError``. The argument ``retries`` takes the
    place of the settings', for a question that isn't worth a long wait. While the service seems to be out,
    what may be repeated is tried once (see :class:`.retrying.RetryPolicy`).
    """

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Clock = Clock(),  # noqa: B008 - frozen
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.policy = RetryPolicy(settings, clock)
        self._secrets = Secrets()
        if settings.api_key is not None:
            self._secrets.add([settings.api_key.get_secret_value()])
        self._translator = Translator(settings.url, self._secrets, clock)
        self._transport = Transport(settings, clock, self._translator, transport)
        self._pager = Pager()

    def __enter__(self) -> SyncClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections; a closed client opens again when it is used."""
        self._transport.close()

    def hide(self, texts: Iterable[str]) -> None:
        """Keep these texts out of every error from now on, however a server that quotes them spells them."""
        self._secrets.add(texts)

    def create_source(self, payload: Mapping[str, Any]) -> Created:
        """``POST /api/v1/sources``, sent once, with the payload as it is.

        What stands in it under a name with ``secret`` is hidden from then on.

        Raises:
            UnreachableError: nothing was created.
            NoAnswerError: a source may have been created, or may yet be; also where the service said yes
                without a usable id.
            ApiError: the service, or a gateway before it, answered with an error.
        """
        self.hide(_secrets_in(payload))
        return self.policy.once(
            lambda allowed: self._ask("POST", _SOURCES, allowed, created_from, payload=payload)
        )

    def get_source(self, source_id: str, *, retries: int | None = None) -> SourceReply:
        """``GET /api/v1/sources/{source_id}``.

        Raises:
            NotFoundError: there is none; only where ``is_the_services_own`` does that mean something.
            NoAnswerError: also where the answer is about another source.
        """

        def parse(answer: Answer) -> SourceReply:
            found = source_from(answer)
            # A service may spell a UUID in its own way.
            if found.id.casefold() != source_id.casefold():
                raise WrongShape("it is about another source than was asked for")
            return found

        path = _path_of(source_id)
        return self.policy.run(lambda allowed: self._ask("GET", path, allowed, parse), retries=retries)

    def delete_source(self, source_id: str) -> bool:
        """``DELETE /api/v1/sources/{source_id}``; a 409, given while a run is in progress, is asked again.

        Returns:
            True where it is deleted; False where the service accepted it and does it later (202).

        Raises:
            NotFoundError: there is none; only where ``is_the_services_own`` does that mean something, and
                ``after_doubt`` where an earlier try may have deleted it.
            UniqueConstraintError: a run was in progress until the settings' deadline.
            ServerError: also where a status of success came with an error as its body.
        """
        path = _path_of(source_id)
        doubt = False

        def ask(allowed: Allowance) -> bool:
            nonlocal doubt
            try:
                return self._ask("DELETE", path, allowed, _was_deleted)
            except NotFoundError as error:
                error.after_doubt = doubt
                raise
            except (NoAnswerError, ServerError):
                doubt = True
                raise

        return self.policy.run(ask, busy=UniqueConstraintError)

    def list_sources(
        self, database: str, *, first: Listed | None = None, retries: int | None = None
    ) -> Listed:
        """Every source of a database, page after page, the newest first; see :mod:`.paging`.

        Args:
            database: its name.
            first: the first page, where :meth:`list_page` read it a moment ago.
            retries: of each page.

        Raises:
            ChromaSyncError: also where the list changes faster than it can be read.
        """
        read = [first] if first is not None else []

        def ask(offset: int, limit: int) -> Listed:
            # Read anew where the list has shifted since.
            if offset == 0 and read:
                return read.pop()
            return self.list_page(database, offset=offset, limit=limit, order="DESC", retries=retries)

        return self._pager.whole(database, ask)

    def newest_sources(self, database: str, limit: int, *, retries: int | None = None) -> Listed:
        """The newest sources of a database: one page, of ``limit`` sources at most."""
        return self.list_page(database, offset=0, limit=limit, order="DESC", retries=retries)

    def is_whole(self, database: str, page: Sequence[SourceReply], *, retries: int | None = None) -> bool:
        """Whether this page of the newest sources shows all; asks for the oldest source, and remembers it.

        Unlike the whole list, this is one request and holds while others create.

        Args:
            database: its name.
            page: the newest first. Of a page of one, nobody can tell whether the service knows the order.
            retries: instead of the settings'.
        """
        if len(page) < 2:
            return False
        oldest = self.list_page(database, limit=1, order="ASC", retries=retries).sources
        if oldest:
            self._pager.begins_with(database, oldest[0])
        return self._pager.ends(database, tuple(page))

    def list_page(
        self,
        database: str,
        *,
        offset: int = 0,
        limit: int = PAGE,
        order: Literal["ASC", "DESC"] = "DESC",
        retries: int | None = None,
    ) -> Listed:
        """One page of ``GET /api/v1/sources``.

        The contract types the answer as invocations; that is its known mistake.

        Args:
            database: its name.
            offset: how many sources to pass over.
            limit: how many to answer at most; the service may answer fewer, though more follow.
            order: by creation time.
            retries: instead of the settings'.
        """
        query: dict[str, str | int] = {
            "database_name": database,
            "order_by": order,
            "limit": limit,
            "offset": offset,
        }

        def parse(answer: Answer) -> Listed:
            sources = sources_from(answer)
            ends = self._pager.ends(database, sources) if order == "DESC" else not sources
            return Listed(sources, answer.served_at, complete=offset == 0 and limit > 0 and ends)

        return self.policy.run(
            lambda allowed: self._ask("GET", _SOURCES, allowed, parse, query=query), retries=retries
        )

    def _ask(
        self,
        method: str,
        path: str,
        allowed: Allowance,
        parse: Callable[[Answer], _T],
        *,
        query: Mapping[str, str | int] | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> _T:
        """One request; what its answer says, or why there is none."""
        self.settings.require_key()
        answer = self._transport.send(method, path, allowed, query=query, payload=payload)
        if not 200 <= answer.status < 300:
            raise self._translator.failure(answer)
        try:
            return parse(answer)
        except WrongShape as problem:
            # Of a create that was accepted and refused in one breath, nobody knows whether it was made.
            if method != "POST" and service_error_in(answer):
                raise self._translator.failure(answer) from None
            raise self._translator.wrong_shape(answer, problem) from None


def _secrets_in(value: object, *, secret: bool = False) -> Iterator[str]:
    # Whoever sends one may have forgotten to hide it. By name, as the API names its own.
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _secrets_in(inner, secret=secret or "secret" in str(name).lower())
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _secrets_in(inner, secret=secret)
    elif secret and isinstance(value, str):
        yield value


def _path_of(source_id: str) -> str:
    if not is_usable_id(source_id):
        raise ChromaSyncError(f"{source_id!r} can't be the id of a source; nothing was sent")
    return f"{_SOURCES}/{quote(source_id, safe='')}"


def _was_deleted(answer: Answer) -> bool:
    # The contract has no body here. A page that a proxy answers in the service's place is no success.
    if answer.body.strip():
        answer.json()
    if service_error_in(answer):
        raise WrongShape("it is an error under a status of success")
    return answer.status != 202
