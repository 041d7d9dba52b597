"""A web site: the guides alone, at most 200 pages, cut by lines."""

import pulumi

import pulumi_chroma_sync as chroma_sync

site = pulumi.Config().get("site") or "https://docs.acme.example/"

guides = chroma_sync.Source(
    "guides",
    web_scrape={
        "starting_url": site,
        "page_limit": 200,
        "max_depth": 3,
        "include_path_regexes": ["^/guides/"],
        "exclude_path_regexes": ["/archive/"],
    },
    chunking={"type": "lines", "max_lines": 40, "max_size_bytes": 4096},
)

pulumi.export("source_id", guides.source_id)
pulumi.export("chunking", guides.effective_chunking)
