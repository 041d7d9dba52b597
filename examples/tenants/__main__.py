"""Many tenants in one bucket: a set of sources, and one run for each object that is there from the first."""

import json
from pathlib import Path

import pulumi

import pulumi_chroma_sync as chroma_sync

# Tenant -> the keys of its objects, such as a listing of the bucket gives them.
tenants = json.loads(Path("tenants.json").read_text(encoding="utf-8"))

sources = chroma_sync.SourceSet(
    "tenants",
    sources={
        tenant: {"s3": {"path_prefix": f"{tenant}/", "collection_name": f"{tenant}-documents"}}
        for tenant in tenants
    },
    # What all of them have. The credentials are held by Chroma already, so that no AWS key is needed here.
    s3={"bucket_name": "acme-documents", "region": "eu-central-1", "aws_credential_id": 7},
)
for tenant, keys in tenants.items():
    chroma_sync.Invocations(tenant, source_id=sources.source_ids[tenant], keys=keys)

pulumi.export("source_ids", sources.source_ids)
