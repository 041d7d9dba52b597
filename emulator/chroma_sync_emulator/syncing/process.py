"""Chroma's own server in a process of its own, from the wheel ``chromadb``, for as long as it is needed."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

__all__ = ["ServerMissing", "chroma_server"]

_TRIES = 3
_PATIENCE = 60.0


class ServerMissing(RuntimeError):
    """There is no server: the wheel is not installed, or it doesn't start."""


@contextmanager
def chroma_server(folder: str | Path | None = None) -> Iterator[str]:
    """Chroma's server on a free port of loopback; gives its URL, such as ``http://127.0.0.1:41873``.

    It ends with the block, and with this process however it ends. It knows no keys: who reaches the port may
    read and write everything.

    Args:
        folder: where its data is, made where there is none; None for one that goes with it.

    Raises:
        ServerMissing: the wheel is not installed, or the server doesn't start.
    """
    if importlib.util.find_spec("chromadb_rust_bindings") is None:
        raise ServerMissing(
            'Chroma\'s own server is not installed: pip install "pulumi-chroma-sync[emulator-data]", or its'
            " wheel alone, which needs no other: pip install --no-deps chromadb"
        )
    with tempfile.TemporaryDirectory(prefix="chroma-", ignore_cleanup_errors=True) as temporary:
        data = Path(folder) if folder is not None else Path(temporary, "data")
        data.mkdir(parents=True, exist_ok=True)
        with Path(temporary, "log").open("w+b") as log:
            process, url = _started(data, log)
            try:
                yield url
            finally:
                _stop(process)


def _started(data: Path, log: IO[bytes]) -> tuple[subprocess.Popen[bytes], str]:
    for _ in range(_TRIES):
        # The server doesn't say which port it took, so somebody else may take this one before it does.
        port = _free_port()
        process = _start(data, port, log)
        try:
            if _is_ready(process, f"http://127.0.0.1:{port}"):
                return process, f"http://127.0.0.1:{port}"
        except BaseException:
            _stop(process)
            raise
        _stop(process)
    log.seek(0)
    said = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    raise ServerMissing("Chroma's own server doesn't start: " + (" / ".join(said[-3:]) or "it says nothing"))


def _start(data: Path, port: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.serve", str(data), str(port)],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        # Ctrl-C is for the emulator, which ends the server after the run that is under way.
        start_new_session=True,
    )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _is_ready(process: subprocess.Popen[bytes], url: str) -> bool:
    end = time.monotonic() + _PATIENCE
    with httpx.Client(base_url=url, trust_env=False, verify=False, timeout=5.0) as client:
        while process.poll() is None and time.monotonic() < end:
            try:
                # Where another server has the port, this one is about to end.
                if client.get("/api/v2/heartbeat").is_success:
                    return process.poll() is None
            except httpx.HTTPError:
                time.sleep(0.02)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
