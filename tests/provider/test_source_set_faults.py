"""Each fault at each request of a set's life; how it is played is in ``set_faults.py``."""

from __future__ import annotations

import pytest

from .fault_cases import Call
from .fault_table import PAGE
from .set_faults import CALLS, EACH, observe, section


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_no_fault_makes_a_duplicate_or_loses_a_source_of_a_set(call: Call) -> None:
    """One source, two or all of them meet it; the page of the documentation says what happened."""
    outcomes = list(observe(call))
    for outcome in outcomes:
        assert not outcome.broken, f"{outcome.fault.words}, {outcome.times} times: {outcome}"
    assert EACH or section(call, outcomes) in PAGE.read_text(), "`make faults` writes docs/faults.md anew"
