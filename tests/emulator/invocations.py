"""What the tests of invocations share: sources, and calls of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

GITHUB = {"github": {"repository": "acme/handbook"}}
WEB = {"web_scrape": {"starting_url": "https://docs.acme.com/"}}
S3 = {
    "s3": {
        "bucket_name": "papers",
        "region": "us-east-1",
        "collection_name": "default",
        "path_prefix": "in/",
        "aws_credential_id": 1,
    }
}
Create = Callable[..., str]


def start(client: httpx.Client, source_id: str, **body: Any) -> httpx.Response:
    return client.post(f"/api/v1/sources/{source_id}/invocations", json=body)


def run(client: httpx.Client, source_id: str, **body: Any) -> str:
    response = start(client, source_id, **body)
    assert response.status_code == 201, response.text
    return str(response.json()["invocation_id"])


def read(client: httpx.Client, invocation_id: str) -> dict[str, Any]:
    response = client.get(f"/api/v1/invocations/{invocation_id}")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer
