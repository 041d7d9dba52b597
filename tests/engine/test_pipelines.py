"""The workflows of ``examples/ci``: valid, and their commands run step by step as a pipeline would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from tests.docs.reading import Document, documents

from chroma_sync_emulator.testing import RunningEmulator, emulator

from .harness import ROOT
from .test_examples import Checkout

EXAMPLE = ROOT / "examples" / "ci"
WORKFLOWS = EXAMPLE / ".github" / "workflows"
GH = '#!/bin/sh\necho "$@" >>"$0.asked"\n'
"""In the place of GitHub's command."""

BEFORE = "ln -s ../../.venv .venv; pulumi stack init dev; pulumi stack init prod"
"""What was done by hand, and by the step that installs."""

PIPELINE = {
    "PULL_REQUEST": "https://github.com/acme/knowledge/pull/7",
    "STACK": "dev",
}


def steps(workflow: str, job: str) -> dict[str, str]:
    """The commands of a job by their names, but for the one that installs what the tests have already."""
    loaded = yaml.safe_load((WORKFLOWS / workflow).read_text(encoding="utf-8"))
    return {
        step["name"]: step["run"]
        for step in loaded["jobs"][job]["steps"]
        if "run" in step and step["name"] != "Install"
    }


def run(script: str, checkout: Checkout, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A step, in the shell that GitHub runs it in."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=checkout.example,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_workflows_are_what_github_takes(tmp_path: Path) -> None:
    """Those of the example, and those that documents show, by the published schema."""
    files = sorted(WORKFLOWS.iterdir())
    for document in documents():
        for block in document.blocks("yaml"):
            if "jobs" in yaml.safe_load(block.text):
                files.append(tmp_path / (re.sub(r"\W", "_", block.place) + ".yml"))
                files[-1].write_text(block.text, encoding="utf-8")
    assert len(files) > 2
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    ended = subprocess.run([*check, *map(str, files)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_pipelines_of_the_example_do_what_they_say(
    engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both stacks' previews make one comment; the look for drift passes, and fails once something differs."""
    with emulator(["demo", "knowledge"]) as emu:
        checkout = Checkout(tmp_path / "checkout", "ci", engine, emu)
        gh = tmp_path / "bin" / "gh"
        gh.parent.mkdir()
        gh.write_text(GH, encoding="utf-8")
        gh.chmod(0o755)
        env = {**os.environ, **checkout.exported, **PIPELINE}
        env["PATH"] = os.pathsep.join([str(gh.parent), env["PATH"]])
        del env["CHROMA_DATABASE"]  # each stack names its own

        made = run(BEFORE, checkout, env)
        assert made.returncode == 0, made.stdout
        for name, script in steps("preview.yml", "preview").items():
            ended = run(script, checkout, env)
            assert ended.returncode == 0, f"{name}: {ended.stdout}"
        comment = (checkout.example / "comment.md").read_text(encoding="utf-8")
        [shown] = Document(EXAMPLE / "README.md").blocks("markdown")
        assert Counter(shown.text.splitlines()) <= Counter(comment.splitlines()), comment
        assert comment.index("### dev") < comment.index("### prod")
        [asked] = Path(f"{gh}.asked").read_text(encoding="utf-8").splitlines()
        assert asked.startswith(f"pr comment {PIPELINE['PULL_REQUEST']} ") and "comment.md" in asked
        assert emu.control.requests("create_source") == []

        deployed = run("pulumi up --yes --skip-preview --stack dev", checkout, env)
        assert deployed.returncode == 0, deployed.stdout
        [look] = steps("drift.yml", "drift").values()
        unchanged = run(look, checkout, env)
        assert unchanged.returncode == 0 and "3 unchanged" in unchanged.stdout, unchanged.stdout
        _change_somewhere(emu)
        changed = run(look, checkout, env)
        assert changed.returncode != 0 and '+ [1]: "**/*.mdx"' in changed.stdout, changed.stdout


def _change_somewhere(emu: RunningEmulator) -> None:
    """What somebody does behind everybody's back."""
    with emu.client() as client:
        sources = client.get("/api/v1/sources", params={"database_name": "demo"}).json()
    [handbook] = [source for source in sources if source.get("github")]
    emu.control.patch_source(handbook["id"], github={"include_globs": ["**/*.md", "**/*.mdx"]})
