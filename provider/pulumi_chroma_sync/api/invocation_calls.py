"""The operations on invocations: one method each.

``create_invocation`` sends once, as ``create_source`` does: a second run costs money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pulumi_chroma_sync.errors import ChromaSyncError, NoAnswerError, PreconditionError, ServerError

from .caller import Caller
from .invocation_replies import (
    InvocationReply,
    invocation_from,
    invocation_id_from,
    invocations_by_key,
    invocations_from,
)
from .paging import PAGE
from .replies import Answer, Listed, WrongShape, is_usable_id, service_error_in
from .retrying import Allowance

__all__ = ["InvocationCalls"]

_INVOCATIONS = "/api/v1/invocations"

_KEYS = 100
"""Keys that one question of latest-by-keys names; the contract has no bound."""


class InvocationCalls(Caller):
    """Start, read, list and cancel runs."""

    def create_invocation(self, source_id: str, payload: Mapping[str, Any]) -> str:
        """``POST /api/v1/sources/{source_id}/invocations``, sent once; the new run's id.

        Raises:
            UnreachableError: no run was started.
            NoAnswerError: one may have been, or may yet be.
            NotFoundError: there is no such source.
            UniqueConstraintError: the collection has finished its ingest.
            ApiError: the service, or a gateway before it, answered with an error.
        """
        path = f"/api/v1/sources/{_segment(source_id, 'a source')}/invocations"
        return self.policy.once(
            lambda allowed: self._ask("POST", path, allowed, invocation_id_from, payload=payload, makes=True)
        )

    def get_invocation(self, invocation_id: str, *, retries: int | None = None) -> InvocationReply:
        """``GET /api/v1/invocations/{invocation_id}``.

        Raises:
            NotFoundError: there is none; only where ``is_the_services_own`` does that mean something.
            NoAnswerError: also where the answer is about another run.
        """

        def parse(answer: Answer) -> InvocationReply:
            found = invocation_from(answer)
            if found.id.casefold() != invocation_id.casefold():
                raise WrongShape("it is about another invocation than was asked for")
            return found

        path = f"{_INVOCATIONS}/{_segment(invocation_id, 'an invocation')}"
        return self.policy.run(lambda allowed: self._ask("GET", path, allowed, parse), retries=retries)

    def cancel_invocation(self, invocation_id: str) -> bool:
        """``PUT /api/v1/invocations/{invocation_id}``: cancel a run that is pending.

        Returns:
            True where it is cancelled; False where it was no longer pending (412), so that it can't be.

        Raises:
            NotFoundError: there is none.
        """
        path = f"{_INVOCATIONS}/{_segment(invocation_id, 'an invocation')}"
        doubt = False

        def ask(allowed: Allowance) -> None:
            nonlocal doubt
            try:
                self._ask("PUT", path, allowed, _was_accepted)
            except (NoAnswerError, ServerError):
                doubt = True
                raise

        try:
            self.policy.run(ask)
        except PreconditionError:
            # The try before this one, whose answer was lost, may have cancelled it.
            return doubt and self.get_invocation(invocation_id).status == "cancelled"
        return True

    def list_invocations(
        self,
        *,
        source_id: str | None = None,
        database: str | None = None,
        source_type: str | None = None,
        status: str | None = None,
        at_most: int | None = None,
        retries: int | None = None,
    ) -> Listed[InvocationReply]:
        """The runs that these name, page after page, the newest first; see :mod:`.paging`.

        Args:
            source_id: runs of this source; or
            database: runs of this database, not both.
            source_type: ``github``, ``web_scrape``, ``s3`` or ``file_upload``.
            status: one of the contract's words.
            at_most: how many, 1 or more; None for all.
            retries: of each page.

        Raises:
            ChromaSyncError: also where the list changes faster than it can be read.
        """
        query = _query(source_id, database, source_type, status)

        def ask(offset: int, limit: int) -> Listed[InvocationReply]:
            return self._invocations(query, offset, limit, retries)

        return self._pager.whole(_all_of(query), ask, at_most)

    def newest_invocations(
        self, source_id: str, limit: int = PAGE, *, retries: int | None = None
    ) -> Listed[InvocationReply]:
        """The newest runs of a source: one page, of ``limit`` runs at most."""
        return self._invocations(_query(source_id, None, None, None), 0, limit, retries)

    def newest_uploads(
        self, database: str, limit: int = PAGE, *, retries: int | None = None
    ) -> Listed[InvocationReply]:
        """The newest runs of a database that uploads have started: one page, of ``limit`` runs at most."""
        return self._invocations(_query(None, database, "file_upload", None), 0, limit, retries)

    def latest_by_keys(self, source_id: str, object_keys: Sequence[str]) -> dict[str, InvocationReply]:
        """``POST .../invocations/latest-by-keys``: object key -> its newest run, for keys that have one.

        It reads only, so it is repeated as a GET is; many keys are asked for in several requests.
        """
        path = f"/api/v1/sources/{_segment(source_id, 'a source')}/invocations/latest-by-keys"
        found: dict[str, InvocationReply] = {}
        for start in range(0, len(object_keys), _KEYS):
            payload = {"object_keys": list(object_keys[start : start + _KEYS])}

            def ask(allowed: Allowance, payload: Mapping[str, Any] = payload) -> dict[str, InvocationReply]:
                return self._ask("POST", path, allowed, invocations_by_key, payload=payload)

            found.update(self.policy.run(ask))
        return found

    def _invocations(
        self, query: Mapping[str, str], offset: int, limit: int, retries: int | None
    ) -> Listed[InvocationReply]:
        whole: dict[str, str | int] = {**query, "order_by": "DESC", "limit": limit, "offset": offset}

        def parse(answer: Answer) -> Listed[InvocationReply]:
            items = invocations_from(answer)
            ends = self._pager.ends(_all_of(query), items)
            return Listed(items, answer.served_at, complete=offset == 0 and limit > 0 and ends)

        return self.policy.run(
            lambda allowed: self._ask("GET", _INVOCATIONS, allowed, parse, query=whole), retries=retries
        )


def _query(
    source_id: str | None, database: str | None, source_type: str | None, status: str | None
) -> dict[str, str]:
    given = {"source_id": source_id, "database_name": database, "source_type": source_type, "status": status}
    return {name: value for name, value in given.items() if value is not None}


def _all_of(query: Mapping[str, str]) -> str:
    """What a list of runs is of, for the pager."""
    return " ".join(["runs", *(f'of {name} "{value}"' for name, value in query.items())])


def _segment(object_id: str, what: str) -> str:
    if not is_usable_id(object_id):
        raise ChromaSyncError(f"{object_id!r} can't be the id of {what}; nothing was sent")
    return quote(object_id, safe="")


def _was_accepted(answer: Answer) -> None:
    # The contract's body is an empty object, which says nothing. A proxy's page is no success.
    if answer.body.strip():
        answer.json()
    if service_error_in(answer):
        raise WrongShape("it is an error under a status of success")
