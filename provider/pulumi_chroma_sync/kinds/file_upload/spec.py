"""What an upload is: what is sent of it, and what of it another one differs in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pulumi_chroma_sync.core.border import with_whole_numbers
from pulumi_chroma_sync.core.specification import Shape, is_absent
from pulumi_chroma_sync.core.validation import is_known
from pulumi_chroma_sync.kinds.invocation.spec import payload

from .model import UPLOAD, UploadOptions

__all__ = ["as_json", "changed_inputs", "document_of", "form_fields"]

_SHAPE = Shape(UploadOptions)


def form_fields(inputs: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the form in the order in which they are sent; the file comes after them.

    The service authorizes by the first two before it takes the file (API contract).
    """
    run = payload(inputs)  # a run's own rules for what of these two leaves as it is
    fields = {name: str(inputs[name]) for name in ("database_name", "collection_name")}
    for name in ("custom_id", "content_type"):
        if not is_absent(inputs.get(name)):
            fields[name] = str(inputs[name])
    for name, value in (
        ("metadata", run.get("metadata")),
        ("embedding", inputs.get("embedding")),
        ("chunking", inputs.get("chunking")),
    ):
        if value:
            fields[name] = as_json(value)
    return fields


def as_json(value: Any) -> str:
    """An object as a field of the form."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def document_of(inputs: Mapping[str, Any]) -> tuple[str, str, str]:
    """Database, collection, and what the ids of the chunks are made of.

    They are ``custom_id-{chunk}``, else ``sha256(filename)-{chunk}`` (API contract): two files of one
    document write over each other.
    """
    own = inputs.get("custom_id") or f"file {inputs.get('filename')}"
    return str(inputs.get("database_name")), str(inputs.get("collection_name")), str(own)


def changed_inputs(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """The inputs that ask for another upload than before, in order; an unknown value is a change."""
    unknown = not is_known(news.get("file"))
    before, after = (_SHAPE.values(bag) for bag in (olds, news))
    changed = {path.partition(".")[0] for path in {*before, *after} if before.get(path) != after.get(path)}
    changed |= {
        name for name in ("metadata", "triggers", "sha256") if _plain(olds, name) != _plain(news, name)
    }
    if unknown:
        # What stands in it, and what it is called if the program doesn't say so, is to be seen.
        changed -= {"sha256", *(() if "filename" in news else ("filename",))}
    return [name for name in UPLOAD if name in changed] + (["file"] if unknown else [])


def _plain(bag: Mapping[str, Any], name: str) -> Any:
    value = bag.get(name)
    return None if is_absent(value) or value == {} else with_whole_numbers(value)
