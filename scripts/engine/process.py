"""Runs the long commands: quiet while they work, a line a minute, and what they said if they fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .engine import NoEngineError

__all__ = ["minutes", "run", "say"]


def say(sentence: str) -> None:
    """A line about the engine, to stderr: stdout is for results."""
    print(f"engine     {sentence}", file=sys.stderr, flush=True)


def minutes(seconds: float) -> str:
    """A duration in words, such as ``4 min 5 s``."""
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def run(
    what: str,
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 3600,
    every: float = 60,
) -> str:
    """Run a command to its end and return what it wrote to stdout.

    Args:
        what: the command in words, for the lines that are printed.
        command: program and arguments.
        cwd: folder to run in.
        environment: whole environment; this process's own by default.
        timeout: seconds after which it is ended.
        every: seconds between lines that say it still runs.

    Raises:
        NoEngineError: it can't be started, failed, or took too long; with the end of what it wrote.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            # A session of its own, so that ending it ends its children too.
            child = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as error:
            raise NoEngineError(f"{what}: {error.strerror or error}") from None
        try:
            while True:
                left = timeout - (time.monotonic() - started)
                if left <= 0:
                    raise NoEngineError(f"{what}: not done after {minutes(timeout)}")
                try:
                    code = child.wait(min(every, left))
                    break
                except subprocess.TimeoutExpired:
                    say(f"{what}: {minutes(time.monotonic() - started)} so far")
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        out.seek(0)
        written = out.read().decode(errors="replace")
        if code != 0:
            err.seek(0)
            last = " ".join((err.read().decode(errors="replace") or written).split())[-500:]
            raise NoEngineError(f"{what}: failed with exit code {code}: {last}")
        return written
