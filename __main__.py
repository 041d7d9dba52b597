"""The quickstart: a database, one GitHub repository in it, and a collection of its newest commit.

`make up` runs it.
"""

import pulumi

import pulumi_chroma_sync as chroma_sync

# It is there to be tried: `make down` deletes it with its collections. Yours wants `protect=True` instead.
database = chroma_sync.Database("quickstart", name="quickstart", force_destroy=True)

docs = chroma_sync.Source(
    "docs",
    database_name=database.name,
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
    pulumi.export("database", run.database_name)
    pulumi.export("collection", run.collection_name)
