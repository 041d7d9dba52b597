"""What editors read of a docstring, as Markdown: an extension of the parser that mkdocstrings uses."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import griffe

__all__ = ["Roles"]

_ROLE = re.compile(r":(?:class|mod|attr|func|meth|data):`~?([^`]+)`")
_BLOCK = re.compile(r"::\n\n((?:(?: {4}.*)?\n)*(?: {4}.*))")


class Roles(griffe.Extension):
    """Links instead of roles, and fenced code instead of what follows a double colon."""

    def on_object(self, *, obj: griffe.Object, **_kwargs: Any) -> None:
        """Change the docstring of whatever has been read."""
        if obj.docstring is not None:
            text = _BLOCK.sub(_fenced, obj.docstring.value)
            obj.docstring.value = _ROLE.sub(lambda match: _link(match, obj), text)


def _fenced(match: re.Match[str]) -> str:
    return f":\n\n```python\n{textwrap.dedent(match[1]).strip()}\n```"


def _link(match: re.Match[str], obj: griffe.Object) -> str:
    package, name = obj.package, match[1].rpartition(".")[2]
    # What is not public is on no page.
    return f"[`{name}`][{package.path}.{name}]" if name in (package.exports or ()) else f"`{name}`"
