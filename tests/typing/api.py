"""What a program may write, and the types that it gets. Type-checked, never run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from typing_extensions import assert_type

import pulumi_chroma_sync as chroma_sync

config = pulumi.Config()
other = pulumi.StackReference("acme/buckets/prod")

# Dict literals.
github = chroma_sync.Source(
    "github",
    database_name="knowledge",
    github={"repository": "acme/handbook", "include_globs": ["**/*.md", "docs/**"]},
    chunking={"type": "tree_sitter", "max_size_bytes": 8192},
)
web = chroma_sync.Source(
    "web",
    web_scrape={
        "starting_url": "https://docs.acme.example/",
        "page_limit": 200,
        "max_depth": 3,
        "include_path_regexes": ["^/docs/"],
        "exclude_path_regexes": None,
    },
    chunking={"type": "lines", "max_lines": 40, "max_size_bytes": None},
)
s3 = chroma_sync.Source(
    "s3",
    s3={
        "bucket_name": "acme-documents",
        "region": "eu-central-1",
        "collection_name": "contracts",
        "path_prefix": "contracts/",
        "auto_sync": "direct",
        "aws_credential_id": 7,
    },
    embedding={
        "dense": {"model": "Qwen/Qwen3-Embedding-0.6B", "task": {"task_name": "generic_retrieval"}},
        "sparse": {"model": "Chroma/BM25", "key": "sparse"},
    },
)

# The same with the types' names, apart from the resource.
repository = chroma_sync.GithubArgs(repository="acme/handbook", app_id="12345")
bucket = chroma_sync.S3Args(
    bucket_name="acme-documents",
    region="eu-central-1",
    collection_name="contracts",
    aws_access_key_id=config.require("awsAccessKeyId"),
    aws_secret_access_key=config.require_secret("awsSecretAccessKey"),
)
site: chroma_sync.WebScrapeArgs = {"starting_url": "https://docs.acme.example/"}
lines = chroma_sync.ChunkingArgs(type="lines", max_lines=10)
model = chroma_sync.EmbeddingModelArgs(model="Qwen/Qwen3-Embedding-0.6B")
both = chroma_sync.EmbeddingArgs(
    dense=chroma_sync.DenseEmbeddingArgs(
        model="Qwen/Qwen3-Embedding-0.6B",
        task=chroma_sync.EmbeddingTaskArgs(task_name="retrieval", document_prompt="d", query_prompt="q"),
    ),
    sparse=chroma_sync.SparseEmbeddingArgs(model="prithivida/Splade_PP_en_v1"),
)
chroma_sync.Source("named", github=repository, chunking=lines, embedding=both, embedding_model=None)
chroma_sync.Source("named-web", web_scrape=site, embedding_model=model)
chroma_sync.Source("named-s3", s3=bucket, embedding_model="Qwen/Qwen3-Embedding-0.6B", on_conflict="adopt")

# Outputs of other resources, whole or in parts.
chroma_sync.Source(
    "outputs",
    database_name=other.get_output("database"),
    github=chroma_sync.GithubArgs(
        repository=pulumi.Output.format("{0}/handbook", other.get_output("owner")),
        include_globs=pulumi.Output.from_input(["**/*.md"]),
    ),
    opts=pulumi.ResourceOptions(depends_on=[github], protect=True),
)

# Many in one resource: with all of each, with what they have in common, with outputs.
names = ["acme", "beta"]
tenants = chroma_sync.SourceSet(
    "tenants",
    database_name="knowledge",
    sources={
        name: {
            "s3": {
                "bucket_name": "acme-documents",
                "region": "eu-central-1",
                "path_prefix": f"{name}/",
                "collection_name": name,
                "aws_credential_id": 7,
            }
        }
        for name in names
    },
    chunking={"type": "lines", "max_lines": 40},
    embedding={"sparse": {"model": "Chroma/BM25"}},
)
chroma_sync.SourceSet(
    "shared",
    s3={"bucket_name": "acme-documents", "region": "eu-central-1", "aws_access_key_id": "AKIA"},
    github={"include_globs": ["**/*.md"]},
    sources={
        "bucket": chroma_sync.SetSourceArgs(s3={"collection_name": "all"}, chunking=lines),
        "repository": {"github": repository, "on_conflict": "adopt"},
        "site": pulumi.Output.from_input({"web_scrape": site}),
    },
    opts=pulumi.ResourceOptions(protect=True),
)
assert_type(tenants.source_ids, pulumi.Output[Mapping[str, str]])
chroma_sync.Source("of-one", github={"repository": tenants.source_ids["acme"]})
assert_type(tenants.failures, pulumi.Output[Mapping[str, str]])

# What comes back.
assert_type(github.id, pulumi.Output[str])
assert_type(github.source_id, pulumi.Output[str])
assert_type(github.created_at, pulumi.Output[str])
assert_type(github.database_name, pulumi.Output[str])
assert_type(github.github, pulumi.Output[Mapping[str, Any] | None])
assert_type(github.effective_chunking, pulumi.Output[Mapping[str, Any] | None])
assert_type(github.effective_embedding, pulumi.Output[Mapping[str, Any] | None])
assert_type(s3.aws_credential_id, pulumi.Output[int | None])
assert_type(github.source_id.apply(len), pulumi.Output[int])
chroma_sync.Source("chained", github={"repository": github.source_id.apply(lambda text: f"acme/{text}")})

# Of another account.
chroma_sync.Source("theirs", github=repository, connection="team-b")
chroma_sync.Source("theirs-by-config", github=repository, connection=config.get("connection"))
chroma_sync.Source.get("read-theirs", "8a6f1c1e-0000-0000-0000-000000000000", connection="team-b")
chroma_sync.SourceSet("all-theirs", sources={"one": {"github": repository}}, connection="team-b")
chroma_sync.Invocation("run-theirs", source_id=github.source_id, connection="team-b")

# One that exists.
read = chroma_sync.Source.get("read", "8a6f1c1e-0000-0000-0000-000000000000")
assert_type(read, chroma_sync.Source)
chroma_sync.Source.get("read-later", github.source_id, opts=pulumi.ResourceOptions(parent=github))

# Look-ups, and their twins for outputs.
found = chroma_sync.get_source("8a6f1c1e-0000-0000-0000-000000000000")
assert_type(found, chroma_sync.SourceResult)
assert_type(found.github, chroma_sync.GithubResult | None)
assert_type(found.embedding, chroma_sync.EmbeddingResult | None)
assert_type(found.created_at, str)
if found.s3 is not None:
    assert_type(found.s3.aws_credential_id, int | None)
assert_type(chroma_sync.get_sources(), Sequence[chroma_sync.SourceResult])
assert_type([each.id for each in chroma_sync.get_sources(source_type="github")], list[str])
assert_type(chroma_sync.get_source_output(github.source_id), pulumi.Output[chroma_sync.SourceResult])
assert_type(
    chroma_sync.get_sources_output(database_name=other.get_output("database"), depends_on=github),
    pulumi.Output[Sequence[chroma_sync.SourceResult]],
)
chroma_sync.get_sources_output(source_type="s3", depends_on=[github, tenants])
started = chroma_sync.get_invocation("3f2a1c1e-0000-0000-0000-000000000000")
assert_type(started, chroma_sync.InvocationResult)
assert_type(started.status, str)
assert_type(started.duration_ms, int | None)
assert_type(started.git_ref_identifier, chroma_sync.GitRefIdentifierResult | None)
assert_type(
    chroma_sync.get_invocations(source_id="8a6f", status="failed", limit=5),
    Sequence[chroma_sync.InvocationResult],
)
assert_type(
    chroma_sync.get_invocations_output(source_id=github.source_id, limit=1),
    pulumi.Output[Sequence[chroma_sync.InvocationResult]],
)
assert_type(
    chroma_sync.get_invocation_output("3f2a").apply(lambda run: run.finished_at), pulumi.Output[str | None]
)
assert_type(
    chroma_sync.get_latest_invocations("8a6f", ["in/a.pdf"]), Mapping[str, chroma_sync.InvocationResult]
)
assert_type(
    chroma_sync.get_latest_invocations_output(s3.source_id, ["in/a.pdf", other.get_output("key")]),
    pulumi.Output[Mapping[str, chroma_sync.InvocationResult]],
)
collection = chroma_sync.get_collection("handbook", database_name="knowledge", tenant="acme")
assert_type(collection, chroma_sync.CollectionResult)
assert_type(collection.count, int)
assert_type(collection.metadata, Mapping[str, Any])
assert_type(collection.dimension, int | None)
assert_type(collection.finished_ingest, bool)
assert_type(chroma_sync.get_collections(), Sequence[chroma_sync.CollectionResult])
written = chroma_sync.Invocation("written", source_id=github.source_id, target_collection_name="handbook")
assert_type(
    chroma_sync.get_collection_output(written.collection_name, database_name=github.database_name),
    pulumi.Output[chroma_sync.CollectionResult],
)
assert_type(
    chroma_sync.get_collection_output("handbook", depends_on=written).apply(lambda found: found.count),
    pulumi.Output[int],
)
assert_type(
    chroma_sync.get_collections_output(tenant=other.get_output("tenant"), depends_on=[written]),
    pulumi.Output[Sequence[chroma_sync.CollectionResult]],
)
chroma_sync.SourceResult(id="8a6f", source_type="s3", database_name="d", created_at="")  # in users' own tests

# Errors, for tests of one's own.
error = chroma_sync.SourceExistsError("exists", "8a6f")
assert_type(error.source_id, str | None)
base: chroma_sync.ChromaSyncError = error


def status(fault: chroma_sync.ApiError) -> int:
    """The HTTP status of an answer."""
    assert_type(fault.retry_after, float | None)
    return fault.status
