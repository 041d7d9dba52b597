"""The machine that the benchmark runs on, and the versions of what takes part."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path

import psutil

from .contenders import Contender
from .results import Machine

__all__ = ["look"]


def look(contenders: Iterable[type[Contender]]) -> Machine:
    """This machine, as it is now."""
    versions = {"Python": platform.python_version()}
    for contender in contenders:
        versions |= contender.versions()
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        load=round(os.getloadavg()[0], 2),
        versions=versions,
    )


def _processor() -> str:
    """Linux says it in a file; elsewhere Python knows as much as can be known."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or "unknown"
