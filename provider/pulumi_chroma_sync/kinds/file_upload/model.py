"""What a program may say of an upload, field by field: types and bounds. All facts are from the API's
contract unless a comment says otherwise.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from pulumi_chroma_sync.core.specification import Nature
from pulumi_chroma_sync.kinds.invocation.model import CustomId, Seconds
from pulumi_chroma_sync.kinds.source.model import Chunking, Embedding, Name, Text

__all__ = ["ARGUMENTS", "INPUTS", "LARGEST_FILE", "UPLOAD", "UploadInputs", "UploadOptions"]

LARGEST_FILE = 209_715_200
"""In bytes: 200 MiB."""

_LONGEST_TYPE = 512
_MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[\x20-\x7e]+")


def _checked_filename(value: str) -> str:
    # It stands in quotes in a header; what each server makes of these characters there differs.
    if not value.isprintable() or '"' in value or "\\" in value:
        raise ValueError("must not contain quotes, backslashes, line breaks or control characters")
    return value


def _checked_type(value: str) -> str:
    if len(value) > _LONGEST_TYPE:
        raise ValueError(f"must have at most {_LONGEST_TYPE} characters")
    if not _MEDIA_TYPE.fullmatch(value):
        raise ValueError('give a media type such as "text/markdown"')
    return value


class UploadOptions(BaseModel):
    """The fields of the form that are the API's own objects and texts, beside the names."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    database_name: Annotated[Name, Nature(target=True)] | None = None
    collection_name: Annotated[Name, Nature(target=True)]
    filename: Annotated[Text, AfterValidator(_checked_filename)] | None = None
    custom_id: CustomId | None = None
    embedding: Embedding | None = None
    chunking: Chunking | None = None
    content_type: Annotated[Text, AfterValidator(_checked_type)] | None = None


class UploadInputs(UploadOptions):
    """What a program declares, and what check finds in the file."""

    file: Text
    metadata: dict[str, Any] | None = None
    triggers: Any = None
    sha256: str | None = None
    size: int | None = None
    wait: bool | None = None
    deadline: Seconds | None = None
    on_deadline: Literal["fail", "cancel", "leave"] | None = None
    name: str | None = None
    connection: Any = None


UPLOAD = (*UploadOptions.model_fields, "metadata", "triggers", "sha256")
"""Inputs of which a change is another upload. Where the file lies is none of them, and its name is."""

ARGUMENTS = ("wait", "deadline", "on_deadline", "name", "connection")
"""Inputs that only say how this upload is looked after."""

INPUTS = (*UPLOAD, "file", "size", *ARGUMENTS)
"""Names of everything that check gives; ``name`` is the resource's, for what is said of it."""
