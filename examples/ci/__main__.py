"""What Chroma Sync reads of ours: a repository and a web site. The stacks differ in their settings alone."""

import pulumi

import pulumi_chroma_sync as chroma_sync

config = pulumi.Config()

handbook = chroma_sync.Source(
    "handbook",
    github={"repository": "acme/handbook", "include_globs": ["**/*.md"]},
)
guides = chroma_sync.Source(
    "guides",
    web_scrape={
        "starting_url": "https://docs.acme.example/",
        "page_limit": config.require_int("pageLimit"),  # pages are charged each
        "include_path_regexes": ["^/guides/"],
    },
)

pulumi.export("source_ids", {"handbook": handbook.source_id, "guides": guides.source_id})
