"""Two repositories and a web site, by the house's rules. The tests in tests/ hold it to them."""

import pulumi

import pulumi_chroma_sync as chroma_sync

PAGES = pulumi.Config().get_int("pages") or 100

ids = {}
for repository in ("acme/handbook", "acme/wiki"):
    name = repository.partition("/")[2]
    ids[name] = chroma_sync.Source(
        name,
        github={"repository": repository, "include_globs": ["**/*.md"]},
        chunking={"type": "tree_sitter", "max_size_bytes": 8192},
    ).source_id
ids["guides"] = chroma_sync.Source(
    "guides",
    web_scrape={"starting_url": "https://docs.acme.example/", "page_limit": PAGES},
).source_id

pulumi.export("ids", ids)
