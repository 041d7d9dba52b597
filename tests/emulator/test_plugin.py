"""The pytest plugin, as users' own tests meet it: nothing to import, nothing to set up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCE = {"database_name": "demo", "github": {"repository": "acme/handbook"}}
STACK = f"""
import httpx, pytest
@pytest.mark.parametrize('number', range(12))
def test_one_source(chroma_sync_emulator, number):
    headers = {{'x-chroma-token': chroma_sync_emulator.key}}
    url = f'{{chroma_sync_emulator.url}}/api/v1/sources'
    assert httpx.post(url, json={SOURCE!r}, headers=headers, trust_env=False).status_code == 201
    assert len(chroma_sync_emulator.control.requests('create_source')) == 1
"""


def run(folder: Path, *options: str, code: str = "pass", strict: bool = True) -> str:
    """pytest in a folder of a user, with warnings as errors unless it is not strict; what it prints."""
    warnings = ["-W", "error"] if strict else []
    start = f"import sys; {code}; import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    # Other plugins of this environment are slow to load, and no concern of these tests.
    without = [f"-pno:{name}" for name in ("cacheprovider", "schemathesis", "hypothesispytest", "anyio")]
    command = [sys.executable, *warnings, "-c", start, *without, *warnings]
    done = subprocess.run(
        [*command, "--rootdir", str(folder), *options, str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=200,
    )
    return done.stdout + done.stderr


def test_the_fixture_works_in_parallel_runs(tmp_path: Path) -> None:
    """Under pytest-xdist each test has an emulator of its own; an installed package is all it takes."""
    (tmp_path / "test_stack.py").write_text(STACK)
    output = run(tmp_path, "-q", "-n", "2")
    assert "12 passed" in output, output


def test_the_plugin_costs_nothing_where_nobody_asks_for_it(tmp_path: Path) -> None:
    """It is loaded with every run of pytest, but neither the emulator nor what that needs."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test_nothing_is_loaded():\n"
        "    assert 'chroma_sync_emulator.pytest_plugin' in sys.modules\n"
        "    assert not {'chroma_sync_emulator.testing', 'uvicorn', 'pulumi'} & set(sys.modules)\n"
    )
    assert "1 passed" in (output := run(tmp_path)), output


def test_the_marker_gives_the_fixture_other_settings(tmp_path: Path) -> None:
    """Those of the nearest one, also where pytest is strict about markers."""
    (tmp_path / "test_stack.py").write_text(
        "import pytest\n"
        "pytestmark = pytest.mark.chroma_sync_emulator(page_cap=3)\n"
        "def test_of_the_module(chroma_sync_emulator):\n"
        "    assert chroma_sync_emulator.control.settings()['page_cap'] == 3\n"
        "@pytest.mark.chroma_sync_emulator(databases=['knowledge'], read_lag=2)\n"
        "def test_of_its_own(chroma_sync_emulator):\n"
        "    settings = chroma_sync_emulator.control.settings()\n"
        "    assert (chroma_sync_emulator.database, settings['read_lag']) == ('knowledge', 2)\n"
    )
    output = run(tmp_path, "--strict-markers")
    assert "2 passed" in output, output


def test_the_fixture_says_what_to_install(tmp_path: Path) -> None:
    """One line instead of a traceback where the extra is missing."""
    (tmp_path / "test_stack.py").write_text("def test_it(chroma_sync_emulator):\n    pass\n")
    # None is how Python marks a module that can't be imported.
    output = run(tmp_path, "-q", code="sys.modules['uvicorn'] = None")
    assert 'its extra installs: pip install "pulumi-chroma-sync[emulator]"' in output, output
    assert "Traceback" not in output and "ModuleNotFoundError" not in output
