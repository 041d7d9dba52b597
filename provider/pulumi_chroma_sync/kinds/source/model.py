"""What a program may say of a source, field by field: types, bounds, and what each field is.

The one place that knows the fields. What fields may hold together is in :mod:`.rules`. All facts are from
the API's contract unless a comment says otherwise.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from url_normalize import url_normalize

from pulumi_chroma_sync.core.specification import LeftOut, Nature

__all__ = [
    "INPUTS",
    "KINDS",
    "LARGEST",
    "PAYLOAD",
    "WRITE_ONLY",
    "SourceInputs",
    "SourcePayload",
    "normal_repository",
    "without_userinfo",
]

KINDS = ("github", "web_scrape", "s3")
"""The kinds of source that can be declared; a source is exactly one of them."""

WRITE_ONLY = ("aws_access_key_id", "aws_secret_access_key")
"""Fields of ``s3`` that the service takes and never gives back."""

_INT32 = 2**31 - 1
LARGEST = 2**53 - 1
"""The engine passes numbers as doubles: above this a whole number isn't exact any more (measured)."""

# That a repository is owner and name is the vendor's documentation; what a starting_url must look like is a
# guess, and as wide as an http(s) address can be.
_REPOSITORY = re.compile(r"[^/\x00-\x20\x7f]+/[^/\x00-\x20\x7f]+")
_SPELLED_REPOSITORY = re.compile(
    r"(?:(?:https?://|ssh://|git://)?(?:[^/@\s]+@)?(?:www\.)?github\.com[/:])?"
    r"(?P<name>[^/\s:@]+/[^/\s]+?)(?:\.git)?/?",
    re.ASCII | re.IGNORECASE,
)
_URL = re.compile(
    r"https?://(?:[^/?#@\x00-\x20\x7f]+@)?"
    r"(?:\[[0-9a-f:.]+\]|[^/?#:@\[\]\x00-\x20\x7f]+)(?::[0-9]{1,5})?"
    r"(?:[/?#][^\x00-\x20\x7f]*)?",
    re.ASCII | re.IGNORECASE,
)
_BEFORE_AUTHORITY = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,}|https?:", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9._-]*[a-zA-Z0-9])?", re.ASCII)


def normal_repository(text: str) -> str:
    """``owner/name`` of a repository's usual spellings, such as ``https://github.com/acme/handbook.git``."""
    match = _SPELLED_REPOSITORY.fullmatch(text.strip())
    return match["name"] if match else text


def without_userinfo(url: str) -> str:
    """An address without the user and password that may stand in it, whatever else is wrong with it."""
    start = _BEFORE_AUTHORITY.match(url)
    end = start.end() if start else 0
    user, at, _ = re.split(r"[/?#\\]", url[end:], maxsplit=1)[0].rpartition("@")
    return f"{url[:end]}***{url[end + len(user) :]}" if at else url


def _normal_url(url: str) -> str:
    """RFC 3986's normal form with an IDNA host, so that a service's own normalising makes no difference."""
    try:
        return str(url_normalize(url))
    except (ValueError, UnicodeError):
        return url


def _trimmed(prefix: str) -> str:
    return prefix.strip("/")


def _checked_repository(value: str) -> str:
    name = normal_repository(value)
    if name != value and _REPOSITORY.fullmatch(name):
        raise ValueError(f'give owner and name alone: "{name}"')
    if _REPOSITORY.fullmatch(value):
        return value
    raise ValueError('give owner and name, such as "acme/handbook"')


def _checked_url(value: str) -> str:
    if not _URL.fullmatch(value):
        raise ValueError('give an http(s) URL such as "https://docs.acme.com/"')
    if "@" in urlsplit(value).netloc:
        raise ValueError("must not contain a user or password: the service would keep and show both")
    return value


def _checked_name(value: str) -> str:
    # The vendor's documentation; its services refuse other names with 400.
    if not 3 <= len(value) <= 512:
        raise ValueError("must have 3 to 512 characters")
    if not _NAME.fullmatch(value):
        raise ValueError("may have letters, digits, '.', '_' and '-' alone, a letter or digit at both ends")
    if ".." in value:
        raise ValueError("must not contain '..'")
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return value
    raise ValueError("must not be an IP address")


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _model_object(value: object) -> object:
    # The contract says object, the vendor's own example passes the bare name.
    return {"model": value} if isinstance(value, str) else value


