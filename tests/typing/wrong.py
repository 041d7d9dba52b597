"""What mypy must refuse, each with the code it gives. Type-checked, never run.

In strict mode an ignore without an error is an error, so a line that passes after all is found out.
"""

from __future__ import annotations

import pulumi_chroma_sync as chroma_sync

# Unknown keys and a missing one, in dict literals and by name.
chroma_sync.Source("a", github={"repo": "acme/handbook"})  # type: ignore[arg-type]
chroma_sync.Source(
    "b",
    github={"repository": "acme/handbook", "include_globes": []},  # type: ignore[arg-type]
)
chroma_sync.Source("c", github={})  # type: ignore[arg-type]
chroma_sync.GithubArgs(repository="a/b", repo="a/b")  # type: ignore[typeddict-unknown-key]
chroma_sync.S3Args(bucket_name="b", region="r")  # type: ignore[typeddict-item]
chroma_sync.Source("d", embedding={"dense": {}})  # type: ignore[arg-type]

# Unknown keywords.
chroma_sync.Source("e", databse_name="knowledge")  # type: ignore[call-arg]
chroma_sync.Source("f", file_upload={})  # type: ignore[call-arg]
chroma_sync.Source("g", "knowledge")  # type: ignore[call-arg]
chroma_sync.Source()  # type: ignore[call-arg]

# Wrong types and literals.
chroma_sync.Source("h", github="acme/handbook")  # type: ignore[arg-type]
chroma_sync.Source("i", github={"repository": 5})  # type: ignore[arg-type]
chroma_sync.Source("j", github={"repository": "a/b", "include_globs": [1]})  # type: ignore[arg-type]
chroma_sync.Source("k", web_scrape={"starting_url": "u", "page_limit": "9"})  # type: ignore[arg-type]
chroma_sync.Source("l", chunking={"type": "treesitter"})  # type: ignore[arg-type]
chroma_sync.Source("m", chunking={"type": "lines", "max_lines": 1.5})  # type: ignore[arg-type]
chroma_sync.Source("n", on_conflict="replace")  # type: ignore[arg-type]
chroma_sync.EmbeddingModelArgs(model="text-embedding-3")  # type: ignore[typeddict-item]
chroma_sync.S3Args(
    bucket_name="b",
    region="r",
    collection_name="c",
    auto_sync="always",  # type: ignore[typeddict-item]
)

# Sets.
chroma_sync.SourceSet("q")  # type: ignore[call-arg]
chroma_sync.SourceSet("r", sources={"a": {"githb": {}}})  # type: ignore[dict-item]
chroma_sync.SourceSet("s", sources={"a": {"s3": {"bucket": "b"}}})  # type: ignore[dict-item]

github = chroma_sync.Source("t", github={"repository": "acme/handbook"})

# Outputs that there aren't.
print(chroma_sync.Source("o").url)  # type: ignore[attr-defined]
chroma_sync.Source.get("p")  # type: ignore[call-arg]

# Look-ups.
chroma_sync.get_source()  # type: ignore[call-arg]
chroma_sync.get_source(github.source_id)  # type: ignore[arg-type]
print(chroma_sync.get_source("8a6f").repository)  # type: ignore[attr-defined]
print(chroma_sync.get_source("8a6f").github.repository)  # type: ignore[union-attr]
chroma_sync.get_source("8a6f").id = "9b7e"  # type: ignore[misc]
chroma_sync.get_sources("knowledge")  # type: ignore[call-arg]
chroma_sync.get_sources(source_type="git")  # type: ignore[arg-type]
chroma_sync.get_invocations(status="running")  # type: ignore[arg-type]
chroma_sync.get_invocations_output(limit="5")  # type: ignore[arg-type]
chroma_sync.get_collection(github.source_id)  # type: ignore[arg-type]
chroma_sync.get_collection("handbook", "knowledge")  # type: ignore[call-arg]
chroma_sync.get_collection("handbook").count = 5  # type: ignore[misc]
chroma_sync.get_collections("knowledge")  # type: ignore[call-arg]
chroma_sync.get_runs()  # type: ignore[attr-defined]
