"""``python -m scripts.venv``: the virtual environment ``.venv`` with the project, the emulator and the tools.

Further words are dependency groups that are installed as well, such as ``aws``.
Installs only when pyproject.toml changed since the last time. An old Python can run it too,
to be refused kindly.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Make or renew the environment; one sentence and exit code 1 if that can't be done."""
    if sys.version_info < (3, 10):  # noqa: UP036 (this is where an old one is told)
        found = ".".join(str(part) for part in sys.version_info[:3])
        print(
            f"venv       needs Python 3.10 or newer, this is {found}; say which: make PYTHON=python3.12",
            file=sys.stderr,
        )
        return 1
    folder = _ROOT / ".venv"
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    commands = [
        # `--group` came with pip 25.1.
        [*pip, "pip>=25.1"],
        [*pip, "--editable", ".[emulator]", "--group", "dev"],
        # As pip does with what it installs otherwise: where Python may write no bytecode, each process of the
        # engine would compile a checkout's modules anew.
        [str(python), "-m", "compileall", "-q", "provider", "emulator"],
    ]
    # 65 MB instead of 500: its server needs nothing of what it depends on.
    server = [*pip, "--only-binary", ":all:", "--no-deps", "--group", "server"]
    if not python.exists():
        commands.insert(0, [sys.executable, "-m", "venv", str(folder)])
    if not _installed(folder / "installed", "the project and its tools", commands):
        return 1
    if not _installed(folder / "installed-server", "Chroma's own server", [server]):
        print("venv       goes on without it; the tests that need it fail", file=sys.stderr)
    return int(
        not all(
            _installed(folder / f"installed-{group}", group, [[*pip, "--no-compile", "--group", group]])
            for group in sys.argv[1:]
        )
    )


def _installed(stamp: Path, what: str, commands: list[list[str]]) -> bool:
    """Run these commands, where they were not run since pyproject.toml was changed; whether all is well."""
    digest = hashlib.sha256((_ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return True
    print(f"venv       installing {what} into .venv", flush=True)
    for command in commands:
        code = subprocess.run(command, cwd=_ROOT, check=False).returncode
        if code != 0:
            print(f"venv       failed (exit code {code}): {' '.join(command)}", file=sys.stderr)
            return False
    stamp.write_text(digest)
    return True


if __name__ == "__main__":
    sys.exit(main())
