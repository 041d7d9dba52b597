"""Replacements: in which order, proven by the requests that the service saw."""

from __future__ import annotations

import pytest

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import program


def writes(emu: RunningEmulator) -> list[str]:
    """The requests that changed something, in order."""
    return [
        seen["operation"]
        for seen in emu.control.requests()
        if seen["operation"] in ("create_source", "delete_source")
    ]


OLD_FIRST, NEW_FIRST = ["delete_source", "create_source"], ["create_source", "delete_source"]


@pytest.mark.parametrize(
    ("before", "after", "order"),
    [
        (
            'github={"repository": "a/b"}',
            'github={"repository": "a/b", "include_globs": ["*.md"]}',
            OLD_FIRST,
        ),
        ('github={"repository": "a/b"}', 'github={"repository": "a/c"}', NEW_FIRST),
        (
            'web_scrape={"starting_url": "https://a.com"}',
            'web_scrape={"starting_url": "https://a.com", "max_depth": 1}',
            OLD_FIRST,
        ),
        (
            's3={"bucket_name": "b", "region": "r", "collection_name": "c", "aws_credential_id": 1}',
            's3={"bucket_name": "b", "region": "r", "collection_name": "d", "aws_credential_id": 1}',
            OLD_FIRST,
        ),
        (
            's3={"bucket_name": "b", "region": "r", "collection_name": "c", "aws_credential_id": 1}',
            's3={"bucket_name": "b", "region": "r", "collection_name": "c", "aws_credential_id": 1, '
            '"path_prefix": "p/"}',
            NEW_FIRST,
        ),
        ('github={"repository": "a/b"}', 'web_scrape={"starting_url": "https://a.com"}', NEW_FIRST),
        (
            'github={"repository": "a/b"}, chunking={"type": "lines"}',
            'github={"repository": "a/b"}, chunking={"type": "tree_sitter"}',
            OLD_FIRST,
        ),
        (
            'github={"repository": "a/b"}, database_name="demo"',
            'github={"repository": "a/b"}, database_name="other"',
            NEW_FIRST,
        ),
    ],
)
def test_old_first_exactly_where_the_identities_collide(
    before: str, after: str, order: list[str], project: MakeProject, emu: RunningEmulator
) -> None:
    """The API would answer 409; everywhere else the new one stands before the old one goes."""
    emu.control.add_database("other")
    stack = project(program(f'chroma_sync.Source("docs", {before})'))
    stack.up()
    emu.control.clear_requests()
    stack.program(program(f'chroma_sync.Source("docs", {after})'))
    result = stack.up()
    assert writes(emu) == order
    said = "old first" if order == OLD_FIRST else "new first"
    assert any("has no update" in line.message and said in line.message for line in result.diagnostics)
    assert stack.preview("--expect-no-changes").unchanged


def test_a_preview_of_a_replacement_shows_the_nested_difference(project: MakeProject) -> None:
    """With --diff a reader of a pull request sees the one glob that comes on top."""
    text = 'chroma_sync.Source("docs", github={{"repository": "a/b", "include_globs": [{}]}})'
    stack = project(program(text.format('"*.md"')))
    stack.up()
    stack.program(program(text.format('"*.md", "*.mdx"')))
    shown = stack.preview("--diff").stdout
    assert '+ [1]: "*.mdx"' in shown and "(replace)" in shown


def test_changing_what_the_service_never_sees_sends_nothing(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """`on_conflict` is an update in the state alone."""
    stack = project(program('chroma_sync.Source("docs", github={"repository": "a/b"})'))
    stack.up()
    emu.control.clear_requests()
    stack.program(program('chroma_sync.Source("docs", github={"repository": "a/b"}, on_conflict="adopt")'))
    assert stack.up().summary == {"same": 1, "update": 1}
    assert writes(emu) == []
    assert stack.preview("--expect-no-changes").unchanged


def test_a_replacement_whose_create_fails_is_finished_by_the_next_up(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """The old source is gone by then; the state knows, and one more up makes the new one, once."""
    stack = project(
        program('chroma_sync.Source("docs", github={"repository": "a/b"})'),
        env={"CHROMA_SYNC_RETRIES": "0"},
    )
    stack.up()
    stack.program(
        program('chroma_sync.Source("docs", github={"repository": "a/b"}, chunking={"type": "lines"})')
    )
    emu.control.fault("create_source", "respond", status=429, times=0)
    failed = stack.up(check=False)
    assert not failed.ok and any("Nothing was created" in message for message in failed.errors)
    emu.control.clear_faults()
    stack.up()
    with emu.client() as client:
        [source] = client.get("/api/v1/sources", params={"database_name": "demo"}).json()
    assert [resource["id"] for resource in stack.resources("chroma-sync:Source")] == [source["id"]]
    assert stack.preview("--expect-no-changes").unchanged
