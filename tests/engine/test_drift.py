"""What changed elsewhere is seen by a refresh; an outage never is taken for a change."""

from __future__ import annotations

from typing import Any

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import Project
from .programs import GITHUB, S3, WEB, program
from .test_ownership import held as ids

SOURCE = program('chroma_sync.Source("docs", github={"repository": "acme/handbook"})')
NEVER_YOUNG = {"CHROMA_SYNC_SETTLE": "0"}
"""A 404 counts at once; by default one of a source that was just made doesn't."""


def the_id(stack: Project) -> str:
    """Of the only source in the state."""
    [resource] = stack.resources("chroma-sync:Source")
    return str(resource["id"])


def held(stack: Project) -> list[tuple[Any, Any, Any]]:
    """What the state has of each source, without when it was looked at."""
    return [
        (resource["id"], resource["inputs"], resource["outputs"])
        for resource in stack.resources("chroma-sync:Source")
    ]


def test_a_source_deleted_elsewhere_is_created_again(project: MakeProject, emu: RunningEmulator) -> None:
    """The refresh drops it, the next preview shows the create, the up makes one."""
    stack = project(SOURCE, env=NEVER_YOUNG)
    stack.up()
    before = the_id(stack)
    with emu.client() as client:
        client.delete(f"/api/v1/sources/{before}").raise_for_status()
    assert stack.refresh().summary == {"delete": 1, "same": 1}
    assert stack.preview().summary == {"create": 1, "same": 1}
    stack.up()
    assert the_id(stack) != before


def test_a_source_made_anew_elsewhere_is_another_one(project: MakeProject, emu: RunningEmulator) -> None:
    """Deleted and made again by somebody else, it isn't ours: the next up says so instead of taking it."""
    stack = project(SOURCE, env=NEVER_YOUNG)
    stack.up()
    with emu.client() as client:
        client.delete(f"/api/v1/sources/{the_id(stack)}").raise_for_status()
        body = {
            "database_name": "demo",
            "github": {"repository": "acme/handbook", "include_globs": ["*.rst"]},
        }
        theirs = client.post("/api/v1/sources", json=body).json()["source_id"]
    stack.refresh()
    assert stack.resources("chroma-sync:Source") == []
    failed = stack.up(check=False)
    assert any(theirs in message and "github.include_globs" in message for message in failed.errors), (
        failed.output
    )


CHANGED: dict[str, tuple[str, dict[str, Any]]] = {
    "github": (GITHUB.named("github"), {"include_globs": ["docs/**"]}),
    "web_scrape": (WEB.named("web_scrape"), {"page_limit": 5}),
    "s3": (S3.named("s3"), {"collection_name": "elsewhere"}),
    "chunking": (
        GITHUB.named("chunking").replace("acme/handbook", "acme/chunked"),
        {"type": "lines", "max_lines": 7, "max_size_bytes": 99},
    ),
    "embedding": (
        GITHUB.named("embedding").replace("acme/handbook", "acme/embedded"),
        {"dense": None, "sparse": {"model": "Chroma/BM25", "key": "other"}},
    ),
}
"""Property, which is the resource's name, too -> the statement, and what becomes of the property."""


def test_a_field_changed_on_the_service_shows_as_a_diff(project: MakeProject, emu: RunningEmulator) -> None:
    """The refresh takes it over, the preview names the property, the up brings back what was declared."""

    def declared() -> dict[str, dict[str, Any]]:
        with emu.client() as client:
            found = {name: client.get(f"/api/v1/sources/{key}").json() for name, key in ids(stack).items()}
        return {name: {field: source.get(field) for field in CHANGED} for name, source in found.items()}

    stack = project(program(*(statement for statement, _ in CHANGED.values())))
    stack.up()
    before = declared()
    for name, source_id in ids(stack).items():
        emu.control.patch_source(source_id, **{name: CHANGED[name][1]})
    assert [name for name, source in declared().items() if source == before[name]] == []
    refreshed = stack.refresh()
    replaces = {step.name: step.keys for step in stack.preview().steps if step.op == "replace"}
    assert replaces == {name: (name,) for name in CHANGED}
    assert refreshed.summary == {"update": 5, "same": 1}
    stack.up()
    assert declared() == before
    assert stack.refresh("--expect-no-changes").unchanged


