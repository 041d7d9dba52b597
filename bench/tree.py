"""Runs a command, and measures it with all the processes that it starts."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["CommandFailedError", "Usage", "run"]

EVERY = 0.1
"""Seconds between two looks at the tree. More often would take a noticeable part of a small machine."""


class CommandFailedError(Exception):
    """A command ended with another code than 0; the message has the end of what it wrote."""


@dataclass(frozen=True)
class Usage:
    """What a command took.

    Attributes:
        seconds: by the clock on the wall.
        cpu_seconds: of the whole tree, user and system.
        peak_bytes: the most memory that the tree had at one look. Resident sets are added up, so pages that
            processes share count more than once.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Usage:
    """Run it to its end.

    Raises:
        CommandFailedError: its exit code is not 0.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            with _Watch(process.pid) as watch:
                _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            _end(process.pid)
            raise
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
            raise CommandFailedError(
                f"{Path(command[0]).name} ended with {process.returncode}: {said[-2000:]}"
            )
    # The kernel counts what was waited for, to the microsecond; a child that nobody waited for is only known
    # from the last look at it.
    return Usage(seconds, max(used.ru_utime + used.ru_stime, watch.cpu_seconds), watch.peak_bytes)


def _end(pid: int) -> None:
    """End a process with all that it started, so that an interrupted benchmark leaves nothing that runs."""
    try:
        root = psutil.Process(pid)
        for process in [*root.children(recursive=True), root]:
            process.kill()
    except psutil.NoSuchProcess:
        return


class _Watch:
    """Looks at a process and its descendants every now and then, in a thread."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._root = psutil.Process(pid)
        self._cpu: dict[tuple[int, float], float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    @property
    def cpu_seconds(self) -> float:
        """The sum of what each process had used when it was last seen."""
        return sum(self._cpu.values())

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._ended.wait(EVERY):
            try:
                tree = [self._root, *self._root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            self.peak_bytes = max(self.peak_bytes, sum(self._resident(process) for process in tree))

    def _resident(self, process: psutil.Process) -> int:
        try:
            with process.oneshot():
                times = process.cpu_times()
                self._cpu[process.pid, process.create_time()] = times.user + times.system
                return int(process.memory_info().rss)
        except psutil.NoSuchProcess:
            return 0
