"""The fault matrix: what goes wrong (:data:`FAULTS`), and with which request (:data:`CALLS`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["API_KEY", "AWS_SECRET", "CALLS", "FAULTS", "RULES", "Call", "LOST", "Fault", "Rule"]

Rule = Literal["identity", "content", "never"]
RULES: tuple[Rule, ...] = ("identity", "content", "never")
"""What the service may refuse with 409."""

API_KEY = "ck-this-is-the-key-of-the-fault-matrix"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYMATRIXKEY"

_ECHO = f"got key {API_KEY} and {AWS_SECRET}"
_OWN = {"error": "InternalError", "message": f"something broke; {_ECHO}"}
_HTML = f"<html><head><title>Gateway</title></head><body>{_ECHO}</body></html>"
_WRONG = {"source_id": {"not": "an id"}, "id": 7, "database_name": [_ECHO]}


@dataclass(frozen=True)
class Fault:
    """One kind of fault, as the emulator plays it.

    Attributes:
        words: what it is, for people.
        action: the emulator's name of it.
        plan: the rest of the emulator's plan.
        does: whether the request is carried out all the same, at once or later.
        changing: whether it says anything only of a request that changes something.
        timeout: seconds that the client waits for an answer. Where nothing depends on it, long enough for
            any machine.
        settle: seconds of the settle window. Short only where nothing comes in it.
    """

    words: str
    action: str
    plan: dict[str, Any] = field(default_factory=dict)
    does: bool = False
    changing: bool = False
    timeout: float = 20
    settle: float = 20

    @property
    def waits(self) -> bool:
        """Whether the emulator waits in it."""
        return "delay" in self.plan


def _answered(
    words: str,
    status: int,
    body: Any,
    *,
    does: bool = False,
    changing: bool = False,
    after: str | None = None,
) -> Fault:
    plan = {"status": status, "body": body, "headers": None if after is None else {"retry-after": after}}
    # Where the source can't appear, looking for it is a waste of the test's time.
    settle = 20 if does else 0.2
    return Fault(words, "respond_after" if does else "respond", plan, does, changing, settle=settle)


FAULTS: tuple[Fault, ...] = (
    Fault("answered after the time-out, carried out", "delay_after", {"delay": 4}, True, timeout=2),
    Fault("carried out soon after the time-out", "delay", {"delay": 3}, True, True, timeout=2),
    Fault("carried out long after the time-out", "delay", {"delay": 3.5}, True, True, timeout=2, settle=0.2),
    Fault("connection dropped, not carried out", "drop_before", settle=0.2),
    Fault("connection dropped, carried out", "drop_after", does=True, changing=True),
    Fault("connection dropped, carried out soon after", "drop_then_commit", {"delay": 0.5}, True, True),
    Fault(
        "connection dropped, carried out long after",
        "drop_then_commit",
        {"delay": 2},
        does=True,
        changing=True,
        settle=0.2,
    ),
    _answered("429", 429, _OWN),
    _answered("429, Retry-After: 0", 429, _OWN, after="0"),
    _answered("429, Retry-After: 3600", 429, _OWN, after="3600"),
    _answered("500, not carried out", 500, _OWN),
    _answered("500, carried out", 500, _OWN, does=True, changing=True),
    _answered("502 of a gateway (HTML), not carried out", 502, _HTML),
    _answered("502 of a gateway (HTML), carried out", 502, _HTML, does=True, changing=True),
    _answered("503 of a gateway (HTML), not carried out", 503, _HTML),
    _answered("503, Retry-After: 0, not carried out", 503, _OWN, after="0"),
    _answered("503, Retry-After: 0, carried out", 503, _OWN, after="0", does=True, changing=True),
    _answered("504 of a gateway (HTML), not carried out", 504, _HTML),
    _answered("504 of a gateway (HTML), carried out", 504, _HTML, does=True, changing=True),
    Fault("answer cut in the middle, carried out", "cut_body", does=True),
    _answered("success with a body of wrong types, carried out", 201, _WRONG, does=True),
    _answered("success with an empty body, carried out", 201, "", does=True),
    _answered("success with a page of HTML, not carried out", 200, _HTML),
    _answered("400", 400, _OWN),
    _answered("401", 401, _OWN),
    _answered("403", 403, _OWN),
    _answered("404 of a gateway (HTML)", 404, _HTML),
)

LOST = next(fault for fault in FAULTS if fault.action == "drop_after")
"""How an answer gets lost where that is not the fault in question."""


@dataclass(frozen=True)
class Call:
    """One request of one step of the lifecycle.

    Attributes:
        name: short.
        words: what it is, for people.
        step: the provider's method.
        operation: the emulator's name of the request.
        skip: how many such requests of the step come before.
    """

    name: str
    words: str
    step: Literal["check", "create", "read", "delete"]
    operation: str
    skip: int = 0

    @property
    def changes(self) -> bool:
        """Whether the request changes anything on the service."""
        return self.operation in ("create_source", "delete_source")

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that make sense for it."""
        return tuple(fault for fault in FAULTS if self.changes or not fault.changing)

    def spelled(self, fault: Fault) -> str:
        """The fault's words; what is only read is not carried out."""
        return fault.words if self.changes else fault.words.split(", carried")[0].split(", not")[0]


CALLS: tuple[Call, ...] = (
    Call("check-list", "Preview: is the key right, does the database exist?", "check", "list_sources"),
    Call("create-list", "Create: what is there already?", "create", "list_sources"),
    Call("create-post", "Create: the request that creates", "create", "create_source"),
    Call("create-look", "Create: looking for it after its answer was lost", "create", "list_sources", skip=1),
    Call("create-read", "Create: reading it back", "create", "get_source"),
    Call("read-get", "Refresh: reading one source", "read", "get_source"),
    Call("read-list", "Refresh of many: reading the list", "read", "list_sources"),
    Call("read-gone", "Refresh: a source that is gone, asking for its database", "read", "list_sources"),
    Call("delete", "Delete", "delete", "delete_source"),
)
