"""Each fault at each request of a run's life; how it is played is in ``run_faults.py``."""

from __future__ import annotations

import pytest

from .fault_cases import Call
from .fault_table import PAGE
from .run_faults import CALLS, broken, observe, section


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_no_fault_starts_a_second_run_or_loses_one(call: Call) -> None:
    """After each command every run is known to the state, or the user was told what may be; the next one
    brings it to its end; and the page of the documentation says what happened."""
    outcomes = list(observe(call))
    for outcome in outcomes:
        promises = {name: shown for name, shown in broken(outcome).items() if shown}
        assert not promises, (
            f"{outcome.fault.words}, lasting={outcome.lasting}, {outcome.kind}: {promises} {outcome}"
        )
    assert section(call, outcomes) in PAGE.read_text(), "`make faults` writes docs/faults.md anew"
