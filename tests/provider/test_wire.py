"""Each fault once over a real connection, to the emulator: what is shown in memory is so on the wire.

Time is a tenth of the fake one's: long enough for any machine where something depends on it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from chroma_sync_emulator.testing import emulator

from .fault_cases import API_KEY, CALLS, FAULTS, RULES, TIMEOUT, Fault
from .fault_runs import Outcome, observe, play
from .fault_table import broken, words
from .plugin import Process
from .service import Service, github

_SCALE = 0.1
_SECONDS = ("read_lag", "async_delete")
"""Settings of a difficult service that scale with time."""

_AT_ONCE = 16
"""Most of a run's time is waiting."""


@dataclass
class _Wire:
    """A :class:`.fault_runs.Lab` on an emulator."""

    service: Service
    fault_played: Fault

    def process(self, **config: Any) -> Process:
        # What comes soon ends the window; only what comes late, or never, waits for its end.
        soon = self.fault_played.does and "long" not in self.fault_played.words
        settle = TIMEOUT if soon else TIMEOUT * _SCALE
        timeout = TIMEOUT * _SCALE if self.fault_played.plan.get("delay") else TIMEOUT
        return Process(self.service.emu.url, API_KEY, timeout=timeout, settle=settle, retries=1, **config)

    def make(self, **inputs: Any) -> str:
        return self.service.make(**inputs)

    def delete_here(self, source_id: str) -> None:
        self.service.api.delete(f"/api/v1/sources/{source_id}")

    def ids(self) -> list[str]:
        # A list may keep what is gone.
        api = self.service.api
        return [key for key in self.service.sources() if api.get(f"/api/v1/sources/{key}").is_success]

    def fault(self, operation: str, action: str, **plan: Any) -> None:
        delay = plan.pop("delay", 0) * _SCALE
        self.service.control.fault(operation, action, delay=delay, **plan)

    def clear_faults(self) -> None:
        self.service.control.clear_faults()

    def counted(self, operation: str) -> list[bool]:
        return [request["fault"] is not None for request in self.service.control.requests(operation)]

    def clear_requests(self) -> None:
        self.service.control.clear_requests()

    def settings(self, **changes: Any) -> object:
        return self.service.control.settings(
            **{name: value * _SCALE if name in _SECONDS else value for name, value in changes.items()}
        )

    def wait(self, seconds: float) -> None:
        # Nothing is under way but what a fault holds back, or what a difficult service doesn't show yet.
        behind = sum(self.fault_played.service.get(name, 0) for name in _SECONDS) * _SCALE
        time.sleep(seconds * _SCALE / 2 if "delay" in self.fault_played.plan else 0.01 + 2 * behind)


@pytest.mark.parametrize("name", ["create-post", "delete"])
def test_a_fault_on_the_wire_ends_as_it_does_in_memory(name: str) -> None:
    """Every fault once at the two requests that change something: the same words, and no promise broken."""
    call = next(call for call in CALLS if call.name == name)
    expected = {
        outcome.fault.words: words(outcome)
        for outcome in observe(call)
        if (outcome.rule, outcome.manner, outcome.lasting) == ("identity", "plain", False)
    }

    def on_the_wire(fault: Fault) -> Outcome:
        outcome = Outcome(call, fault, False, "identity")
        with emulator(unique="identity", api_key=API_KEY) as emu, emu.client() as api:
            play(_Wire(Service(emu, api), fault), outcome)
        return outcome

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        outcomes = list(threads.map(on_the_wire, sorted(FAULTS, key=lambda fault: "delay" not in fault.plan)))
    for outcome in outcomes:
        same = [expected[outcome.fault.words]]
        if "carried out soon after" in outcome.fault.words or "carried out long after" in outcome.fault.words:
            # On a busy machine the late one may come before the second try, or after it.
            same += ["deleted by a second request", "found gone by a second request"]
        assert words(outcome) in same, outcome
        assert not any(broken(outcome).values()), outcome


@pytest.fixture(params=RULES)
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A real emulator with this rule."""
    with emulator(unique=request.param) as emu, emu.client() as api:
        yield Service(emu, api)


def test_a_life_on_the_wire_is_the_requests_that_it_is_in_memory(service: Service) -> None:
    """Check, create, refresh and delete over one connection, under every rule."""
    with service.process() as process:
        source_id, outputs = process.create(process.check(github()))
        assert list(service.sources()) == [source_id]
        found, outputs, inputs = process.read(source_id, outputs)
        assert found == source_id and inputs["github"] == github()["github"]
        assert not process.diff(source_id, outputs, process.check(github(), inputs)).changes
        process.delete(source_id, outputs)
    assert service.sources() == {}
    asked = service.asked()
    assert sorted(set(asked)) == ["create_source", "delete_source", "get_source", "list_sources"]
    assert asked.count("create_source") == asked.count("delete_source") == 1
