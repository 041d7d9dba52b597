"""Inputs of a program and answers of the service, written by hand."""

from __future__ import annotations

import json
from typing import Any

from pulumi_chroma_sync.api.replies import Answer, SourceReply, source_from
from pulumi_chroma_sync.kinds.source.state import outputs_of, refreshed

from .strategies import MODEL

__all__ = [
    "BUCKET",
    "DENSE",
    "ENTRY",
    "KEYS",
    "TASK",
    "created",
    "embedded",
    "github",
    "looked",
    "older",
    "reply",
    "s3",
    "through_the_engine",
    "web",
]

DENSE = {"model": MODEL}
TASK = {"model": MODEL, "task": {"task_name": "t"}}

BUCKET: dict[str, Any] = {"bucket_name": "papers", "region": "eu-west-1", "collection_name": "papers"}
KEYS = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "hush"}
ENTRY = "69074f00-0badcafe"
"""The identity of an entry of the state."""


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
    body = {"id": "s-1", "created_at": "2026-11-02T10:00:00Z", **inputs, **more}
    return source_from(Answer("GET", 200, {}, json.dumps(body).encode()))


def created(bag: dict[str, Any], answer: SourceReply) -> dict[str, Any]:
    """What the state holds after a create of these inputs that the service answered so."""
    return outputs_of(bag, answer.id, answer.body, answer.created_at, ENTRY)


def older(bag: dict[str, Any]) -> dict[str, Any]:
    """What an older version left in the state of these inputs: nothing of what the service answered."""
    return {**bag, "source_id": "s-1", "created_at": "2026-11-02T10:00:00Z"}


def looked(outputs: dict[str, Any], now: SourceReply) -> dict[str, Any]:
    """The inputs that a refresh makes of this state."""
    before = repr(outputs)
    inputs, _ = refreshed(through_the_engine(outputs), now.body, now.created_at)
    assert repr(outputs) == before
    return inputs


def through_the_engine(value: Any) -> Any:
    """The same value as it is read out of a state: JSON, with lists for tuples."""
    return json.loads(json.dumps(value))
