"""``python -m bench.emulator_load``: what load the emulator bears, and whether it makes mistakes under it.

The emulator is a process of its own, on a file; the clients are others, each with a connection of its own,
one request after the other without a pause. A client's turn: create a source, get it, list ten, start an
invocation, get it, delete the source. Faults that were asked for must show, and nothing else may go wrong.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import httpx
from rich import box
from rich.console import Console
from rich.table import Table

from chroma_sync_emulator.settings import DEMO_KEY
from chroma_sync_emulator.testing import Control

__all__ = ["main"]

FAULTS = 100
"""How often each of the two faults is asked for: a 503, and a connection that is dropped."""

Times = dict[str, list[float]]


@click.command(context_settings={"show_default": True})
@click.option("--clients", default=64, help="How many at once.")
@click.option("--seconds", default=30.0, help="For how long.")
@click.option("--processes", default=2, help="Processes that the clients are spread over.")
@click.option("--store", default="", help="SQLite file, or :memory:; else one that is removed.")
def main(clients: int, seconds: float, processes: int, store: str) -> None:
    """Put load on an emulator; exit code 1 where anything went wrong that was not asked for."""
    with tempfile.TemporaryDirectory() as folder:
        with _emulator(store or str(Path(folder) / "emulator.sqlite")) as url:
            control = Control(url)
            for operation, action in (("get_source", "respond"), ("list_sources", "drop_before")):
                control.fault(operation, action, status=503, times=FAULTS, skip=50)
            share = [clients // processes + (number < clients % processes) for number in range(processes)]
            with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
                futures = [pool.submit(_clients, url, n, seconds, i) for i, n in enumerate(share)]
                results = [future.result() for future in futures]
            hits = sum(fault["hits"] for fault in control.faults())
            control.close()
    times: Times = {}
    wrong: Counter[str] = Counter()
    for found, mistakes in results:
        wrong += mistakes
        for operation, taken in found.items():
            times.setdefault(operation, []).extend(taken)
    asked = wrong.pop("asked for", 0)
    _show(times, seconds, clients)
    console = Console()
    console.print(
        f"asked for: {asked} of {hits} seen    errors: {dict(wrong) or 0}    {os.cpu_count()} cores"
    )
    sys.exit(1 if wrong or asked != hits else 0)


@contextmanager
def _emulator(store: str) -> Iterator[str]:
    command = [sys.executable, "-m", "chroma_sync_emulator", "--store", store]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[1]
        finally:
            process.terminate()


def _clients(url: str, count: int, seconds: float, process: int) -> tuple[Times, Counter[str]]:
    """So many clients in this process; how long each request took in ms, and what went wrong."""
    times: Times = {}
    wrong: Counter[str] = Counter()

    async def request(
        client: httpx.AsyncClient, operation: str, method: str, path: str, wanted: int, **options: Any
    ) -> Any:
        begun = time.perf_counter()
        try:
            response = await client.request(method, path, **options)
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            wrong["asked for" if operation == "list_sources" else f"{operation} {error!r}"] += 1
            return None
        except httpx.TransportError as error:
            wrong[f"{operation} {error!r}"] += 1
            return None
        if response.status_code != wanted:
            asked = operation == "get_source" and "planned fault" in response.text
            wrong["asked for" if asked else f"{operation} {response.status_code}"] += 1
            return None
        times.setdefault(operation, []).append((time.perf_counter() - begun) * 1000)
        return response.json() if response.content else {}

    async def work(number: int, end: float) -> None:
        headers = {"x-chroma-token": DEMO_KEY}
        # Without TLS there are no certificates to load, which takes longer than many requests.
        async with httpx.AsyncClient(
            base_url=url, headers=headers, timeout=30, trust_env=False, verify=False
        ) as client:
            for turn in itertools.count():
                if time.monotonic() >= end:
                    return
                name = f"{process}-{number}-{turn}"
                source = {"database_name": "demo", "github": {"repository": f"acme/{name}"}}
                made = await request(client, "create_source", "POST", "/api/v1/sources", 201, json=source)
                path = f"/api/v1/sources/{made['source_id']}"
                await request(client, "get_source", "GET", path, 200)
                await request(client, "list_sources", "GET", "/api/v1/sources?limit=10", 200)
                run = {"target_collection_name": name}
                begun = await request(
                    client, "create_invocation", "POST", f"{path}/invocations", 201, json=run
                )
                one = f"/api/v1/invocations/{begun['invocation_id']}"
                await request(client, "get_invocation", "GET", one, 200)
                await request(client, "delete_source", "DELETE", path, 204)

    async def everyone() -> None:
        end = time.monotonic() + seconds
        await asyncio.gather(*(work(number, end) for number in range(count)))

    asyncio.run(everyone())
    return times, wrong


def _show(times: Times, seconds: float, clients: int) -> None:
    table = Table(title=f"{clients} clients for {seconds:g} s", box=box.MARKDOWN, title_justify="left")
    table.add_column("operation")
    for column in ("requests", "requests/s", "p50 ms", "p99 ms", "slowest ms"):
        table.add_column(column, justify="right")
    everything = [taken for each in times.values() for taken in each]
    for operation, taken in [*times.items(), ("all", everything)]:
        ordered = sorted(taken)
        count = len(ordered)
        places = (ordered[count // 2], ordered[count * 99 // 100], ordered[-1])
        table.add_row(operation, str(count), f"{count / seconds:.0f}", *(f"{place:.1f}" for place in places))
    Console().print(table)


if __name__ == "__main__":
    main(prog_name="python -m bench.emulator_load")
