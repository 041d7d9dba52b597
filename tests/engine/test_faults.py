"""The most telling faults on the real engine: how many sources exist, and does the state know them?"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import pytest

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import Project
from .programs import program
from .test_ownership import held, there

PLAIN = program('chroma_sync.Source("docs", github={"repository": "acme/handbook"})')
ADOPTING = PLAIN.replace("})", '}, on_conflict="adopt")')
QUICK = {
    "CHROMA_SYNC_TIMEOUT": "1",
    "CHROMA_SYNC_RETRIES": "1",
    "CHROMA_SYNC_SETTLE": "1.5",
    "CHROMA_SYNC_DEADLINE": "10",
}
HTML = "<html><head><title>502 Bad Gateway</title></head></html>"


def on_the_service(emu: RunningEmulator) -> list[str]:
    """The ids of all sources."""
    with emu.client() as client:
        found: list[dict[str, Any]] = client.get("/api/v1/sources", params={"database_name": "demo"}).json()
    return sorted(source["id"] for source in found)


def in_the_state(stack: Project) -> list[str]:
    """The ids that the state knows."""
    return sorted(resource["id"] for resource in stack.resources("chroma-sync:Source"))


LOST: dict[str, dict[str, Any]] = {
    "dropped": {"action": "drop_after"},
    "late": {"action": "delay_after", "delay": 2.5},
    "given-up": {"action": "delay", "delay": 1.8},
    "500": {"action": "respond_after", "status": 500},
    "502": {"action": "respond_after", "status": 502, "body": HTML},
    "504": {"action": "respond_after", "status": 504, "body": ""},
    "cut": {"action": "cut_body"},
    "no-id": {"action": "respond_after", "status": 201, "body": {"id": "of another name"}},
}
"""Each is played with a source of its own; test_wire.py plays them on a socket, the fault table in memory."""


def several(names: Iterable[str]) -> str:
    """A program with a source of this name, and of a repository of this name, for each."""
    return program(
        *(f'chroma_sync.Source("{name}", github={{"repository": "acme/{name}"}})' for name in names)
    )


def sent(emu: RunningEmulator, names: Iterable[str]) -> dict[str, int]:
    """How many requests to create each of :func:`several` there were."""
    bodies = [request["body"]["github"]["repository"] for request in emu.control.requests("create_source")]
    return {name: bodies.count(f"acme/{name}") for name in names}


@pytest.mark.parametrize("rule", ["identity", "content", "never"])
def test_a_create_whose_answer_is_lost_ends_with_one_source(
    rule: str, project: MakeProject, emu: RunningEmulator
) -> None:
    """Found in the list and taken: the up succeeds, the state has the one source, one POST was sent."""
    emu.control.settings(unique=rule)
    stack = project(several(LOST), env=QUICK)
    for name, fault in LOST.items():
        emu.control.fault("create_source", match=f'"acme/{name}"', **fault)
    stack.up()
    assert {f"acme/{name}": source_id for name, source_id in held(stack).items()} == there(emu)
    assert len(held(stack)) == len(on_the_service(emu)) == len(LOST)
    assert sent(emu, LOST) == dict.fromkeys(LOST, 1)
    assert [fault["match"] for fault in emu.control.faults() if not fault["hits"]] == []
    assert stack.preview("--expect-no-changes").unchanged


def test_a_commit_later_than_anyone_looks_is_told_and_then_met_knowingly(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """The error says that it may still appear; the next preview shows it, and adopting takes it."""
    # Where the service refuses none; the fault table plays every rule.
    emu.control.settings(unique="never")
    stack = project(PLAIN, env={**QUICK, "CHROMA_SYNC_SETTLE": "0.3"})
    emu.control.fault("create_source", "drop_then_commit", delay=3.0)
    failed = stack.up(check=False)
    [error] = [message for message in failed.errors if "OutcomeUnknownError" in message]
    for part in ("github acme/handbook", '"demo"', "may still appear", "Nothing was sent twice"):
        assert part in error
    assert in_the_state(stack) == []
    # The commit comes 3 s after the drop; waiting on it, not on a clock, keeps the test honest.
    while not on_the_service(emu):
        time.sleep(0.05)
    assert any("an equal one" in line.message for line in stack.preview().diagnostics)
    assert not stack.up(check=False).ok
    stack.program(ADOPTING)
    stack.up()
    assert len(on_the_service(emu)) == 1
    assert in_the_state(stack) == on_the_service(emu)
    assert len(emu.control.requests("create_source")) == 1


REFUSED: dict[str, dict[str, Any]] = {
    "429": {"action": "respond", "status": 429},
    "429-after": {"action": "respond", "status": 429, "headers": {"retry-after": "1"}},
    "503-after": {"action": "respond", "status": 503, "headers": {"retry-after": "1"}},
    "500": {"action": "respond", "status": 500},
}


def test_a_create_that_was_surely_not_done_is_sent_again(project: MakeProject, emu: RunningEmulator) -> None:
    """The up succeeds, with one source and two POSTs."""
    stack = project(several(REFUSED), env=QUICK)
    for name, fault in REFUSED.items():
        emu.control.fault("create_source", match=f'"acme/{name}"', **fault)
    stack.up()
    assert len(on_the_service(emu)) == len(REFUSED) and in_the_state(stack) == on_the_service(emu)
    assert sent(emu, REFUSED) == dict.fromkeys(REFUSED, 2)


def test_what_was_created_stays_known_when_a_sibling_fails(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """One refused source costs no other its place in the state; the next up makes the rest."""
    stack = project(
        program(
            """
            for name in ("one", "two", "three", "four", "five"):
                chroma_sync.Source(name, github={"repository": f"acme/{name}"})
            """
        ),
        env=QUICK,
    )
    emu.control.fault("create_source", "respond", status=400, match="acme/three", times=0)
    assert not stack.up(check=False).ok
    assert in_the_state(stack) == on_the_service(emu)
    emu.control.clear_faults()
    stack.up()
    assert in_the_state(stack) == on_the_service(emu)
    assert len(on_the_service(emu)) == 5


UNDELETED: dict[str, dict[str, Any]] = {
    "dropped": {"action": "drop_after"},
    "late": {"action": "delay_after", "delay": 2.5},
    "500": {"action": "respond_after", "status": 500},
    "503": {"action": "respond", "status": 503},
    "404": {"action": "respond", "status": 404},
}


def test_a_delete_ends_with_the_source_gone_from_both(project: MakeProject, emu: RunningEmulator) -> None:
    """Asked again where that helps; a 404 that isn't true leaves no source behind unseen."""
    stack = project(several(UNDELETED), env=QUICK)
    stack.up()
    for name, source_id in held(stack).items():
        emu.control.fault("delete_source", match=source_id, **UNDELETED[name])
    destroyed = stack.destroy(check=False)
    assert [fault["action"] for fault in emu.control.faults() if not fault["hits"]] == []
    if not destroyed.ok:
        assert {f"acme/{name}": source_id for name, source_id in held(stack).items()} == there(emu)
        stack.destroy()
    assert held(stack) == {} and there(emu) == {}


