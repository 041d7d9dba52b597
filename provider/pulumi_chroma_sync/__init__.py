"""Chroma Sync sources as Pulumi resources."""

from __future__ import annotations

from .args import (
    ChunkingArgs,
    DenseEmbeddingArgs,
    EmbeddingArgs,
    EmbeddingModelArgs,
    EmbeddingTaskArgs,
    GithubArgs,
    S3Args,
    SparseEmbeddingArgs,
    WebScrapeArgs,
)
from .errors import (
    ApiError,
    AuthorizationError,
    BadRequestError,
    ChromaSyncError,
    ConfigError,
    NoAnswerError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
    SourceClaimedError,
    SourceExistsError,
    UniqueConstraintError,
    UnreachableError,
)
from .source import Source, SourceProvider

__all__ = [
    "ApiError",
    "AuthorizationError",
    "BadRequestError",
    "ChromaSyncError",
    "ChunkingArgs",
    "ConfigError",
    "DenseEmbeddingArgs",
    "EmbeddingArgs",
    "EmbeddingModelArgs",
    "EmbeddingTaskArgs",
    "GithubArgs",
    "NoAnswerError",
    "NotFoundError",
    "OutcomeUnknownError",
    "RateLimitError",
    "S3Args",
    "ServerError",
    "Source",
    "SourceClaimedError",
    "SourceExistsError",
    "SourceProvider",
    "SparseEmbeddingArgs",
    "UniqueConstraintError",
    "UnreachableError",
    "WebScrapeArgs",
]
