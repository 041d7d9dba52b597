"""The engine, played in memory: it calls the real provider and checks after every call what it did.

Runs one after the other; nobody else touches the service during a call, so that what changed in it was the
provider's doing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pulumi_chroma_sync.errors import ChromaSyncError, OutcomeUnknownError, SourceClaimedError

from .plugin import Bag, Process
from .service import Service

__all__ = ["Engine", "Entry", "Killed", "matches"]


class Killed(Exception):
    """The engine died between a request and writing the state."""


@dataclass
class Entry:
    """A resource in the state."""

    id: str
    inputs: Bag
    outputs: Bag


def matches(declared: Bag, source: Bag) -> bool:
    """Whether a source of the service is what these inputs declare; chunking left out is the service's."""
    ours, theirs = declared["github"], source["github"]
    same = ours["repository"] == theirs["repository"]
    same &= sorted(ours.get("include_globs") or []) == sorted(theirs.get("include_globs") or [])
    chunking = source.get("chunking") or {}
    return bool(
        same and all(chunking.get(key) == value for key, value in declared.get("chunking", {}).items())
    )


@dataclass
class Engine:
    """State, and what may be said of the sources outside it.

    Attributes:
        service: the service.
        state: the resources by name.
        doomed: replaced ones that are still to be deleted.
        told: all that the user has read.
        unknown: inputs of the creates whose outcome the user was told to be unknown.
        killed: ids that a killed engine never wrote down; it tells of the pending operation itself.
        errors: how the steps of the last run ended that did not end well.
    """

    service: Service
    state: dict[str, Entry] = field(default_factory=dict)
    doomed: list[Entry] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    unknown: list[Bag] = field(default_factory=list)
    killed: set[str] = field(default_factory=set)
    errors: list[Exception] = field(default_factory=list)
    writes: int = 0
    _mortal: int | None = None

    # Commands.

    def up(self, program: dict[str, Bag], kill_at: int | None = None) -> None:
        """``pulumi up``; the engine dies at its ``kill_at``-th write, before the state is written."""
        self._mortal = kill_at
        with self._run() as process:
            try:
                for name, news in program.items():
                    self._attempt(lambda name=name, news=news: self._step(process, name, news))
                for name in [name for name in self.state if name not in program]:
                    self._attempt(lambda name=name: self._remove(process, name))
                for entry in list(self.doomed):
                    self._attempt(lambda entry=entry: self._bury(process, entry))
            except Killed:
                pass
            self._after(process)

    def refresh(self, *, faulty: bool) -> None:
        """``pulumi refresh``."""
        with self._run() as process:
            for name in list(self.state):
                self._attempt(lambda name=name: self._read(process, name, faulty))
            self._after(process)

    def changes(self, program: dict[str, Bag]) -> list[str]:
        """``pulumi preview``: names of the resources that an up would touch."""
        touched = sorted(self.state.keys() ^ program.keys())
        with self._run() as process:
            for name, news in program.items():
                if (entry := self.state.get(name)) is not None:
                    inputs = process.check(news, entry.inputs)
                    if process.diff(entry.id, entry.outputs, inputs).changes:
                        touched.append(name)
            self._after(process)
        return touched

    def _run(self) -> Process:
        self.errors, self.writes = [], 0
        return self.service.process(retries=1)

    def _attempt(self, step: Any) -> None:
        try:
            step()
        except (ChromaSyncError, ValueError) as error:
            self.errors.append(error)

    def _after(self, process: Process) -> None:
        self.told.append(process.text)
        assert self.service.emu.api_key not in process.text

    # Steps.

    def _step(self, process: Process, name: str, news: Bag) -> None:
        entry = self.state.get(name)
        before = self.service.sources()
        inputs = process.check(news, entry.inputs if entry else None)
        if entry is None:
            self._create(process, name, inputs)
            return
        try:
            diff = process.diff(entry.id, entry.outputs, inputs)
        except SourceClaimedError:
            # The user follows the advice: this resource leaves the state, the source stays.
            del self.state[name]
            raise
        finally:
            assert self.service.sources() == before, "a preview changed something"
        if diff.replaces and diff.delete_before_replace:
            self._remove(process, name)
            self._create(process, name, inputs)
        elif diff.replaces:
            self._create(process, name, inputs)
            self.doomed.append(entry)
        elif diff.changes:
            self.state[name] = Entry(entry.id, inputs, process.update(entry.id, entry.outputs, inputs))

    def _create(self, process: Process, name: str, inputs: Bag) -> None:
        before = self.service.sources()
        heard = len(process.told)
        source_id = ""
        try:
            source_id, outputs = process.create(inputs)
        except OutcomeUnknownError as error:
            assert "pulumi-chroma-sync list --database demo" in str(error)
            self.unknown.append(inputs)
            raise
        finally:
            after = self.service.sources()
            new = [key for key in after if key not in before]
            assert len(new) <= 1, f"a create made {len(new)} sources"
            assert {key: after.get(key) for key in before} == before, "a create touched another source"
        taken = {entry.id for entry in self.state.values()} | {entry.id for entry in self.doomed}
        told = "\n".join(process.told[heard:])
        equal = [key for key, source in before.items() if key not in taken and matches(inputs, source)]
        if new:
            assert new == [source_id], "the state would know another source than the one created"
            assert not equal, "a second source was made beside an equal one that nobody in the state has"
        else:
            assert inputs.get("on_conflict") == "adopt", "an existing source was taken over unasked"
            assert f"adopted source {source_id}" in told, "taken over without a word"
        assert matches(inputs, after[source_id])
        self._write(lambda: self.killed.update(new))
        if source_id in taken:
            # Only by adopting, before the one who has it was looked at in this run; see the diff above, and
            # a resource that is gone from the program leaves the source alone.
            assert not new
        self.state[name] = Entry(source_id, inputs, outputs)

    def _remove(self, process: Process, name: str) -> None:
        self._delete(process, self.state[name])
        del self.state[name]

    def _bury(self, process: Process, entry: Entry) -> None:
        self._delete(process, entry)
        self.doomed.remove(entry)

    def _delete(self, process: Process, entry: Entry) -> None:
        before = self.service.sources()
        gone = False
        try:
            process.delete(entry.id, entry.outputs)
            gone = True
        finally:
            after = self.service.sources()
            assert before.keys() - after.keys() <= {entry.id}, "a delete took another source"
            assert not after.keys() - before.keys() and all(after[key] == before[key] for key in after)
        if gone and entry.id in after:
            assert f"kept source {entry.id}" in process.text, "the state forgets a source that is there"
        self._write(lambda: None)

    def _read(self, process: Process, name: str, faulty: bool) -> None:
        entry = self.state[name]
        before = self.service.sources()
        found, outputs, inputs = process.read(entry.id, entry.outputs)
        assert self.service.sources() == before, "a refresh changed something"
        if not found:
            assert entry.id not in before, "a refresh dropped a source that is there"
            del self.state[name]
            return
        assert found == entry.id and (faulty or entry.id in before)
        self.state[name] = Entry(entry.id, inputs, outputs)

    def _write(self, lose: Any) -> None:
        self.writes += 1
        if self._mortal is not None and self.writes >= self._mortal:
            lose()
            raise Killed
