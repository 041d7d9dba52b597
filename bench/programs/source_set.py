"""One ``SourceSet`` for all of the sources."""

import json
from typing import Any

import pulumi_chroma_sync as chroma_sync

with open("sources.json", encoding="utf-8") as file:
    declared: dict[str, Any] = json.load(file)

one = next(iter(declared.values()))
chroma_sync.SourceSet(
    "sources",
    database_name=one["database_name"],
    chunking=one["chunking"],
    sources={name: {"github": source["github"]} for name, source in declared.items()},
)
