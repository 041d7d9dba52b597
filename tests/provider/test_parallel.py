"""More than four calls at once: the pool that the SDK made, and what many threads do to a source."""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from pulumi_chroma_sync import SourceProvider
from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.clock import Clock
from pulumi_chroma_sync.core.parallel import allow_at_once
from pulumi_chroma_sync.errors import ChromaSyncError, SourceExistsError
from pulumi_chroma_sync.settings import Settings

from .calling import configured
from .fault_cases import Rule
from .memory import KEY, URL, Memory
from .plugin import Process
from .service import Service, github

THREADS = 32
PATIENCE = 60.0
"""Seconds after which a test gives up; none passes by waiting for it."""


def at_once(pool: ThreadPoolExecutor, calls: int) -> bool:
    """Whether the pool runs so many calls at once: each ends only when all have begun."""
    together = threading.Barrier(calls)
    waiting = [pool.submit(together.wait, PATIENCE) for _ in range(calls)]
    return sorted(each.result() for each in waiting) == list(range(calls))


def limit_after(act: Callable[[], object], workers: int = 4) -> int:
    """The limit of a pool after something was done on one of its threads."""
    with ThreadPoolExecutor(workers) as pool:
        pool.submit(act).result()
        return pool._max_workers


def test_a_pool_of_four_runs_thirty_two_calls_once_one_of_them_allows_it() -> None:
    """In whichever Python this is; as the SDK's server is, while its other threads are at work."""
    with ThreadPoolExecutor(4) as pool:
        others = threading.Event()
        busy = [pool.submit(others.wait, PATIENCE) for _ in range(3)]
        assert pool.submit(allow_at_once, THREADS + 3).result()
        assert at_once(pool, THREADS)
        others.set()
        assert all(each.result() for each in busy)


def test_calls_that_wait_already_get_threads_as_well() -> None:
    """As in a destroy, whose first calls have come before one of them is served."""
    with ThreadPoolExecutor(4) as pool:
        together = threading.Barrier(16)

        def call() -> int:
            allow_at_once(THREADS)
            return together.wait(PATIENCE)

        assert sorted(each.result() for each in [pool.submit(call) for _ in range(16)]) == [*range(16)]


@pytest.mark.parametrize(("calls", "limit"), [(1, 4), (4, 4), (5, 5), (256, 256)])
def test_a_pool_is_never_made_smaller(calls: int, limit: int) -> None:
    """Its threads are there already, and fewer is for the engine to say."""
    assert limit_after(lambda: allow_at_once(calls)) == limit


def test_a_pool_that_runs_more_already_is_left_alone() -> None:
    """As it would be if the SDK made a larger one."""
    assert limit_after(lambda: allow_at_once(THREADS), workers=64) == 64


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        ({}, 32),
        ({"parallel": "12"}, 12),
        ({"parallel": "4"}, 4),
        ({"parallel": "1"}, 4),
        ({"parallel": "many"}, 4),
    ],
)
def test_the_setting_says_how_many(config: dict[str, str], limit: int) -> None:
    """32 by default; 4 or less is the SDK's own, and so is a setting that can't be read."""
    assert limit_after(lambda: configured(**config)) == limit


class _OtherPool:
    """A pool of another kind, with an attribute of the same name."""

    _max_workers = 4


class _Renamed(ThreadPoolExecutor):
    """Python's own pool after a change of its names."""

    def __init__(self) -> None:
        super().__init__(4)
        self.__dict__["_workers_at_most"] = self.__dict__.pop("_max_workers")


def _dead() -> Any:
    return weakref.ref(_OtherPool())


_OTHERS = [_OtherPool(), _Renamed(), ThreadPoolExecutor(4)]
_OTHERS[2].__dict__["_max_workers"] = None
STRANGE: dict[str, Any] = {
    "no arguments": (),
    "none at all": None,
    "a list": [weakref.ref(_OTHERS[2])],
    "something that is no reference": ("ThreadPoolExecutor", 4),
    "the pool itself": (_OTHERS[2],),
    "a function": (lambda: _OTHERS[2],),
    "a pool that is gone": (_dead(),),
    "a pool of another kind": (weakref.ref(_OTHERS[0]),),
    "a pool with other names": (weakref.ref(_OTHERS[1]),),
    "a pool without a limit": (weakref.ref(_OTHERS[2]),),
}
"""What a thread of a later SDK, or Python, may have been started with."""


