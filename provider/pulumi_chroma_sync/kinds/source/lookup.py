"""Looking sources up: what is asked, what a failure means to a person, and the value that it makes."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.errors import ChromaSyncError, NotFoundError
from pulumi_chroma_sync.results import (
    ChunkingResult,
    DenseEmbeddingResult,
    EmbeddingResult,
    GithubResult,
    S3Result,
    SourceResult,
    WebScrapeResult,
)

from .secrecy import without_secrets

__all__ = [
    "explained",
    "no_database",
    "no_source",
    "not_all",
    "source_of",
    "source_result",
    "sources_of",
]

_PARTS: dict[str, TypeAdapter[Any]] = {
    "github": TypeAdapter(GithubResult),
    "web_scrape": TypeAdapter(WebScrapeResult),
    "s3": TypeAdapter(S3Result),
    "chunking": TypeAdapter(ChunkingResult),
    "embedding": TypeAdapter(EmbeddingResult),
    "embedding_model": TypeAdapter(DenseEmbeddingResult),
}


def source_of(client: SyncClient, source_id: str) -> SourceReply:
    """The source of this id.

    Raises:
        NotFoundError: there is none.
        ChromaSyncError: it could not be read.
    """
    step = f"look up source {source_id}"
    try:
        return client.get_source(source_id)
    except NotFoundError as error:
        raise explained(error, no_source(client)).during(step).with_traceback(None) from None
    except ChromaSyncError as error:
        raise error.during(step).with_traceback(None) from None


def sources_of(client: SyncClient, database: str, source_type: str | None = None) -> tuple[SourceReply, ...]:
    """Every source of a database, the newest first.

    Args:
        client: asks the service.
        database: its name.
        source_type: of this kind alone.

    Raises:
        NotFoundError: there is no such database.
        ChromaSyncError: the list could not be read to its end.
    """
    step = f'look up the sources of database "{database}"'
    try:
        listed = client.list_sources(database, source_type=source_type)
    except NotFoundError as error:
        raise explained(error, no_database(client, database)).during(step).with_traceback(None) from None
    except ChromaSyncError as error:
        raise error.during(step).with_traceback(None) from None
    if not listed.complete:
        raise not_all("sources").during(step)
    return tuple(source for source in listed.items if source_type in (None, source.kind_name))


def no_source(client: SyncClient) -> str:
    """What the API's own 404 of a source means."""
    return (
        f"the service has no such source, or not for {client.settings.whose_key}. To see what there is: "
        "pulumi-chroma-sync list --database NAME"
    )


def no_database(client: SyncClient, database: str) -> str:
    """What the API's own 404 of a database's list means."""
    return (
        f'the service has no database "{database}" for {client.settings.whose_key}. Is its name spelled so, '
        "and is the key one of its account?"
    )


def explained(error: NotFoundError, meaning: str) -> NotFoundError:
    """The same error, told as what it means; one that isn't the API's own means nothing of the kind."""
    if error.is_the_services_own:
        error.message = meaning
    return error


def not_all(what: str) -> ChromaSyncError:
    """The error for a list of which nobody can tell the end."""
    return ChromaSyncError(
        f"the service gives the {what} in pages of which nobody can tell whether they are all; nothing was "
        "concluded from them"
    )


def source_result(reply: SourceReply) -> SourceResult:
    """The source as a value; what can't be read is None, and named by ``problem``."""
    body = without_secrets(reply.body)
    problems = [] if reply.problem is None else [reply.problem]
    parts = {}
    for name, adapter in _PARTS.items():
        value = body.get(name)
        if value is None or value == "":  # some services say so that there is none
            continue
        if name == "embedding_model" and isinstance(value, str):
            value = {"model": value}
        try:
            parts[name] = adapter.validate_python(value)
        except ValidationError as error:
            problems.append(f"{name}: {_why(error)}")
    return SourceResult(
        id=reply.id,
        source_type=reply.kind_name,
        database_name=reply.database_name,
        created_at=reply.created_at,
        problem=problems[0] if problems else None,
        **parts,
    )


def _why(error: ValidationError) -> str:
    """``page_limit is not what the API's contract says``; never the value."""
    where = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
    return f"{where or 'it'} is not what the API's contract says"
