"""Looking runs up: what is asked, what a failure means to a person, and the value that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.api.replies import Listed
from pulumi_chroma_sync.errors import ChromaSyncError, NotFoundError
from pulumi_chroma_sync.kinds.source.lookup import explained, no_database, no_source, not_all
from pulumi_chroma_sync.kinds.source.secrecy import without_secrets
from pulumi_chroma_sync.results import GitRefIdentifierResult, InvocationResult

__all__ = ["invocation_of", "invocation_result", "invocations_of", "latest_invocations_of"]


def invocation_of(client: SyncClient, invocation_id: str) -> InvocationReply:
    """The run of this id.

    Raises:
        NotFoundError: there is none.
        ChromaSyncError: it could not be read.
    """
    step = f"look up run {invocation_id}"
    try:
        return client.get_invocation(invocation_id)
    except NotFoundError as error:
        meaning = (
            f"the service has no such run, or not for {client.settings.whose_key}. To see what there is: "
            "pulumi-chroma-sync runs --database NAME"
        )
        raise explained(error, meaning).during(step).with_traceback(None) from None
    except ChromaSyncError as error:
        raise error.during(step).with_traceback(None) from None


def invocations_of(
    client: SyncClient,
    *,
    source_id: str | None = None,
    database: str | None = None,
    source_type: str | None = None,
    status: str | None = None,
    at_most: int | None = None,
    retries: int | None = None,
) -> Listed[InvocationReply]:
    """The runs of a source or of a database, the newest first; ``complete`` where these are all.

    Args:
        client: asks the service.
        source_id: of this source; or
        database: of this database.
        source_type: of sources of this kind alone.
        status: that stand so alone.
        at_most: how many; None for all.
        retries: of each page, instead of the settings'.

    Raises:
        NotFoundError: there is no such source or database.
        ChromaSyncError: the list could not be read, or not to its end where all were wanted.
    """
    whose = f"source {source_id}" if source_id is not None else f'database "{database}"'
    step = f"look up the runs of {whose}"
    try:
        listed = client.list_invocations(
            source_id=source_id,
            database=database,
            source_type=source_type,
            status=status,
            at_most=at_most,
            retries=retries,
        )
    except NotFoundError as error:
        meaning = no_source(client) if database is None else no_database(client, database)
        raise explained(error, meaning).during(step).with_traceback(None) from None
    except ChromaSyncError as error:
        raise error.during(step).with_traceback(None) from None
    if at_most is None and not listed.complete:
        raise not_all("runs").during(step)
    return listed


def latest_invocations_of(
    client: SyncClient, source_id: str, keys: Sequence[str]
) -> dict[str, InvocationReply]:
    """Object key -> its newest run, of those keys that have one.

    Raises:
        NotFoundError: there is no such source.
        ChromaSyncError: they could not be read.
    """
    step = f"look up the latest runs of source {source_id}"
    try:
        return client.latest_by_keys(source_id, keys)
    except NotFoundError as error:
        raise explained(error, no_source(client)).during(step).with_traceback(None) from None
    except ChromaSyncError as error:
        raise error.during(step).with_traceback(None) from None


def invocation_result(reply: InvocationReply) -> InvocationResult:
    """The run as a value."""
    return InvocationResult(
        id=reply.id,
        source_id=reply.source_id or None,
        status=reply.status,
        created_at=reply.created_at,
        database_name=reply.database_name,
        collection_name=reply.collection_name,
        source_type=None if reply.kind == "Unknown" else reply.kind or None,
        error=reply.error or None,
        finished_at=reply.finished_at or None,
        duration_ms=reply.duration_ms,
        git_ref_identifier=None if reply.ref is None else GitRefIdentifierResult(**reply.ref),
        bucket_name=_bucket_in(reply.body),
        object_key=reply.object_key or None,
        custom_id=reply.custom_id or None,
        additional_metadata=without_secrets(reply.metadata),
        problem=reply.problem,
    )


def _bucket_in(body: Any) -> str | None:
    for name in ("metadata", "s3", "bucket_name"):
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, str) else None
