"""What games of hypothesis have in common: the trouble, the ways of a service, and how they are played.

`make test` plays the same games every time. `make soak` plays others, and many more; a game that fails is
printed as a program, with the line that plays it again.
"""

from __future__ import annotations

import os
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, note, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from .fault_cases import Rule
from .memory import Memory
from .plugin import Bag

__all__ = ["FAULTS", "HAZES", "MANNERS", "OPERATIONS", "TroubledGame", "picks", "play", "troubles"]

SOAK = int(os.environ.get("CHROMA_SYNC_SOAK") or 0)
"""How often the games that are new each time are played; 0 for those of `make test`."""

OWN = {"error": "InternalError", "message": "broken"}
HTML = "<html><title>Gateway</title></html>"
FAULTS: list[dict[str, Any]] = [
    {"action": "drop_before"},
    {"action": "drop_after"},
    {"action": "cut_body"},
    {"action": "delay", "delay": 33},
    {"action": "delay", "delay": 100},
    {"action": "delay_after", "delay": 100},
    {"action": "drop_then_commit", "delay": 3},
    {"action": "drop_then_commit", "delay": 100},
    {"action": "respond", "status": 429, "headers": {"retry-after": "0"}},
    {"action": "respond", "status": 500, "body": OWN},
    {"action": "respond", "status": 502, "body": HTML},
    {"action": "respond_after", "status": 502, "body": HTML},
    {"action": "respond", "status": 503, "headers": {"retry-after": "0"}},
    {"action": "respond_after", "status": 504, "body": HTML},
    {"action": "respond_after", "status": 201, "body": {"id": 7, "source_id": None}},
    {"action": "respond", "status": 200, "body": HTML},
    {"action": "respond", "status": 401},
    {"action": "respond", "status": 404, "body": HTML},
]
OWN_AND_DONE: list[dict[str, Any]] = [
    {"action": "respond_after", "status": 500, "body": OWN},
    {"action": "respond_after", "status": 503, "headers": {"retry-after": "0"}},
]
"""The service's own failure, carried out all the same: one that is behind for longer than anybody looks
doesn't show it."""

OPERATIONS = ["create_source"] * 3 + ["list_sources", "get_source", "delete_source"]

MANNERS: list[Bag] = [
    {},
    {},
    {"defaults": "filled"},
    {"normalise": "on"},
    {"defaults": "filled", "normalise": "on"},
]
HAZES: list[Bag] = [
    {},
    {},
    {},
    {"read_lag": 3},
    {"read_lag": 30},
    {"linger": 5},
    {"linger": 86_000},
    {"async_delete": 3},
]

troubles = st.lists(
    st.tuples(
        st.sampled_from(OPERATIONS),
        st.sampled_from(FAULTS + OWN_AND_DONE),
        st.integers(0, 3),
        st.sampled_from([1, 1, 2, 0]),
    ),
    max_size=3,
)
picks = st.integers(0, 99)


class TroubledGame(RuleBasedStateMachine):
    """A game on a service that fails as it is told to.

    Attributes:
        unique: what the service refuses with 409.
        service: the service.
        is_far_behind: whether its reads are behind for longer than anybody looks.
    """

    unique: Rule
    service: Memory
    is_far_behind = False

    def become(self, manner: Bag, haze: Bag) -> None:
        """Let the service be of this manner."""
        note(f"{manner} {haze}")
        self.service.settings(**manner, **haze)
        self.is_far_behind = haze.get("read_lag", 0) > 20

    def strike(self, trouble: list[Any]) -> None:
        """Plan these faults."""
        for operation, plan, skip, times in trouble:
            if plan in OWN_AND_DONE and operation == "create_source" and self.is_far_behind:
                continue
            note(f"{operation}: {plan}")
            self.service.fault(operation, skip=skip, times=times, **plan)


def play(game: type[TroubledGame], rule: Rule, *, steps: int, games: int, soak: int) -> None:
    """Play it; raises what a game shows.

    Args:
        game: what is played.
        rule: what the service refuses with 409.
        steps: of a game, at most.
        games: of `make test`.
        soak: of `make soak`.
    """
    chosen = settings(
        max_examples=soak * SOAK or games,
        stateful_step_count=steps,
        derandomize=not SOAK,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type("Game", (game,), {"unique": rule}), settings=chosen)