def test_a_delete_that_fails_keeps_the_source_in_the_state(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """And the error says which source could not be deleted, and why."""
    stack = project(PLAIN, env=QUICK)
    stack.up()
    emu.control.fault("delete_source", "respond", status=500, times=0)
    failed = stack.destroy(check=False)
    assert any("delete source" in message and "github acme/handbook" in message for message in failed.errors)
    assert in_the_state(stack) == on_the_service(emu) != []
    emu.control.clear_faults()
    stack.destroy()
    assert on_the_service(emu) == []


def test_a_source_that_could_not_be_read_back_is_in_the_state_all_the_same(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """The create is done, so it counts; a refresh fetches what the service decided, without a diff."""
    stack = project(PLAIN, env=QUICK)
    emu.control.fault("get_source", "respond", status=500, times=0)
    up = stack.up()
    assert any("could not read it back" in line.message for line in up.diagnostics)
    assert in_the_state(stack) == on_the_service(emu) != []
    emu.control.clear_faults()
    assert stack.preview("--expect-no-changes").unchanged
    stack.refresh()
    [resource] = stack.resources("chroma-sync:Source")
    assert resource["outputs"]["created_at"]
    assert stack.preview("--expect-no-changes").unchanged


def test_a_destroy_with_another_teams_key_loses_nothing(project: MakeProject, emu: RunningEmulator) -> None:
    """To that key every source is a 404; the state keeps them, and says which key to set."""
    stack = project(PLAIN, env=QUICK)
    stack.up()
    emu.control.add_tenant("others", "a-key-of-others", ["theirs"])
    stack.set_env({"CHROMA_API_KEY": "a-key-of-others"})
    failed = stack.destroy(check=False)
    assert any("another team's key" in message for message in failed.errors), failed.output
    stack.set_env({"CHROMA_API_KEY": emu.api_key})
    assert in_the_state(stack) == on_the_service(emu) != []
    stack.destroy()
    assert on_the_service(emu) == []
