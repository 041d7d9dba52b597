"""The engine, played in memory as the real one calls (each of it was tried there), with all that it may skip.

Steps of several resources run at the same time, in turns that chance deals. What the provider does is checked
after each call: by the service's own record of who made and deleted what.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pulumi_chroma_sync.errors import ChromaSyncError, OutcomeUnknownError

from .memory import KEY, Memory
from .plugin import Bag, Process, wire
from .turns import Killed, Turns

__all__ = ["Engine", "Entry", "Program", "matches"]

Program = dict[str, Bag]
"""What a user declares, by the resource's name. ``retain_on_delete`` and ``new_first`` are its options."""


@dataclass(eq=False)
class Entry:
    """A resource in the state.

    Attributes:
        doomed: replaced by one that was created first, and still to be deleted.
        pending: deleted, or retained, for a successor that could not be created.
        tainted: to be replaced, whatever the program says.
    """

    name: str
    id: str
    inputs: Bag
    outputs: Bag
    retained: bool = False
    doomed: bool = False
    pending: bool = False
    tainted: bool = False


def matches(declared: Bag, source: Bag) -> bool:
    """Whether a source of the service is what these inputs declare; what is left out is the service's."""
    ours, theirs = declared["github"], source["github"]
    same = ours["repository"] == theirs["repository"].removeprefix("https://github.com/")
    globs = [sorted(fields.get("include_globs") or ["*"]) for fields in (ours, theirs)]
    same &= globs[0] == globs[1]
    chunking = source.get("chunking") or {}
    return bool(
        same
        and all(
            _text(chunking.get(key)) == _text(value)
            for key, value in (declared.get("chunking") or {}).items()
        )
    )


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) else str(value)


