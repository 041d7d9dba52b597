"""What the package costs a program with one kind of resource, beside ``import pulumi``."""

from __future__ import annotations

import statistics
import subprocess
import sys

from .results import Imports

__all__ = ["measure"]

INSIDE = (
    "import time; a = time.perf_counter(); import pulumi; b = time.perf_counter(); "
    "from pulumi_chroma_sync import Source; c = time.perf_counter(); print(c - b, b - a)"
)


def measure(times: int) -> Imports:
    """Medians of so many fresh processes, measured from inside."""
    said = [subprocess.check_output([sys.executable, "-c", INSIDE], text=True).split() for _ in range(times)]
    ours, pulumi = (statistics.median(float(both[place]) * 1000 for both in said) for place in (0, 1))
    return Imports(round(ours, 2), round(pulumi, 2))
