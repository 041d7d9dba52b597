"""What a program may pass to a resource.

Every type here is a TypedDict: a dict literal and ``GithubArgs(repository="acme/handbook")`` are the same
thing. Keys are spelled as the API spells them. Each value may also be a Pulumi output, and None means absent.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import pulumi
from pulumi import _types
from typing_extensions import Required, TypedDict

__all__ = [
    "ChunkingArgs",
    "DenseEmbeddingArgs",
    "EmbeddingArgs",
    "EmbeddingModelArgs",
    "EmbeddingTaskArgs",
    "GithubArgs",
    "GithubFields",
    "ObjectArgs",
    "OnConflict",
    "RefIdentifierArgs",
    "S3Args",
    "S3Fields",
    "SetSourceArgs",
    "SparseEmbeddingArgs",
    "WebScrapeArgs",
    "WebScrapeFields",
    "as_input",
    "compact_sources",
    "may_hold_secrets",
    "with_secret_key",
    "with_secret_key_in",
]

OnConflict = Literal["error", "adopt"]
"""What to do where an equal source exists: stop with an error that names it, or take it over."""


class GithubArgs(TypedDict, total=False):
    """A GitHub repository."""

    repository: Required[pulumi.Input[str]]
    """Owner and name: ``"acme/handbook"``."""
    app_id: pulumi.Input[str | None]
    """Id of your own GitHub app, for private repositories; a string. Default: Chroma's app."""
    include_globs: pulumi.Input[Sequence[pulumi.Input[str]] | None]
    """Which files to sync, such as ``["**/*.md"]``; a set, so order is no change. Default: all."""


class WebScrapeArgs(TypedDict, total=False):
    """A web site."""

    starting_url: Required[pulumi.Input[str]]
    """Where the crawl starts; http or https."""
    page_limit: pulumi.Input[int | None]
    """How many pages at most; 0 or more. Default: the service's."""
    max_depth: pulumi.Input[int | None]
    """How many links away from the start at most; 0 or more. Default: the service's."""
    include_path_regexes: pulumi.Input[Sequence[pulumi.Input[str]] | None]
    """Only paths that match one of these; a set. Default: all."""
    exclude_path_regexes: pulumi.Input[Sequence[pulumi.Input[str]] | None]
    """No path that matches one of these; a set. Default: none."""


class S3Args(TypedDict, total=False):
    """An S3 bucket, or the part of it below a prefix.

    Give either ``aws_credential_id`` or both ``aws_access_key_id`` and ``aws_secret_access_key``.
    """

    bucket_name: Required[pulumi.Input[str]]
    """The bucket."""
    region: Required[pulumi.Input[str]]
    """The bucket's AWS region, such as ``"us-east-1"``."""
    collection_name: Required[pulumi.Input[str]]
    """The collection that a run writes where it names none."""
    path_prefix: pulumi.Input[str | None]
    """Only keys that start so. Two sources of one bucket with different prefixes are different sources."""
    auto_sync: pulumi.Input[Literal["none", "direct", "metadata"] | None]
    """Normally set by Chroma during set-up; left out, the service's value is never a difference."""
    aws_credential_id: pulumi.Input[int | None]
    """Id of AWS credentials that Chroma holds already."""
    aws_access_key_id: pulumi.Input[str | None]
    """Inline AWS key; the service stores the pair and allocates a credential id."""
    aws_secret_access_key: pulumi.Input[str | None]
    """Inline AWS secret; encrypted in the state, also where it is passed as plain text."""


class RefIdentifierArgs(TypedDict, total=False):
    """Which version of a repository a run syncs: one of the two."""

    sha: pulumi.Input[str]
    """A commit."""
    branch: pulumi.Input[str]
    """A branch; what it points at when the run begins."""


class ObjectArgs(TypedDict, total=False):
    """What is particular to the run of one object; see :class:`~pulumi_chroma_sync.invocation.Invocation`."""

    custom_id: pulumi.Input[str | None]
    """What the ids of its chunks begin with; at most 120 bytes."""
    metadata: pulumi.Input[Mapping[str, Any] | None]
    """What each of its chunks gets as well, over what all objects get."""


class GithubFields(TypedDict, total=False):
    """What the GitHub repositories of a set have in common; see :class:`GithubArgs`."""

    app_id: pulumi.Input[str | None]
    """Id of your own GitHub app, for private repositories; a string. Default: Chroma's app."""
    include_globs: pulumi.Input[Sequence[pulumi.Input[str]] | None]
    """Which files to sync; a set. Default: all."""


