"""One S3 bucket for all tenants: a source for each tenant's prefix, each with a collection of its own."""

import pulumi

import pulumi_chroma_sync as chroma_sync

config = pulumi.Config()
tenants = config.get_object("tenants") or ["north", "south"]

sources = {
    tenant: chroma_sync.Source(
        tenant,
        s3={
            "bucket_name": "acme-documents",
            "region": "eu-central-1",
            "path_prefix": f"{tenant}/",
            "collection_name": f"{tenant}-documents",
            # Credentials that Chroma holds already, so that no AWS key is needed here.
            "aws_credential_id": config.require_int("awsCredentialId"),
        },
    )
    for tenant in tenants
}

pulumi.export("source_ids", {tenant: source.source_id for tenant, source in sources.items()})
