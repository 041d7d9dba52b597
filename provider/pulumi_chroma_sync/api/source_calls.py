"""The operations on sources: one method each.

What may be repeated without harm (GET, DELETE) is, by the rules of :mod:`.retrying`. ``create_source`` sends
once and says exactly what is known afterwards; what follows from that is for who knows more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from pulumi_chroma_sync.errors import (
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    ServerError,
    UniqueConstraintError,
)

from .caller import Caller
from .paging import PAGE
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
from .retrying import Allowance

__all__ = ["SourceCalls"]

_SOURCES = "/api/v1/sources"


class SourceCalls(Caller):
    """Create, read, list and delete sources."""

    def create_source(self, payload: Mapping[str, Any]) -> Created:
        """``POST /api/v1/sources``, sent once, with the payload as it is.

        What stands in it under a name with ``secret`` is hidden from then on.

        Raises:
            UnreachableError: nothing was created.
            NoAnswerError: a source may have been created, or may yet be; also where the service said yes
                without a usable id.
            ApiError: the service, or a gateway before it, answered with an error.
        """
        self._hide_secrets_in(payload)
        return self.policy.once(
            lambda allowed: self._ask("POST", _SOURCES, allowed, created_from, payload=payload, makes=True)
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
        self,
        database: str,
        *,
        source_type: str | None = None,
        first: Listed[SourceReply] | None = None,
        retries: int | None = None,
    ) -> Listed[SourceReply]:
        """Every source of a database, page after page, the newest first; see :mod:`.paging`.

        Args:
            database: its name.
            source_type: ``github``, ``web_scrape``, ``s3`` or ``file_upload``; None for all.
            first: the first page, where :meth:`list_page` read it a moment ago.
            retries: of each page.

        Raises:
            ChromaSyncError: also where the list changes faster than it can be read.
        """
        read = [first] if first is not None else []

        def ask(offset: int, limit: int) -> Listed[SourceReply]:
            # Read anew where the list has shifted since.
            if offset == 0 and read:
                return read.pop()
            return self.list_page(
                database, source_type=source_type, offset=offset, limit=limit, order="DESC", retries=retries
            )

        return self._pager.whole(_all_of(database, source_type), ask)

    def newest_sources(self, database: str, limit: int, *, retries: int | None = None) -> Listed[SourceReply]:
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
        oldest = self.list_page(database, limit=1, order="ASC", retries=retries).items
        if oldest:
            self._pager.begins_with(_all_of(database), oldest[0])
        return self._pager.ends(_all_of(database), tuple(page))

    def list_page(
        self,
        database: str,
        *,
        source_type: str | None = None,
        offset: int = 0,
        limit: int = PAGE,
        order: Literal["ASC", "DESC"] = "DESC",
        retries: int | None = None,
    ) -> Listed[SourceReply]:
        """One page of ``GET /api/v1/sources``.

        The contract types the answer as invocations; that is its known mistake.

        Args:
            database: its name.
            source_type: of that kind alone.
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
        if source_type is not None:
            query["source_type"] = source_type
        all_of = _all_of(database, source_type)

        def parse(answer: Answer) -> Listed[SourceReply]:
            sources = sources_from(answer)
            ends = self._pager.ends(all_of, sources) if order == "DESC" else not sources
            return Listed(sources, answer.served_at, complete=offset == 0 and limit > 0 and ends)

        return self.policy.run(
            lambda allowed: self._ask("GET", _SOURCES, allowed, parse, query=query), retries=retries
        )


def _all_of(database: str, source_type: str | None = None) -> str:
    """What a list of sources is of, for the pager."""
    return f'{source_type + " " if source_type else ""}sources of database "{database}"'


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