@pytest.mark.parametrize("args", STRANGE.values(), ids=STRANGE)
def test_an_sdk_that_changed_is_survived(args: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is raised, nothing is touched, and the provider is configured all the same."""
    before = [dict(vars(other)) for other in _OTHERS]

    def configure() -> SourceProvider:
        monkeypatch.setattr(threading.current_thread(), "_args", args, raising=False)
        assert not allow_at_once(THREADS)
        return configured(database="demo")

    found: list[SourceProvider] = []
    thread = threading.Thread(target=lambda: found.append(configure()))
    thread.start()
    thread.join(PATIENCE)
    settings = found[0]._connection({}).settings
    assert settings is not None and settings.database == "demo"
    assert [dict(vars(other)) for other in _OTHERS] == before


def test_a_thread_without_arguments_is_survived() -> None:
    """The main thread, and one of a Python that keeps them elsewhere."""
    assert not allow_at_once(THREADS)
    found: list[bool] = []

    def without() -> None:
        vars(threading.current_thread()).pop("_args", None)
        found.append(allow_at_once(THREADS))

    # Not Thread.run, which wants to drop the arguments at its end.
    thread = type("Thread", (threading.Thread,), {"run": lambda _self: without()})()
    thread.start()
    thread.join(PATIENCE)
    assert found == [False]


# What many threads do to a source.


def test_many_creates_at_once_make_each_source_once(service: Service) -> None:
    """Over real connections, all open at the same time; some answers are lost, some are cut, some say 429."""
    lost = ["drop_after", "cut_body", "drop_before"]
    for number, action in enumerate(lost * 2):
        service.control.fault("create_source", action, match=f'"acme/r{number}"')
    service.control.fault("create_source", "respond", status=429, headers={"retry-after": "0"}, times=6)
    with service.process(settle=1) as process, ThreadPoolExecutor(THREADS) as threads:

        def create(number: int) -> str | ChromaSyncError:
            try:
                return process.create(process.check(github(f"r{number}")))[0]
            except ChromaSyncError as error:
                return error

        results = list(threads.map(create, range(3 * THREADS)))
    ids = [result for result in results if isinstance(result, str)]
    assert sorted(ids) == sorted(service.sources()), "what is there is in the state, each once"
    # A connection that was dropped before the service did anything: nobody knows that, and it is told.
    assert {number for number, result in enumerate(results) if not isinstance(result, str)} <= {2, 5}


class _Crowded(httpx.BaseTransport):
    """Serves one request in four, whoever asks, and turns the others away."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._numbers = itertools.count(1)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if next(self._numbers) % 4:
            body = {"error": "RateLimited", "message": "not so fast"}
            return httpx.Response(429, json=body, headers={"retry-after": "1"})
        return self._memory.handle_request(request)


def test_many_creates_share_a_small_rate() -> None:
    """Each is turned away far more often than ``retries`` allows, and all are made: their turn comes."""
    memory = Memory()
    # Time that really passes, or one thread would use up its tries before the others have their turn.
    clock = Clock(lambda: time.monotonic() * 50, time.time, lambda seconds: time.sleep(seconds / 50))

    def client(settings: Settings) -> SyncClient:
        return SyncClient(settings, transport=_Crowded(memory), clock=clock)

    with (
        Process(URL, KEY, client=client, deadline=3600) as process,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        make = lambda number: process.create(process.check(github(f"r{number}")))[0]  # noqa: E731
        ids = list(threads.map(make, range(2 * THREADS)))
    assert sorted(ids) == sorted(memory.sources())
    assert "read it back" not in process.text


def test_equal_creates_at_once_never_end_with_one_id(memory: Memory, rule: Rule) -> None:
    """The claims hold: under a rule of equal sources one is made, the others are refused with the reason."""
    with memory.process() as process, ThreadPoolExecutor(THREADS) as threads:
        inputs = process.check(github())

        def create(_number: int) -> str | None:
            try:
                return process.create(inputs)[0]
            except SourceExistsError:
                return None

        ids = [found for found in threads.map(create, range(2 * THREADS)) if found]
    assert len(ids) == len(set(ids)) == (2 * THREADS if rule == "never" else 1)
    assert set(ids) == set(memory.sources())
