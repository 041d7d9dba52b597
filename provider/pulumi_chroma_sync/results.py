"""What look-ups answer: sources, runs and collections, as values that don't change, with the API's own names.

Each is made of what the service answers. AWS keys have no field here, and the user and password of an
address are taken out, whatever the service says. Loaded with the first look-up: a program that makes none
pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

__all__ = [
    "ChunkingResult",
    "CollectionResult",
    "DenseEmbeddingResult",
    "EmbeddingResult",
    "EmbeddingTaskResult",
    "GitRefIdentifierResult",
    "GithubResult",
    "InvocationResult",
    "S3Result",
    "SourceResult",
    "SparseEmbeddingResult",
    "WebScrapeResult",
]

# A service may answer numbers as texts and the other way round; the types here hold all the same.
_LENIENT = ConfigDict(coerce_numbers_to_str=True, hide_input_in_errors=True)


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class GithubResult:
    """A GitHub repository."""

    repository: str
    """Owner and name: ``acme/handbook``."""
    app_id: str | None = None
    """Id of the GitHub app that it is read with; None for Chroma's own."""
    include_globs: tuple[str, ...] | None = None
    """Which files are synced; None for all."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class WebScrapeResult:
    """A web site."""

    starting_url: str
    """Where the crawl starts."""
    page_limit: int | None = None
    """How many pages at most."""
    max_depth: int | None = None
    """How many links away from the start at most."""
    include_path_regexes: tuple[str, ...] | None = None
    """Only paths that match one of these."""
    exclude_path_regexes: tuple[str, ...] | None = None
    """No path that matches one of these."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class S3Result:
    """An S3 bucket, or the part of it below a prefix."""

    bucket_name: str
    """The bucket."""
    region: str
    """The bucket's AWS region."""
    collection_name: str
    """The collection that a run writes where it names none."""
    path_prefix: str | None = None
    """Only keys that start so."""
    auto_sync: str | None = None
    """``none``, ``direct`` or ``metadata``."""
    aws_credential_id: int | None = None
    """Id of the AWS credentials that it is read with, also where they were passed as keys."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class ChunkingResult:
    """How files are cut into chunks."""

    type: str
    """``tree_sitter`` or ``lines``."""
    max_size_bytes: int | None = None
    """Upper size of a chunk in bytes."""
    max_lines: int | None = None
    """Upper size of a chunk in lines."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class EmbeddingTaskResult:
    """What dense embeddings are for."""

    task_name: str
    """Such as ``generic_retrieval``."""
    document_prompt: str | None = None
    """Put before each document."""
    query_prompt: str | None = None
    """Put before each query."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class DenseEmbeddingResult:
    """A dense embedding model."""

    model: str
    """The model's name."""
    task: EmbeddingTaskResult | None = None
    """What it is used for."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class SparseEmbeddingResult:
    """A sparse embedding model."""

    model: str | None = None
    """The model's name."""
    key: str | None = None
    """The metadata key under which the sparse vectors are stored."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class EmbeddingResult:
    """How chunks are embedded."""

    dense: DenseEmbeddingResult | None = None
    """Dense vectors."""
    sparse: SparseEmbeddingResult | None = None
    """Sparse vectors."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class SourceResult:
    """A source as the service answers it: one of ``github``, ``web_scrape``, ``s3`` is there, or none."""

    id: str
    """The service's id; a resource's ``source_id``."""
    source_type: str
    """``github``, ``web_scrape``, ``s3``, ``file_upload``; ``unknown`` for any other."""
    database_name: str
    """The database."""
    created_at: str
    """When it was made, RFC 3339."""
    github: GithubResult | None = None
    """Of a GitHub repository."""
    web_scrape: WebScrapeResult | None = None
    """Of a web site."""
    s3: S3Result | None = None
    """Of an S3 bucket."""
    chunking: ChunkingResult | None = None
    """How its files are cut."""
    embedding: EmbeddingResult | None = None
    """How its chunks are embedded."""
    embedding_model: DenseEmbeddingResult | None = None
    """The older way to say ``embedding.dense``."""
    problem: str | None = None
    """What this version can't read, such as ``embedding: must be an object``; that field is None then."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class GitRefIdentifierResult:
    """Which version of a repository a run syncs: one of the two."""

    sha: str | None = None
    """A commit."""
    branch: str | None = None
    """A branch."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class InvocationResult:
    """One sync run as the service answers it."""

    id: str
    """The service's id; a resource's ``invocation_id``."""
    source_id: str | None
    """Of which source; None where the service doesn't say, as after the source was deleted."""
    status: str
    """One word: ``pending``, ``processing``, ``complete``, ``failed`` or ``cancelled``."""
    created_at: str
    """When it was started, RFC 3339."""
    database_name: str
    """The database of the collection."""
    collection_name: str
    """The collection that it writes."""
    source_type: str | None = None
    """``github``, ``web_scrape`` or ``s3``; None where the service doesn't say, as of an upload."""
    error: str | None = None
    """Why it failed."""
    finished_at: str | None = None
    """When it was complete, RFC 3339."""
    duration_ms: int | None = None
    """How long a complete run took, in milliseconds."""
    git_ref_identifier: GitRefIdentifierResult | None = None
    """Of a run of a GitHub source: the commit or the branch."""
    bucket_name: str | None = None
    """Of a run of an S3 source: the bucket."""
    object_key: str | None = None
    """Likewise, the whole key of the object."""
    custom_id: str | None = None
    """Likewise, what the ids of its chunks begin with."""
    additional_metadata: Mapping[str, Any] | None = None
    """Likewise, what each of its chunks gets as well."""
    problem: str | None = None
    """What this version can't read of it; that field is empty then."""


@dataclass(frozen=True, kw_only=True, config=_LENIENT)
class CollectionResult:
    """A collection as Chroma's public API answers it: what an app reads."""

    id: str
    """The service's id; another one where it was deleted and made again."""
    name: str
    """Its name."""
    database_name: str
    """The database."""
    tenant: str
    """Whose the database is."""
    count: int
    """How many records it has: chunks, of what runs wrote."""
    metadata: Mapping[str, Any]
    """As it was set, whole numbers whole; empty where it has none."""
    dimension: int | None = None
    """Of its vectors; None where it has none yet."""
    finished_ingest: bool = False
    """Whether its ingest is finished, so that no run can write into it."""
