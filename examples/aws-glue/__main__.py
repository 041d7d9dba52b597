"""A bucket, a user who may read it and nothing else, and the source that reads it."""

import pulumi
import pulumi_aws as aws

import pulumi_chroma_sync as chroma_sync

PREFIX = "docs/"

bucket = aws.s3.Bucket("docs")

reader = aws.iam.User("chroma-sync")
may_read = aws.iam.UserPolicy(
    "chroma-sync",
    user=reader.name,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "s3:GetObject",
                    "Resource": pulumi.Output.concat(bucket.arn, "/", PREFIX, "*"),
                }
            ],
        }
    ),
)
key = aws.iam.AccessKey("chroma-sync", user=reader.name)

source = chroma_sync.Source(
    "docs",
    s3={
        "bucket_name": bucket.bucket,
        "region": bucket.region,
        "collection_name": "docs",
        "path_prefix": PREFIX,
        "aws_access_key_id": key.id,
        "aws_secret_access_key": key.secret,
    },
    opts=pulumi.ResourceOptions(depends_on=[may_read]),
)

# Uploads that index themselves: Chroma's support names a queue for the region and switches the source over.
if queue := pulumi.Config().get("queueArn"):
    aws.s3.BucketNotification(
        "docs",
        bucket=bucket.bucket,
        queues=[
            aws.s3.BucketNotificationQueueArgs(
                queue_arn=queue, events=["s3:ObjectCreated:*"], filter_prefix=PREFIX
            )
        ],
    )

pulumi.export("bucket", bucket.bucket)
pulumi.export("aws_credential_id", source.aws_credential_id)
