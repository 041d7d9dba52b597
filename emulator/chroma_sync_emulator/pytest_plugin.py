"""The pytest plugin: the fixture ``chroma_sync_emulator``.

It is loaded with every run of pytest where the package is installed, so it imports the emulator only when a
test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing import RunningEmulator

__all__ = ["chroma_sync_emulator"]


@pytest.fixture
def chroma_sync_emulator() -> Iterator[RunningEmulator]:
    """An emulator of the test's own, with the database ``demo``."""
    from .testing import emulator

    with emulator() as running:
        yield running
