"""Where the quickstart keeps its things."""

from __future__ import annotations

from pathlib import Path

__all__ = ["LOCAL", "ROOT", "note", "shown"]

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"


def note(subject: str, text: str) -> str:
    """One line of what the quickstart prints: a subject in a column of its own, then the text."""
    return f"{subject:<10} {text}"


def shown(path: Path) -> str:
    """A path as people read it: relative to the checkout where it lies inside."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
