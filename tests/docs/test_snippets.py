"""Every fenced block of the documents does what it is there for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from chroma_sync_emulator.testing import RunningEmulator, emulator

from .programs import run, with_ids_that_exist
from .reading import Block, documents

SNIPPETS = [block for document in documents() for block in document.blocks("python", "py")]
PROGRAMS = [block for block in SNIPPETS if re.search(r"^import pulumi$", block.text, re.MULTILINE)]
SCRIPTS = [
    block
    for block in SNIPPETS
    if block not in PROGRAMS and re.search(r"^import pulumi_chroma_sync\b", block.text, re.MULTILINE)
]
RUN_ELSEWHERE = {
    "docs/emulator.md": "tests/emulator/test_documentation.py",
    "CONTRIBUTING.md": "tests/engine, which has tests like it",
}
"""Snippets that are no programs of Pulumi, and what runs them."""

OTHERS = {
    "pulumi:pulumi:StackReference": {"outputs": {"collection": "handbook-3f2a"}, "secretOutputNames": []}
}
FILES = ("guides/guide.pdf", "guides/install.md", "guides/api/index.md")
"""What stands in the folder of a program that uploads."""

CONFIG = {"awsAccessKeyId7": "AKIAEXAMPLE", "awsSecretAccessKey7": "hush"}


@pytest.fixture
def emu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RunningEmulator]:
    """One whose runs are complete at once, the environment of a pipeline, and a folder with files."""
    monkeypatch.setenv("GITHUB_SHA", "3f2a9c1d0b7e4a65cafe")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with emulator(["demo", "knowledge"], invocations="instant") as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        running.control.add_tenant("team-b", "key-of-team-b", ["knowledge"])
        monkeypatch.setenv("CHROMA_API_KEY_TEAM_B", "key-of-team-b")
        yield running


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda block: block.place)
def test_programs_run(program: Block, emu: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ends well: its arguments are accepted, its sources and runs are made, its exports are there."""
    made, exports = run(program.text, program.place, emu, monkeypatch, CONFIG, OTHERS)
    assert made
    assert exports.keys() == set(re.findall(r'pulumi\.export\("(\w+)"', program.text))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda block: block.place)
def test_scripts_run(script: Block, emu: RunningEmulator) -> None:
    """Without the engine, each in a process of its own."""
    text = with_ids_that_exist(script.text, emu)
    ended = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert emu.control.requests() != []


def test_snippets_that_are_no_programs_are_run_elsewhere() -> None:
    """A new kind of snippet has to say what runs it."""
    others = {block.place.partition(":")[0] for block in SNIPPETS if block not in PROGRAMS + SCRIPTS}
    assert others <= RUN_ELSEWHERE.keys()


@pytest.mark.parametrize(("language", "load"), [("yaml", yaml.safe_load), ("json", json.loads)])
def test_data_is_what_it_says(language: str, load: object) -> None:
    """YAML and JSON, each read by its own parser."""
    assert callable(load)
    for document in documents():
        for block in document.blocks(language):
            assert load(block.text), block.place
