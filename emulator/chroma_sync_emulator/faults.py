"""Faults that are asked for: what goes wrong, where, how often."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ACTIONS", "OPERATIONS", "Fault", "FaultPlan", "FaultSpec"]

Action = Literal[
    "respond",
    "respond_after",
    "drop_before",
    "drop_after",
    "delay",
    "delay_after",
    "drop_then_commit",
    "cut_body",
]

ACTIONS: dict[Action, str] = {
    "respond": "answer status, headers and body instead of doing the work",
    "respond_after": "do the work, then answer status, headers and body instead of the true answer",
    "drop_before": "close the connection without an answer and without doing the work",
    "drop_after": "do the work, then close the connection without an answer",
    "delay": "wait, then do the work and answer, also where the client has gone by then",
    "delay_after": "do the work, wait, then answer",
    "drop_then_commit": "close the connection without an answer at once, wait, then do the work",
    "cut_body": "do the work, answer with the true headers and half of the body, then close the connection",
}
"""Every action and what it does."""

Operation = Literal[
    "create_source",
    "list_sources",
    "get_source",
    "delete_source",
    "create_invocation",
    "list_invocations",
    "get_invocation",
    "cancel_invocation",
    "latest_by_keys",
    "add_file",
    "health",
    "get_identity",
    "create_database",
    "list_databases",
    "get_database",
    "delete_database",
    "chroma",
    "*",
]
OPERATIONS: tuple[str, ...] = get_args(Operation)
"""What a fault can happen to."""


class FaultSpec(BaseModel):
    """A fault as it is asked for."""

    model_config = ConfigDict(extra="forbid")

    operation: Operation
    """The operation that it happens to; ``*`` for each."""

    action: Action
    """One of :data:`ACTIONS`."""

    status: Annotated[int, Field(ge=200, le=599)] | None = None
    """Status of ``respond`` and ``respond_after``; 500 where it is left out."""

    body: Any = None
    """Body of the same: JSON, or a string that is sent as it is; where it is left out, an error body."""

    headers: dict[str, str] | None = None
    """Headers of the same."""

    delay: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 0.0
    """Seconds to wait, for the actions that wait."""

    times: Annotated[int, Field(ge=0)] = 1
    """How many requests it happens to; 0 for all, for ever."""

    skip: Annotated[int, Field(ge=0)] = 0
    """How many requests that fit pass before."""

    match: str | None = None
    """Text that path, query and body must contain; an upload's body is not looked at."""


class Fault:
    """A fault in the plan, and how often it met a request.

    Args:
        number: its id.
        spec: what was asked for.
    """

    def __init__(self, number: int, spec: FaultSpec) -> None:
        self.number = number
        self.spec = spec
        self.skipped = 0
        self.hits = 0

    def takes(self, operation: str, text: bytes) -> bool:
        """Whether it happens to this request; counts the request where it fits."""
        spec = self.spec
        if spec.operation not in ("*", operation) or (spec.times and self.hits >= spec.times):
            return False
        if spec.match is not None and spec.match.encode() not in text:
            return False
        if self.skipped < spec.skip:
            self.skipped += 1
            return False
        self.hits += 1
        return True

    def describe(self) -> dict[str, Any]:
        """What was asked for, with ``hits``, and ``remaining`` (null: for ever)."""
        remaining = None if self.spec.times == 0 else self.spec.times - self.hits
        return {"id": self.number, **self.spec.model_dump(), "hits": self.hits, "remaining": remaining}


class FaultPlan:
    """All faults, the oldest first; a request meets the first one that takes it."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._numbers = itertools.count(1)

    def add(self, spec: FaultSpec) -> int:
        """Plan a fault; answers its id."""
        number = next(self._numbers)
        self._faults[number] = Fault(number, spec)
        return number

    def take(self, operation: str, text: bytes) -> Fault | None:
        """The fault that happens to this request, if any."""
        return next((fault for fault in self._faults.values() if fault.takes(operation, text)), None)

    def describe(self) -> list[dict[str, Any]]:
        """Every fault, also those that are used up."""
        return [fault.describe() for fault in self._faults.values()]

    def remove(self, number: int) -> bool:
        """Take one away; whether it was there."""
        return self._faults.pop(number, None) is not None

    def clear(self) -> None:
        """Take all away."""
        self._faults.clear()
