"""Hypothesis plays users, engines, outages and other hands against the real provider.

Programs change, faults strike any request, runs are killed between a request and the state, lost requests
land later, sources appear, change and vanish outside. Whatever happens: no source of ours is unknown to the
state without the user having been told, none is doubled, none that isn't ours is touched.

`make test` plays the same games every time. `make soak` plays others, and many more; a game that fails is
printed as a program, with the line that plays it again.
"""

from __future__ import annotations

import os
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from chroma_sync_emulator.testing import emulator
from pulumi_chroma_sync.session import close_sessions

from .fault_cases import RULES, Rule
from .model_engine import Engine, matches
from .plugin import Bag
from .service import Service, github

SOAK = int(os.environ.get("CHROMA_SYNC_SOAK") or 0)
"""Plays 400 new games a rule for each; 0 for the 20 of `make test`."""

OWN = {"error": "InternalError", "message": "broken"}
HTML = "<html><title>Gateway</title></html>"
FAULTS: list[dict[str, Any]] = [
    {"action": "drop_before"},
    {"action": "drop_after"},
    {"action": "cut_body"},
    {"action": "respond", "status": 429, "headers": {"retry-after": "0"}},
    {"action": "respond", "status": 500, "body": OWN},
    {"action": "respond_after", "status": 500, "body": OWN},
    {"action": "respond", "status": 502, "body": HTML},
    {"action": "respond_after", "status": 502, "body": HTML},
    {"action": "respond", "status": 503, "headers": {"retry-after": "0"}},
    {"action": "respond_after", "status": 503, "headers": {"retry-after": "0"}},
    {"action": "respond_after", "status": 504, "body": HTML},
    {"action": "respond_after", "status": 201, "body": {"id": 7, "source_id": None}},
    {"action": "respond", "status": 200, "body": HTML},
    {"action": "respond", "status": 401},
    {"action": "respond", "status": 404, "body": HTML},
]
OPERATIONS = ["create_source"] * 3 + ["list_sources", "get_source", "delete_source"]

names = st.sampled_from(["a", "b", "c", "d", "e"])
contents = st.builds(
    lambda repository, more: github(
        **{**more, "github": {"repository": repository, **more.get("github", {})}}
    ),
    st.sampled_from(["acme/v", "acme/w", "acme/x", "acme/y", "acme/z"]),
    st.sampled_from(
        [
            {},
            {},
            {"github": {"include_globs": ["*.md", "*.mdx"]}},
            {"chunking": {"type": "lines", "max_lines": 7}},
        ]
    ),
)
ways = st.sampled_from([{}, {"on_conflict": "adopt"}])
edits = st.lists(st.tuples(names, contents, ways), min_size=1, max_size=4)
troubles = st.lists(
    st.tuples(
        st.sampled_from(OPERATIONS), st.sampled_from(FAULTS), st.integers(0, 3), st.sampled_from([1, 1, 2, 0])
    ),
    max_size=3,
)
picks = st.integers(0, 99)


