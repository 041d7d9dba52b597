"""A plugin's start without httpx's own command line.

That loads rich, pygments and click, a sixth of all that a plugin imports (measured), and the engine waits for
it in every command. ``httpx/__init__.py`` does without where its ``cli`` extra is not installed (httpx 0.28),
so while it is loaded its module looks as if it was not. This file leans on that module's name and on
nothing else; whatever is otherwise than expected, httpx is loaded as it is.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["load_httpx"]

_COMMAND_LINE = "httpx._main"


def load_httpx() -> None:
    """Load httpx; call it in a plugin's process, where nobody else works with it."""
    modules: dict[str, Any] = sys.modules
    if "httpx" in modules or _COMMAND_LINE in modules:
        return
    modules[_COMMAND_LINE] = None  # which is how Python notes a module that can't be found
    try:
        import httpx  # noqa: F401
    except ImportError:
        pass  # whoever needs it imports it as it is
    finally:
        if modules.get(_COMMAND_LINE) is None:
            modules.pop(_COMMAND_LINE, None)
