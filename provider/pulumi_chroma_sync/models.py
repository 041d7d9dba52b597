"""Requests and replies of the Sync API: the one place of its rules.

What one field may hold is a pydantic model; what fields may hold together is :func:`broken_rules`, which
works on plain dicts so that it can pass over a value that isn't known yet. All facts are from the API's
contract unless a comment says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

__all__ = [
    "INPUTS",
    "KINDS",
    "UNIQUE_LISTS",
    "SourceInputs",
    "SourceReply",
    "broken_rules",
    "declarable",
    "model_at",
]

KINDS = ("github", "web_scrape", "s3")
"""The kinds of source that can be declared; a source is exactly one of them."""

UNIQUE_LISTS = frozenset({"include_globs", "include_path_regexes", "exclude_path_regexes"})
"""Lists whose items the API calls unique: sets, so their order means nothing."""

_INT32 = 2**31 - 1
_MOMENT = TypeAdapter(datetime)

Path = tuple["str | int", ...]


def _whole(value: object) -> object:
    # Every number comes through the engine as a float.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _model_object(value: object) -> object:
    # The contract says object, the vendor's own example passes the bare name.
    return {"model": value} if isinstance(value, str) else value


# The contract says string for both. That a repository is owner and name is the vendor's documentation; what
# a starting_url must look like is a guess, and as wide as an http(s) address can be.
_REPOSITORY = re.compile(r"[^/\x00-\x20\x7f]+/[^/\x00-\x20\x7f]+")
_URL = re.compile(
    r"https?://(?:[^/?#@\x00-\x20\x7f]+@)?"
    r"(?:\[[0-9a-f:.]+\]|[^/?#:@\[\]\x00-\x20\x7f]+)(?::[0-9]{1,5})?"
    r"(?:[/?#][^\x00-\x20\x7f]*)?",
    re.ASCII | re.IGNORECASE,
)


def _checked_repository(value: str) -> str:
    if not _REPOSITORY.fullmatch(value):
        raise ValueError('give owner and name, such as "acme/handbook"')
    return value


def _checked_url(value: str) -> str:
    if not _URL.fullmatch(value):
        raise ValueError('give an http(s) URL such as "https://docs.acme.com/"')
    return value


def _empty_for_none(value: object) -> object:
    return "" if value is None else value


Whole = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=_INT32)]
# A guess: the contract allows empty names, and no service can do anything with one.
Text = Annotated[str, Field(min_length=1)]


class _Request(BaseModel):
    # A field that the contract doesn't have is refused, whatever the service does: it is a slip of the pen.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Github(_Request):
    repository: Annotated[Text, AfterValidator(_checked_repository)]
    app_id: str | None = None
    include_globs: list[str] | None = None


class WebScrape(_Request):
    starting_url: Annotated[Text, AfterValidator(_checked_url)]
    page_limit: Count | None = None
    max_depth: Count | None = None
    include_path_regexes: list[str] | None = None
    exclude_path_regexes: list[str] | None = None


class S3(_Request):
    bucket_name: Text
    region: Text
    collection_name: Text
    path_prefix: str | None = None
    auto_sync: Literal["none", "direct", "metadata"] | None = None
    # The contract says int32; that ids begin at 1 is a guess, and a safe one.
    aws_credential_id: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=_INT32)] | None = None
    aws_access_key_id: Text | None = None
    aws_secret_access_key: Text | None = None


class Chunking(_Request):
    type: Literal["tree_sitter", "lines"]
    max_size_bytes: Whole | None = None
    max_lines: Whole | None = None


class EmbeddingTask(_Request):
    task_name: str
    document_prompt: str | None = None
    query_prompt: str | None = None


class DenseModel(_Request):
    model: Literal["Qwen/Qwen3-Embedding-0.6B"]
    task: EmbeddingTask | None = None


class SparseModel(_Request):
    model: Literal["Chroma/BM25", "prithivida/Splade_PP_en_v1"] | None = None
    key: str | None = None


class Embedding(_Request):
    dense: DenseModel | None = None
    sparse: SparseModel | None = None


class SourceInputs(_Request):
    """What a program declares: the payload of ``POST /api/v1/sources`` and ``on_conflict``."""

    database_name: Text | None = None
    github: Github | None = None
    web_scrape: WebScrape | None = None
    s3: S3 | None = None
    chunking: Chunking | None = None
    embedding: Embedding | None = None
    embedding_model: Annotated[DenseModel, BeforeValidator(_model_object)] | None = None
    on_conflict: Literal["error", "adopt"] | None = None


INPUTS = tuple(SourceInputs.model_fields)
"""Names of everything a program may pass, in order."""


class SourceReply(BaseModel):
    """A source as the service answers it. Unknown fields are tolerated; a missing id is not.

    ``github``, ``web_scrape`` and ``s3`` are all None for a kind that can't be declared: ``file_upload``,
    made by uploads alone, or one that this version doesn't know.
    """

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    id: Text
    database_name: str
    created_at: Annotated[str, BeforeValidator(_empty_for_none)] = ""
    github: dict[str, Any] | None = None
    web_scrape: dict[str, Any] | None = None
    s3: dict[str, Any] | None = None
    file_upload: Any = None
    chunking: dict[str, Any] | None = None
    embedding: dict[str, Any] | None = None
    embedding_model: Annotated[dict[str, Any], BeforeValidator(_model_object)] | None = None

    @property
    def moment(self) -> datetime | None:
        """When it was created, or None where the service doesn't say so in a form that can be read."""
        try:
            moment = _MOMENT.validate_python(self.created_at)
        except ValidationError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)

    @property
    def kind(self) -> str | None:
        """``github``, ``web_scrape``, ``s3``, or None for a kind that can't be declared."""
        return next((kind for kind in KINDS if getattr(self, kind) is not None), None)


