"""``python -m bench.programs.bare up|preview|refresh|destroy CONNECTIONS``, in a folder with the sources."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

STATE = Path("state.json")
PATH = "/api/v1/sources"

State = dict[str, dict[str, Any]]
"""Name -> the source's id, and what was sent."""


def main() -> None:
    """Carry out one operation."""
    operation, connections = sys.argv[1], int(sys.argv[2])
    declared = json.loads(Path("sources.json").read_text(encoding="utf-8"))
    state: State = json.loads(STATE.read_text(encoding="utf-8")) if STATE.exists() else {}
    old = [name for name, kept in state.items() if kept["sent"] != declared.get(name)]
    if operation == "preview":
        print(f"{len(old)} to replace")
        return
    asyncio.run(_work(operation, connections, declared, state, [*state] if operation == "destroy" else old))
    STATE.write_text(json.dumps(state), encoding="utf-8")


async def _work(
    operation: str, connections: int, declared: dict[str, Any], state: State, old: list[str]
) -> None:
    async with httpx.AsyncClient(
        base_url=os.environ["CHROMA_SYNC_URL"],
        headers={"x-chroma-token": os.environ["CHROMA_API_KEY"]},
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        timeout=60,
        trust_env=False,
    ) as client:

        async def create(name: str) -> None:
            answer = await client.post(PATH, json=declared[name])
            answer.raise_for_status()
            state[name] = {"id": answer.json()["source_id"], "sent": declared[name]}

        async def delete(name: str) -> None:
            (await client.delete(f"{PATH}/{state[name]['id']}")).raise_for_status()
            del state[name]

        if operation == "refresh":
            await _refresh(client, state)
            return
        await _each(delete, old, connections)
        if operation == "up":
            await _each(create, [name for name in declared if name not in state], connections)


async def _refresh(client: httpx.AsyncClient, state: State) -> None:
    """Forget what is not in the list."""
    there: set[str] = set()
    page = 100
    for offset in range(0, len(state) + 1, page):
        answer = await client.get(PATH, params={"limit": page, "offset": offset})
        answer.raise_for_status()
        there.update(source["id"] for source in answer.json())
    for name in [name for name, kept in state.items() if kept["id"] not in there]:
        del state[name]


async def _each(work: Callable[[str], Awaitable[None]], names: list[str], connections: int) -> None:
    """So many at the same time: waiting for a connection would run into httpx's time-out for it."""
    queue = iter(names)

    async def worker() -> None:
        for name in queue:
            await work(name)

    await asyncio.gather(*(worker() for _ in range(connections)))


if __name__ == "__main__":
    main()
