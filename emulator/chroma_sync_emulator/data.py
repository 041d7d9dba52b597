"""What ``--sync`` adds to what the handlers do: the real server has the databases and collections then.

Without it each function here changes nothing, and asks nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from . import jobs
from .errors import BadGateway
from .store import Store

if TYPE_CHECKING:
    from .core import Emulator

__all__ = ["collections", "look", "make_collection", "mirror", "over", "reset", "search"]

_FINAL = ("complete", "failed", "cancelled")


async def mirror(emulator: Emulator) -> None:
    """Make the databases there that are here."""
    if emulator.syncing is not None:
        await _ask(emulator.syncing.mirror, await emulator.call(Store.databases))


async def look(emulator: Emulator, tenant: str, database: str, collection: str) -> None:
    """Take notice of whether a collection's ingest is finished there; clients change and delete it, too."""
    if emulator.syncing is not None:
        finished = await _ask(emulator.syncing.is_finished, tenant, database, collection)
        await emulator.call(jobs.note_collection, tenant, database, collection, finished)


async def make_collection(emulator: Emulator, tenant: str, database: str, name: str, finished: bool) -> None:
    """Make a collection there, or say whether its ingest is finished."""
    if emulator.syncing is not None:
        await _ask(emulator.syncing.make_collection, tenant, database, name, finished)


async def collections(emulator: Emulator) -> list[dict[str, Any]] | None:
    """The collections that are there, of all databases; None without ``--sync``."""
    if emulator.syncing is None:
        return None
    overview: list[dict[str, Any]] = await _ask(
        emulator.syncing.overview, await emulator.call(Store.databases)
    )
    return overview


async def search(
    emulator: Emulator, collection: Mapping[str, Any], text: str, limit: int
) -> list[dict[str, Any]]:
    """The chunks of a collection that are nearest to a text."""
    assert emulator.syncing is not None
    place = (collection["tenant"], collection["database"], collection["name"])
    hits: list[dict[str, Any]] = await _ask(emulator.syncing.search, *place, text, limit)
    return hits


async def over(emulator: Emulator, invocation_id: str) -> None:
    """Wait for a run that is said to be complete at once, where it is carried out."""
    if emulator.syncing is None or emulator.settings.invocations != "instant":
        return
    while await emulator.call(jobs.state, invocation_id) not in (*_FINAL, None):
        await asyncio.sleep(0.01)


async def reset(emulator: Emulator) -> None:
    """Back to the start, here and there; waits for the run that is under way."""
    if emulator.syncing is None:
        await emulator.call(Store.reset)
    else:
        await _ask(emulator.reset_all)


async def _ask(work: Any, *arguments: Any) -> Any:
    from .syncing.failures import SyncFailed

    try:
        return await run_in_threadpool(work, *arguments)
    except SyncFailed as failure:
        raise BadGateway(str(failure)) from None
