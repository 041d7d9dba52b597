"""``examples/aws-glue``: real classes of ``pulumi-aws``, AWS as a mock, a source on the emulator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator

from .programs import run
from .reading import ROOT

PROGRAM = ROOT / "examples" / "aws-glue" / "__main__.py"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:chroma"
AWS: dict[str, dict[str, Any]] = {
    "aws:s3/bucket:Bucket": {"bucket": "docs-1a2b", "arn": "arn:aws:s3:::docs-1a2b", "region": "us-east-1"},
    "aws:iam/user:User": {"name": "chroma-sync-3c4d"},
    "aws:iam/userPolicy:UserPolicy": {},
    "aws:iam/accessKey:AccessKey": {"secret": "hush"},
    "aws:s3/bucketNotification:BucketNotification": {},
}
"""Type -> what AWS adds."""


@pytest.fixture
def emu(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An emulator."""
    with emulator() as running:
        monkeypatch.setenv("CHROMA_DATABASE", running.database)
        yield running


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pulumi-aws, while it is imported
@pytest.mark.parametrize("config", [{}, {"queueArn": QUEUE}], ids=["by hand", "uploads index themselves"])
def test_the_key_of_a_reader_goes_into_the_source(
    emu: RunningEmulator, monkeypatch: pytest.MonkeyPatch, config: dict[str, str]
) -> None:
    """The user may read below the prefix alone, the source has its key, and uploads are told if asked for."""
    text = PROGRAM.read_text(encoding="utf-8")
    seen: dict[str, dict[str, Any]] = {}
    made, exports = run(text, str(PROGRAM), emu, monkeypatch, config, AWS, seen)
    policy = json.loads(seen["aws:iam/userPolicy:UserPolicy"]["policy"])
    assert [(each["Action"], each["Resource"]) for each in policy["Statement"]] == [
        ("s3:GetObject", "arn:aws:s3:::docs-1a2b/docs/*")
    ]
    [request] = emu.control.requests("create_source")
    sent = request["body"]["s3"]
    assert (sent["bucket_name"], sent["region"], sent["path_prefix"]) == ("docs-1a2b", "us-east-1", "docs/")
    assert sent["aws_access_key_id"] == "chroma-sync-id"
    assert seen["pulumi-python:dynamic/chroma-sync:Source"]["s3"]["aws_secret_access_key"] == "hush"
    assert "auto_sync" not in sent
    assert exports["bucket"] == "docs-1a2b" and exports["aws_credential_id"] > 0
    told = seen.get("aws:s3/bucketNotification:BucketNotification", {}).get("queues")
    expected = [{"queueArn": QUEUE, "events": ["s3:ObjectCreated:*"], "filterPrefix": "docs/"}]
    assert told == (expected if config else None)
    assert len(made) == (6 if config else 5)
