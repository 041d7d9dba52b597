"""The distribution as a user gets it: built, and installed into an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the wheel in it.

    Attributes:
        folder: the environment.
        site: its site-packages.
    """

    folder: Path
    site: Path

    def run(self, program: str, *arguments: str, cwd: Path, check: bool = True) -> str:
        """Run a program of the environment away from the checkout; what it wrote, both streams as one."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "CHROMA_"))}
        ended = subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=cwd,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert not check or ended.returncode == 0, ended.stdout
        return ended.stdout


def build(kind: str, tree: Path, into: Path) -> Path:
    """Build ``sdist`` or ``wheel`` from this tree, by the build backend itself and without the network."""
    into.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(into)]
    ended = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    (built,) = into.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Installed:
    """The wheel in a fresh environment; what it depends on comes from the one that runs the tests.

    That one's editable install stays out: its path is read by Python only in its own site-packages.
    """
    folder = tmp_path_factory.mktemp("installed") / "env"
    venv.create(folder, symlinks=True)
    site = Path(sysconfig.get_path("purelib", "posix_prefix", vars={"base": str(folder)}))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)]
    result = Installed(folder, site)
    result.run("python", *install, cwd=folder)
    return result