class WebScrapeFields(TypedDict, total=False):
    """What the web sites of a set have in common; see :class:`WebScrapeArgs`."""

    page_limit: pulumi.Input[int | None]
    """How many pages at most; 0 or more. Default: the service's."""
    max_depth: pulumi.Input[int | None]
    """How many links away from the start at most; 0 or more. Default: the service's."""
    include_path_regexes: pulumi.Input[Sequence[pulumi.Input[str]] | None]
    """Only paths that match one of these; a set. Default: all."""
    exclude_path_regexes: pulumi.Input[Sequence[pulumi.Input[str]] | None]
    """No path that matches one of these; a set. Default: none."""


class S3Fields(TypedDict, total=False):
    """What the buckets of a set have in common, and what one of them says itself; see :class:`S3Args`."""

    bucket_name: pulumi.Input[str]
    """The bucket."""
    region: pulumi.Input[str]
    """The bucket's AWS region, such as ``"us-east-1"``."""
    collection_name: pulumi.Input[str]
    """The collection that a run writes where it names none."""
    path_prefix: pulumi.Input[str | None]
    """Only keys that start so."""
    auto_sync: pulumi.Input[Literal["none", "direct", "metadata"] | None]
    """Normally set by Chroma during set-up; left out, the service's value is never a difference."""
    aws_credential_id: pulumi.Input[int | None]
    """Id of AWS credentials that Chroma holds already."""
    aws_access_key_id: pulumi.Input[str | None]
    """Inline AWS key; the service stores the pair and allocates a credential id."""
    aws_secret_access_key: pulumi.Input[str | None]
    """Inline AWS secret; encrypted in the state, also where it is passed as plain text."""


class ChunkingArgs(TypedDict, total=False):
    """How files are cut into chunks. Default: tree-sitter, then markdown, then lines."""

    type: Required[pulumi.Input[Literal["tree_sitter", "lines"]]]
    """By syntax or by lines."""
    max_size_bytes: pulumi.Input[int | None]
    """Upper size of a chunk in bytes; 0 or more. Default: the service's."""
    max_lines: pulumi.Input[int | None]
    """Upper size of a chunk in lines; 0 or more, with type ``"lines"`` alone. Default: the service's."""


class EmbeddingTaskArgs(TypedDict, total=False):
    """What the dense embeddings are for."""

    task_name: Required[pulumi.Input[str]]
    """Such as ``"generic_retrieval"``."""
    document_prompt: pulumi.Input[str | None]
    """Put before each document."""
    query_prompt: pulumi.Input[str | None]
    """Put before each query."""


class EmbeddingModelArgs(TypedDict, total=False):
    """A dense embedding model."""

    model: Required[pulumi.Input[Literal["Qwen/Qwen3-Embedding-0.6B"]]]
    """The model's name; the API knows this one."""
    task: pulumi.Input[EmbeddingTaskArgs | None]
    """What it is used for. Default: the service's."""


DenseEmbeddingArgs = EmbeddingModelArgs


class SparseEmbeddingArgs(TypedDict, total=False):
    """A sparse embedding model."""

    model: pulumi.Input[Literal["Chroma/BM25", "prithivida/Splade_PP_en_v1"] | None]
    """The model's name."""
    key: pulumi.Input[str | None]
    """The metadata key under which the sparse vectors are stored."""


class EmbeddingArgs(TypedDict, total=False):
    """How chunks are embedded."""

    dense: pulumi.Input[DenseEmbeddingArgs | None]
    """Dense vectors. Default: the service's."""
    sparse: pulumi.Input[SparseEmbeddingArgs | None]
    """Sparse vectors. Default: none."""


class SetSourceArgs(TypedDict, total=False):
    """One source of a set: one of ``github``, ``web_scrape``, ``s3``, over what the set says for all."""

    github: pulumi.Input[GithubArgs | None]
    """A GitHub repository."""
    web_scrape: pulumi.Input[WebScrapeArgs | None]
    """A web site."""
    s3: pulumi.Input[S3Fields | None]
    """An S3 bucket; what it leaves out, the set's ``s3`` has to say."""
    chunking: pulumi.Input[ChunkingArgs | None]
    """In place of the set's."""
    embedding: pulumi.Input[EmbeddingArgs | None]
    """In place of the set's ``embedding`` and ``embedding_model``."""
    embedding_model: pulumi.Input[EmbeddingModelArgs | str | None]
    """Likewise; the older way to say ``embedding.dense``."""
    extra: pulumi.Input[Mapping[str, Any] | None]
    """In place of the set's."""
    on_conflict: pulumi.Input[OnConflict | None]
    """In place of the set's."""


