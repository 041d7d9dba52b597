"""The quickstart: one GitHub repository as a source. `make up` runs it against the emulator."""

import pulumi

import pulumi_chroma_sync as chroma_sync

# Without database_name= the database is that of `pulumi config set chroma-sync:database` or CHROMA_DATABASE.
docs = chroma_sync.Source(
    "docs",
    github={"repository": "acme/handbook", "include_globs": ["**/*.md"]},
    chunking={"type": "tree_sitter", "max_size_bytes": 8192},
)

pulumi.export("source_id", docs.source_id)
