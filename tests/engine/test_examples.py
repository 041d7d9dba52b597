"""Every folder of examples/, run as its own README says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest
from tests.emulator.folders import chunks

from chroma_sync_emulator.testing import RunningEmulator, emulator

from .harness import ROOT
from .key_service import PROVIDER

EXAMPLES = sorted(
    # A policy pack is no program, and nothing here is AWS: tests/docs/test_policy.py, test_aws.py.
    path.name
    for path in (ROOT / "examples").iterdir()
    if path.is_dir() and path.name not in ("policy", "aws-glue")
)
SCRIPTS = ("automation", "testing")
"""Examples that run the engine by themselves."""

DATA = "rag"
"""The example whose runs are carried out."""

UPLOADS = "uploads"
"""The example without a source: the service keeps one for all uploads."""

FILES = {"README.md", "__main__.py", "requirements.txt"}
OTHERWISE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}| in [\d.]+s")
"""What differs from one run to the next."""


def blocks(readme: str, language: str) -> list[str]:
    """The fenced blocks of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)


def _not_of_the_example(folder: str, names: list[str]) -> list[str]:
    """What somebody's own run has left: the environment, and settings of stacks that were made there."""
    return [
        name
        for name in names
        if name in (".venv", "__pycache__")
        or (fnmatch(name, "Pulumi.*.yaml") and "encryptionsalt" in (Path(folder) / name).read_text("utf-8"))
    ]


