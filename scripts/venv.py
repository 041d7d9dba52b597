"""``python -m scripts.venv``: the virtual environment ``.venv`` with the project, the emulator and the tools.

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
    stamp = folder / "installed"
    digest = hashlib.sha256((_ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == digest:
        return 0
    print("venv       installing the project and its tools into .venv", flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    commands = [
        # `--group` came with pip 25.1.
        [*pip, "pip>=25.1"],
        [*pip, "--editable", ".[emulator]", "--group", "dev"],
    ]
    if not python.exists():
        commands.insert(0, [sys.executable, "-m", "venv", str(folder)])
    for command in commands:
        code = subprocess.run(command, cwd=_ROOT, check=False).returncode
        if code != 0:
            print(f"venv       failed (exit code {code}): {' '.join(command)}", file=sys.stderr)
            return 1
    stamp.write_text(digest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
