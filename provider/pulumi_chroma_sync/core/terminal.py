"""How the plugin speaks to the person at the terminal."""

from __future__ import annotations

import sys

__all__ = ["inform"]


def inform(sentence: str) -> None:
    """An info line of the running operation: the engine shows what the plugin writes to stdout.

    In one write, or the lines of resources that run side by side would be glued together.
    """
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
