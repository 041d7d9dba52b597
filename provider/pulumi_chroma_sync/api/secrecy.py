"""What must be shown nowhere: texts that a server may quote in its own spelling, and users of addresses."""

from __future__ import annotations

import functools
import html.entities
import re
import threading
from collections.abc import Iterable

__all__ = ["MASK", "Secrets", "scrubbed", "without_users"]

MASK = "[secret]"
"""What stands in a secret's place."""

_USER = re.compile(r"(:[/\\]{2,})[^/?#\\\s]*@")


class Secrets:
    """The texts to keep out of errors. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"<{len(self._texts)} secrets>"

    def add(self, texts: Iterable[str]) -> None:
        """Keep these as well; empty ones don't count."""
        # One text by itself would be taken for its letters, and every error would be a row of masks.
        texts = [texts] if isinstance(texts, str) else texts
        with self._lock:
            self._texts |= {text for text in texts if text}

    def scrub(self, text: str) -> str:
        """The text with every secret masked."""
        return scrubbed(text, self._texts)


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """The text with every one of these masked, as it is and as it stands in a URL, a page or a JSON text.

    Scrub before a text is shortened: half a secret is found by nobody.
    """
    # The longest first: one secret may be a part of another, and the rest of it would stay.
    for secret in sorted(secrets, key=len, reverse=True):
        text = _pattern(secret).sub(MASK, text)
    return text


def without_users(text: str) -> str:
    """The text with ``***`` for the user and password of every address in it."""
    return _USER.sub(r"\1***@", text)


@functools.lru_cache(maxsize=1024)
def _pattern(secret: str) -> re.Pattern[str]:
    # Each character in any of its spellings, since no two libraries escape the same ones.
    return re.compile("".join(map(_spellings, secret)))


def _spellings(character: str) -> str:
    number = ord(character)
    percent = "".join(f"%(?:25)*{_any_case(f'{byte:02x}')}" for byte in character.encode("utf-8", "replace"))
    ways = [
        re.escape(character),
        percent,
        f"&#0*{number};",
        f"&#[xX]0*{_any_case(f'{number:x}')};",
        rf"\\+u{_any_case(f'{number:04x}')}",
    ]
    if name := html.entities.codepoint2name.get(number):
        ways.append(f"&{name};")
    if not character.isalnum():
        ways.append(rf"\\+{re.escape(character)}")
    return f"(?:{'|'.join(ways)})"


def _any_case(digits: str) -> str:
    return "".join(f"[{digit.lower()}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
