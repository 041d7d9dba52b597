"""The environment of an engine that works on a state of its own, whatever else the user has set."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["environment"]


def environment(engine: Path, *, state: Path, home: Path) -> dict[str, str]:
    """This process's environment with that engine first on PATH, and none of the user's Pulumi or Chroma.

    Args:
        engine: folder with the engine's programs.
        state: folder that is the backend; it has to be there before the engine runs.
        home: folder for the engine's own settings.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "CHROMA_"))}
    # The host that is built from modules ignores `virtualenv:`, so the environment's Python goes first.
    path = [str(Path(sys.prefix) / "bin"), str(engine), os.environ.get("PATH", os.defpath)]
    return {
        **kept,
        "PATH": os.pathsep.join(path),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
