"""The quickstart: one GitHub repository, and a collection of its newest commit; `make up` runs it."""

import pulumi

import pulumi_chroma_sync as chroma_sync

# Without database_name= the database is that of `pulumi config set chroma-sync:database` or CHROMA_DATABASE.
docs = chroma_sync.Source(
    "docs",
    github={"repository": "acme/handbook", "include_globs": ["**/*.md"]},
    chunking={"type": "tree_sitter", "max_size_bytes": 8192},
)
pulumi.export("source_id", docs.source_id)

# `make up` sets it to the newest commit of .local/handbook, which stands for acme/handbook here.
if sha := pulumi.Config().get("sha"):
    run = chroma_sync.Invocation(
        "docs",
        source_id=docs.source_id,
        target_collection_name=f"handbook-{sha[:12]}",
        ref_identifier={"sha": sha},
    )
    pulumi.export("collection", run.collection_name)
