"""Nothing of the user's own settings, and no session that outlives its test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from chroma_sync_emulator.testing import emulator
from pulumi_chroma_sync.core.session import close_sessions

from .fault_cases import RULES, Rule
from .memory import Memory
from .service import Service


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test is a process of its own, without a Chroma setting or a proxy in its environment."""
    for name in os.environ:
        if name.startswith(("CHROMA_", "SSL_CERT_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    yield
    close_sessions()


@pytest.fixture(params=RULES)
def rule(request: pytest.FixtureRequest) -> Rule:
    """What the service refuses with 409."""
    chosen: Rule = request.param
    return chosen


@pytest.fixture
def service(rule: Rule) -> Iterator[Service]:
    """A service with this rule, and the outside world's hand on it."""
    with emulator(unique=rule) as emu, emu.client() as api:
        yield Service(emu, api)


@pytest.fixture
def memory(rule: Rule) -> Memory:
    """The same in memory, on a time of its own."""
    return Memory(unique=rule)
