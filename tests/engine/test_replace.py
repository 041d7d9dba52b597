"""Replacements: in which order, proven by the requests that the service saw."""

from __future__ import annotations

from typing import Any

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import program
from .test_ownership import held


def writes(emu: RunningEmulator) -> list[dict[str, Any]]:
    """The requests that changed something, in order."""
    return [
        seen for seen in emu.control.requests() if seen["operation"] in ("create_source", "delete_source")
    ]


MOVES: dict[str, tuple[str, str, str]] = {
    "glob": (
        'github={"repository": "acme/a"}',
        'github={"repository": "acme/a", "include_globs": ["*.md"]}',
        "acme/a",
    ),
    "repository": ('github={"repository": "acme/b"}', 'github={"repository": "acme/c"}', "acme/c"),
    "kind": (
        'github={"repository": "acme/d"}',
        'web_scrape={"starting_url": "https://a.com"}',
        "https://a.com",
    ),
    "database": (
        'github={"repository": "acme/e"}, database_name="demo"',
        'github={"repository": "acme/e"}, database_name="other"',
        "acme/e",
    ),
}
"""Before, after, and what tells the new one apart, by the resource's name."""


def test_old_first_always(project: MakeProject, emu: RunningEmulator) -> None:
    """The service refuses two of one identity, and only so do moves and swaps converge; the line says it."""
    emu.control.add_database("other")
    before, after = (
        program(*(f'chroma_sync.Source("{name}", {move[place]})' for name, move in MOVES.items()))
        for place in range(2)
    )
    stack = project(before)
    stack.up()
    old = held(stack)
    emu.control.clear_requests()
    stack.program(after)
    result = stack.up()
    sent = writes(emu)
    for name, (_, _, new) in MOVES.items():
        own = [seen["operation"] for seen in sent if old[name] in seen["path"] or new in str(seen["body"])]
        assert own == ["delete_source", "create_source"], name
    assert len(sent) == 2 * len(MOVES)
    said = [line.message for line in result.diagnostics if "has no update" in line.message]
    assert len(said) == len(MOVES), said
    for line in said:
        assert "old first; if the create then fails, there is none until the next up" in line
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


def test_a_change_that_the_program_ignores_is_none(project: MakeProject) -> None:
    """Keys are spelled as in the program: `ignore_changes=["github.include_globs"]`."""
    text = program(
        """
        docs = chroma_sync.Source(
            "docs",
            github={"repository": "acme/handbook", "include_globs": ["a", "b"]},
            opts=pulumi.ResourceOptions(ignore_changes=["github.include_globs"]),
        )
        """
    )
    stack = project(text)
    stack.up()
    stack.program(text.replace('"b"', '"c"'))
    assert stack.preview("--expect-no-changes").unchanged
    stack.program(text.replace("acme/handbook", "acme/wiki"))
    assert [step.keys for step in stack.preview().steps if step.op == "replace"] == [("github",)]
