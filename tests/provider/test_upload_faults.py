"""Each fault at each request of an upload; ``docs/faults.md`` says what becomes of it."""

from __future__ import annotations

import pytest

from .fault_cases import Call
from .fault_table import PAGE
from .upload_faults import CALLS, broken, observe, section

_WRITE = "docs/faults.md is not what the tests see; `make faults` writes it anew"


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_no_fault_makes_a_second_run_or_loses_an_upload_or_a_secret(call: Call) -> None:
    """After each up and the next one there is one run, and the state has it; the page says what happened."""
    outcomes = list(observe(call))
    for outcome in outcomes:
        promises = {name: shown for name, shown in broken(outcome).items() if shown}
        assert not promises, f"{outcome.fault.words}, lasting={outcome.lasting}: {promises} {outcome}"
    assert section(call, outcomes) in PAGE.read_text(), _WRITE