@dataclass
class Engine:
    """A state, and what may be said of the sources outside it.

    Attributes:
        service: the service, on a time in which threads take turns.
        state: the resources.
        told: all that the user has read.
        errors: how the steps of the last command ended that did not end well.
        unknown: inputs of the creates whose outcome the user was told to be unknown.
        retained: ids that the engine forgot, because a resource was to be retained.
        excused: numbers of the calls that were under way in a killed engine; it tells of them itself.
    """

    service: Memory
    state: list[Entry] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    unknown: list[Bag] = field(default_factory=list)
    retained: set[str] = field(default_factory=set)
    excused: set[int] = field(default_factory=set)
    config: Bag = field(default_factory=dict)
    _chance: random.Random = field(default_factory=random.Random)
    _calls: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _under_way: set[int] = field(default_factory=set)
    _removed: dict[str, Entry] = field(default_factory=dict)
    _writes_left: int | None = None
    _began: int = 0
    _staying: list[Entry] = field(default_factory=list)
    _goes_on: bool = False

    # Commands.

    def up(
        self,
        program: Program,
        *,
        seed: int = 0,
        targets: Iterable[str] = (),
        replace: Iterable[str] = (),
        refresh: bool = False,
        go_on: bool = False,
        kill_at: int | None = None,
    ) -> list[Exception]:
        """``pulumi up``; its errors.

        Args:
            program: what is declared.
            seed: of order and turns; 0 for one after the other.
            targets: ``--target``.
            replace: ``--replace``.
            refresh: ``--refresh``.
            go_on: ``--continue-on-error``.
            kill_at: the engine dies at this write of its state, before it is written.
        """
        chosen, forced = set(targets), set(replace)
        self._staying = [
            entry
            for entry in self.state
            if not chosen
            and entry.name not in forced
            and _is_declared(entry, program)
            # Made anew in the same run where a sibling's delete came first; new first, and it may fail so.
            and not program[entry.name].get("new_first")
        ]
        with self._command(seed, kill_at) as process:
            self._goes_on = go_on
            if refresh:
                self._run(partial(self._read, process, entry) for entry in self._readable())
            names = [name for name in self._shuffled(program) if not chosen or name in chosen]
            self._run(partial(self._step, process, name, program[name], name in forced) for name in names)
            if (self.errors and not go_on) or chosen:
                return self.errors
            over = [entry for entry in self.state if entry.doomed or entry.name not in program]
            self._run(partial(self._remove, process, entry) for entry in self._shuffled(over))
        return self.errors

    def refresh(self, *, seed: int = 0) -> list[Exception]:
        """``pulumi refresh``; its errors."""
        with self._command(seed) as process:
            self._run(partial(self._read, process, entry) for entry in self._readable())
        return self.errors

    def destroy(
        self, *, seed: int = 0, targets: Iterable[str] = (), kill_at: int | None = None
    ) -> list[Exception]:
        """``pulumi destroy``; its errors."""
        chosen = set(targets)
        self._staying = []
        with self._command(seed, kill_at) as process:
            over = [entry for entry in self.state if not chosen or entry.name in chosen]
            self._run(partial(self._remove, process, entry) for entry in self._shuffled(over))
        return self.errors

    def preview(self, program: Program) -> list[str]:
        """``pulumi preview``: names of the resources that an up would touch."""
        before = self.service.sources()
        touched = [entry.name for entry in self.state if entry.name not in program or entry.doomed]
        with self._command(0) as process:
            for name, declared in program.items():
                entry = self.entry(name)
                if entry is None or entry.pending or entry.tainted:
                    touched.append(name)
                    self._attempt(partial(process.check, _declared(declared)))
                    continue
                try:
                    inputs = process.check(_declared(declared), entry.inputs)
                    if process.diff(entry.id, entry.outputs, inputs).changes:
                        touched.append(name)
                except (ChromaSyncError, ValueError) as error:
                    self.errors.append(error)
        assert self.service.sources().keys() == before.keys(), "a preview changed something"
        return sorted(touched)

    def entry(self, name: str) -> Entry | None:
        """The live entry of this resource."""
        return next((entry for entry in self.state if entry.name == name and not entry.doomed), None)

    @property
    def ids(self) -> dict[str, str]:
        """Ids by the names of the live entries."""
        return {entry.name: entry.id for entry in self.state if not entry.doomed}

    # The run of a command.

    @contextmanager
    def _command(self, seed: int, kill_at: int | None = None) -> Iterator[Process]:
        self.errors, self._removed, self._under_way, self._goes_on = [], {}, set(), False
        self._writes_left, self._began = kill_at, len(self.service.made)
        self._chance = random.Random(seed)
        turns = self.service.time
        assert isinstance(turns, Turns)
        turns.chance = self._chance if seed else None
        with turns.installed(), self.service.process(**self.config) as process:
            try:
                yield process
            except Killed:
                self.excused |= self._under_way
                self._staying = []  # one that was to be made anew in this run may not have had its turn
            finally:
                self.told.append(process.text)
        assert KEY not in process.text
        self._no_source_of_one_that_stays_was_deleted()

    def _run(self, steps: Iterable[Callable[[], None]]) -> None:
        turns = self.service.time
        assert isinstance(turns, Turns)
        turns.run([partial(self._attempt, step) for step in steps])

    def _attempt(self, step: Callable[[], Any]) -> None:
        # Of a failing run, the steps that have begun are finished; some that have not are left out.
        if self.errors and not self._goes_on and self._chance.random() < 0.3:
            return
        try:
            step()
        except (ChromaSyncError, ValueError) as error:
            self.errors.append(error)

    def _shuffled(self, things: Iterable[Any]) -> list[Any]:
        order = list(things)
        if (turns := self.service.time) and isinstance(turns, Turns) and turns.chance is not None:
            turns.chance.shuffle(order)
        return order

    def _no_source_of_one_that_stays_was_deleted(self) -> None:
        for entry in self._staying:
            remover = self._removed.get(entry.id)
            if entry in self.state and not entry.pending and remover is not None and remover is not entry:
                raise AssertionError(f"{entry.name} stays with {entry.id}, deleted for {remover.name}")

    # Steps.

    def _step(self, process: Process, name: str, declared: Bag, forced: bool) -> None:
        entry, news = self.entry(name), _declared(declared)
        if entry is None:
            self._create(process, name, process.check(news), None)
            return
        if forced or entry.tainted:
            self._replace(process, entry, declared)
            return
        inputs = process.check(news, entry.inputs)
        diff = process.diff(entry.id, entry.outputs, inputs)
        if entry.pending or diff.replaces:
            assert diff.delete_before_replace, "old first, always"
            self._replace(process, entry, declared)
        else:
            if diff.changes:
                entry.outputs = process.update(entry.id, entry.outputs, inputs)
            entry.inputs, entry.retained = inputs, bool(declared.get("retain_on_delete"))

    def _replace(self, process: Process, entry: Entry, declared: Bag) -> None:
        late = self._chance.random() < 0.5
        inputs = {} if late else process.check(_declared(declared))
        new_first = declared.get("new_first") and not entry.pending
        if not entry.pending and not new_first:
            self._delete(process, entry)
            entry.pending = True
        inputs = process.check(_declared(declared)) if late else inputs
        self._create(process, entry.name, inputs, entry)

    def _create(self, process: Process, name: str, inputs: Bag, old: Entry | None) -> None:
        call = next(self._calls)
        self._under_way.add(call)
        held = {entry.id for entry in self.state} | {made for made, _who in self.service.made[self._began :]}
        before = {} if self._is_hazy() else self.service.sources()
        self.service.who.number = call
        try:
            source_id, outputs = process.create(inputs)
        except OutcomeUnknownError as error:
            assert "pulumi-chroma-sync list --database demo" in str(error)
            self.unknown.append(inputs)
            raise
        finally:
            self.service.who.number = None
            made = [source for source, who in self.service.made if who == call]
            assert len(made) <= 1, f"one create made {made}"
        equal = [
            key
            for key in before
            if key not in held
            and key not in process.text  # taken over by another resource in this run
            and matches(inputs, before[key])
            and key in self.service.sources()
        ]
        assert not (made and equal), f"a second one was made beside {equal}, which nobody in the state has"
        told = process.text
        # What others made while reads were behind may pass for ours: its id is told, and that it was found.
        found = self.service.is_behind and f"took source {source_id}" in told
        assert found or made in ([], [source_id]), "the state would know another source than the one created"
        if made != [source_id]:
            assert source_id in told, "taken over without a word"
            if f"took source {source_id}" in told:
                self.unknown.append(inputs)  # its own request may land yet
            assert inputs.get("on_conflict") == "adopt" or any(
                words in told for words in ("took source", "went over from another", "this resource retained")
            ), "an existing source was taken over unasked"
        there = self.service.sources().get(source_id)
        assert there is None or found or matches(inputs, there)
        self._write()
        self._under_way.discard(call)
        new = Entry(name, source_id, inputs, outputs, bool(inputs.get("retain_on_delete")))
        if old is not None and not old.pending and not old.retained:
            old.doomed = True
        elif old is not None:
            self.state.remove(old)
            if old.retained:
                self.retained.add(old.id)
        self.state.append(new)

    def _remove(self, process: Process, entry: Entry) -> None:
        if not entry.pending:
            self._delete(process, entry)
        if entry.retained:
            self.retained.add(entry.id)
        self.state.remove(entry)

    def _delete(self, process: Process, entry: Entry) -> None:
        if entry.retained:
            return
        call = next(self._calls)
        self._under_way.add(call)
        self.service.who.number = call
        try:
            process.delete(entry.id, entry.outputs)
        finally:
            self.service.who.number = None
            gone = [source for source, who in self.service.removed if who == call]
            assert set(gone) <= {entry.id}, "a delete took another source"
            if gone:
                self._removed[entry.id] = entry
        if entry.id in self.service.sources() and not gone:
            assert f"kept source {entry.id}" in process.text, "the state forgets a source that is there"
        self._write()
        self._under_way.discard(call)

    def _readable(self) -> list[Entry]:
        return self._shuffled(entry for entry in self.state if not entry.pending)

    def _read(self, process: Process, entry: Entry) -> None:
        there = entry.id in self.service.sources()
        found, outputs, inputs = process.read(entry.id, entry.outputs)
        if not found:
            assert not there or entry.id not in self.service.sources(), "a refresh dropped one that is there"
            self.state.remove(entry)
            return
        assert found == entry.id
        before, entry.outputs, entry.inputs = entry.inputs, outputs, inputs
        process.diff(entry.id, outputs, before)

    def _is_hazy(self) -> bool:
        """Whether what the service shows is not what there is."""
        return self.service.is_behind

    def _write(self) -> None:
        if self._writes_left is not None:
            self._writes_left -= 1
            if self._writes_left <= 0:
                turns = self.service.time
                assert isinstance(turns, Turns)
                turns.dead = True
                raise Killed


def _declared(declared: Bag) -> Bag:
    """What the constructor passes on: the option ``retain_on_delete``, too, and no other."""
    return {name: value for name, value in declared.items() if name != "new_first"}


def _is_declared(entry: Entry, program: Program) -> bool:
    """Whether the program has this resource as the state has it."""
    declared = program.get(entry.name)
    return (
        declared is not None
        and not (entry.doomed or entry.pending or entry.tainted)
        and all(entry.inputs.get(name) == wire(declared).get(name) for name in ("github", "chunking"))
    )
