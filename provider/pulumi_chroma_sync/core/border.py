"""The border between the engine and a provider: what comes in, and how errors leave.

Every method of a provider is called through it, so that what the engine does to values is undone in one
place, and so that whoever is called knows which resource the call is about.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from typing_extensions import ParamSpec

from pulumi_chroma_sync.errors import ChromaSyncError

from .answer import tell_the_engine

__all__ = ["called_by_the_engine", "properties_of_the_call", "with_whole_numbers"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_properties: ContextVar[Mapping[str, Any]] = ContextVar("properties")


def properties_of_the_call() -> Mapping[str, Any]:
    """What the engine called with: the program's properties, or the state's where there are no others.

    Raises:
        LookupError: this is no call of the engine, nor the thread of one.
    """
    return _properties.get()


def called_by_the_engine(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """Give the method whole numbers as such; let its errors leave with as few frames as can be.

    The engine passes every number as a double (measured), and a service that wants a whole number refuses
    ``8192.0``. Of an error it prints the whole traceback.
    """

    @functools.wraps(method)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        whole: Any = [with_whole_numbers(arg) if isinstance(arg, Mapping) else arg for arg in args]
        # Old ones come before new ones.
        props = args[-1] if args and isinstance(args[-1], Mapping) else {}
        call = _properties.set(props)
        try:
            return method(*whole, **kwargs)
        except ChromaSyncError as error:
            tell_the_engine(error, props)
            raise error.with_traceback(None) from None
        finally:
            _properties.reset(call)

    return wrapper


def with_whole_numbers(value: Any) -> Any:
    """The same value with an int for every number that is whole; values that aren't known yet stay."""
    if isinstance(value, Mapping):
        return {name: with_whole_numbers(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [with_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
