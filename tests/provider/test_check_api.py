"""What check accepts is what the API accepts: the same inputs, told to both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import assume, example, given

from chroma_sync_emulator.testing import emulator
from pulumi_chroma_sync.kinds.source.check import check_inputs
from pulumi_chroma_sync.kinds.source.spec import payload

from .strategies import DATABASE, MODEL, examples, inputs, nearly

S3 = {"bucket_name": "b", "region": "r", "collection_name": "files"}


@pytest.fixture(scope="module")
def api() -> Iterator[httpx.Client]:
    """The API, which refuses no source for being there already."""
    with emulator([DATABASE], unique="never") as emu, emu.client() as client:
        yield client


def both(api: httpx.Client, bag: dict[str, Any]) -> tuple[dict[str, str], httpx.Response]:
    """What check says, and what the API answers to the very inputs that check lets through."""
    # on_conflict is the package's own; the API never sees it.
    kept, failures = check_inputs({name: bag[name] for name in bag if name != "on_conflict"}, None)
    reasons = {failure.property: failure.reason for failure in failures}
    return reasons, api.post("/api/v1/sources", json=kept)


@examples(300)
@given(inputs())
def test_valid_inputs_are_accepted_by_both(api: httpx.Client, bag: dict[str, Any]) -> None:
    """Every field of the contract with every allowed value, in every combination; as the payload too."""
    kept, failures = check_inputs(bag, None)
    assert not failures
    answer = api.post("/api/v1/sources", json=payload(kept))
    assert answer.status_code == 201, answer.text


@examples(800)
@given(nearly())
@example({"database_name": DATABASE, "github": {"repository": "a/b\x7f"}})
@example({"database_name": DATABASE, "web_scrape": {"starting_url": "http://a:/"}})
@example({"database_name": DATABASE, "web_scrape": {"starting_url": "http://[::1/"}})
@example({"database_name": DATABASE, "web_scrape": {"starting_url": "http://[zz]/"}})
@example({"database_name": DATABASE, "s3": {**S3, "aws_credential_id": 0}})
@example({"database_name": DATABASE, "s3": {**S3, "aws_credential_id": -1}})
@example({"database_name": DATABASE, "s3": {**S3, "aws_credential_id": 2**31}})
@example({"database_name": DATABASE, "s3": {**S3, "aws_access_key_id": "a", "aws_secret_access_key": ""}})
@example({"database_name": DATABASE, "s3": {**S3, "aws_credential_id": 1, "collection_name": "a..b"}})
@example({"database_name": DATABASE, "s3": {**S3, "aws_credential_id": 1, "collection_name": "1.2.3.4"}})
@example({"database_name": DATABASE, "s3": {**S3, "aws_credential_id": 1, "collection_name": "ab"}})
@example({"database_name": DATABASE, "s3": {**S3, "aws_credential_id": 1, "collection_name": "a_b-"}})
@example({"database_name": DATABASE, "github": {"repository": "a/b"}, "embedding_model": MODEL.lower()})
def test_check_and_api_agree(api: httpx.Client, bag: dict[str, Any]) -> None:
    """What check refuses the API refuses with 400, and what it lets through the API takes.

    But for a password in an address, which the API would keep and show.
    """
    reasons, answer = both(api, bag)
    assume(not any("user or password" in reason for reason in reasons.values()))
    assert (answer.status_code == 201) == (not reasons), (bag, reasons, answer.text)
    assert answer.status_code in (201, 400), answer.text
