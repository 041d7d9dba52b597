"""What makes two sources the same: all guesses, since the contract says "Source exists" and no more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .payloads import KINDS

__all__ = ["content", "identity"]

_SETS = ("include_globs", "include_path_regexes", "exclude_path_regexes")


def identity(kind: str, fields: Mapping[str, Any]) -> str:
    """What a source is a source of, as a text."""
    target: Any = None
    if kind == "github":
        target = str(fields.get("repository")).lower()
    elif kind == "web_scrape":
        target = fields.get("starting_url")
    elif kind == "s3":
        target = [fields.get("bucket_name"), fields.get("path_prefix") or ""]
    return json.dumps([kind, target])


def content(document: Mapping[str, Any]) -> str:
    """All fields of a source, as a text; lists whose items are unique are sets."""
    plain = json.loads(json.dumps(document))
    for kind in KINDS:
        fields = plain.get(kind) or {}
        for name in _SETS:
            if isinstance(fields.get(name), list):
                fields[name] = sorted(fields[name], key=json.dumps)
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
