"""The pytest plugin: the fixture ``chroma_sync_emulator``.

pytest loads it with every run where the package is installed (entry point ``pytest11``), also without the
extra ``emulator``. So it imports the emulator only when a test asks for it.
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
    """An emulator of Chroma's Sync API of the test's own, with the database ``demo``."""
    try:
        from .testing import emulator
    except ModuleNotFoundError:
        pytest.fail(
            'the emulator needs what its extra installs: pip install "pulumi-chroma-sync[emulator]"',
            pytrace=False,
        )
    with emulator() as running:
        yield running
