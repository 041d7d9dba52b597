"""What an invocation may say, which depends on the kind of its source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import BadRequest
from .payloads import CreateInvocation

__all__ = ["check_metadata", "collection_of", "metadata_of"]

DEFAULT_BRANCH = "main"
"""The branch of a run that names none (a guess: the answer must name one, the repository's is not known)."""


def collection_of(kind: str, fields: Mapping[str, Any], payload: CreateInvocation) -> str:
    """The collection that a run writes; BadRequest where the source's kind needs more to know it."""
    if kind == "file_upload":
        raise BadRequest("a file_upload source is synced by POST /api/v1/add-file alone")
    if kind == "s3":
        if payload.object_key is None:
            raise BadRequest("object_key: required for S3 sources")
        if not payload.object_key.startswith(fields["path_prefix"] or ""):
            raise BadRequest("object_key: must begin with the source's path_prefix")
        return payload.target_collection_name or str(fields["collection_name"])
    if payload.target_collection_name is None:
        raise BadRequest("target_collection_name: required for GitHub and web sources")
    return payload.target_collection_name


def metadata_of(kind: str, fields: Mapping[str, Any], payload: CreateInvocation) -> dict[str, Any]:
    """What a run's answer says of its kind; BadRequest for a field of another kind."""
    if kind != "github" and payload.ref_identifier is not None:
        raise BadRequest("ref_identifier: for GitHub sources only")
    if kind == "s3":
        check_metadata(payload.metadata or {}, reserved=False)
        return {
            "s3": {
                "bucket_name": fields["bucket_name"],
                "object_key": payload.object_key,
                "custom_id": payload.custom_id,
                "additional_metadata": payload.metadata,
            }
        }
    for name in ("object_key", "custom_id", "metadata"):
        if getattr(payload, name) is not None:
            raise BadRequest(f"{name}: for S3 sources only")
    if kind == "github":
        ref = payload.ref_identifier
        return {
            "github": {
                "git_ref_identifier": ref.model_dump(exclude_unset=True)
                if ref
                else {"branch": DEFAULT_BRANCH}
            }
        }
    # The contract's "web_scrape" is a bare string merged with an object; null is what that is in JSON.
    return {kind: None}


def check_metadata(metadata: Mapping[str, Any], *, reserved: bool) -> None:
    """Metadata is scalars, null or arrays of scalars of one type (vendor's documentation); else BadRequest.

    Args:
        metadata: additional metadata of an S3 run or of an upload.
        reserved: whether keys that begin with ``chroma_`` are refused; documented for uploads alone.
    """
    for key, value in metadata.items():
        if reserved and key.startswith("chroma_"):
            raise BadRequest("metadata: keys that begin with chroma_ are reserved")
        if value is None:
            continue
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, (str, int, float, bool)) for item in items):
            raise BadRequest(
                "metadata: each value must be a string, number, boolean, null, or an array of one type"
            )
        if len({_scalar_kind(item) for item in items}) > 1:
            raise BadRequest("metadata: the items of an array must have one type")


def _scalar_kind(value: object) -> str:
    return "bool" if isinstance(value, bool) else type(value).__name__
