"""Each fault at each request that check, create, read and delete make, under each rule and in each manner.

How it is played is in ``fault_cases.py`` and ``fault_runs.py``; what it shows is ``docs/faults.md``.
"""

from __future__ import annotations

import pytest

from .fault_cases import CALLS, FAULTS, Call
from .fault_runs import observe
from .fault_table import HEAD, PAGE, broken, section
from .run_faults import CALLS as RUN_CALLS
from .set_faults import CALLS as SET_CALLS
from .upload_faults import CALLS as UPLOAD_CALLS

_PAGE = PAGE.read_text()
_WRITE = "docs/faults.md is not what the tests see; `make faults` writes it anew"


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_no_fault_makes_a_duplicate_or_loses_a_source_or_a_secret(call: Call) -> None:
    """After each run every source is known to the state, or the user was told how to find it; and the page
    of the documentation says what happened."""
    outcomes = list(observe(call))
    for outcome in outcomes:
        promises = {name: shown for name, shown in broken(outcome).items() if shown}
        assert not promises, (
            f"{outcome.fault.words}, lasting={outcome.lasting}, {outcome.rule}, {outcome.manner}: {outcome}"
        )
    assert section(call, outcomes) in _PAGE, _WRITE


def test_the_page_has_every_call_and_nothing_else() -> None:
    """A call that is taken out of the matrix doesn't stay on the page."""
    assert _PAGE.startswith(HEAD), _WRITE
    headings = [line.removeprefix("## ") for line in _PAGE.splitlines() if line.startswith("## ")]
    assert headings == [call.words for call in (*CALLS, *SET_CALLS, *RUN_CALLS, *UPLOAD_CALLS)], _WRITE


def test_every_fault_is_met_by_what_changes_something() -> None:
    """A fault that is planned and never happens would prove nothing."""
    assert all(call.faults == FAULTS for call in CALLS if call.changes)
    assert len({fault.words for fault in FAULTS}) == len(FAULTS)
