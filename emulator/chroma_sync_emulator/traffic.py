"""The requests that the API has seen, for tests and people to look at."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from pydantic_core import from_json

from .store import timestamp

__all__ = ["Seen", "Traffic", "redacted"]


@dataclass
class Seen:
    """One request. ``status`` is None until it is answered, and for ever where it was dropped."""

    id: int
    at: str
    operation: str
    method: str
    path: str
    query: dict[str, str]
    status: int | None
    body: Any
    user_agent: str
    tenant: str | None
    fault: str | None
    trace_id: str


class Traffic:
    """The last requests, the oldest first.

    Args:
        size: how many are kept; ``count`` also counts those that no longer are.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._seen: deque[Seen] = deque(maxlen=size)
        self._numbers = itertools.count(1)
        self.count = 0

    def add(self, **fields: Any) -> Seen:
        """Note a request that came in; its status is filled in later."""
        seen = Seen(id=next(self._numbers), at=timestamp(datetime.now(timezone.utc)), status=None, **fields)
        self._seen.append(seen)
        self.count += 1
        return seen

    def last(self, size: int) -> list[dict[str, Any]]:
        """The last ones, the oldest of them first."""
        return [asdict(seen) for seen in list(self._seen)[-size:]]

    def describe(self, operation: str | None = None) -> list[dict[str, Any]]:
        """The requests, of one operation where that is asked for."""
        return [asdict(seen) for seen in self._seen if operation in (None, seen.operation)]

    def clear(self) -> None:
        """Forget them."""
        self._seen.clear()
        self.count = 0


def redacted(raw: bytes) -> Any:
    """A JSON body without secret values, or None where it is no JSON."""
    try:
        return _without_secrets(from_json(raw, allow_inf_nan=False))
    except ValueError:
        return None


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "[secret]" if "secret" in name.lower() and item is not None else _without_secrets(item)
            for name, item in value.items()
        }
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value
