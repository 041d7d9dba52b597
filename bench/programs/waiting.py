"""A resource of a dynamic provider that does nothing but wait, once for each call that would be a request.

In a module of its own, so that its provider is pickled as a reference, as ours is.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from typing import Any

from pulumi import dynamic

__all__ = ["Waiting", "WaitingProvider"]

THREADS = 32


class WaitingProvider(dynamic.ResourceProvider):
    """Waits in create, read and delete; a changed property replaces, old first, as in ours."""

    serialize_as_secret_always = False

    def configure(self, _req: dynamic.ConfigureRequest) -> None:
        """Raise the SDK's thread pool, which has 4 threads and no setting, as ours does."""
        # A thread of the pool has a weak reference to the pool as the first argument of what it runs.
        pool = vars(threading.current_thread())["_args"][0]()
        pool._max_workers = THREADS

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Wait."""
        _wait()
        return dynamic.CreateResult(str(uuid.uuid4()), props)

    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """Wait."""
        _wait()
        return dynamic.ReadResult(id_, props)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Wait."""
        _wait()

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Compare, without waiting."""
        replaces = [name for name in _news if name != "__provider" and _olds.get(name) != _news[name]]
        return dynamic.DiffResult(changes=bool(replaces), replaces=replaces, delete_before_replace=True)


class Waiting(dynamic.Resource, module="bench", name="Waiting"):
    """The resource; its properties are those of a source."""

    def __init__(self, name: str, props: dict[str, Any]) -> None:
        super().__init__(WaitingProvider(), name, props)


def _wait() -> None:
    time.sleep(float(os.environ["BENCH_LATENCY"]))
