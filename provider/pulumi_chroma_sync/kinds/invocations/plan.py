"""Which objects are to be run: what a program declares now, against then, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .model import objects_in
from .record import Runs

__all__ = ["Plan", "plan"]


@dataclass(frozen=True)
class Plan:
    """What an up will do.

    Attributes:
        run: objects of which a run is to be started.
        wait: objects whose run is to be waited for.
        gone: objects that left the program.
        kept: how many stay as they are.
    """

    run: tuple[str, ...]
    wait: tuple[str, ...]
    gone: tuple[str, ...]
    kept: int

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.run or self.wait or self.gone)


def plan(runs: Runs, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Plan:
    """Compare the program with the program, object by object.

    Args:
        runs: as the state has them.
        olds: the inputs of then.
        news: the inputs of now.
    """
    before, now = objects_in(olds), objects_in(news)
    over = {key for key, status in runs.statuses.items() if status in ("failed", "cancelled")}
    again = {
        key for key in now if key not in runs.ids or key in over or _said(before.get(key)) != _said(now[key])
    }
    waits = news.get("wait", True) is not False
    waiting = [key for key in runs.unfinished if key in now and key not in again] if waits else []
    gone = tuple(key for key in {**runs.ids, **runs.failures} if key not in now)
    return Plan(
        tuple(key for key in now if key in again),
        tuple(waiting),
        gone,
        len(now) - len(again) - len(waiting),
    )


def _said(own: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (own or {}).items() if value not in (None, {}, "")}
