"""How the plugin speaks to the person at the terminal: info lines, and errors without needless frames."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from typing_extensions import ParamSpec

from .errors import ChromaSyncError

__all__ = ["plainly", "say"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def plainly(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """Errors of ours leave with as few frames as can be: the engine prints the whole traceback."""

    @functools.wraps(method)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(*args, **kwargs)
        except ChromaSyncError as error:
            raise error.with_traceback(None) from None

    return wrapper


def say(sentence: str) -> None:
    """An info line of the running operation: the engine shows what the plugin prints."""
    print(sentence, flush=True)
