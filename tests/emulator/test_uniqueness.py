"""What gives 409 on creating a source."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator

GITHUB = {"github": {"repository": "acme/handbook"}}
BUCKET = {"bucket_name": "b", "region": "r", "collection_name": "docs", "aws_credential_id": 1}


def statuses(emu: RunningEmulator, *sources: dict[str, Any]) -> list[int]:
    with emu.client() as client:
        return [
            client.post("/api/v1/sources", json={"database_name": "demo", **source}).status_code
            for source in sources
        ]


@pytest.mark.parametrize(
    "other",
    [
        GITHUB,
        {"github": {"repository": "ACME/Handbook"}},
        {"github": {"repository": "acme/handbook", "include_globs": ["x"]}},
        {**GITHUB, "chunking": {"type": "lines"}},
    ],
)
def test_by_identity_the_same_repository_conflicts_whatever_its_fields(
    emu: RunningEmulator, other: dict[str, Any]
) -> None:
    """Same database, kind and target: 409."""
    assert statuses(emu, GITHUB, other) == [201, 409]
    with emu.client() as client:
        assert len(client.get("/api/v1/sources").json()) == 1


def test_by_identity_a_prefix_makes_another_source_of_one_bucket(emu: RunningEmulator) -> None:
    """One bucket with a prefix for each tenant is a documented pattern."""
    sources = [{"s3": {**BUCKET, "path_prefix": prefix}} for prefix in (None, "", "a/", "b/", "a/")]
    assert statuses(emu, *sources) == [201, 409, 201, 201, 409]


def test_by_identity_web_sources_are_told_apart_by_their_address(emu: RunningEmulator) -> None:
    """The target of a web source is its starting URL."""
    sources = [{"web_scrape": {"starting_url": f"https://acme.com/{path}"}} for path in ("a", "b", "a")]
    assert statuses(emu, *sources) == [201, 201, 409]


def test_the_same_source_in_another_database_is_no_conflict(emu: RunningEmulator) -> None:
    """Identity ends at the database."""
    emu.control.add_database("other")
    assert statuses(emu, GITHUB, {**GITHUB, "database_name": "other"}) == [201, 201]


def test_by_content_only_an_equal_source_conflicts() -> None:
    """Equal after defaults, with unique lists as sets."""
    with emulator(unique="content") as emu:
        two = {"github": {"repository": "acme/handbook", "include_globs": ["a", "b"]}}
        turned = {"github": {"repository": "acme/handbook", "include_globs": ["b", "a"]}}
        spelt_out = {**GITHUB, "chunking": {"type": "tree_sitter", "max_size_bytes": 4096}}
        sources = (GITHUB, spelt_out, {**GITHUB, "chunking": {"type": "lines"}}, two, turned)
        assert statuses(emu, *sources) == [201, 409, 201, 201, 409]


def test_never_takes_any_number_of_equal_sources() -> None:
    """Each has an id of its own."""
    with emulator(unique="never") as emu:
        assert statuses(emu, GITHUB, GITHUB, GITHUB) == [201, 201, 201]


def test_the_rule_can_be_changed_while_it_runs(emu: RunningEmulator) -> None:
    """The control API's settings count for the next request."""
    assert statuses(emu, GITHUB, GITHUB) == [201, 409]
    assert emu.control.settings(unique="never")["unique"] == "never"
    assert statuses(emu, GITHUB) == [201]


def test_of_many_equal_creates_at_once_exactly_one_wins(emu: RunningEmulator) -> None:
    """Checking and inserting are one transaction."""
    with ThreadPoolExecutor(16) as pool:
        results = [status for [status] in pool.map(lambda _: statuses(emu, GITHUB), range(32))]
    assert sorted(results) == [201] + [409] * 31
