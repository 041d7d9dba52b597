"""What all resources of one process share: for each connection, and for all of them.

The engine calls a provider on several threads; everything here is safe to share between them.
"""

from __future__ import annotations

import atexit
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.settings import Settings

from .expected import Expected
from .ownership import Ownership

__all__ = ["Session", "Sessions", "close_sessions", "session_for"]

_T = TypeVar("_T")


class Session:
    """One process's view of the service.

    Args:
        settings: what it works with.
        client: the one client for these settings; made of them where none is given.
        ownership: who holds what in this process; a new one where none is given.
        expected: what this process is about to make; likewise.

    Attributes:
        settings: what it works with.
        client: the one client.
        ownership: which entry of the state holds what.
        expected: what is about to be made.
    """

    def __init__(
        self,
        settings: Settings,
        client: SyncClient | None = None,
        ownership: Ownership | None = None,
        expected: Expected | None = None,
    ) -> None:
        self.settings = settings
        self.client = client or SyncClient(settings)
        self.clock = self.client.clock
        self.ownership = ownership or Ownership()
        self.expected = expected or Expected()
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


class Sessions:
    """The sessions of one process, each for the settings of one connection. Threads may share it.

    Who holds what, and what is about to be made, is known to all of them: ids are the service's own (UUIDs),
    and two connections may be of one account.

    Args:
        client: makes the client of each.
    """

    def __init__(self, client: Callable[[Settings], SyncClient] = SyncClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._ownership, self._expected = Ownership(), Expected()

    def of(self, settings: Settings, secrets: Iterable[str] = ()) -> Session:
        """The session for these settings, made once.

        Args:
            settings: what it works with.
            secrets: texts that its messages must not have, beside its own API key: those of the others.
        """
        key = settings.model_dump_json(exclude={"api_key"}) + (
            settings.api_key.get_secret_value() if settings.api_key else ""
        )
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = Session(
                    settings, self._client(settings), self._ownership, self._expected
                )
                self._sessions[key].client.hide(secrets)
            return self._sessions[key]

    def close(self) -> None:
        """Forget every session and close its connections."""
        with self._lock:
            for session in self._sessions.values():
                session.client.close()
            self._sessions.clear()
            self._ownership, self._expected = Ownership(), Expected()


_of_this_process = Sessions()


def session_for(settings: Settings, secrets: Iterable[str] = ()) -> Session:
    """The process's session for these settings; see :meth:`Sessions.of`."""
    return _of_this_process.of(settings, secrets)


@atexit.register
def close_sessions() -> None:
    """Forget every session and close its connections: what the end of the process does."""
    _of_this_process.close()
