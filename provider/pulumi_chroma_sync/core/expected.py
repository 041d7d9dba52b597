"""What this process is about to make: who needs it may pass a preview that finds nothing there yet."""

from __future__ import annotations

import threading

from pulumi_chroma_sync.settings import Settings

__all__ = ["Expected"]


class Expected:
    """Databases that the program declares and that aren't there yet. Threads may share it.

    One for all connections: who makes a database and who uses it may have keys of their own. So it is the
    service's address that counts, and not the key.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._databases: set[tuple[str, str]] = set()

    def expect_database(self, settings: Settings, name: str) -> None:
        """A resource of this program is about to make it."""
        with self._lock:
            self._databases.add((settings.url, name))

    def is_expected(self, settings: Settings, name: str) -> bool:
        """Whether a resource of this program is about to make this database, or has just made it."""
        with self._lock:
            return (settings.url, name) in self._databases
