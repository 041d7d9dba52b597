"""The installed wheel at work, away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pulumi_chroma_sync
from chroma_sync_emulator.testing import emulator

from .conftest import ROOT, Installed

WITHOUT_THE_EXTRA = """
import sys
for name in ("starlette", "uvicorn", "multipart", "python_multipart", "jinja2"):
    sys.modules[name] = None
"""


def test_the_public_names_come_from_the_wheel(installed: Installed, tmp_path: Path) -> None:
    """What is imported is what was installed, with every public name."""
    ask = "import json, pulumi_chroma_sync as p; print(json.dumps([p.__file__, *map(repr, dir(p))]))"
    file, *there = json.loads(installed.run("python", "-c", ask, cwd=tmp_path))
    assert Path(file).is_relative_to(installed.site)
    assert {repr(name) for name in pulumi_chroma_sync.__all__} <= set(there)
    star = "from pulumi_chroma_sync import *; print(Source.__module__)"
    assert installed.run("python", "-c", star, cwd=tmp_path) == "pulumi_chroma_sync.source\n"


def test_both_commands_are_there(installed: Installed, tmp_path: Path) -> None:
    """`--help` needs neither a key nor the service."""
    said = installed.run("python", "-m", "chroma_sync_emulator", "--help", cwd=tmp_path)
    assert "--store" in said
    said = installed.run("pulumi-chroma-sync", "--help", cwd=tmp_path)
    assert "list" in said and "import" in said


def test_the_provider_works_without_the_extra(installed: Installed, tmp_path: Path) -> None:
    """Nothing of the package needs the emulator's server, nor does its pytest plugin until it is asked."""
    modules = sorted(path.stem for path in (installed.site / "pulumi_chroma_sync").glob("*.py"))
    whole = [f"import pulumi_chroma_sync.{name}" for name in modules if name != "__init__"]
    plugin = "import chroma_sync_emulator.pytest_plugin"
    installed.run("python", "-c", WITHOUT_THE_EXTRA + "\n".join([*whole, plugin]), cwd=tmp_path)


def test_the_emulator_without_its_extra_says_what_to_install(installed: Installed, tmp_path: Path) -> None:
    """One sentence instead of a traceback."""
    run = "import runpy; runpy.run_module('chroma_sync_emulator', run_name='__main__')"
    said = installed.run("python", "-c", WITHOUT_THE_EXTRA + run, cwd=tmp_path, check=False)
    assert said.splitlines() == [
        'the emulator needs what its extra installs: pip install "pulumi-chroma-sync[emulator]"'
    ]


def test_the_engine_runs_a_program_on_it(installed: Installed, tmp_path: Path) -> None:
    """A program beside nothing but a Pulumi.yaml creates its source, and no plugin is looked for."""
    engine = subprocess.run([ROOT / "scripts" / "engine" / "path"], capture_output=True, text=True)
    assert engine.returncode == 0, engine.stderr
    for name in ("project", "state"):
        (tmp_path / name).mkdir()
    (tmp_path / "project" / "Pulumi.yaml").write_text("name: wheel\nruntime: python\n", encoding="utf-8")
    program = (ROOT / "__main__.py").read_text(encoding="utf-8")
    (tmp_path / "project" / "__main__.py").write_text(program, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "PYTHON"))}
    with emulator() as emu:
        env = {
            **kept,
            **emu.environment(),
            "PATH": os.pathsep.join(
                [str(installed.folder / "bin"), engine.stdout.strip(), os.environ["PATH"]]
            ),
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "of the tests",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        for command in ("stack init dev", "up --yes --skip-preview --stack dev --logtostderr -v=5"):
            ended = subprocess.run(
                ["pulumi", "--non-interactive", *command.split()],
                cwd=tmp_path / "project",
                env=env,
                capture_output=True,
                text=True,
            )
            assert ended.returncode == 0, ended.stderr[-3000:]
        with emu.client() as client:
            (source,) = client.get("/api/v1/sources", params={"database_name": "quickstart"}).json()
    assert source["github"]["repository"] == "acme/handbook"
    assert "chroma-sync downloading" not in ended.stderr
