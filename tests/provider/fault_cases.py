"""The fault matrix: what goes wrong (:data:`FAULTS`), and with which request (:data:`CALLS`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "API_KEY",
    "AWS_SECRET",
    "CALLS",
    "FAULTS",
    "LOST",
    "RULES",
    "TIMEOUT",
    "Call",
    "Fault",
    "Rule",
    "lines",
]

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
        action: the emulator's name of it; "" where it is a service that is difficult at any request.
        plan: the rest of the emulator's plan.
        does: whether the request is carried out all the same, at once or later.
        changing: whether it says anything only of a request that changes something.
        service: the emulator's settings of a difficult service.
    """

    words: str
    action: str = ""
    plan: dict[str, Any] = field(default_factory=dict)
    does: bool = False
    changing: bool = False
    service: dict[str, Any] = field(default_factory=dict)


TIMEOUT = 20.0
"""Seconds that a request may take, and the length of the settle window; the faults' delays go by it."""


def _answered(
    words: str,
    status: int,
    body: Any,
    *,
    does: bool = False,
    changing: bool = False,
    after: str | None = None,
    service: dict[str, Any] | None = None,
) -> Fault:
    plan = {"status": status, "body": body, "headers": None if after is None else {"retry-after": after}}
    return Fault(words, "respond_after" if does else "respond", plan, does, changing, service or {})


FAULTS: tuple[Fault, ...] = (
    Fault("answered after the time-out, carried out", "delay_after", {"delay": 40}, True),
    Fault("carried out soon after the time-out", "delay", {"delay": 30}, True, True),
    Fault("carried out long after the time-out", "delay", {"delay": 60}, True, True),
    Fault("connection dropped, not carried out", "drop_before"),
    Fault("connection dropped, carried out", "drop_after", does=True, changing=True),
    Fault("connection dropped, carried out soon after", "drop_then_commit", {"delay": 5}, True, True),
    Fault("connection dropped, carried out long after", "drop_then_commit", {"delay": 40}, True, True),
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
    Fault("*service*: reads are 3 s behind what is written", service={"read_lag": 3}),
    Fault(
        "connection dropped, carried out, and reads are 3 s behind",
        "drop_after",
        does=True,
        changing=True,
        service={"read_lag": 3},
    ),
    _answered(
        "500, carried out, and reads are 3 s behind",
        500,
        _OWN,
        does=True,
        changing=True,
        service={"read_lag": 3},
    ),
    _answered(
        "503, Retry-After: 0, carried out, and reads are 3 s behind",
        503,
        _OWN,
        after="0",
        does=True,
        changing=True,
        service={"read_lag": 3},
    ),
    Fault("*service*: a page holds 2 sources, whatever is asked for", service={"page_cap": 2}),
    Fault("*service*: the list keeps what was deleted", service={"linger": 86_000}),
    Fault("*service*: a delete takes 3 s (202)", service={"async_delete": 3}),
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
    step: Literal["check", "create", "update", "read", "delete"]
    operation: str
    skip: int = 0

    @property
    def changes(self) -> bool:
        """Whether the request changes anything on the service."""
        return self.operation.startswith(("create_", "delete_", "cancel_", "add_"))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that make sense for it."""
        return tuple(fault for fault in FAULTS if self.changes or not fault.changing)

    def spelled(self, fault: Fault) -> str:
        """The fault's words; what is only read is not carried out."""
        return fault.words if self.changes else fault.words.split(", carried")[0].split(", not")[0]


def lines(call: Call, faults: Sequence[Fault], cell: Callable[[Fault, bool], str]) -> list[str]:
    """The table of one request; faults of which the same is so share a line.

    Args:
        call: the request.
        faults: that were played on it.
        cell: what became of it, once or lasting.
    """
    rows: dict[tuple[str, str], list[str]] = {}
    for fault in faults:
        once, each = cell(fault, False), cell(fault, True)
        rows.setdefault((once, "the same" if each == once else each), []).append(call.spelled(fault))
    return [
        f"## {call.words}",
        "",
        "| fault | on the first request | on each |",
        "|---|---|---|",
        *(f"| {'<br>'.join(words)} | {once} | {each} |" for (once, each), words in rows.items()),
        "",
    ]


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
