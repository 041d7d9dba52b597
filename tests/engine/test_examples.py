"""Every folder of examples/, run as its own README says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.docs.reading import documents

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import ROOT

EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())
FILES = {"Pulumi.yaml", "README.md", "__main__.py", "requirements.txt"}


def blocks(readme: str, language: str) -> list[str]:
    """The fenced blocks of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)


class Checkout:
    """A checkout after `make up`, with one example in it: what the README's first lines find there.

    That `make up` does bring this about is proven in tests/scripts. Here it has nothing left to do.
    """

    def __init__(self, folder: Path, example: str, home: Path, emu: RunningEmulator) -> None:
        self.example = folder / "examples" / example
        ignored = shutil.ignore_patterns(".venv", "__pycache__", "Pulumi.*.yaml")
        shutil.copytree(ROOT / "examples" / example, self.example, ignore=ignored)
        (folder / "Makefile").write_text("up:\n", encoding="utf-8")
        (folder / ".venv").symlink_to(sys.prefix)
        self.state = folder / ".local" / "state"
        self.state.mkdir(parents=True)
        exported = {
            **emu.environment(),
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "of-the-tests",
            "PULUMI_HOME": str(home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        lines = [f"export {name}={value}" for name, value in exported.items()]
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

    def written(self) -> str:
        """All that the engine has kept: state, backups, history and the stack's settings."""
        files = [*self.state.rglob("*"), *self.example.glob("Pulumi*.yaml")]
        return "\n".join(path.read_text(encoding="utf-8") for path in files if path.is_file())


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_does_what_its_readme_says(
    example: str, engine: Path, emu: RunningEmulator, tmp_path: Path
) -> None:
    """Its commands work as they stand there, its preview is the one shown, and at last all is gone."""
    assert FILES <= {path.name for path in (ROOT / "examples" / example).iterdir()}
    readme = (ROOT / "examples" / example / "README.md").read_text(encoding="utf-8")
    commands, shown = blocks(readme, "sh")[0], blocks(readme, "text")[0]
    assert "pulumi preview --expect-no-changes\n" in commands

    checkout = Checkout(tmp_path / "checkout", example, engine, emu)
    secret = {line.partition("=")[2] for line in re.findall(r"^export AWS_SECRET\S+", commands, re.MULTILINE)}
    before_the_end, destroy, end = commands.partition("pulumi destroy")
    said = checkout.run(before_the_end)
    said_lines = Counter(line.rstrip() for line in said.splitlines())
    assert Counter(line.rstrip() for line in shown.splitlines()) <= said_lines, said

    (count,) = re.findall(r"^    \+ (\d+) to create$", shown, re.MULTILINE)
    created = emu.control.requests("create_source")
    assert [request["status"] for request in created] == [201] * (int(count) - 1)
    assert not [value for value in secret if value in said + checkout.written()]

    checkout.run(". ../../.local/env\n" + destroy + end)
    with emu.client() as client:
        assert client.get("/api/v1/sources", params={"database_name": emu.database}).json() == []
    assert len(emu.control.requests("delete_source")) == len(created)


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


def test_the_programs_of_the_documents_preview(project: MakeProject, emu: RunningEmulator) -> None:
    """Each whole program that a document shows passes every check on the real engine."""
    programs = [
        block
        for document in documents()
        for block in document.blocks("python", "py")
        if "import pulumi\n" in block.text and "Source(" in block.text
    ]
    stack = project("")
    for program in programs:
        for database in re.findall(r'database_name="(\w+)"', program.text):
            emu.control.add_database(database)
        stack.program(program.text)
        result = stack.preview(check=False)
        assert result.ok, f"{program.place}:\n{result.output}"
        assert [step for step in result.steps if step.op == "create"], program.place
