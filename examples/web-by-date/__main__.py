"""A web site that is crawled again whenever its date changes, into a collection of that date."""

import pulumi

import pulumi_chroma_sync as chroma_sync

# A pipeline that runs every Monday sets it: `pulumi config set date "$(date +%F)"`.
date = pulumi.Config().require("date")

site = chroma_sync.Source(
    "guides",
    web_scrape={"starting_url": "https://docs.acme.example/", "page_limit": 200, "max_depth": 3},
)
crawl = chroma_sync.Invocation(
    "guides",
    source_id=site.source_id,
    target_collection_name=f"guides-{date}",
    # Pages are charged each: what isn't done after two hours ends the update with an error.
    deadline=7200,
)

pulumi.export("collection", crawl.collection_name)
