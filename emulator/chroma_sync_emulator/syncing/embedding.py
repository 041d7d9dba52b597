"""A stand-in for the embedding model: feature hashing of words, 1,024 dimensions, the same everywhere.

What shares words is near; what says the same in other words is not. Each word and each of its trigrams adds
to a place and with a sign that its hash tells, so that forms of a word are near too.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
from collections import Counter
from functools import lru_cache

__all__ = ["DIMENSIONS", "embed", "encoded"]

DIMENSIONS = 1024
"""Those of Qwen/Qwen3-Embedding-0.6B, the one model of the service."""

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# They are in every text, and would make all of them alike.
_EVERYWHERE = frozenset(
    "a an and are as at be but by can do does for from has have how i if in into is it its my no not of on or"
    " our so than that the their then there these they this to was we what when where which who why will with"
    " you your".split()
)
_TRIGRAM = 0.3


def embed(text: str) -> list[float]:
    """The vector of a text, of length 1."""
    words = Counter(
        word
        for word in (found.lower() for found in _WORD.findall(_CAMEL.sub(" ", text)))
        if word not in _EVERYWHERE
    )
    vector = [0.0] * DIMENSIONS
    for word, count in words.items():
        weight = 1 + math.log(count)
        for place, share in _places(word):
            vector[place] += weight * share
    length = math.sqrt(sum(value * value for value in vector))
    if not length:
        return [1.0] + [0.0] * (DIMENSIONS - 1)
    return [value / length for value in vector]


def encoded(vector: list[float]) -> str:
    """A vector as the server takes it in base64: little-endian 32-bit floats."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


@lru_cache(maxsize=65536)
def _places(word: str) -> tuple[tuple[int, float], ...]:
    framed = f"<{word}>"
    trigrams = [framed[at : at + 3] for at in range(len(framed) - 2)] if len(word) > 3 else []
    shares = [(word, 1.0), *((trigram, _TRIGRAM) for trigram in trigrams)]
    return tuple((_hash(feature) % DIMENSIONS, share * _sign(feature)) for feature, share in shares)


def _hash(feature: str) -> int:
    return int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")


def _sign(feature: str) -> int:
    return 1 if _hash(feature) >> 63 else -1
