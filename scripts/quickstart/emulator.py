"""The emulator in the background: found again if it still runs, started on its old port if it doesn't.

The emulator holds a lock on ``.local/emulator.lock`` for as long as it lives: it inherits the open file. So
whether ours runs is never guessed from a process id or a port, which others may have by now.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from . import repository
from .place import LOCAL, ROOT, shown

__all__ = ["Emulator", "EmulatorError", "running", "start", "stop"]

_KEY = "emulator-demo-key"
_DATABASE = "demo"
_STORE = LOCAL / "emulator.sqlite"
_LOG = LOCAL / "emulator.log"
_LOCK = LOCAL / "emulator.lock"
_STARTING = LOCAL / "emulator.starting"
_NOTE = LOCAL / "emulator.json"
_PATIENCE = 30.0
"""Seconds for it to start, and again to stop: generous, since a busy machine is no fault."""


class EmulatorError(Exception):
    """The emulator can't be started or stopped; the message says why in one sentence."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator: its process and where it listens."""

    pid: int
    url: str

    def __str__(self) -> str:
        return f'{self.url}  (key "{_KEY}", database "{_DATABASE}", store {shown(_STORE)})'

    def environment(self) -> dict[str, str]:
        """The environment variables that point a program at it."""
        return {
            "CHROMA_SYNC_URL": self.url,
            "CHROMA_API_URL": self.url,
            "CHROMA_API_KEY": _KEY,
            "CHROMA_DATABASE": _DATABASE,
            "CHROMA_EMBED_URL": f"{self.url}/embed",
        }


def running() -> Emulator | None:
    """Ours, if it runs."""
    if not _is_locked():
        return None
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if (noted := _noted()) is not None:
            return noted
        # Somebody starts it at this moment, and notes it when it listens.
        time.sleep(0.05)
        if not _is_locked():
            return None
    raise EmulatorError(f"an emulator holds {shown(_LOCK)} but does not say where it listens")


def start() -> Emulator:
    """Ours, started if it doesn't run.

    Raises:
        EmulatorError: it ended at once or does not say that it listens; with its last words.
    """
    LOCAL.mkdir(exist_ok=True)
    with _STARTING.open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if (found := running()) is not None:
            return found
        before = _noted()
        _NOTE.unlink(missing_ok=True)
        if before is not None:
            try:
                return _start(before.url.rpartition(":")[2])
            except EmulatorError:
                # Another program has the old port by now.
                pass
        return _start("0")


def stop() -> bool:
    """End ours and wait until it is gone; whether it ran."""
    found = running()
    if found is None:
        return False
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(found.pid, sign)
        except ProcessLookupError:
            break
        deadline = time.monotonic() + _PATIENCE / 3
        while _is_locked() and time.monotonic() < deadline:
            time.sleep(0.05)
        if not _is_locked():
            break
    if _is_locked():
        raise EmulatorError(f"the emulator (process {found.pid}) does not end")
    return True


def _start(port: str) -> Emulator:
    command = [sys.executable, "-m", "chroma_sync_emulator", "--port", port, "--store", str(_STORE)]
    if repository.missing() is None:
        command += ["--sync", "--repo", f"{repository.NAME}={repository.FOLDER}"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHROMA_", "PULUMI_"))}
    with _LOCK.open("w") as lock, _LOG.open("wb") as log:
        # Free but for an instant, while another run looks whether it is held.
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A session of its own: Ctrl-C on `pulumi up` must not end it.
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(lock.fileno(),),
        )
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        said = _LOG.read_text(encoding="utf-8", errors="replace")
        if (line := re.search(r"^chroma_sync_emulator (http://\S+)", said, re.MULTILINE)) is not None:
            emulator = Emulator(child.pid, line[1])
            _write(_NOTE, json.dumps(asdict(emulator)))
            return emulator
        if (code := child.poll()) is not None:
            last = said.strip().splitlines()[-1:] or ["it said nothing"]
            raise EmulatorError(f"the emulator ended with exit code {code}: {last[0]} (see {shown(_LOG)})")
        time.sleep(0.02)
    child.kill()
    raise EmulatorError(f"the emulator did not start within {_PATIENCE:.0f} s (see {shown(_LOG)})")


def _is_locked() -> bool:
    try:
        with _LOCK.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _noted() -> Emulator | None:
    try:
        return Emulator(**json.loads(_NOTE.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _write(path: Path, text: str) -> None:
    """Whole or not at all, for one who reads at the same time."""
    aside = path.with_name(path.name + ".new")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
