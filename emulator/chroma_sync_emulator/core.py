"""The emulator's parts in one object, and the one thread that its store lives in."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from starlette.requests import HTTPConnection

from . import jobs, lifetimes, work
from .errors import Unauthorized
from .faults import FaultPlan
from .names import checked_name
from .settings import DEFAULT_DATABASE, DEMO_KEY, Settings
from .store import Key, Store
from .traffic import Traffic

if TYPE_CHECKING:
    from .syncing.service import Syncing
    from .syncing.worker import Worker

__all__ = ["Emulator", "emulator_of"]

_Params = ParamSpec("_Params")
_Result = TypeVar("_Result")


class Emulator:
    """Everything that the handlers share.

    Usage::

        emulator = Emulator(":memory:")
        source = await emulator.call(sources.get, key, source_id)

    Args:
        store: a file, made where there is none, or ``:memory:``.
        api_keys: keys of the default tenant.
        databases: databases of the default tenant.
        scopes: API key -> the one database that it is good for.
        settings: how it behaves at first.
        syncing: what carries out runs; None where they only change their state.

    Raises:
        ValueError: a database can't be called that.
    """

    def __init__(
        self,
        store: str = ":memory:",
        *,
        api_keys: Sequence[str] = (DEMO_KEY,),
        databases: Sequence[str] = (DEFAULT_DATABASE,),
        scopes: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        syncing: Syncing | None = None,
    ) -> None:
        for database in (*databases, *(scopes or {}).values()):
            try:
                checked_name(database)
            except ValueError as error:
                raise ValueError(f'database "{database}": {error}') from None
        self.settings = settings or Settings()
        self.faults = FaultPlan()
        self.traffic = Traffic()
        self.uploads: Counter[str] = Counter()
        self.syncing = syncing
        self._worker: Worker | None = None
        # One thread: SQLite has one writer anyway, and a queue needs no lock that could time out.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chroma-sync-emulator-store")
        try:
            make = partial(Store, store, syncing=syncing is not None)
            self._store = self._thread.submit(make).result()
            self._thread.submit(self._store.give, api_keys, databases, scopes).result()
            self._keys = self._thread.submit(self._store.keys).result()
            self._begin_work(syncing)
        except BaseException:
            self._thread.shutdown()
            raise

    async def call(
        self,
        work: Callable[Concatenate[Store, _Params], _Result],
        *args: _Params.args,
        **kwargs: _Params.kwargs,
    ) -> _Result:
        """Do a piece of work on the store, in its thread; it is finished even if the caller is cancelled.

        What time has done until then is done first.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._thread, self._settled, partial(work, self._store, *args, **kwargs)
            )
        finally:
            if self._worker is not None:
                self._worker.wake()

    def do(
        self,
        work: Callable[Concatenate[Store, _Params], _Result],
        *args: _Params.args,
        **kwargs: _Params.kwargs,
    ) -> _Result:
        """The same from a thread that has no event loop."""
        return self._thread.submit(self._settled, partial(work, self._store, *args, **kwargs)).result()

    def _settled(self, work: Callable[[], _Result]) -> _Result:
        jobs.settle(self._store)
        lifetimes.settle(self._store, self.settings)
        return work()

    async def reload_keys(self) -> None:
        """Take notice of changed API keys."""
        self._keys = await self.call(Store.keys)

    def key_of(self, connection: HTTPConnection) -> Key | None:
        """Whom a request's ``x-chroma-token`` belongs to, or None."""
        token = connection.headers.get("x-chroma-token")
        return self._keys.get(self._store.digest(token)) if token else None

    def authenticate(self, connection: HTTPConnection) -> Key:
        """The same; raises :class:`.errors.Unauthorized` where it is nobody."""
        key = self.key_of(connection)
        if key is None:
            given = "is not known" if connection.headers.get("x-chroma-token") else "is missing"
            raise Unauthorized(f"the API key in the header x-chroma-token {given}")
        return key

    def close(self) -> None:
        """Close the store, after the work that waits for it."""
        if self._worker is not None:
            self._worker.stop()
        self._thread.submit(self._store.close)
        self._thread.shutdown()

    def _begin_work(self, syncing: Syncing | None) -> None:
        if syncing is None:
            self.do(work.forget)
            return
        # Loaded where it is needed: it takes longer than all the rest of the emulator.
        from .syncing.worker import Worker

        def finish(run: dict[str, Any], error: str | None, report: str) -> None:
            self.do(work.finish, run["id"], error=error, report=report)

        syncing.mirror(self.do(Store.databases))
        syncing.tidy(self.do(work.uploads))
        self._worker = Worker(
            take=partial(self.do, work.next_run),
            wait=partial(self.do, work.next_due),
            carry_out=syncing.carry_out,
            finish=finish,
        )
        self._worker.start()

    def reset_all(self) -> None:
        """Take away what :meth:`.store.Store.reset` does, on the Chroma server too; between two runs."""
        assert self.syncing is not None and self._worker is not None
        with self._worker.between_runs():
            made, before = self.do(jobs.collections), self.do(Store.databases)
            if self.syncing.own:
                # Clients make some by themselves, too.
                made = self.syncing.overview(before)
            self.do(Store.reset)
            self.syncing.tidy([])
            kept = self.do(Store.databases)
            self.syncing.take_away(made, [database for database in before if database not in kept])
            self.syncing.mirror(kept)


def emulator_of(connection: HTTPConnection) -> Emulator:
    """The emulator that a request is made to."""
    emulator: Emulator = connection.app.state.emulator
    return emulator
