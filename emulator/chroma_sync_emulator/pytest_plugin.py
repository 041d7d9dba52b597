"""The pytest plugin: the fixtures ``chroma_sync_emulator`` and ``chroma_server``.

pytest loads it with every run where the package is installed (entry point ``pytest11``), also without the
extra ``emulator``. So it imports the emulator only when a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing import RunningEmulator

__all__ = ["chroma_server", "chroma_sync_emulator"]

_NEEDED = 'the emulator needs what its extra installs: pip install "pulumi-chroma-sync[emulator]"'


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "chroma_sync_emulator(databases=..., **settings): what the fixture of this name starts with; see"
        " chroma_sync_emulator.testing.emulator",
    )


@pytest.fixture
def chroma_sync_emulator(request: pytest.FixtureRequest) -> Iterator[RunningEmulator]:
    """An emulator of Chroma's Sync API of the test's own, with the database ``demo``.

    The marker of the same name gives it other settings::

        @pytest.mark.chroma_sync_emulator(read_lag=2.0)
    """
    try:
        from .testing import emulator
    except ModuleNotFoundError:
        pytest.fail(_NEEDED, pytrace=False)
    marker = request.node.get_closest_marker("chroma_sync_emulator")
    with emulator(**(marker.kwargs if marker else {})) as running:
        yield running


@pytest.fixture(scope="session")
def chroma_server() -> Iterator[str]:
    """The URL of Chroma's own server, started from the wheel ``chromadb`` for all tests of the run."""
    try:
        from .syncing.process import ServerMissing
        from .syncing.process import chroma_server as started
    except ModuleNotFoundError:
        pytest.fail(_NEEDED, pytrace=False)
    with ExitStack() as stack:
        try:
            url = stack.enter_context(started())
        except ServerMissing as missing:
            pytest.fail(str(missing), pytrace=False)
        yield url
