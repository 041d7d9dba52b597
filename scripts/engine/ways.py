"""The ways to an engine, in their order: on PATH, in the cache, the official distribution, a build.

``CHROMA_SYNC_ENGINE`` set to ``path``, ``official`` or ``build`` leaves that way alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from . import cache
from .build import build
from .engine import Engine, NoEngineError
from .found import VERSION, cached, on_path, version_of
from .official import install
from .process import minutes, say

__all__ = ["find", "get"]

_MAKERS: dict[str, tuple[str, Callable[[Path, str], str]]] = {
    "official": ("official distribution", install),
    "build": ("built from Go modules", build),
}
"""Way -> how its engine says it was made, and what makes it in a folder."""


def find() -> Engine | None:
    """An engine that is there already, without making one; None if there is none.

    Raises:
        NoEngineError: ``CHROMA_SYNC_ENGINE`` names no way.
    """
    way = _forced()
    if way in (None, "path"):
        try:
            return on_path()
        except NoEngineError:
            if way == "path":
                return None
    engine = cached()
    if engine is not None and way is not None and engine.how != _MAKERS[way][0]:
        return None
    return engine and replace(engine, how=f"{engine.how}, cached")


def get() -> Engine:
    """An engine, made if there is none.

    Raises:
        NoEngineError: no way is open; the message says why for each.
    """
    way = _forced()
    if (engine := find()) is not None:
        return engine
    closed: list[str] = []
    try:
        on_path()
    except NoEngineError as error:
        closed.append(str(error))
    if way != "path":
        try:
            with cache.locked() as waited:
                if waited and (engine := find()) is not None:
                    return engine
                for name, (_, make) in _MAKERS.items():
                    if way in (None, name):
                        try:
                            return _make(make)
                        except NoEngineError as error:
                            closed.append(str(error))
        except OSError as error:
            closed.append(f"the cache folder {cache.root()} can't be used ({error.strerror or error})")
    if way is not None:
        closed = closed[-1:]
    asked = f" by CHROMA_SYNC_ENGINE={way}" if way else ""
    raise NoEngineError(f"no Pulumi engine can be had{asked}: {'; '.join(closed)}")


def _make(make: Callable[[Path, str], str]) -> Engine:
    """Make an engine aside, see that it runs, and put it in its place."""
    started = time.monotonic()
    with cache.staging() as folder:
        how = make(folder, VERSION)
        version = version_of(folder / "bin")
        if version != VERSION:
            raise NoEngineError(f"what was made does not run as pulumi v{VERSION} (it says {version})")
        (folder / "how").write_text(how + "\n", encoding="utf-8")
        cache.put(folder, VERSION)
    say(f"done in {minutes(time.monotonic() - started)}, kept in {cache.home(VERSION)}")
    return Engine(cache.home(VERSION) / "bin", VERSION, how)


def _forced() -> str | None:
    way = os.environ.get("CHROMA_SYNC_ENGINE") or None
    if way not in (None, "path", *_MAKERS):
        raise NoEngineError(f"CHROMA_SYNC_ENGINE={way}: give path, official or build")
    return way
