"""``--sync`` from what a person or a test gives; loads its packages only then."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .syncing.service import Syncing

__all__ = ["open_data"]

_NEEDED = 'to carry out runs needs what its extra installs: pip install "pulumi-chroma-sync[emulator-data]"'
_PACKAGES = ("httpx", "bs4", "markdownify", "pathspec")


def open_data(
    store: str, chroma: str | None, targets: Mapping[str, Mapping[str, str | Path] | Sequence[str]]
) -> AbstractContextManager[Syncing]:
    """See :func:`.syncing.service.open_syncing`.

    Args:
        store: the emulator's.
        chroma: a server's URL; None for one of its own.
        targets: for ``repo``, ``site`` and ``bucket`` a mapping, or ``NAME=FOLDER`` each.

    Raises:
        ValueError: a target has not its form, or there is no such folder.
        RuntimeError: something that it needs isn't there.
    """
    if not all(map(importlib.util.find_spec, _PACKAGES)):
        raise RuntimeError(_NEEDED)
    from .syncing.service import open_syncing
    from .syncing.targets import Targets, parse_target

    given = {
        kind: names if isinstance(names, Mapping) else dict(map(parse_target, names))
        for kind, names in targets.items()
    }
    return open_syncing(targets=Targets.of(**given), chroma=chroma, store=store)
