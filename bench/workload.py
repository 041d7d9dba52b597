"""What every contender declares: the same sources, as data, in a file that its program reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["DATABASE", "FILE", "declare", "sources"]

DATABASE = "demo"
FILE = "sources.json"

Sources = Mapping[str, Mapping[str, Any]]
"""Name -> the body that the API takes, which is also what a resource takes."""


def sources(count: int, *, changed: bool = False) -> Sources:
    """So many repositories; with a change, the first one has another pattern than before."""
    return {
        f"repository-{number}": {
            "database_name": DATABASE,
            "github": {
                "repository": f"acme/repository-{number}",
                "include_globs": ["**/*.md", "**/*.mdx"] if changed and number == 0 else ["**/*.md"],
            },
            "chunking": {"type": "tree_sitter", "max_size_bytes": 8192},
        }
        for number in range(count)
    }


def declare(folder: Path, declared: Sources) -> None:
    """Write them where the contender's program runs."""
    (folder / FILE).write_text(json.dumps(declared), encoding="utf-8")
