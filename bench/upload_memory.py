"""``python -m bench.upload_memory``: what memory an upload takes, by the size of the file.

A real ``pulumi up`` of one ``FileUpload`` on the emulator, which is a process of its own; the file is as
large as the API allows, and once as small as can be, for what the processes take by themselves.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from rich import box
from rich.console import Console
from rich.table import Table

from .contenders.on_pulumi import OnPulumi
from .service import Service, running

__all__ = ["main"]

EVERY = 0.02
"""Seconds between two looks at the processes."""

GROWTH = 64
"""MiB that the plugin may take more for the largest file than for the smallest."""

PLUGIN, ENGINE, OTHERS = "plugin", "engine", "program"


class Uploading(OnPulumi):
    """``FileUpload``; no contender of anybody's."""

    name = "file_upload"
    title = "`FileUpload`"
    about = "one file"
    program = "file_upload.py"


@dataclass(frozen=True)
class Taken:
    """What one up took: seconds, and the most memory of each part, in bytes (resident sets)."""

    seconds: float
    peaks: Mapping[str, int]


@click.command(context_settings={"show_default": True})
@click.option("--mib", default=200, type=click.IntRange(1, 200), help="Size of the large file.")
def main(mib: int) -> None:
    """Measure; the exit code is 1 where the plugin's memory grows by 64 MiB or more."""
    if missing := Uploading.missing():
        raise click.ClickException(missing)
    with running() as service:
        small, large = (_measured(service, size) for size in (1, mib * 2**20))
    table = Table(box=box.MARKDOWN)
    table.add_column("file")
    for column in ("seconds", *(f"{part}, peak MiB" for part in small.peaks)):
        table.add_column(column, justify="right")
    for name, taken in (("1 byte", small), (f"{mib} MiB", large)):
        peaks = (f"{taken.peaks[part] / 2**20:.1f}" for part in small.peaks)
        table.add_row(name, f"{taken.seconds:.1f}", *peaks)
    Console().print(table)
    growth = (large.peaks[PLUGIN] - small.peaks[PLUGIN]) / 2**20
    click.echo(f"the plugin's memory grew by {growth:.1f} MiB")
    sys.exit(1 if growth >= GROWTH else 0)


def _measured(service: Service, size: int) -> Taken:
    """One up of a file of this size."""
    service.begin(0)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        project = Uploading(Path(folder), service.environment, 0)
        project.prepare()
        with (Path(folder) / "file.bin").open("wb") as file:
            file.truncate(size)
        environment = {**project.environment, "XDG_STATE_HOME": folder}
        began = time.perf_counter()
        with subprocess.Popen(
            project.command("up"),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as up:
            peaks: defaultdict[str, int] = defaultdict(int)
            watching = threading.Thread(target=_watch, args=(psutil.Process(up.pid), peaks), daemon=True)
            watching.start()
            said = up.communicate()[0]
        taken = time.perf_counter() - began
        watching.join()
    requests, succeeded = service.seen()
    if up.returncode != 0 or (requests["add_file"], succeeded["add_file"]) != (1, 1):
        raise click.ClickException(f"the up ended with {up.returncode}: {said[-2000:]}")
    return Taken(taken, {part: peaks[part] for part in (PLUGIN, ENGINE, OTHERS)})


def _watch(root: psutil.Process, peaks: defaultdict[str, int]) -> None:
    """Look at a process and its descendants until it ends."""
    while root.is_running():
        now: defaultdict[str, int] = defaultdict(int)
        try:
            tree = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for process in tree:
            try:
                command = process.cmdline()
                part = PLUGIN if "pulumi.dynamic" in command else ENGINE if process == root else OTHERS
                now[part] += process.memory_info().rss
            except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
                continue
        if root.status() == psutil.STATUS_ZOMBIE:
            return
        for part, resident in now.items():
            peaks[part] = max(peaks[part], resident)
        time.sleep(EVERY)


if __name__ == "__main__":
    main(prog_name="python -m bench.upload_memory")
