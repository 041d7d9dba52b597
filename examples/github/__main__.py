"""A GitHub repository: its Markdown, cut by syntax, with dense and sparse vectors."""

import pulumi

import pulumi_chroma_sync as chroma_sync

# Without database_name= the database is that of `pulumi config set chroma-sync:database` or CHROMA_DATABASE.
handbook = chroma_sync.Source(
    "handbook",
    github={"repository": "acme/handbook", "include_globs": ["**/*.md", "**/*.mdx"]},
    chunking={"type": "tree_sitter", "max_size_bytes": 8192},
    embedding={
        "dense": {"model": "Qwen/Qwen3-Embedding-0.6B"},
        "sparse": {"model": "Chroma/BM25", "key": "bm25"},
    },
)

pulumi.export("source_id", handbook.source_id)
