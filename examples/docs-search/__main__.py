"""Search over a repository's documentation: each commit has a collection of its own, and an app reads one."""

import pulumi

import pulumi_chroma_sync as chroma_sync

# In CI: `pulumi config set sha "$GITHUB_SHA"`.
docs = chroma_sync.SyncedRepository(
    "handbook",
    repository="acme/handbook",
    sha=pulumi.Config().require("sha"),
    include_globs=["**/*.md"],
    chunking={"type": "tree_sitter", "max_size_bytes": 8192},
)

# What an app reads: the old collection until the new one is complete.
pulumi.export("collection", docs.collection_name)
