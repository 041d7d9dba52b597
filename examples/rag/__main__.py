"""A handbook that is asked: each commit has a collection of its own, and ask.py reads the newest."""

import pulumi

import pulumi_chroma_sync as chroma_sync

handbook = chroma_sync.SyncedRepository(
    "handbook",
    repository="acme/handbook",
    sha=pulumi.Config().require("sha"),
    include_globs=["**/*.md"],
    chunking={"type": "tree_sitter", "max_size_bytes": 400},
)

pulumi.export("collection", handbook.collection_name)
