"""The load test of ``bench/emulator_load.py``, for two seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_64_clients_meet_no_fault_but_those_asked_for() -> None:
    """Every planned fault is seen by a client, and nothing else goes wrong."""
    command = [sys.executable, "-m", "bench.emulator_load", "--clients", "64", "--seconds", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "errors: 0" in done.stdout
    assert "asked for: 0 of" not in done.stdout
