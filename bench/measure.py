"""Carries out one cell of the plan, and makes sure that the contender did what it is measured for."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path

from .contenders import CONTENDERS, OPERATIONS, Operation
from .plan import Cell
from .results import Measured, Operated
from .service import Service
from .tree import CommandFailedError, run

__all__ = ["measure"]


def measure(cell: Cell, service: Service) -> Measured:
    """The five operations in a folder of their own; an error ends them, and is told in the result."""
    measured = Measured(
        cell.contender, cell.count, cell.latency, cell.round, load=round(os.getloadavg()[0], 2)
    )
    service.begin(cell.latency / 1000)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        contender = CONTENDERS[cell.contender](Path(folder), service.environment, cell.latency / 1000)
        contender.declare(cell.count, changed=False)
        contender.prepare()
        try:
            for operation in OPERATIONS:
                if operation == "change":
                    contender.declare(cell.count, changed=True)
                used = run(contender.command(operation), contender.folder, contender.environment)
                requests, succeeded = service.seen()
                if contender.sends:
                    _check(operation, cell.count, succeeded)
                measured.operations[operation] = Operated(
                    round(used.seconds, 3), round(used.cpu_seconds, 3), used.peak_bytes, dict(requests)
                )
                if operation == "up":
                    measured.state_bytes = contender.state().stat().st_size
        except CommandFailedError as error:
            measured.error = f"{operation}: {error}"
    return measured


def _check(operation: Operation, count: int, succeeded: Counter[str]) -> None:
    """A contender that is fast because it does nothing is not measured.

    Raises:
        CommandFailedError: not what the operation means.
    """
    wanted = {"up": (count, 0), "change": (1, 1), "destroy": (0, count)}.get(operation, (0, 0))
    found = (succeeded["create_source"], succeeded["delete_source"])
    if found != wanted:
        raise CommandFailedError(
            f"{found[0]} created and {found[1]} deleted instead of {wanted[0]} and {wanted[1]}"
        )
