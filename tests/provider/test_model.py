"""Hypothesis plays users, engines, outages and other hands against the real provider, in memory.

Programs change, faults strike any request, runs are killed between a request and the state, lost requests
land later, sources appear, change and vanish outside; several processes work over one state, which may come
to hold one id twice. Whatever happens: no source of ours is unknown to the state without the user having been
told, none is doubled, none that another entry stays with is deleted; and once the trouble is over, two whole
ups bring state and service together.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import note
from hypothesis.stateful import initialize, invariant, rule

from .fault_cases import RULES, Rule
from .games import FAULTS, HAZES, MANNERS, TroubledGame, picks, play, troubles
from .memory import Memory
from .model_engine import Engine, Program, matches
from .plugin import Bag
from .service import github
from .turns import Turns

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
ways = st.sampled_from(
    [
        {},
        {},
        {"on_conflict": "adopt"},
        {"on_conflict": "adopt"},
        {"retain_on_delete": True},
        {"new_first": True},
    ]
)
edits = st.lists(st.tuples(names, contents, ways), max_size=4)
seeds = st.integers(0, 9999)


class Game(TroubledGame):
    """One stack, its users and its service, from the first program to the last run."""

    def __init__(self) -> None:
        super().__init__()
        self.service = Memory(Turns(), unique=self.unique)
        self.engine = Engine(self.service, config={"retries": 1})
        self.program: Program = {}
        self.outside: set[str] = set()

    @initialize(manner=st.sampled_from(MANNERS), haze=st.sampled_from(HAZES), held=st.sampled_from([0, 0, 3]))
    def begin(self, manner: Bag, haze: Bag, held: float) -> None:
        """A service of this manner."""
        note(f"held {held}")
        self.become(manner, haze)
        self.service.held = held

    # Programs change, and are run.

    @rule(
        edits=edits,
        trouble=troubles,
        seed=seeds,
        kill_at=st.sampled_from([None, None, None, 1, 2, 3]),
        refresh=st.booleans(),
        go_on=st.booleans(),
    )
    def up(
        self, edits: Any, trouble: Any, seed: int, kill_at: int | None, refresh: bool, go_on: bool
    ) -> None:
        """Resources added and changed, then an up; under faults, and perhaps killed."""
        self._edit(edits)
        self.strike(trouble)
        self.engine.up(self.program, seed=seed, kill_at=kill_at, refresh=refresh, go_on=go_on)
        self._calm()

    @rule(edits=edits, plan=st.sampled_from(FAULTS), skip=st.integers(0, 2), seed=seeds)
    def up_whose_creates_fail(self, edits: Any, plan: dict[str, Any], skip: int, seed: int) -> None:
        """The same, with one fault that surely matters."""
        self._edit(edits)
        self.strike([("create_source", plan, skip, 1), ("create_source", plan, 1, 0)])
        self.engine.up(self.program, seed=seed)
        self._calm()

    @rule(edits=edits, pick=picks, seed=seeds, trouble=troubles)
    def up_of_one(self, edits: Any, pick: int, seed: int, trouble: Any) -> None:
        """`--target`: nothing else is looked at, and nothing that left the program is deleted."""
        self._edit(edits)
        if self.program:
            self.strike(trouble)
            self.engine.up(self.program, targets=[_picked(self.program, pick)], seed=seed)
            self._calm()

    @rule(pick=picks, seed=seeds, trouble=troubles)
    def replace(self, pick: int, seed: int, trouble: Any) -> None:
        """`--replace`: no diff is asked."""
        if self.program:
            self.strike(trouble)
            self.engine.up(self.program, replace=[_picked(self.program, pick)], seed=seed)
            self._calm()

    @rule(pick=picks)
    def taint(self, pick: int) -> None:
        """`pulumi state taint`."""
        if entry := self.engine.entry(_picked(self.program, pick)):
            entry.tainted = True

    @rule(pick=picks)
    def remove(self, pick: int) -> None:
        """Take a resource out."""
        self.program.pop(_picked(self.program, pick), None)

    @rule(pick=picks, name=names, way=st.sampled_from([{}, {"on_conflict": "adopt"}]))
    def rename(self, pick: int, name: str, way: Bag) -> None:
        """The same source under another name, and perhaps only half-way carried out."""
        if content := self.program.pop(_picked(self.program, pick), None):
            self.program[name] = {**content, **way}

    @rule(by=st.integers(1, 3), way=st.sampled_from([{}, {"on_conflict": "adopt"}]))
    def shift(self, by: int, way: Bag) -> None:
        """Names that come from a list's index: each has what another had."""
        order = list(self.program)
        moved = {order[(n + by) % len(order)]: self.program[name] for n, name in enumerate(order)}
        self.program = {name: {**content, **way} for name, content in moved.items()}

    # Other commands.

    @rule(trouble=troubles, seed=seeds)
    def refresh(self, trouble: Any, seed: int) -> None:
        """Under faults."""
        self.strike(trouble)
        self.engine.refresh(seed=seed)
        self._calm()

    @rule(kill_at=st.sampled_from([None, 1]), seed=seeds, trouble=troubles)
    def destroy(self, kill_at: int | None, seed: int, trouble: Any) -> None:
        """Everything that the state knows; the program stays."""
        self.strike(trouble)
        self.engine.destroy(kill_at=kill_at, seed=seed)
        self._calm()

    @rule()
    def preview(self) -> None:
        """It changes nothing."""
        self.engine.preview(self.program)

    @rule(seconds=st.sampled_from([5, 100, 3600]))
    def wait(self, seconds: float) -> None:
        """Time passes: what is on its way lands, what lingers goes."""
        self.service.time.sleep(seconds)

    # Other hands. They pick by age.

    @rule(content=contents)
    def appear(self, content: Bag) -> None:
        """Somebody else creates a source."""
        try:
            self.outside.add(self.service.make(**content))
        except Exception as conflict:  # noqa: BLE001 - the service's own
            note(f"not made: {conflict}")

    @rule(pick=picks)
    def vanish(self, pick: int) -> None:
        """Somebody else deletes a source, ours or not."""
        if sources := list(self.service.sources()):
            self.service.delete(sources[pick % len(sources)])

    @rule(pick=picks, globs=st.sampled_from([["*.md", "*.mdx"], ["*.rst"], None]))
    def change(self, pick: int, globs: list[str] | None) -> None:
        """Somebody changes a source on the server, ours or not. Of one that no answer was ever seen of, the
        first refresh can't tell the change from what the service made of it."""
        unread = {entry.id for entry in self.engine.state if "created_at" not in entry.outputs}
        if sources := [key for key in self.service.sources() if key not in unread]:
            self.service.patch_source(sources[pick % len(sources)], github={"include_globs": globs})

    # The trouble is over.

    @rule(seed=seeds)
    def heal(self, seed: int) -> None:
        """After two whole ups with adoption state and service agree, and the preview is empty."""
        self.service.time.sleep(3600)
        self._make_feasible()
        # What a user's own `delete_before_replace=False` left to be deleted stays where a run fails.
        doomed = any(entry.doomed for entry in self.engine.state)
        self.engine.up(self.program, seed=seed, refresh=True, go_on=doomed)
        note(f"first: {self.engine.errors}")
        # What an up deleted may linger for a while.
        self.engine.up(self.program, seed=seed)
        assert self.engine.errors == []
        assert self.engine.preview(self.program) == [] and self.engine.errors == []
        ids = self.engine.ids
        assert ids.keys() == self.program.keys() and len(self.engine.state) == len(ids)
        assert len(set(ids.values())) == len(ids)
        there = self.service.sources()
        for name, source_id in ids.items():
            assert matches(self.program[name], there[source_id])
        self.service.time.sleep(3600)
        self.engine.refresh(seed=seed)
        assert self.engine.errors == [] and self.engine.ids == ids
        assert self.engine.preview(self.program) == []

    def _make_feasible(self) -> None:
        """No two resources of one target, nothing of others in the way, adoption where something is there."""
        targets: set[str] = set()
        for name, content in list(self.program.items()):
            repository = content["github"]["repository"]
            if repository in targets:
                del self.program[name]
            targets.add(repository)
        self.program = {
            name: {**_plain(content), "on_conflict": "adopt"} for name, content in self.program.items()
        }
        # One that went over to another resource, which retained it later, while its own successor could not
        # be created: no call tells it from one that another resource keeps. `pulumi state delete` does.
        there = self.service.sources()
        self.engine.state = [
            entry
            for entry in self.engine.state
            if not (entry.pending and not entry.retained and entry.id in there)
        ]
        # What others made or changed, and stands in the way, they take away.
        stay = {
            entry.id
            for entry in self.engine.state
            if entry.name in self.program and not (entry.pending or entry.retained)
        }
        for source_id, source in self.service.sources().items():
            fits = any(matches(content, source) for content in self.program.values())
            if not fits and source_id not in stay:
                self.service.delete(source_id)
        self.service.time.sleep(3600)

    # What holds at any time.

    @invariant()
    def no_source_of_ours_is_unknown(self) -> None:
        """The state has it, or the user was told its id, or that it may appear."""
        state = {entry.id for entry in self.engine.state}
        for source_id, source in self.service.sources().items():
            if source_id in state or source_id in self.outside or source_id in self.engine.retained:
                continue
            who = next(who for made, who in self.service.made if made == source_id)
            if who in self.engine.excused:
                continue
            told = any(source_id in text for text in self.engine.told)
            repository = source["github"]["repository"].removeprefix("https://github.com/")
            warned = any(inputs["github"]["repository"] == repository for inputs in self.engine.unknown)
            assert told or warned, f"nobody knows of {source_id}"

    def _edit(self, edits: list[tuple[str, Bag, Bag]]) -> None:
        for name, content, way in edits:
            self.program[name] = {**content, **way}

    def _calm(self) -> None:
        note(f"errors: {self.engine.errors}")
        self.service.clear_faults()


def _picked(program: Program, pick: int) -> str:
    return sorted(program)[pick % len(program)] if program else ""


def _plain(content: Bag) -> Bag:
    return {name: value for name, value in content.items() if name not in ("new_first", "retain_on_delete")}


# A game that fails is made short before it is shown, which takes minutes.
@pytest.mark.timeout(900)
@pytest.mark.parametrize("unique", RULES)
def test_whatever_happens_every_source_is_known_to_the_state_or_told(unique: Rule) -> None:
    """Thousands of steps; see the head of this file."""
    play(Game, unique, steps=30, games=45, soak=2000)
