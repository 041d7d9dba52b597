"""What a program declares of a set, and what that means for each of its sources.

A source of a set is what it says itself, over what the set says for all. Of its kind (``github``,
``web_scrape``, ``s3``) the fields are merged one by one; everything else that it says takes the place of what
the set says.

In the state a source without outputs in it is one compact text (JSON): a fifth of the bytes, and of the time,
of an object. The engine shows such a text as an object all the same (measured).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pulumi_chroma_sync.core.validation import is_known
from pulumi_chroma_sync.kinds.source.model import KINDS, WRITE_ONLY
from pulumi_chroma_sync.kinds.source.state import secrets_in

__all__ = ["FIELDS", "INPUTS", "OF_THE_SET", "declared_sources", "is_inherited", "own_of", "secrets_of"]

FIELDS = (*KINDS, "chunking", "embedding", "embedding_model", "extra", "on_conflict")
"""What a source of a set may say, and the set for all of them."""

OF_THE_SET = ("database_name", "connection")
"""What all sources of a set have in common."""

INPUTS = ("name", "database_name", "sources", *FIELDS, "connection")
"""Names of everything that reaches the provider; ``name`` is the resource's own, for what people are told."""

_DENSE = ("embedding", "embedding_model")
"""Two names of one thing: who says one of them has said both."""

_CREDENTIAL = ("aws_credential_id", *WRITE_ONLY)
"""Two ways to say one thing, likewise."""


def own_of(given: Any) -> Any:
    """What a source says itself: an object, or whatever stands in its place.

    Args:
        given: the source in the inputs; an object, or the same as compact text.
    """
    if isinstance(given, str):
        try:
            return json.loads(given)
        except ValueError:
            return given
    return given


def declared_sources(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Each source's own inputs, as a ``Source`` would have them; what is no object stays what it is.

    Args:
        inputs: of the set, without None values; values may be unknown at any depth.
    """
    sources = inputs.get("sources")
    if not isinstance(sources, Mapping):
        return {}
    shared = {name: inputs[name] for name in FIELDS if name in inputs}
    above = {name: inputs[name] for name in OF_THE_SET if name in inputs}
    found = {}
    for key in sorted(sources):  # the engine gives them in no order
        own = own_of(sources[key])
        found[key] = {**above, **_over(shared, own)} if isinstance(own, Mapping) else own
    return found


def secrets_of(sources: Iterable[Any]) -> set[str]:
    """Texts among the inputs of these sources that no message may repeat."""
    return {text for inputs in sources if isinstance(inputs, Mapping) for text in secrets_in(inputs)}


def is_inherited(inputs: Mapping[str, Any], own: Mapping[str, Any], path: str) -> bool:
    """Whether it is the set that says what stands at this path of one of its sources.

    Args:
        inputs: of the set.
        own: what the source says itself.
        path: such as ``s3.region``, ``chunking.type``, ``database_name``.
    """
    name, _, rest = path.partition(".")
    if name not in FIELDS:
        return name in OF_THE_SET and name not in own
    shared, fields = inputs.get(name), own.get(name)
    if name not in own:
        return name in inputs and name not in KINDS
    if name not in KINDS or not isinstance(shared, Mapping) or not isinstance(fields, Mapping):
        return False
    field = re.split(r"[.\[]", rest)[0]
    return field in shared and field not in fields


def _over(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    whole = dict(own)
    for name, value in shared.items():
        if name in KINDS:
            if name in own:
                whole[name] = _merged(value, own[name])
        elif name not in own and not (name in _DENSE and any(other in own for other in _DENSE)):
            whole[name] = value
    return whole


def _merged(shared: Any, own: Any) -> Any:
    if not isinstance(own, Mapping) or not is_known(shared):
        return own if not isinstance(own, Mapping) else shared
    if not isinstance(shared, Mapping):
        return own
    said = any(name in own for name in _CREDENTIAL)
    return {**{name: value for name, value in shared.items() if not (said and name in _CREDENTIAL)}, **own}
