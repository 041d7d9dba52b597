"""More than four calls at once.

The SDK serves a provider on a pool of four threads (``max_workers=4`` in ``pulumi.dynamic.__main__`` of SDK
3.272, without a setting), whatever ``--parallel`` allows the engine. Nearly all of a create's time is waiting
for the service, so four threads are what a large stack waits for. Python's own pool starts a thread for each
call that finds none idle, up to a limit that it reads anew each time: raised later, it is as if it had been
made so.

This file leans on two private names, and nothing else does: ``Thread._args``, in which a thread of the pool
has a weak reference to it, and ``ThreadPoolExecutor._max_workers`` (CPython 3.10 to 3.14). Whatever is
otherwise than expected is left as it is.
"""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

__all__ = ["allow_at_once"]


def allow_at_once(calls: int) -> bool:
    """Let the pool that this thread belongs to run so many calls at once, if it runs fewer.

    Args:
        calls: how many; the pool never gets fewer threads than it may have already.

    Returns:
        Whether its limit was raised.
    """
    pool = _pool_of(threading.current_thread())
    if pool is None:
        return False
    limit = vars(pool).get("_max_workers")
    if type(limit) is not int or limit >= calls:
        return False
    pool._max_workers = calls
    # Calls that wait already, as those of a destroy do, have been given up on: the pool starts a thread when
    # something is submitted and none counts as idle, and one that has just finished counts as idle though
    # others wait (CPython 3.10 to 3.13). So threads start now, and the calls that wait are theirs.
    for _ in range(calls - limit):
        pool.submit(_nothing)
    return True


def _nothing() -> None:
    """Work that is done."""


def _pool_of(thread: threading.Thread) -> ThreadPoolExecutor | None:
    """The pool that started this thread; None for a thread of another kind."""
    args = vars(thread).get("_args")
    reference = args[0] if isinstance(args, tuple) and args else None
    pool = reference() if isinstance(reference, weakref.ref) else None
    return pool if isinstance(pool, ThreadPoolExecutor) else None
