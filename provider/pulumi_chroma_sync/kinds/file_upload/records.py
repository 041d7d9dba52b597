"""What an upload that was ended by force leaves behind, for the next one of the very same.

Nothing that the service says of a run tells of which file it is, so a process that is killed between its
request and the engine's writing of the state would leave nothing to find the run by. Therefore a small file
in the user's own folder notes, for as long as an upload is under way, which runs there were before and which
one came of it. The name of the file is a hash of what is uploaded where; neither a name nor a content is in
it. Whoever works on an upload holds a lock on its file, which ends with the process.

Where no such file can be written, uploads work without.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["Claim", "Left", "claim", "folder"]

_KEPT = 7 * 24 * 3600.0
"""Seconds after which nobody asks for what was left behind any more."""


@dataclass(frozen=True)
class Left:
    """What was known of an upload.

    Attributes:
        began: when its request became whole, in seconds since the epoch, by this machine's clock.
        before: ids of the newest runs of uploads that there were then.
        run_id: the run that came of it; None where no answer had come.
    """

    began: float
    before: tuple[str, ...]
    run_id: str | None = None


def folder() -> Path:
    """Where the files are.

    Raises:
        RuntimeError: the user has no folder of their own.
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "pulumi-chroma-sync" / "uploads"


def claim(what: Sequence[str]) -> Claim:
    """Begin an upload.

    Args:
        what: all that makes it the very same as another one.
    """
    name = hashlib.sha256(json.dumps(list(what)).encode()).hexdigest()
    try:
        path = folder() / f"{name}.json"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _tidy_up(path.parent)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    except (OSError, RuntimeError):
        return Claim(None, None)
    if not _locked(file):
        file.close()  # another process is at it: what is noted there is not left behind
        return Claim(None, None)
    return Claim(path, file)


class Claim:
    """An upload that is under way.

    Args:
        path: of its file; None where nothing can be noted.
        file: the same, opened.

    Attributes:
        left: what a process left behind that was ended by force; None where there is nothing.
    """

    def __init__(self, path: Path | None, file: BinaryIO | None) -> None:
        self._path, self._file = path, file
        self.left = _read(file)

    def note(self, left: Left) -> None:
        """Note what is known now; what was left behind is overwritten."""
        self.left = None
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.seek(0)
                self._file.truncate()
                self._file.write(json.dumps(asdict(left)).encode())

    def close(self, *, forget: bool) -> None:
        """The upload is no longer under way.

        Args:
            forget: whether nothing needs to be known of it any more.
        """
        file, self._file = self._file, None
        if file is None or self._path is None:
            return
        with contextlib.suppress(OSError):
            if forget:
                self._path.unlink(missing_ok=True)
            file.close()


def _locked(file: BinaryIO) -> bool:
    """Whether the lock could be had; without locks on this system, as if it could."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read(file: BinaryIO | None) -> Left | None:
    if file is None:
        return None
    try:
        found = json.loads(file.read())
        return Left(
            float(found["began"]),
            tuple(map(str, found["before"])),
            None if found["run_id"] is None else str(found["run_id"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it was just made, or written in part


def _tidy_up(where: Path) -> None:
    with contextlib.suppress(OSError):
        for path in where.glob("*.json"):
            if path.stat().st_mtime < time.time() - _KEPT:
                path.unlink(missing_ok=True)
