"""Files of a folder that stands for something else, by names that somebody else gave."""

from __future__ import annotations

from pathlib import Path

__all__ = ["inside"]


def inside(folder: Path, name: str) -> Path | None:
    """A file of a folder, or None: neither ``..`` nor a link leads out of it.

    Args:
        folder: an absolute path without links.
        name: with slashes.
    """
    if "\0" in name or "\\" in name or ".." in name.split("/"):
        return None
    try:
        path = (folder / name.lstrip("/")).resolve()
        return path if path.is_relative_to(folder) and path.is_file() else None
    except (OSError, RuntimeError):
        return None
