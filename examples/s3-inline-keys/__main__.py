"""An S3 bucket with an AWS key pair from the stack's configuration, the secret one encrypted."""

import pulumi

import pulumi_chroma_sync as chroma_sync

config = pulumi.Config()

documents = chroma_sync.Source(
    "documents",
    s3=chroma_sync.S3Args(
        bucket_name="acme-documents",
        region="eu-central-1",
        collection_name="documents",
        aws_access_key_id=config.require("awsAccessKeyId"),
        aws_secret_access_key=config.require_secret("awsSecretAccessKey"),
    ),
)

pulumi.export("source_id", documents.source_id)
# The service keeps the pair under this id: other sources can name it instead of the keys.
pulumi.export("aws_credential_id", documents.aws_credential_id)
