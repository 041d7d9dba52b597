"""Games on one set: programs change, services fail, runs are killed, others create and delete.

Whatever happens: no source of ours is unknown to the state without the user having been told its key, none
is made twice, none is deleted that the set didn't have; and once the trouble is over, a refresh and two ups
bring state and service together. ``make soak`` plays longer.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import note
from hypothesis.stateful import initialize, invariant, rule

from pulumi_chroma_sync.errors import ChromaSyncError

from .fault_cases import RULES, Rule
from .games import HAZES, MANNERS, OPERATIONS, TroubledGame, picks, play, troubles
from .memory import Memory
from .model_engine import matches
from .plugin import Bag
from .sets import Stack

keys = st.sampled_from(["a", "b", "c", "d", "e"])
contents = st.builds(
    lambda name, more: {"github": {"repository": f"acme/{name}", **more.get("github", {})}, **more["all"]},
    st.sampled_from("vwxyz"),
    st.sampled_from(
        [
            {"all": {}},
            {"all": {}},
            {"all": {}, "github": {"include_globs": ["*.md", "*.mdx"]}},
            {"all": {"chunking": {"type": "lines", "max_lines": 7}}},
        ]
    ),
)
edits = st.lists(st.tuples(keys, contents), max_size=4)


class Killed(BaseException):
    """The process is no more."""


class Game(TroubledGame):
    """One set, its user and its service."""

    def __init__(self) -> None:
        super().__init__()
        self.service = Memory(unique=self.unique)
        self.stack = Stack(self.service, config={"retries": 1, "parallel": 1})
        self.sources: dict[str, Bag] = {}
        self.conflict = "error"
        self.outside: set[str] = set()
        self.excused: set[str] = set()
        self.warned: set[str] = set()

    @initialize(manner=st.sampled_from(MANNERS), haze=st.sampled_from(HAZES))
    def begin(self, manner: Bag, haze: Bag) -> None:
        """A service of this manner."""
        self.become(manner, haze)

    # Commands.

    @rule(edits=edits, trouble=troubles, conflict=st.sampled_from(["error", "adopt"]))
    def up(self, edits: list[tuple[str, Bag]], trouble: Any, conflict: str) -> None:
        """Keys added and changed, then an up under faults."""
        self.sources.update(edits)
        self.conflict = conflict
        self.strike(trouble)
        self._up()
        self.service.clear_faults()

    @rule(edits=edits, count=st.integers(1, 5), after=st.booleans(), operation=st.sampled_from(OPERATIONS))
    def up_that_is_killed(
        self, edits: list[tuple[str, Bag]], count: int, after: bool, operation: str
    ) -> None:
        """The process dies in the middle, and nothing reaches the state."""
        self.sources.update(edits)

        def die() -> None:
            raise Killed

        before = {made for made, _ in self.service.made}
        self.service.meanwhile(operation, die, count, after=after)
        try:
            self._up()
        except Killed:
            note("killed")
            self.excused |= {made for made, _ in self.service.made} - before
        self.service._hooks.clear()

    @rule(trouble=troubles)
    def refresh(self, trouble: Any) -> None:
        """Under faults."""
        self.strike(trouble)
        self._command(self.stack.refresh)
        self.service.clear_faults()

    @rule(trouble=troubles)
    def destroy(self, trouble: Any) -> None:
        """Under faults."""
        if self.stack.id:
            self.strike(trouble)
            self._command(self.stack.destroy)
            self.service.clear_faults()

    @rule(pick=picks)
    def remove(self, pick: int) -> None:
        """Take a key out."""
        if self.sources:
            del self.sources[sorted(self.sources)[pick % len(self.sources)]]

    @rule(by=st.integers(1, 3))
    def shift(self, by: int) -> None:
        """Each key has what another had."""
        order = sorted(self.sources)
        self.sources = {
            order[(number + by) % len(order)]: self.sources[key] for number, key in enumerate(order)
        }

    @rule(seconds=st.sampled_from([5, 100, 3600]))
    def wait(self, seconds: float) -> None:
        """What is on its way lands."""
        self.service.time.sleep(seconds)

    # Other hands.

    @rule(content=contents)
    def appear(self, content: Bag) -> None:
        """Somebody else creates a source."""
        try:
            self.outside.add(self.service.make(database_name="demo", **content))
        except Exception as conflict:  # noqa: BLE001 - the service's own
            note(f"not made: {conflict}")

    @rule(pick=picks)
    def vanish(self, pick: int) -> None:
        """Somebody else deletes a source, ours or not."""
        if sources := list(self.service.sources()):
            self.service.delete(sources[pick % len(sources)])

    # The trouble is over.

    @rule()
    def heal(self) -> None:
        """A refresh and two ups with adoption: state and service agree, and nothing is left to do."""
        self.service.time.sleep(3600)
        targets: set[str] = set()
        for key, content in list(self.sources.items()):
            if _target(content) in targets:
                del self.sources[key]
            targets.add(_target(content))
        self.conflict = "adopt"
        if self.stack.id:
            self.stack.refresh()
        held = set(self.stack.ids.values())
        for source_id, source in self.service.sources().items():
            if source_id not in held and not any(matches(one, source) for one in self.sources.values()):
                self.service.delete(source_id)  # of others, and in the way
        self.service.time.sleep(3600)
        self._up()
        self._up()
        assert self.stack.failures == {}, self.stack.failures
        assert not self.stack.preview(self._program())
        there, ids = self.service.sources(), self.stack.ids
        assert ids.keys() == self.sources.keys() and len(set(ids.values())) == len(ids)
        for key, source_id in ids.items():
            assert matches(self.sources[key], there[source_id])

    @invariant()
    def no_source_of_ours_is_unknown(self) -> None:
        """The state has it, or the user was told that it may appear."""
        deleted = {source for source, _ in self.service.removed}  # and will be gone
        known = {*self.stack.ids.values(), *deleted, *self.outside, *self.excused}
        for source_id, source in self.service.sources().items():
            assert source_id in known or _target(source) in self.warned, f"nobody knows of {source_id}"

    def _up(self) -> None:
        self.service.who.number = len(self.service.seen)  # whose request it is, also where it lands later
        removed = len(self.service.removed)
        held = set(self.stack.ids.values())
        self._command(lambda: self.stack.up(self._program()))
        for key, reason in self.stack.failures.items():
            if "may still appear" in reason and key in self.sources:
                self.warned.add(_target(self.sources[key]))
        kept = {one for key, one in self.stack.ids.items() if key not in self.stack.failures}
        there = self.service.sources()
        ours = [one for one, who in self.service.made if who == self.service.who.number]
        new = Counter(_target(there[one]) for one in ours if one in there)
        declared = Counter(map(_target, self.sources.values()))
        assert all(count <= declared[target] for target, count in new.items()), f"made twice: {new}"
        gone = {source for source, _ in self.service.removed[removed:]}
        assert gone <= held, "the set deleted what it didn't have"
        assert not gone & kept, "the set keeps what it deleted, without a word"

    def _command(self, act: Any) -> None:
        try:
            act()
        except (ChromaSyncError, ValueError) as error:
            note(str(error))

    def _program(self) -> Bag:
        sources = {key: dict(content) for key, content in self.sources.items()}
        return {"name": "docs", "database_name": "demo", "sources": sources, "on_conflict": self.conflict}


def _target(source: Bag) -> str:
    """The repository, of a declaration or of a source on the service."""
    repository: str = source["github"]["repository"]
    return repository.removeprefix("https://github.com/")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("unique", RULES)
def test_whatever_happens_every_source_of_a_set_is_known_or_told(unique: Rule) -> None:
    """See the head of this file."""
    play(Game, unique, steps=25, games=40, soak=1000)
