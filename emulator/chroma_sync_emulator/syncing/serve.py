"""``python -m chroma_sync_emulator.syncing.serve FOLDER PORT``: Chroma's own server, from its wheel.

It ends when its standard input does: with the process that started it, however that one ended.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading

__all__ = ["main"]


def main(folder: str, port: str) -> None:
    """Serve until standard input ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server = importlib.import_module("chromadb_rust_bindings")
    server.cli(["chroma", "run", "--path", folder, "--port", port, "--host", "127.0.0.1"])


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
