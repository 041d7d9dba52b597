"""Chroma Sync sources and their runs as Pulumi resources."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .args import (
        ChunkingArgs,
        DenseEmbeddingArgs,
        EmbeddingArgs,
        EmbeddingModelArgs,
        EmbeddingTaskArgs,
        GithubArgs,
        GithubFields,
        ObjectArgs,
        RefIdentifierArgs,
        S3Args,
        S3Fields,
        SetSourceArgs,
        SparseEmbeddingArgs,
        WebScrapeArgs,
        WebScrapeFields,
    )
    from .database import Database, DatabaseProvider
    from .errors import (
        ApiError,
        AuthorizationError,
        BadRequestError,
        ChromaSyncError,
        ConfigError,
        DatabaseExistsError,
        DatabaseNotEmptyError,
        NoAnswerError,
        NotFoundError,
        OutcomeUnknownError,
        PreconditionError,
        RateLimitError,
        RunExistsError,
        RunFailedError,
        ServerError,
        SourceClaimedError,
        SourceExistsError,
        UniqueConstraintError,
        UnreachableError,
    )
    from .file_upload import FileUpload, FileUploadProvider
    from .invocation import Invocation, InvocationProvider
    from .invocations import Invocations, InvocationsProvider
    from .lookups import (
        get_collection,
        get_collection_output,
        get_collections,
        get_collections_output,
        get_invocation,
        get_invocation_output,
        get_invocations,
        get_invocations_output,
        get_latest_invocations,
        get_latest_invocations_output,
        get_source,
        get_source_output,
        get_sources,
        get_sources_output,
    )
    from .results import (
        ChunkingResult,
        CollectionResult,
        DenseEmbeddingResult,
        EmbeddingResult,
        EmbeddingTaskResult,
        GithubResult,
        GitRefIdentifierResult,
        InvocationResult,
        S3Result,
        SourceResult,
        SparseEmbeddingResult,
        WebScrapeResult,
    )
    from .source import Source, SourceProvider
    from .source_set import SourceSet, SourceSetProvider
    from .synced_repository import SyncedRepository

__all__ = [
    "ApiError",
    "AuthorizationError",
    "BadRequestError",
    "ChromaSyncError",
    "ChunkingArgs",
    "ChunkingResult",
    "CollectionResult",
    "ConfigError",
    "Database",
    "DatabaseExistsError",
    "DatabaseNotEmptyError",
    "DatabaseProvider",
    "DenseEmbeddingArgs",
    "DenseEmbeddingResult",
    "EmbeddingArgs",
    "EmbeddingModelArgs",
    "EmbeddingResult",
    "EmbeddingTaskArgs",
    "EmbeddingTaskResult",
    "FileUpload",
    "FileUploadProvider",
    "GitRefIdentifierResult",
    "GithubArgs",
    "GithubFields",
    "GithubResult",
    "Invocation",
    "InvocationProvider",
    "InvocationResult",
    "Invocations",
    "InvocationsProvider",
    "NoAnswerError",
    "NotFoundError",
    "ObjectArgs",
    "OutcomeUnknownError",
    "PreconditionError",
    "RateLimitError",
    "RefIdentifierArgs",
    "RunExistsError",
    "RunFailedError",
    "S3Args",
    "S3Fields",
    "S3Result",
    "ServerError",
    "SetSourceArgs",
    "Source",
    "SourceClaimedError",
    "SourceExistsError",
    "SourceProvider",
    "SourceResult",
    "SourceSet",
    "SourceSetProvider",
    "SparseEmbeddingArgs",
    "SparseEmbeddingResult",
    "SyncedRepository",
    "UniqueConstraintError",
    "UnreachableError",
    "WebScrapeArgs",
    "WebScrapeFields",
    "WebScrapeResult",
    "get_collection",
    "get_collection_output",
    "get_collections",
    "get_collections_output",
    "get_invocation",
    "get_invocation_output",
    "get_invocations",
    "get_invocations_output",
    "get_latest_invocations",
    "get_latest_invocations_output",
    "get_source",
    "get_source_output",
    "get_sources",
    "get_sources_output",
]

_ENDINGS = {"Args": "args", "Fields": "args", "Error": "errors", "Result": "results"}


def _module_of(name: str) -> str:
    """The module that defines a name: one a kind of thing, and one a resource with its provider."""
    if name.startswith("get_"):
        return "lookups"
    for ending, module in _ENDINGS.items():
        if name.endswith(ending):
            return module
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Provider")).lower()


if not TYPE_CHECKING:  # or a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        """A program loads what it names, and the plugin the one kind that it serves (PEP 562)."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_module_of(name)}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """What there is, loaded or not."""
        return sorted({*globals(), *__all__})