def as_input(value: Any, path: str) -> Any:
    """What a program passed, as the SDK takes it: plain mappings, lists and values, at any depth.

    Sets, views and generators become lists; dataclasses, attrs and pydantic objects become mappings. The SDK
    would refuse them with an error that prints them whole.

    Args:
        value: an argument, or a part of one; may be an output.
        path: of the argument, for errors.

    Raises:
        TypeError: it is none of these; the message has the path and the type, never the value.
    """
    if value is None or isinstance(value, (str, int, float)) or _types.is_input_type(type(value)):
        return value
    if isinstance(value, enum.Enum):
        return as_input(value.value, path)
    if isinstance(value, pulumi.Output) or inspect.isawaitable(value):
        return pulumi.Output.from_input(value).apply(lambda known: as_input(known, path))
    if (fields := _fields_of(value)) is not None:
        return {name: as_input(item, f"{path}.{name}") for name, item in fields.items()}
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        return [as_input(item, f"{path}[{index}]") for index, item in enumerate(value)]
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(f"{path}: an object of {kind} can't be passed here; pass a dict with the API's keys")


def with_secret_key(s3: Any) -> Any:
    """The same bucket with its AWS secret key marked secret; a shape that hides it is a secret as a whole.

    Args:
        s3: what :func:`as_input` gives.
    """
    if isinstance(s3, pulumi.Output):
        return s3.apply(with_secret_key)
    if isinstance(s3, dict):
        secret = s3.get("aws_secret_access_key")
        return s3 if secret is None else {**s3, "aws_secret_access_key": pulumi.Output.secret(secret)}
    if s3 is None:
        return None
    return pulumi.Output.secret(s3)  # a class with getters, or something that check refuses


def with_secret_key_in(extra: Any) -> Any:
    """The same ``extra``, with the AWS secret key of a bucket in it marked secret.

    Args:
        extra: what :func:`as_input` gives.
    """
    if isinstance(extra, pulumi.Output):
        return extra.apply(with_secret_key_in)
    if isinstance(extra, dict) and "s3" in extra:
        return {**extra, "s3": with_secret_key(extra["s3"])}
    return extra


def may_hold_secrets(value: Any) -> bool:
    """Whether a part of this may be a secret, as far as is known before outputs are.

    Args:
        value: what :func:`as_input` gives.
    """
    if isinstance(value, dict):
        return any(map(may_hold_secrets, value.values()))
    if isinstance(value, list):
        return any(map(may_hold_secrets, value))
    return isinstance(value, pulumi.Output)


def compact_sources(sources: Any) -> Any:
    """The sources of a set, each that has no output or secret in it as one text.

    The state holds it in far fewer bytes, and the engine shows it as an object all the same (measured).

    Args:
        sources: what :func:`as_input` gives.
    """
    if isinstance(sources, pulumi.Output):
        return sources.apply(compact_sources)
    if not isinstance(sources, dict):
        return sources
    return {str(key): _compact(source) for key, source in sources.items()}


def _compact(source: Any) -> Any:
    if isinstance(source, pulumi.Output):
        return source.apply(_with_secrets)
    source = _with_secrets(source)
    if not isinstance(source, dict) or may_hold_secrets(source):
        return source
    return json.dumps(_without_none(source), separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _with_secrets(source: Any) -> Any:
    if not isinstance(source, dict):
        return source
    marked = dict(source)
    if "s3" in marked:
        marked["s3"] = with_secret_key(marked["s3"])
    if "extra" in marked:
        marked["extra"] = with_secret_key_in(marked["extra"])
    return marked


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def _fields_of(value: Any) -> Mapping[str, Any] | None:
    """The fields of an object that is a mapping in all but name."""
    if isinstance(value, Mapping):
        return {str(name): item for name, item in value.items()}
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if (attributes := getattr(type(value), "__attrs_attrs__", None)) is not None:
        return {attribute.name: getattr(value, attribute.name) for attribute in attributes}
    if isinstance(names := getattr(type(value), "model_fields", None), Mapping):
        return {name: getattr(value, name) for name in names}
    return None
