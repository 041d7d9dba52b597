"""Whether the engine has asked to stop: Ctrl-C while something is waited for.

On Ctrl-C the engine sends ``Cancel`` to every plugin, and then waits for the calls that are under way. The
SDK (3.272) answers it with nothing and tells the provider nothing, so a wait of an hour would hold up a user
for an hour. Its method is bound when the server is made, before our code loads; what a bound method does can
still be changed, by giving its function other code. This file leans on that and on nothing else of the SDK's;
whatever is otherwise than expected is left as it is, and then a wait ends at its deadline alone.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

__all__ = ["is_cancelled", "listen_for_cancel", "reset"]

_asked = threading.Event()


def is_cancelled() -> bool:
    """Whether the engine has asked to stop."""
    return _asked.is_set()


def reset() -> None:
    """Forget that it was asked: a process that goes on, as a test does."""
    _asked.clear()


def cancel() -> None:
    """Note that the engine has asked to stop."""
    _asked.set()


def listen_for_cancel() -> bool:
    """Hear the engine's ``Cancel``; whether that can be done here.

    Call it in a plugin process: there the SDK's server is the main module.
    """
    servicer = getattr(sys.modules.get("__main__"), "DynamicResourceProviderServicer", None)
    method: Any = vars(servicer).get("Cancel") if isinstance(servicer, type) else None
    code = getattr(method, "__code__", None)
    if code is None or code.co_freevars or code.co_argcount != 3:
        return False
    method.__code__ = _answer_cancel.__code__
    return True


def _answer_cancel(self: Any, request: Any, context: Any) -> Any:
    # Its names are looked up in the SDK's module, so it brings its own.
    from google.protobuf import empty_pb2  # type: ignore[import-untyped]

    from pulumi_chroma_sync.core import cancelling

    cancelling.cancel()
    return empty_pb2.Empty()
