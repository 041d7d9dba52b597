"""Why a run fails."""

from __future__ import annotations

__all__ = ["SyncFailed", "SyncStopped"]


class SyncFailed(RuntimeError):
    """A run can't go on.

    Args:
        message: one sentence, which becomes the run's ``error``.
    """


class SyncStopped(Exception):
    """A run was stopped on its way, to be begun anew by the next emulator on the same store."""
