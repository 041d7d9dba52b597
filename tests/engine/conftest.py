"""Each test has projects of its own on the real engine, and an emulator of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest
from pulumi import automation as auto

from chroma_sync_emulator.testing import RunningEmulator, emulator

from .harness import Project, engine_folder
from .key_service import key_service

_HERE = Path(__file__).parent


class MakeProject(Protocol):
    """The fixture ``project``."""

    def __call__(
        self,
        program: str,
        *,
        config: Mapping[str, str | auto.ConfigValue] | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Project: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests here run several engine operations each: minutes on a busy machine are no fault."""
    for item in items:
        if item.path.is_relative_to(_HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session", autouse=True)
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The engine on PATH, and nothing of the user's own Pulumi or Chroma settings; gives PULUMI_HOME.

    Without an engine every test fails, and says in one sentence what to do.
    """
    try:
        folder = engine_folder()
    except RuntimeError as error:
        pytest.fail(str(error), pytrace=False)
    with pytest.MonkeyPatch.context() as patch, key_service() as keys:
        for name in os.environ:
            if name.startswith(("PULUMI_", "CHROMA_")):
                patch.delenv(name)
        for name, value in keys.items():
            patch.setenv(name, value)
        # The host that is built from modules ignores `virtualenv:`, so the environment's Python goes first.
        path = [str(Path(sys.prefix) / "bin"), str(folder), os.environ["PATH"]]
        patch.setenv("PATH", os.pathsep.join(path))
        yield tmp_path_factory.mktemp("pulumi-home")


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """An emulator with the defaults and the database ``demo``."""
    with emulator() as running:
        yield running


@pytest.fixture
def project(engine: Path, emu: RunningEmulator, tmp_path: Path) -> MakeProject:
    """Makes projects whose environment points at the emulator; ``env`` goes on top, None takes one away.

    A test may make several: they share the emulator and nothing else.
    """
    count = 0

    def make(
        program: str,
        *,
        config: Mapping[str, str | auto.ConfigValue] | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Project:
        nonlocal count
        count += 1
        whole = {**emu.environment(), **(env or {})}
        return Project(tmp_path / f"stack-{count}", program, config=config, env=whole, pulumi_home=engine)

    return make