def model_at(path: Iterable[str | int]) -> type[BaseModel] | None:
    """The model whose fields are declared at this path of the inputs, such as ``("embedding", "dense")``."""
    model: type[BaseModel] | None = SourceInputs
    for part in path:
        field = None if model is None else model.model_fields.get(str(part))
        model = None if field is None else _model_in(field.annotation)
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_model_in, get_args(annotation)) if found is not None), None)


def declarable(value: Any, *path: str) -> Any:
    """Of what the service says at this path, what a program could declare there.

    Without null, and without fields that this version doesn't know: the service may add some at any time,
    and nobody can have declared them.
    """
    model = model_at(path)
    if model is None or not isinstance(value, Mapping):
        return value
    return {
        name: declarable(value[name], *path, name)
        for name in model.model_fields
        if value.get(name) is not None
    }


class CreateReply(BaseModel):
    """Reply of ``POST /api/v1/sources``."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    source_id: Text


def broken_rules(inputs: Mapping[str, Any], known: Callable[[object], bool]) -> Iterator[tuple[Path, str]]:
    """The rules between fields that these inputs break, as (path, sentence).

    Args:
        inputs: what the program passed, without None values.
        known: False for a value that isn't known yet; nothing is concluded from such a value.
    """
    yield from _one_kind(inputs, known)
    s3 = inputs.get("s3")
    if isinstance(s3, Mapping):
        yield from _one_credential(s3, known)
    chunking = inputs.get("chunking")
    # The contract has no such field for tree_sitter, and leaves open what becomes of it.
    if (
        isinstance(chunking, Mapping)
        and chunking.get("type") == "tree_sitter"
        and "max_lines" in chunking
        and known(chunking["max_lines"])
    ):
        yield ("chunking", "max_lines"), 'belongs to type "lines"; this is "tree_sitter"'
    for kind in KINDS:
        fields = inputs.get(kind)
        if isinstance(fields, Mapping):
            for name in UNIQUE_LISTS & fields.keys():
                yield from _repeated(fields[name], (kind, name))


def _one_kind(inputs: Mapping[str, Any], known: Callable[[object], bool]) -> Iterator[tuple[Path, str]]:
    present = [kind for kind in KINDS if kind in inputs and known(inputs[kind])]
    perhaps = [kind for kind in KINDS if kind in inputs and not known(inputs[kind])]
    if "file_upload" in inputs:
        yield (
            ("file_upload",),
            "can't be declared: the service makes file_upload sources itself when a file is uploaded "
            "(POST /api/v1/add-file); declare github, web_scrape or s3",
        )
    elif len(present) > 1:
        yield (present[0],), f"give exactly one of {', '.join(KINDS)} (got {' and '.join(present)})"
    elif not present and not perhaps:
        yield ("github",), f"give exactly one of {', '.join(KINDS)} (got none)"


def _one_credential(s3: Mapping[str, Any], known: Callable[[object], bool]) -> Iterator[tuple[Path, str]]:
    # An unknown value may turn out to be None, so only what is surely there, or surely isn't, is refused.
    key, secret = "aws_access_key_id", "aws_secret_access_key"
    if "aws_credential_id" in s3:
        if known(s3["aws_credential_id"]) and any(known(s3[name]) for name in (key, secret) if name in s3):
            yield (
                ("s3", "aws_credential_id"),
                f"give either aws_credential_id or both {key} and {secret}, not both ways at once",
            )
        return
    for name, other in ((key, secret), (secret, key)):
        if name not in s3 and other in s3 and known(s3[other]):
            yield ("s3", name), f"required together with s3.{other}; or give s3.aws_credential_id alone"
    if key not in s3 and secret not in s3:
        yield (
            ("s3", "aws_credential_id"),
            f"required; or give both s3.{key} and s3.{secret}",
        )


def _repeated(items: object, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(items, (list, tuple)):
        return
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        if isinstance(item, str):
            if item in seen:
                yield (*path, index), f"is the same as [{seen[item]}]; each may be given once"
            seen.setdefault(item, index)
