"""The bodies of the API's requests, and what the service makes of them.

Facts are the API contract's unless a comment calls them a guess (all guesses are in LIMITS.md). ``null`` is
taken exactly where the contract says so; a field that the contract doesn't have is refused (a guess).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from .names import ResourceName

__all__ = [
    "KINDS",
    "REPOSITORY_PATTERN",
    "URL_PATTERN",
    "Chunking",
    "CreateInvocation",
    "CreateSource",
    "Embedding",
    "LatestByKeys",
]

KINDS = ("github", "web_scrape", "s3", "file_upload")
"""The kinds of source; one is exactly one of them."""

_INT32 = 2**31 - 1
# Guesses: the contract says string for both; the vendor's documentation shows "owner/name" and web addresses.
# Without \s, which is not the same in JSON Schema's regular expressions as in Python's.
REPOSITORY_PATTERN = r"^[^/\x00-\x20\x7f]+/[^/\x00-\x20\x7f]+$"
URL_PATTERN = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://([^/?#@\x00-\x20\x7f]+@)?"
    r"(\[[0-9A-Fa-f:.]+\]|[^/?#:@\[\]\x00-\x20\x7f]+)(:[0-9]{1,5})?([/?#][^\x00-\x20\x7f]*)?$"
)


def _repository(value: str) -> str:
    if not re.fullmatch(REPOSITORY_PATTERN, value):
        raise ValueError('must be "owner/name"')
    return value


def _url(value: str) -> str:
    if not re.fullmatch(URL_PATTERN, value):
        raise ValueError("must be an http or https URL")
    return value


def _unique(items: list[str]) -> list[str]:
    if len(set(items)) != len(items):
        raise ValueError("must not hold the same item twice")
    return items


def _at_most_120_bytes(value: str) -> str:
    # The schema counts characters, the vendor's documentation bytes; the smaller of the two holds.
    if len(value.encode()) > 120:
        raise ValueError("must be at most 120 bytes")
    return value


def _model_object(value: object) -> object:
    # The contract says object, the vendor's own example passes the bare name.
    return {"model": value} if isinstance(value, str) else value


def _whole(value: object, info: ValidationInfo) -> object:
    # JSON Schema calls 440.0 an integer; to the readers of JSON in Rust and in Go it is none.
    lenient = bool(info.context and info.context["lenient"])
    return int(value) if lenient and isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=_INT32)]
UniqueStrings = Annotated[list[str], AfterValidator(_unique)]
Repository = Annotated[str, AfterValidator(_repository)]
Url = Annotated[str, AfterValidator(_url)]
CustomId = Annotated[str, AfterValidator(_at_most_120_bytes), Field(max_length=120)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Github(_Body):
    """A GitHub repository."""

    repository: Repository
    app_id: str | None = None
    include_globs: UniqueStrings | None = None


class WebScrape(_Body):
    """A web site."""

    starting_url: Url
    page_limit: Count | None = None
    max_depth: Count | None = None
    include_path_regexes: UniqueStrings | None = None
    exclude_path_regexes: UniqueStrings | None = None


class S3(_Body):
    """A bucket, or a prefix in it; with a stored credential or with keys to be stored."""

    bucket_name: Text
    region: Text
    collection_name: ResourceName
    path_prefix: str | None = None
    auto_sync: Literal["none", "direct", "metadata"] | None = None
    # Guess: ids begin at 1. The contract says int32 alone.
    aws_credential_id: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=_INT32)] | None = None
    aws_access_key_id: Text | None = None
    aws_secret_access_key: Text | None = None

    @model_validator(mode="after")
    def _one_credential(self) -> S3:
        pair = (self.aws_access_key_id is not None, self.aws_secret_access_key is not None)
        if self.aws_credential_id is not None and any(pair):
            raise ValueError("give aws_credential_id or both aws keys, not both ways at once")
        if any(pair) and not all(pair):
            raise ValueError("aws_access_key_id and aws_secret_access_key are required together")
        if self.aws_credential_id is None and not any(pair):
            raise ValueError("give aws_credential_id, or aws_access_key_id and aws_secret_access_key")
        return self


class TreeSitter(_Body):
    """Chunks along the syntax."""

    type: Literal["tree_sitter"]
    max_size_bytes: Whole = 4096


class Lines(_Body):
    """Chunks of whole lines."""

    type: Literal["lines"]
    max_lines: Whole = 10
    max_size_bytes: Whole = 4096


Chunking = Annotated[TreeSitter | Lines, Field(discriminator="type")]


class Task(_Body):
    """What the dense model is told about the texts."""

    task_name: str
    document_prompt: str | None = None
    query_prompt: str | None = None


class Dense(_Body):
    """The dense embedding model."""

    model: Literal["Qwen/Qwen3-Embedding-0.6B"]
    task: Task | None = None


class Sparse(_Body):
    """The sparse embedding model and the metadata key of its vectors."""

    # Optional, but not nullable: absent in answers where it was not given.
    key: str = ""
    model: Literal["Chroma/BM25", "prithivida/Splade_PP_en_v1"] = "Chroma/BM25"


class Embedding(_Body):
    """Dense and sparse embedding."""

    dense: Dense = Dense(model="Qwen/Qwen3-Embedding-0.6B")
    sparse: Sparse | None = None


EmbeddingModel = Annotated[Dense, BeforeValidator(_model_object)]


class CreateSource(_Body):
    """Body of ``POST /api/v1/sources``."""

    database_name: str
    github: Github = None  # type: ignore[assignment]
    web_scrape: WebScrape = None  # type: ignore[assignment]
    s3: S3 = None  # type: ignore[assignment]
    file_upload: dict[str, Any] = None  # type: ignore[assignment]
    chunking: Chunking = TreeSitter(type="tree_sitter")
    embedding: Embedding = Embedding()
    embedding_model: EmbeddingModel | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> CreateSource:
        given = [kind for kind in KINDS if kind in self.model_fields_set]
        if "file_upload" in given:
            raise ValueError(
                "file_upload sources can't be created here; POST /api/v1/add-file makes them by itself"
            )
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of github, web_scrape, s3 (got {' and '.join(given) or 'none'})"
            )
        return self

    @property
    def kind(self) -> str:
        """``github``, ``web_scrape`` or ``s3``."""
        return next(kind for kind in KINDS if kind in self.model_fields_set)

    def document(self) -> dict[str, Any]:
        """The source as it is answered, but for id, database and creation time; AWS keys still in it.

        Guesses: every default that is filled in, and ``null`` for the optional fields that have none.
        """
        body: dict[str, Any] = {self.kind: getattr(self, self.kind).model_dump()}
        if self.kind == "s3" and body["s3"]["auto_sync"] is None:
            body["s3"]["auto_sync"] = "none"
        embedding = self.embedding.model_dump(exclude={"sparse"})
        sparse = self.embedding.sparse
        embedding["sparse"] = None if sparse is None else sparse.model_dump(exclude_unset=True)
        legacy = self.embedding_model.model_dump() if self.embedding_model else None
        if legacy is not None and "dense" not in self.embedding.model_fields_set:
            embedding["dense"] = legacy
        body["chunking"] = self.chunking.model_dump()
        body["embedding"] = embedding
        body["embedding_model"] = legacy or embedding["dense"]
        return body


class GitRef(_Body):
    """A commit or a branch."""

    sha: Text = ""
    branch: Text = ""

    @model_validator(mode="after")
    def _one(self) -> GitRef:
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of sha and branch")
        return self


class CreateInvocation(_Body):
    """Body of ``POST /api/v1/sources/{source_id}/invocations``; what each kind needs is :mod:`.rules`'s."""

    target_collection_name: ResourceName | None = None
    ref_identifier: GitRef | None = None
    object_key: Text | None = None
    custom_id: CustomId | None = None
    metadata: dict[str, Any] | None = None


class LatestByKeys(_Body):
    """Body of ``POST /api/v1/sources/{source_id}/invocations/latest-by-keys``."""

    object_keys: list[str]
