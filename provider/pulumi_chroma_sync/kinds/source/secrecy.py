"""What the service answered, without what must be shown nowhere: AWS keys, and passwords in addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_chroma_sync.api.secrecy import without_users

from .model import WRITE_ONLY, without_userinfo

__all__ = ["without_secrets"]

_ADDRESSES = ("starting_url", "repository")
"""Fields whose whole text is an address, also where it has no scheme."""


def without_secrets(value: Any, name: str = "") -> Any:
    """The same value: AWS keys are None, and each address in a text is without its user and password.

    The service should answer neither. Whatever it does answer, and under whatever name, is gone through.

    Args:
        value: of JSON.
        name: of the field that it is of.
    """
    if name in WRITE_ONLY:
        return None
    if isinstance(value, Mapping):
        return {key: without_secrets(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item, name) for item in value]
    if not isinstance(value, str):
        return value
    text = without_userinfo(value) if name in _ADDRESSES else value
    return without_users(text)
