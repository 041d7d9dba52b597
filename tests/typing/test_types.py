"""The types as a user's own mypy sees them: strict, without this project's settings."""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
IGNORE = re.compile(r"  # type: ignore\[([a-z-]+)\]$", re.MULTILINE)


def checked(file: Path) -> subprocess.CompletedProcess[str]:
    """Run mypy on a file outside the checkout, on the oldest Python that is supported."""
    cache = ROOT / ".mypy_cache" / "as-a-user"
    cache.mkdir(parents=True, exist_ok=True)
    options = ["--strict", "--python-version", "3.10", "--no-error-summary", "--config-file="]
    # One at a time, so that only the first reads everything, and the others its cache.
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return subprocess.run(
            [sys.executable, "-m", "mypy", *options, "--cache-dir", str(cache), file.name],
            cwd=file.parent,
            capture_output=True,
            text=True,
        )


def test_mypy_takes_what_a_program_may_write(tmp_path: Path) -> None:
    """Dict literals, the types by name, outputs in their place; and the outputs have the types they say."""
    program = tmp_path / "api.py"
    program.write_text((HERE / "api.py").read_text(encoding="utf-8"), encoding="utf-8")
    ended = checked(program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_mypy_refuses_what_the_provider_would(tmp_path: Path) -> None:
    """Each wrong line is an error of the kind noted on it, and no other line is one."""
    text = (HERE / "wrong.py").read_text(encoding="utf-8")
    expected = {
        number: match[1] for number, line in enumerate(text.splitlines(), 1) if (match := IGNORE.search(line))
    }
    assert len(expected) > 15
    program = tmp_path / "wrong.py"
    program.write_text(IGNORE.sub("", text), encoding="utf-8")
    ended = checked(program)
    found = re.findall(r"^wrong\.py:(\d+): error: .*\[([a-z-]+)\]$", ended.stdout, re.MULTILINE)
    assert {int(number): code for number, code in found} == expected


def test_mypy_says_what_is_misspelled(tmp_path: Path) -> None:
    """A keyword, a key, a literal: the message names it, so that the reader sees what to change."""
    program = tmp_path / "misspelled.py"
    program.write_text(
        "import pulumi_chroma_sync as chroma_sync\n"
        'chroma_sync.Source("a", databse_name="knowledge")\n'
        'chroma_sync.GithubArgs(repository="acme/handbook", include_globes=[])\n'
        'chroma_sync.ChunkingArgs(type="treesitter")\n',
        encoding="utf-8",
    )
    said = checked(program).stdout.splitlines()
    keyword, key, literal = (line for line in said if ": error: " in line)
    assert 'Unexpected keyword argument "databse_name" for "Source"' in keyword
    assert "include_globes" in key
    assert "treesitter" in literal
