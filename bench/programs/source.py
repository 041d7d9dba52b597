"""A ``Source`` for each of the sources."""

import json

import pulumi_chroma_sync as chroma_sync

with open("sources.json", encoding="utf-8") as file:
    for name, source in json.load(file).items():
        chroma_sync.Source(name, **source)
