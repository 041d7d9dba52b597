"""A repository as a source of Chroma's Sync Service, and a run of it for each commit."""

import pulumi

import pulumi_chroma_sync as chroma_sync

config = pulumi.Config()
repository = config.get("repository") or "acme/handbook"
commit = config.get("commit")  # in a pipeline: pulumi config set commit "$GITHUB_SHA"
name = repository.partition("/")[2]

source = chroma_sync.Source(
    name,
    github={"repository": repository, "include_globs": ["**/*.md"]},
)
pulumi.export("source_id", source.source_id)

if commit:
    run = chroma_sync.Invocation(
        f"{name}-run",
        source_id=source.source_id,
        target_collection_name=f"{name}-{commit[:12]}",  # a collection for each commit, complete or not there
        ref_identifier={"sha": commit},
    )
    pulumi.export("collection", run.collection_name)
