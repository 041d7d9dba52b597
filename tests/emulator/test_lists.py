"""Lists: filters, order, paging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator

S3 = {"bucket_name": "b", "region": "r", "collection_name": "docs", "aws_credential_id": 1}

Create = Callable[..., str]


def ids(client: httpx.Client, **query: Any) -> list[str]:
    response = client.get("/api/v1/sources", params=query)
    assert response.status_code == 200, response.text
    return [source["id"] for source in response.json()]


def test_the_list_answers_sources_newest_first(client: httpx.Client, create: Create) -> None:
    """The items are what GET answers for each, although the contract types them as jobs."""
    made = [create(github={"repository": f"acme/{name}"}) for name in "abc"]
    listed = client.get("/api/v1/sources").json()
    assert listed == [client.get(f"/api/v1/sources/{source_id}").json() for source_id in reversed(made)]


@pytest.mark.parametrize(
    ("order", "turned"), [("ASC", False), ("asc", False), ("DESC", True), ("desc", True)]
)
def test_order_by_turns_the_list(client: httpx.Client, create: Create, order: str, turned: bool) -> None:
    """By creation time, up or down."""
    made = [create(github={"repository": f"acme/{name}"}) for name in "abc"]
    assert ids(client, order_by=order) == (made[::-1] if turned else made)


def test_pages_hold_each_source_once(client: httpx.Client, create: Create) -> None:
    """limit and offset cut the same order into pieces; past the end there is nothing."""
    made = [create(github={"repository": f"acme/{number}"}) for number in range(7)]
    pages = [ids(client, limit=3, offset=offset, order_by="ASC") for offset in (0, 3, 6, 9)]
    assert pages == [made[:3], made[3:6], made[6:], []]
    assert ids(client, limit=0) == []


def test_a_page_has_100_where_no_limit_is_given(client: httpx.Client, create: Create) -> None:
    """The contract's default."""
    for number in range(101):
        create(github={"repository": f"acme/{number}"})
    assert len(ids(client)) == 100
    assert len(ids(client, limit=1000)) == 101


def test_filters_choose_by_database_and_kind(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """Each filter holds alone and together with the other."""
    emu.control.add_database("other")
    github = create(github={"repository": "acme/a"})
    bucket = create(s3=S3)
    other = create(database_name="other", github={"repository": "acme/a"})
    assert ids(client, database_name="demo") == [bucket, github]
    assert ids(client, source_type="github") == [other, github]
    assert ids(client, source_type="github", database_name="other") == [other]
    assert ids(client, source_type="web_scrape") == ids(client, source_type="file_upload") == []


@pytest.mark.parametrize("path", ["/api/v1/sources", "/api/v1/invocations"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=1001",
        "limit=ten",
        "limit=",
        "limit=1.0",
        "limit=+1",
        "offset=-1",
        "offset=1e3",
        "offset=9223372036854775808",
        "order_by=UP",
        "source_type=ftp",
    ],
)
def test_a_query_out_of_range_is_refused(client: httpx.Client, path: str, query: str) -> None:
    """400 that names the parameter, in both lists."""
    response = client.get(f"{path}?{query}")
    assert response.status_code == 400
    assert query.partition("=")[0] in response.json()["message"]


def test_creation_times_always_grow(client: httpx.Client, create: Create) -> None:
    """No two are equal, so the order is never in doubt."""
    made = [create(github={"repository": f"acme/{number}"}) for number in range(50)]
    times = [client.get(f"/api/v1/sources/{source_id}").json()["created_at"] for source_id in made]
    assert times == sorted(set(times))
    assert all(len(time) == len("2026-11-02T10:00:00.000001Z") and time.endswith("Z") for time in times)
