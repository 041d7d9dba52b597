"""Gets the Pulumi engine: finds it on PATH, installs the official distribution, or builds it from Go modules.

``scripts/engine/get`` gets it and says how; ``scripts/engine/path`` prints the folder to put on PATH. The
standard library is enough, except that the official way uses the Pulumi SDK's own installer.
"""

from __future__ import annotations

from .engine import Engine, NoEngineError
from .ways import find, get

__all__ = ["Engine", "NoEngineError", "find", "get"]
