"""``docs/emulator.md`` says what there is, and what it shows works."""

from __future__ import annotations

import re
from pathlib import Path

from tests.emulator.test_plugin import run

import chroma_sync_emulator
from chroma_sync_emulator import control
from chroma_sync_emulator.faults import ACTIONS, OPERATIONS
from chroma_sync_emulator.openapi import document
from chroma_sync_emulator.settings import Settings
from chroma_sync_emulator.testing import Control, RunningEmulator

TEXT = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_every_action_operation_setting_and_request_is_documented() -> None:
    """In the tables, under the names that they have."""
    for action, does in ACTIONS.items():
        [row] = re.findall(rf"^\| `{action}` \| (.*) \|$", TEXT, re.MULTILINE)
        assert row.replace("`", "").replace(" delay seconds", "") == does
    for name in [*OPERATIONS, *Settings.model_fields]:
        assert f"`{name}`" in TEXT
    [mount] = control.ROUTES
    for route in mount.routes:
        path = f"{mount.path}{route.path}".replace(":int", "")  # type: ignore[attr-defined]
        methods = "`, `".join(sorted(route.methods - {"HEAD"}, key="GET PUT POST PATCH DELETE".find))  # type: ignore[attr-defined]
        assert f"| `{methods} {path}` |" in TEXT
    for method in vars(Control):
        assert method.startswith("_") or method == "close" or f"`{method}(" in TEXT


def test_the_limits_tick_every_operation_with_its_answers() -> None:
    """In LIMITS.md: method, path and statuses, as the emulator's OpenAPI document has them."""
    text = Path(chroma_sync_emulator.__file__).with_name("LIMITS.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| ✓ \| [^|]* \| `([A-Z]+ \S+)` \| ([\d, ]+) \|$", text, re.MULTILINE))
    assert rows == {
        (f"{method.upper()} {path}", ", ".join(sorted(set(operation["responses"]) - {"500"})))
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }


def test_the_tests_that_it_shows_pass(tmp_path: Path) -> None:
    """All but the one that runs a stack, as they stand there, in a folder of a user."""
    tests = [program for program in PROGRAMS if "def test_" in program and "subprocess" not in program]
    [data] = [program for program in tests if "chromadb" in program]
    (tmp_path / "test_it.py").write_text("\n\n".join(program for program in tests if program != data))
    output = run(tmp_path, "-q", "--strict-markers")
    assert "5 passed" in output, output
    # Chroma's client never closes what it embeds by.
    (tmp_path / "test_it.py").write_text(data)
    output = run(tmp_path, "-q", "--strict-markers", strict=False)
    assert "1 passed" in output, output


def test_the_program_that_it_shows_works() -> None:
    """The context manager's."""
    [program] = [program for program in PROGRAMS if "with emulator(" in program]
    exec(compile(program, "docs/emulator.md", "exec"), {})


def test_the_variables_are_those_of_the_fixture(emu: RunningEmulator) -> None:
    """Each that the environment has is named."""
    assert [name for name in emu.environment() if f"`{name}`" not in TEXT] == []
