"""What the wheel and the sdist hold, and what they say of themselves."""

from __future__ import annotations

import email
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

from packaging.requirements import Requirement

from .conftest import ROOT, build


def info(wheel: Path) -> str:
    """The folder of a wheel's own records."""
    return "-".join(wheel.name.split("-")[:2]) + ".dist-info"


def names(wheel: Path) -> set[str]:
    """The files of a wheel, less its own records."""
    return {name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith(f"{info(wheel)}/")}


def metadata(wheel: Path) -> Message:
    """What the wheel says of itself."""
    return email.message_from_bytes(zipfile.ZipFile(wheel).read(f"{info(wheel)}/METADATA"))


def required(wheel: Path, extra: str) -> set[str]:
    """The names of what is installed along with this extra, or without one."""
    found = (Requirement(line) for line in metadata(wheel).get_all("requires-dist", []))
    return {each.name for each in found if each.marker is None or each.marker.evaluate({"extra": extra})}


def test_the_wheel_holds_both_packages_whole_and_nothing_else(wheel: Path) -> None:
    """Every file of the two packages, those that are no Python too."""
    tree = {
        str(path.relative_to(root))
        for root in (ROOT / "provider", ROOT / "emulator")
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names(wheel) == tree
    assert names(wheel) >= {
        "pulumi_chroma_sync/py.typed",
        "pulumi_chroma_sync/pulumi-plugin.json",
        "chroma_sync_emulator/py.typed",
        "chroma_sync_emulator/LIMITS.md",
    }


def test_the_sdist_is_enough_to_build_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """Who builds from the sdist gets the very same files, and reads licence and changes in it."""
    sdist = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "PKG-INFO"} <= inside
    assert {name.partition("/")[0] for name in inside if "/" in name} == {"provider", "emulator"}
    again = build("wheel", tmp_path / sdist.name.removesuffix(".tar.gz"), tmp_path / "wheel")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_the_metadata_is_what_an_index_shows(wheel: Path) -> None:
    """Licence as an SPDX expression with its text, the oldest Python, the README as description."""
    said = metadata(wheel)
    assert said["name"] == "pulumi-chroma-sync"
    assert said["license-expression"] == "Apache-2.0"
    assert said.get_all("license-file") == ["LICENSE"]
    assert zipfile.ZipFile(wheel).read(f"{info(wheel)}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert said["requires-python"] == ">=3.10"
    assert said["description-content-type"] == "text/markdown"
    description = zipfile.ZipFile(wheel).read(f"{info(wheel)}/METADATA").decode().partition("\n\n")[2]
    assert description.strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()
    assert "Typing :: Typed" in said.get_all("classifier", [])


def test_the_emulators_dependencies_come_with_its_extra_alone(wheel: Path) -> None:
    """A user of the provider installs no server."""
    server = {"starlette", "uvicorn", "python-multipart", "jinja2"}
    extras = ["emulator", "emulator-data", "emulator-sync"]
    assert sorted(metadata(wheel).get_all("provides-extra", [])) == extras
    assert server <= required(wheel, "emulator")
    assert not server & required(wheel, "")
    assert {"pulumi", "httpx", "pydantic"} <= required(wheel, "")


def test_the_commands_are_declared(wheel: Path) -> None:
    """`pulumi-chroma-sync`, and the emulator's fixture for pytest."""
    said = zipfile.ZipFile(wheel).read(f"{info(wheel)}/entry_points.txt").decode()
    assert "[console_scripts]\npulumi-chroma-sync = pulumi_chroma_sync.cli:main" in said
    assert "[pytest11]\nchroma_sync_emulator = chroma_sync_emulator.pytest_plugin" in said
