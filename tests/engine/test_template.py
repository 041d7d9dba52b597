"""The template of ``pulumi new``: a project that is made of it works as it is."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from tests.docs.programs import run

import pulumi_chroma_sync.settings as provider_settings
from chroma_sync_emulator.testing import emulator

from .harness import ROOT

TEMPLATE = ROOT / "templates" / "chroma-sync-python"


@pytest.fixture
def generated(engine: Path, tmp_path: Path) -> Path:
    """What ``pulumi new`` makes of it, with nothing installed."""
    folder = tmp_path / "acme-knowledge"
    asked = ["--generate-only", "--yes", "--non-interactive", "--dir", str(folder)]
    named = ["--name", "acme-knowledge", "--description", "What we know"]
    ended = subprocess.run(
        ["pulumi", "new", str(TEMPLATE), *asked, *named],
        env={**os.environ, "PULUMI_HOME": str(engine), "PULUMI_BACKEND_URL": tmp_path.as_uri()},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def test_a_project_of_the_template_is_whole_and_runs(
    generated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its names in place: a source at first, and a run into a collection of its own for a commit."""
    project = yaml.safe_load((generated / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert (project["name"], project["description"]) == ("acme-knowledge", "What we know")
    assert {path.name for path in generated.iterdir()} == {path.name for path in TEMPLATE.iterdir()}
    program = (generated / "__main__.py").read_text(encoding="utf-8")
    place = str(generated / "__main__.py")
    with emulator(invocations="instant") as emu:
        monkeypatch.setenv("CHROMA_DATABASE", emu.database)
        made, exports = run(program, place, emu, monkeypatch, {}, {})
        assert (made, [*exports]) == (["handbook"], ["source_id"])
        emu.control.reset()
        config = {"repository": "acme/wiki", "commit": "3f2a9c1d0b7e4a65"}
        made, exports = run(program, place, emu, monkeypatch, config, {})
        assert (made, exports["collection"]) == (["wiki", "wiki-run"], "wiki-3f2a9c1d0b7e")


def test_what_the_template_asks_for_is_read() -> None:
    """Each is a setting of the provider, or one of the program's own."""
    project = yaml.safe_load((TEMPLATE / "Pulumi.yaml").read_text(encoding="utf-8"))
    program = (TEMPLATE / "__main__.py").read_text(encoding="utf-8")
    own = set(re.findall(r'config\.get\("(\w+)"\)', program))
    settings = {f"chroma-sync:{name}" for name in provider_settings._ENVIRONMENT}
    asked = project["template"]["config"]
    assert asked.keys() <= own | settings
    assert own <= asked.keys()
    assert asked["chroma-sync:apiKey"]["secret"]
