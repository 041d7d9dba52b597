"""Threads that take turns on a time of their own: a race that is found once is found again.

Of the tasks that :meth:`Turns.run` is given, a few are under way, as in the provider's process, and one runs.
Where it waits (each request takes time, so that is before and after each), chance says who goes on; the
chance is a seed's. Locks of the provider that are held while it waits are taken in turns, too.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

from pulumi_chroma_sync.core import session, shared
from pulumi_chroma_sync.kinds.source import arrivals

from .memory import FakeTime

__all__ = ["Killed", "Turns"]

_SLACK = 0.05
"""Seconds by which one that could go on earlier may be overtaken."""


class Killed(BaseException):
    """The process and its threads are no more."""


class _Task:
    def __init__(self, work: Callable[[], None], *, beside: bool = False) -> None:
        self.work = work
        self.beside = beside
        self.gate = threading.Semaphore(0)
        self.wake = 0.0
        self.until: Callable[[], bool] | None = None
        self.ended = False
        self.error: BaseException | None = None


class Turns(FakeTime):
    """Time, and who runs in it.

    Args:
        at_once: calls that the plugin's process works on at the same time; what it does beside them is more.

    Attributes:
        chance: says who goes on; None for whoever came first.
        dead: whether everybody is to end with :class:`Killed`.
    """

    def __init__(self, at_once: int = 8) -> None:
        super().__init__()
        self._at_once = at_once
        self.chance: random.Random | None = None
        self.dead = False
        self._active: list[_Task] = []
        self._back = threading.Semaphore(0)
        self._local = threading.local()

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        """Do all of this, a few at a time; raises what one of them raised."""
        waiting, active = [_Task(work) for work in works], self._active
        errors: list[BaseException] = []
        while waiting or active:
            while waiting and len([task for task in active if not task.beside]) < self._at_once:
                self._begin(waiting.pop(0))
            task = self._next(active)
            self.now = max(self.now, task.wake)
            task.gate.release()
            self._back.acquire()
            if task.ended:
                active.remove(task)
                errors += [task.error] if task.error else []
            if self.dead:
                waiting.clear()
        self.dead = False
        if errors:
            raise errors[0]

    def begin_beside(self, work: Callable[[], None]) -> None:
        """Somebody starts a thread of his own."""
        task = _Task(work, beside=True)
        task.wake = self.now
        self._begin(task)

    def sleep(self, seconds: float) -> None:
        """Wait, while others go on."""
        task = self._mine()
        if task is None:
            self.now += seconds
            return
        task.wake = self.now + seconds
        self._pass(task)

    def wait(self, until: Callable[[], bool]) -> None:
        """Wait for something that another task does."""
        task = self._mine()
        assert task is not None or until(), "nobody is there who could do it"
        if task is not None and not until():
            task.until = until
            self._pass(task)
            task.until = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        """The provider's long-held locks are taken in turns."""
        own: Any = SimpleNamespace(
            Lock=lambda: _Lock(self), Condition=lambda: _Condition(self), Thread=partial(_Thread, self)
        )
        modules: tuple[ModuleType, ...] = (arrivals, session, shared)
        before = [vars(module)["threading"] for module in modules]
        for module in modules:
            vars(module)["threading"] = own
        try:
            yield
        finally:
            for module, true in zip(modules, before, strict=True):
                vars(module)["threading"] = true

    def _mine(self) -> _Task | None:
        return getattr(self._local, "task", None)

    def _begin(self, task: _Task) -> None:
        self._active.append(task)
        threading.Thread(target=self._live, args=(task,), daemon=True).start()

    def _live(self, task: _Task) -> None:
        self._local.task = task
        task.gate.acquire()
        try:
            if not self.dead:
                task.work()
        except BaseException as error:  # noqa: BLE001 - raised by run
            task.error = error
        task.ended = True
        self._back.release()

    def _pass(self, task: _Task) -> None:
        self._back.release()
        task.gate.acquire()
        if self.dead:
            raise Killed

    def _next(self, active: list[_Task]) -> _Task:
        able = [task for task in active if self.dead or task.until is None or task.until()]
        assert able, "each waits for another"
        able.sort(key=lambda task: task.wake)
        if self.chance is None or self.dead:
            return able[0]
        soon = max(self.now, able[0].wake) + _SLACK
        return self.chance.choice([task for task in able if task.wake <= soon])


class _Thread:
    def __init__(self, turns: Turns, target: Callable[[], None], *, daemon: bool) -> None:
        self._turns = turns
        self._target = target
        assert daemon, "a thread that outlives the process holds it up"

    def start(self) -> None:
        self._turns.begin_beside(self._target)


class _Lock:
    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._held = False

    def __enter__(self) -> None:
        while self._held:
            self._turns.wait(lambda: not self._held)
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False


class _Condition(_Lock):
    def __init__(self, turns: Turns) -> None:
        super().__init__(turns)
        self._told = 0

    def wait(self) -> None:
        self._held = False
        told = self._told
        self._turns.wait(lambda: self._told > told and not self._held)
        self._held = True

    def notify_all(self) -> None:
        self._told += 1
