"""Inputs of a program and answers of the service, written by hand."""

from __future__ import annotations

from typing import Any

from pulumi_chroma_sync.drift import observed
from pulumi_chroma_sync.models import SourceReply

from .strategies import MODEL

__all__ = ["BUCKET", "DENSE", "KEYS", "TASK", "embedded", "github", "looked", "reply", "s3", "web"]

DENSE = {"model": MODEL}
TASK = {"model": MODEL, "task": {"task_name": "t"}}

BUCKET: dict[str, Any] = {"bucket_name": "papers", "region": "eu-west-1", "collection_name": "papers"}
KEYS = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "hush"}


def github(**fields: Any) -> dict[str, Any]:
    """A GitHub source with these fields."""
    return {"database_name": "demo", "github": {"repository": "acme/handbook", **fields}}


def web(**fields: Any) -> dict[str, Any]:
    """A web source with these fields."""
    return {"database_name": "demo", "web_scrape": {"starting_url": "https://docs.acme.com/", **fields}}


def s3(**fields: Any) -> dict[str, Any]:
    """An S3 source with these fields."""
    return {"database_name": "demo", "s3": {**BUCKET, **fields}}


def embedded(embedding: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """A GitHub source with this embedding."""
    return {**github(), "embedding": embedding, **more}


def reply(inputs: dict[str, Any], **more: Any) -> SourceReply:
    """The service's answer that says this."""
    return SourceReply.model_validate({"id": "s-1", "created_at": "2026-11-02T10:00:00Z", **inputs, **more})


def looked(bag: dict[str, Any], now: SourceReply) -> dict[str, Any]:
    """What a refresh makes of these inputs, with nothing recorded at the create."""
    before = repr(bag)
    seen = observed(bag, {}, now)
    assert repr(bag) == before
    return seen