class Game(RuleBasedStateMachine):
    """One stack, its users and its service, from the first program to the last run."""

    service: Service

    def __init__(self) -> None:
        super().__init__()
        close_sessions()
        self.service.control.reset()
        self.engine = Engine(self.service)
        self.program: dict[str, Bag] = {}
        self.outside: set[str] = set()
        self.adrift: list[Bag] = []

    # Programs change, and are run.

    @rule(edits=edits, trouble=troubles, kill_at=st.sampled_from([None, None, None, 1, 2, 3]))
    def up(self, edits: list[tuple[str, Bag, Bag]], trouble: list[Any], kill_at: int | None) -> None:
        """Resources added and changed, then an up; under faults, and perhaps killed."""
        self._edit(edits)
        self._strike(trouble)
        self.engine.up(self.program, kill_at)
        self._calm()

    @rule(
        edits=edits, plan=st.sampled_from(FAULTS), skip=st.integers(0, 2), times=st.sampled_from([1, 1, 2, 0])
    )
    def up_whose_creates_fail(
        self, edits: list[tuple[str, Bag, Bag]], plan: dict[str, Any], skip: int, times: int
    ) -> None:
        """The same, with one fault that surely matters."""
        self._edit(edits)
        self._strike([("create_source", plan, skip, times)])
        self.engine.up(self.program)
        self._calm()

    @rule(plan=st.sampled_from(FAULTS), skip=st.integers(0, 2), times=st.sampled_from([1, 2, 0]))
    def refresh_whose_reads_fail(self, plan: dict[str, Any], skip: int, times: int) -> None:
        """A refresh, with one fault that surely matters."""
        self._strike([("get_source", plan, skip, times)])
        self.engine.refresh(faulty=True)
        self._calm()

    @rule(plan=st.sampled_from(FAULTS), skip=st.integers(0, 2), times=st.sampled_from([1, 2, 0]))
    def destroy_whose_deletes_fail(self, plan: dict[str, Any], skip: int, times: int) -> None:
        """A destroy, with one fault that surely matters; the program stays."""
        self._strike([("delete_source", plan, skip, times)])
        self.engine.up({})
        self._calm()

    @rule(pick=picks)
    def remove(self, pick: int) -> None:
        """Take a resource out."""
        if self.program:
            del self.program[sorted(self.program)[pick % len(self.program)]]

    @rule(pick=picks, name=names, way=ways, first=st.booleans())
    def rename(self, pick: int, name: str, way: Bag, first: bool) -> None:
        """The same source under another name, before the others in the program or after them."""
        if not self.program:
            return
        content = self.program.pop(sorted(self.program)[pick % len(self.program)])
        self.program.pop(name, None)
        renamed = {name: {**content, **way}}
        self.program = {**renamed, **self.program} if first else {**self.program, **renamed}

    # Other commands.

    @rule(trouble=troubles)
    def refresh(self, trouble: list[Any]) -> None:
        """Under faults."""
        self._strike(trouble)
        self.engine.refresh(faulty=bool(trouble))
        self._calm()

    @rule(kill_at=st.sampled_from([None, 1]))
    def destroy(self, kill_at: int | None) -> None:
        """Everything that the state knows; the program stays."""
        self.engine.up({}, kill_at)
        self._calm()

    @rule()
    def up_and_preview(self) -> None:
        """Where nothing disturbs an up, the preview after it is empty and a refresh changes nothing."""
        self.engine.refresh(faulty=False)
        self.engine.up(self.program)
        if not self.engine.errors:
            known = {name: entry.id for name, entry in self.engine.state.items()}
            assert self.engine.changes(self.program) == []
            self.engine.refresh(faulty=False)
            assert {name: entry.id for name, entry in self.engine.state.items()} == known
            assert self.engine.changes(self.program) == []
            assert set(known.values()) <= self.service.sources().keys()
        self._calm()

    # Other hands. They pick by age: ids are chance, and a game must be played again as it was.

    @rule(content=contents)
    def appear(self, content: Bag) -> None:
        """Somebody else creates a source."""
        answer = self.service.api.post("/api/v1/sources", json=content)
        if answer.status_code == 201:
            self.outside.add(answer.json()["source_id"])

    @rule(pick=picks)
    def vanish(self, pick: int) -> None:
        """Somebody else deletes a source, ours or not."""
        if sources := list(self.service.sources()):
            self.service.api.delete(f"/api/v1/sources/{sources[pick % len(sources)]}").raise_for_status()

    @rule(pick=picks, globs=st.sampled_from([["*.md", "*.mdx"], ["*.rst"], None]))
    def change(self, pick: int, globs: list[str] | None) -> None:
        """Somebody changes a source on the server, ours or not."""
        if sources := list(self.service.sources()):
            self.service.control.patch_source(sources[pick % len(sources)], github={"include_globs": globs})

    @rule(pick=picks)
    def land(self, pick: int) -> None:
        """A request to create that got no answer is carried out after all."""
        if not self.adrift:
            return
        body = self.adrift.pop(pick % len(self.adrift))
        assert any(matches(inputs, body) for inputs in self.engine.unknown), "lost, and nobody was told"
        answer = self.service.api.post("/api/v1/sources", json=body)
        if answer.status_code == 201:
            self.landed.add(answer.json()["source_id"])

    # What holds at any time.

    @invariant()
    def no_source_of_ours_is_unknown(self) -> None:
        """The state has it, or the user was told its id, or that it may appear."""
        state = {entry.id for entry in [*self.engine.state.values(), *self.engine.doomed]}
        for source_id, source in self.service.sources().items():
            if source_id in state or source_id in self.outside or source_id in self.engine.killed:
                continue
            told = any(source_id in text for text in self.engine.told)
            warned = any(
                inputs["github"]["repository"] == source["github"]["repository"]
                for inputs in self.engine.unknown
            )
            assert told or warned, f"nobody knows of {source_id}"

    @property
    def landed(self) -> set[str]:
        """Ids of requests that landed late."""
        return self.__dict__.setdefault("_landed", set())  # type: ignore[no-any-return]

    def _edit(self, edits: list[tuple[str, Bag, Bag]]) -> None:
        for name, content, way in edits:
            self.program[name] = {**content, **way}

    def _strike(self, trouble: list[Any]) -> None:
        self.service.control.clear_requests()
        for operation, plan, skip, times in trouble:
            note(f"{operation}: {plan}")
            # The provider names its database in every list; the game's own look at the service doesn't.
            match = "database_name=" if operation == "list_sources" else None
            self.service.control.fault(operation, skip=skip, times=times, match=match, **plan)

    def _calm(self) -> None:
        self.service.control.clear_faults()
        for request in self.service.control.requests("create_source"):
            if request["fault"] == "drop_before" and request["body"]:
                self.adrift.append(request["body"])
        self.service.control.clear_requests()
        close_sessions()


# A game that fails is made short before it is shown, which takes minutes.
@pytest.mark.timeout(900)
@pytest.mark.parametrize("unique", RULES)
def test_whatever_happens_every_source_is_known_to_the_state_or_told(unique: Rule) -> None:
    """Thousands of steps; see the head of this file."""
    chosen = settings(
        max_examples=400 * SOAK or 20,
        stateful_step_count=50,
        derandomize=not SOAK,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    with emulator(unique=unique) as emu, emu.client() as api:
        game = type("Game", (Game,), {"service": Service(emu, api)})
        run_state_machine_as_test(game, settings=chosen)
