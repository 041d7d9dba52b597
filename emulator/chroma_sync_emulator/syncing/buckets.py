"""An object of a bucket that is a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .documents import Document, read_document
from .failures import SyncFailed
from .folders import inside

__all__ = ["read_object"]


def read_object(folder: Path, bucket: str, run: Mapping[str, Any]) -> Document:
    """The object that a run names.

    Args:
        folder: the bucket.
        bucket: its name.
        run: ``object_key``, ``custom_id`` and ``additional_metadata`` of the invocation.

    Raises:
        SyncFailed: there is no such object, or no text can be had of it.
    """
    key = str(run["object_key"])
    # A key that begins with a slash is another key than the one without.
    path = None if key.startswith("/") else inside(folder, key)
    if path is None:
        raise SyncFailed(f'object "{key}" not found in bucket "{bucket}"')
    text, name = read_document(path.read_bytes(), key, f'object "{key}"')
    custom_id = run.get("custom_id")
    metadata = {
        **(run.get("additional_metadata") or {}),
        "bucket_name": bucket,
        "object_key": key,
        **({"custom_id": custom_id} if custom_id else {}),
    }
    return Document(key, name, text, metadata, custom_id)
