"""What all resources of one process share, for one group of settings.

The engine calls a provider on several threads; everything here is safe to share between them.
"""

from __future__ import annotations

import atexit
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.settings import Settings

from .ownership import Ownership

__all__ = ["Session", "close_sessions", "session_for"]

_T = TypeVar("_T")


class Session:
    """One process's view of the service.

    Args:
        settings: what it works with.
        client: the one client of the process; made of the settings where none is given.

    Attributes:
        settings: what it works with.
        client: the one client.
        ownership: which entry of the state holds what.
    """

    def __init__(self, settings: Settings, client: SyncClient | None = None) -> None:
        self.settings = settings
        self.client = client or SyncClient(settings)
        self.clock = self.client.clock
        self.ownership = Ownership()
        self._lock = threading.Lock()
        self._one_at_a_time: defaultdict[object, threading.Lock] = defaultdict(threading.Lock)
        self._parts: dict[object, Any] = {}

    def one_at_a_time(self, key: object) -> threading.Lock:
        """The lock under which objects with this key are made one after the other."""
        with self._lock:
            return self._one_at_a_time[key]

    def beside(self, work: Callable[[], None]) -> None:
        """Do this on a thread of its own, which ends with the process at the latest."""
        threading.Thread(target=work, daemon=True).start()

    def part(self, make: Callable[[Session], _T]) -> _T:
        """What the resources of one kind share in this session; made by the first that asks."""
        with self._lock:
            if make not in self._parts:
                self._parts[make] = make(self)
            part: _T = self._parts[make]
            return part


_sessions: dict[str, Session] = {}
_sessions_lock = threading.Lock()


def session_for(settings: Settings) -> Session:
    """The process's session for these settings, made once."""
    key = settings.model_dump_json(exclude={"api_key"}) + (
        settings.api_key.get_secret_value() if settings.api_key else ""
    )
    with _sessions_lock:
        if key not in _sessions:
            _sessions[key] = Session(settings)
        return _sessions[key]


@atexit.register
def close_sessions() -> None:
    """Forget every session and close its connections: what the end of the process does."""
    with _sessions_lock:
        for session in _sessions.values():
            session.client.close()
        _sessions.clear()
