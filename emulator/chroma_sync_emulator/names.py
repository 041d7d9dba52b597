"""What databases and collections may be called (the vendor's documentation)."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator

__all__ = ["NAME_PATTERN", "ResourceName", "checked_name"]

NAME_PATTERN = r"^[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]$"
"""3 to 512 characters. It doesn't look ahead: tools make examples of a pattern, and do badly at that."""


def checked_name(name: str) -> str:
    """The name.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(NAME_PATTERN, name) or ".." in name or _is_address(name):
        raise ValueError(
            "must be 3 to 512 letters a-z, digits, '.', '_' or '-', begin and end with a letter or digit,"
            " hold no two dots in a row and be no IP address"
        )
    return name


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


ResourceName = Annotated[str, AfterValidator(checked_name)]
"""A name of a collection or database that is checked where it is read."""