_OPEN = Nature(left_out=LeftOut.OPEN)
_DEFAULT = Nature(left_out=LeftOut.DEFAULT)

Whole = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=LARGEST)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=_INT32)]
# A guess: the contract allows empty names, and no service can do anything with one.
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, AfterValidator(_checked_name)]
Regexes = Annotated[list[str], Nature(is_set=True)]


class _Request(BaseModel):
    # A field that the contract doesn't have is refused, whatever the service does: it is a slip of the pen.
    # What is new in the API goes through `extra`.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Github(_Request):
    repository: Annotated[
        Text,
        AfterValidator(_checked_repository),
        Nature(
            target=True,
            form=lambda text: normal_repository(text).casefold(),
            spelled=normal_repository,
        ),
    ]
    app_id: str | None = None
    # That leaving it out means "*" is the vendor's documentation.
    include_globs: Annotated[list[str], Nature(is_set=True, default=("*",))] | None = None


class WebScrape(_Request):
    starting_url: Annotated[Text, AfterValidator(_checked_url), Nature(target=True, form=_normal_url)]
    page_limit: Annotated[Count, _DEFAULT] | None = None
    max_depth: Annotated[Count, _DEFAULT] | None = None
    include_path_regexes: Regexes | None = None
    exclude_path_regexes: Regexes | None = None


class S3(_Request):
    bucket_name: Annotated[Text, Nature(target=True)]
    region: Text
    collection_name: Name
    path_prefix: Annotated[str, Nature(target=True, loose=_trimmed)] | None = None
    # The contract's default is none; the vendor's set-up changes it under users who never set it.
    auto_sync: (
        Annotated[
            Literal["none", "direct", "metadata"],
            Nature(left_out=LeftOut.OPEN, default="none"),
        ]
        | None
    ) = None
    # The contract says int32; that ids begin at 1 is a guess, and a safe one.
    aws_credential_id: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=_INT32), _OPEN] | None = None
    aws_access_key_id: Annotated[Text, Nature(write_only=True)] | None = None
    aws_secret_access_key: Annotated[Text, Nature(write_only=True)] | None = None


class Chunking(_Request):
    type: Annotated[Literal["tree_sitter", "lines"], _OPEN]
    max_size_bytes: Annotated[Whole, _OPEN] | None = None
    max_lines: Annotated[Whole, _OPEN] | None = None


class EmbeddingTask(_Request):
    task_name: Annotated[str, _OPEN]
    document_prompt: Annotated[str, _OPEN] | None = None
    query_prompt: Annotated[str, _OPEN] | None = None


class DenseModel(_Request):
    model: Annotated[Literal["Qwen/Qwen3-Embedding-0.6B"], _OPEN]
    task: EmbeddingTask | None = None


class SparseModel(_Request):
    model: Annotated[Literal["Chroma/BM25", "prithivida/Splade_PP_en_v1"], _OPEN] | None = None
    key: Annotated[str, _OPEN] | None = None


class Embedding(_Request):
    dense: DenseModel | None = None
    sparse: SparseModel | None = None


class SourcePayload(_Request):
    """Body of ``POST /api/v1/sources``."""

    database_name: Annotated[Name, Nature(target=True)] | None = None
    github: Github | None = None
    web_scrape: WebScrape | None = None
    s3: S3 | None = None
    chunking: Chunking | None = None
    embedding: Embedding | None = None
    embedding_model: Annotated[DenseModel, BeforeValidator(_model_object)] | None = None


class SourceInputs(SourcePayload):
    """What a program declares: the payload, what is newer than this version, and what the API never sees."""

    extra: dict[str, Any] | None = None
    on_conflict: Literal["error", "adopt"] | None = None
    retain_on_delete: bool | None = None
    connection: Any = None


INPUTS = tuple(SourceInputs.model_fields)
"""Names of everything a program may pass, in order; the last three are never sent."""

PAYLOAD = tuple(SourcePayload.model_fields)
"""Names of the inputs that are fields of the create request as this version knows it."""
