"""``python -m scripts.clean``: removes what make made in this checkout; needs no environment."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from .quickstart import emulator

_ROOT = Path(__file__).resolve().parent.parent
_MADE = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".schemathesis", "build", "dist")


def main() -> int:
    """Remove; refuse where the stack still has resources, because its state is what knows them."""
    state = _ROOT / ".local" / "state"
    for stack in state.glob(".pulumi/stacks/**/*.json"):
        if "chroma-sync:" in stack.read_text(encoding="utf-8"):
            live = " LIVE=1" if stack.stem == "live" else ""
            print(
                f"clean      stack {stack.stem} has resources: run `make down{live}` first", file=sys.stderr
            )
            return 1
    emulator.stop()
    if (_ROOT / ".local").exists():
        # Their passphrase goes with .local.
        for settings in ("Pulumi.dev.yaml", "Pulumi.live.yaml"):
            (_ROOT / settings).unlink(missing_ok=True)
    for name in (*_MADE, ".local", ".venv"):
        shutil.rmtree(_ROOT / name, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