class Checkout:
    """A checkout after `make up`, with one example in it: what the README's first lines find there.

    That `make up` does bring this about is proven in tests/scripts. Here it has nothing left to do.
    """

    def __init__(self, folder: Path, example: str, home: Path, emu: RunningEmulator) -> None:
        self.example = folder / "examples" / example
        shutil.copytree(ROOT / "examples" / example, self.example, ignore=_not_of_the_example)
        self._readme = (self.example / "README.md").read_text(encoding="utf-8")
        (folder / "Makefile").write_text("up:\n", encoding="utf-8")
        (folder / ".venv").symlink_to(sys.prefix)
        self.state = folder / ".local" / "state"
        self.state.mkdir(parents=True)
        self.exported = {
            **emu.environment(),
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_HOME": str(home),
            "PULUMI_OPTION_SECRETS_PROVIDER": PROVIDER,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        if "--preview-only" not in self._readme:  # the engine refuses both at once
            # Each README has a `pulumi preview` of its own before it changes something.
            self.exported["PULUMI_OPTION_SKIP_PREVIEW"] = "true"
        lines = [f"export {name}={value}" for name, value in self.exported.items()]
        (folder / ".local" / "env").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self, script: str) -> str:
        """Run a block of the README in the example's folder, to its end or its first failure."""
        ended = subprocess.run(
            ["sh", "-euc", script],
            stdin=subprocess.DEVNULL,
            cwd=self.example,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def commands(self) -> tuple[str, str]:
        """The README's first block: up to its `pulumi destroy`, and from there."""
        commands, destroy, end = blocks(self._readme, "sh")[0].partition("pulumi destroy")
        assert "pulumi preview --expect-no-changes\n" in commands
        return commands, ". ../../.local/env\n" + destroy + end

    def shows(self, said: str) -> None:
        """What the README shows was said, line by line."""
        shown = "".join(blocks(self._readme, "text"))
        said_lines = Counter(OTHERWISE.sub("", line.rstrip()) for line in said.splitlines())
        assert Counter(OTHERWISE.sub("", line.rstrip()) for line in shown.splitlines()) <= said_lines, said

    def written(self) -> str:
        """All that the engine has kept: state, backups, history and the stack's settings."""
        files = [*self.state.rglob("*"), *self.example.glob("Pulumi*.yaml")]
        return "\n".join(path.read_text(encoding="utf-8") for path in files if path.is_file())


@pytest.mark.parametrize("example", [name for name in EXAMPLES if name not in (*SCRIPTS, DATA, UPLOADS)])
def test_an_example_does_what_its_readme_says(
    example: str, engine: Path, emu: RunningEmulator, tmp_path: Path
) -> None:
    """Its commands work as they stand there, its preview is the one shown, and at last all is gone."""
    assert FILES | {"Pulumi.yaml"} <= {path.name for path in (ROOT / "examples" / example).iterdir()}
    checkout = Checkout(tmp_path / "checkout", example, engine, emu)
    commands, end = checkout.commands()
    secret = {line.partition("=")[2] for line in re.findall(r"^export AWS_SECRET\S+", commands, re.MULTILINE)}
    said = checkout.run(commands)
    checkout.shows(said)

    with emu.client() as client:
        there = client.get("/api/v1/sources", params={"database_name": emu.database}).json()
    created = emu.control.requests("create_source")
    assert there and [request["status"] for request in created] == [201] * len(there)
    assert not [value for value in secret if value in said + checkout.written()]

    checkout.run(end)
    with emu.client() as client:
        assert client.get("/api/v1/sources", params={"database_name": emu.database}).json() == []
    assert len(emu.control.requests("delete_source")) == len(created)


def test_a_folder_is_uploaded_file_by_file_and_what_changed_again(engine: Path, tmp_path: Path) -> None:
    """As its README says; the collection has what the files say in the end."""
    with emulator(sync=True) as emu:
        checkout = Checkout(tmp_path / "checkout", UPLOADS, engine, emu)
        commands, end = checkout.commands()
        said = checkout.run(commands)
        checkout.shows(said)

        folder = checkout.example.parents[1] / ".local" / "guides"
        names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")}
        indexed = list(chunks(emu, "guides").values())
        assert len(names) == len(emu.control.requests("add_file")) - 1 == len(indexed)
        assert {chunk["metadata"]["topic"] for chunk in indexed} == {"general", "travel"}
        assert any("Hotels are booked with the train." in chunk["document"] for chunk in indexed)
        checkout.run(end)


@pytest.mark.parametrize("example", SCRIPTS)
def test_a_script_does_what_its_readme_says(
    example: str, engine: Path, emu: RunningEmulator, tmp_path: Path
) -> None:
    """Its commands work as they stand there and print what is shown, and at last all is gone."""
    assert FILES <= {path.name for path in (ROOT / "examples" / example).iterdir()}
    readme = (ROOT / "examples" / example / "README.md").read_text(encoding="utf-8")
    checkout = Checkout(tmp_path / "checkout", example, engine, emu)
    said = checkout.run(blocks(readme, "sh")[0])
    shown = [OTHERWISE.sub("", line) for line in blocks(readme, "text")[0].splitlines()]
    lines = [OTHERWISE.sub("", line) for line in said.splitlines()]
    assert [line for line in lines if line in shown] == shown, said
    assert [path.name for path in checkout.example.glob("Pulumi.*.yaml")] == []
    with emu.client() as client:
        assert client.get("/api/v1/sources", params={"database_name": emu.database}).json() == []


def test_the_answer_comes_from_what_the_stack_filled(engine: Path, tmp_path: Path) -> None:
    """As its README says: a repository made of the folder is synced, and the question finds its file."""
    readme = (ROOT / "examples" / DATA / "README.md").read_text(encoding="utf-8")
    make, use, _ = blocks(readme, "sh")
    *commands, serve = make.splitlines()
    with emulator(sync=True) as emu:
        checkout = Checkout(tmp_path / "checkout", DATA, engine, emu)
        checkout.run("\n".join(commands))
        options = [option for option in shlex.split(serve) if option.startswith("--")]
        assert options == ["--sync", "--port", "--repo"]
        name, _, folder = shlex.split(serve)[-1].partition("=")
        emu.control.add_target("repo", name, checkout.example / folder)
        said = checkout.run(use.replace("http://127.0.0.1:8300", emu.url))
        [shown] = blocks(readme, "text")
        assert shown in said
        [collection] = emu.control.collections()
        assert collection["finished_ingest"]
        with emu.client() as client:
            assert client.get("/api/v1/sources").json() == []


def test_an_examples_requirements_are_the_package(tmp_path: Path) -> None:
    """What they name is this checkout, wherever pip is run from the example's own folder."""
    texts = {(ROOT / "examples" / name / "requirements.txt").read_text(encoding="utf-8") for name in EXAMPLES}
    assert len(texts) == 1
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--ignore-installed"]
    ended = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", *options, "-r", "requirements.txt"],
        cwd=ROOT / "examples" / EXAMPLES[0],
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Would install pulumi-chroma-sync-" in ended.stdout