SAID: dict[str, tuple[str, str]] = {
    "order and case": (
        'github={"repository": "acme/handbook", "include_globs": ["a", "b"]}',
        'github={"repository": "Acme/Handbook", "include_globs": ["b", "a"], "app_id": None}',
    ),
    "addresses": (
        'web_scrape={"starting_url": "https://acme.com", "exclude_path_regexes": ["x", "y"]}',
        'web_scrape={"starting_url": "https://ACME.com/", "exclude_path_regexes": ["y", "x"], '
        '"include_path_regexes": []}, chunking=None',
    ),
    "embedding_model as object": (
        'github={"repository": "a/b"}, embedding_model="Qwen/Qwen3-Embedding-0.6B"',
        'github={"repository": "a/b"}, embedding_model={"model": "Qwen/Qwen3-Embedding-0.6B"}',
    ),
    "embedding_model as embedding.dense": (
        'github={"repository": "a/c"}, embedding_model="Qwen/Qwen3-Embedding-0.6B"',
        'github={"repository": "a/c"}, '
        'embedding={"dense": {"model": "Qwen/Qwen3-Embedding-0.6B", "task": None}}',
    ),
}
"""Before and after, by the resource's name."""


def test_the_same_said_in_another_way_changes_nothing_on_the_service(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """Order, None, spelling: no replacement, and no request that writes."""
    before, after = (
        program(*(f'chroma_sync.Source("{name}", {said[place]})' for name, said in SAID.items()))
        for place in range(2)
    )
    stack = project(before)
    stack.up()
    first = ids(stack)
    emu.control.clear_requests()
    stack.program(after)
    changed = stack.up()
    assert [(step.name, step.op) for step in changed.steps if step.op not in ("same", "update")] == []
    assert ids(stack) == first
    assert not emu.control.requests("create_source") and not emu.control.requests("delete_source")
    assert stack.preview("--expect-no-changes").unchanged
    assert stack.refresh("--expect-no-changes").unchanged


OUTAGES: dict[str, tuple[dict[str, Any], str]] = {
    "500": ({"action": "respond", "status": 500}, "500"),
    "401": ({"action": "respond", "status": 401}, "refused the API key"),
    "403": ({"action": "respond", "status": 403}, "may not do this"),
    "502 page": (
        {"action": "respond", "status": 502, "body": "<html><title>Bad gateway</title></html>"},
        "Bad gateway",
    ),
    "404 page": ({"action": "respond", "status": 404, "body": "<html>nothing</html>"}, "kept in the state"),
    "dropped": ({"action": "drop_before"}, "connection broke"),
    "200 page": (
        {"action": "respond", "status": 200, "body": "<html>welcome</html>"},
        "not what the API's contract says",
    ),
}
"""The fault, and what the error says of it."""


def test_an_outage_during_a_refresh_drops_nothing_from_the_state(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """Only a source that is really gone leaves the state; the error says what happened to which source."""
    stack = project(SOURCE, env={"CHROMA_SYNC_RETRIES": "0", "CHROMA_SYNC_SETTLE": "1"})
    stack.up()
    before, source_id = held(stack), the_id(stack)
    for name, (fault, said) in OUTAGES.items():
        emu.control.fault("get_source", times=0, **fault)
        failed = stack.refresh(check=False)
        assert not failed.ok, name
        [error] = [message for message in failed.errors if source_id in message]
        assert said in error and "github acme/handbook" in error and "Traceback" not in error, name
        assert held(stack) == before, name
        emu.control.clear_faults()
    assert stack.refresh("--expect-no-changes").unchanged


def test_a_wrong_key_during_a_refresh_drops_nothing(project: MakeProject, emu: RunningEmulator) -> None:
    """Another team's key sees neither source nor database; that isn't gone."""
    stack = project(SOURCE)
    stack.up()
    emu.control.add_tenant("others", "a-key-of-others", ["theirs"])
    stack.set_env({"CHROMA_API_KEY": "a-key-of-others"})
    failed = stack.refresh(check=False)
    assert any("kept in the state" in message for message in failed.errors)
    assert len(stack.resources("chroma-sync:Source")) == 1


def test_a_refresh_of_many_sources_asks_for_pages(project: MakeProject, emu: RunningEmulator) -> None:
    """Not one request a source; one that was deleted elsewhere is still noticed."""
    stack = project(
        program(
            """
            for number in range(30):
                chroma_sync.Source(f"d{number}", github={"repository": f"acme/d{number}"})
            """
        ),
        env=NEVER_YOUNG,
    )
    stack.up()
    gone = stack.resources("chroma-sync:Source")[17]["id"]
    with emu.client() as client:
        client.delete(f"/api/v1/sources/{gone}").raise_for_status()
    emu.control.clear_requests()
    # One after the other: what is under way before the third answer asks for its own source.
    assert stack.refresh("--parallel", "1").summary == {"delete": 1, "same": 30}
    assert len(emu.control.requests()) <= 8
    assert gone not in {resource["id"] for resource in stack.resources("chroma-sync:Source")}
