"""What check makes of a set: every mistake by its key and path, as far as a person can read them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi.dynamic import CheckFailure
from pydantic import BaseModel, ConfigDict

from pulumi_chroma_sync.core.validation import (
    Path,
    broken_fields,
    failures_of,
    is_known,
    is_wholly_known,
    stripped,
)
from pulumi_chroma_sync.kinds.source.check import NO_DATABASE, check_inputs
from pulumi_chroma_sync.kinds.source.rules import warnings_of as warnings_of_one
from pulumi_chroma_sync.kinds.source.spec import SourceSpec

from .declared import declared_sources, is_inherited, own_of

__all__ = ["SHOWN", "check_set", "place", "warnings_of"]

SHOWN = 20
"""Failures that are told in full; the rest is counted."""

_PROVIDER = "__provider"
_OBJECT = "must be an object with keys of its own"
_BELONGS = "belongs to the set, not to one of its sources; sources of another {} are another set"
_OWN = {
    "database_name": _BELONGS.format("database"),
    "connection": _BELONGS.format("connection"),
    "retain_on_delete": "unknown",
}
_NO_SECRETS = frozenset({"name", "database_name", "on_conflict", "connection"})


class _SetInputs(BaseModel):
    """A set but for what its sources are checked for themselves."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    sources: dict[str, Any]
    name: Any = None
    database_name: Any = None
    github: Any = None
    web_scrape: Any = None
    s3: Any = None
    chunking: Any = None
    embedding: Any = None
    embedding_model: Any = None
    extra: Any = None
    on_conflict: Any = None
    connection: Any = None


def place(key: str, path: str = "") -> str:
    """``sources["acme"].s3.region``."""
    return f"sources[{json.dumps(key, ensure_ascii=False)}]" + (f".{path}" if path else "")


def check_set(
    news: Mapping[str, Any], database: str | None, no_database: str = NO_DATABASE
) -> tuple[dict[str, Any], list[CheckFailure]]:
    """Normalise and validate what a program passed.

    Args:
        news: the property bag as the engine gives it; may hold unknown values at any depth.
        database: the database where the program names none.
        no_database: the failure where nobody names one.

    Returns:
        The inputs to keep (None values gone, the database filled in), and the failures: what all sources
        share first, then by key, at most :data:`SHOWN` and a count of the others.
    """
    inputs = stripped({name: value for name, value in news.items() if name != _PROVIDER})
    if "database_name" not in inputs and database:
        inputs["database_name"] = database
    broken: list[tuple[Path, str]] = broken_fields(_SetInputs, inputs)
    found = {failure.property: failure for failure in failures_of(broken, inputs, _NO_SECRETS)}
    if is_known(inputs.get("sources")):
        if not inputs.get("sources") and "database_name" not in inputs:
            _, failures = check_inputs({}, None, no_database)
            found |= {each.property: each for each in failures if each.property == "database_name"}
        for failure in _of_sources(inputs, no_database):
            found.setdefault(failure.property, failure)
    # What the set says for all is one mistake, however many sources have it.
    of_the_set = [failure for path, failure in found.items() if not path.startswith("sources[")]
    of_sources = [failure for path, failure in found.items() if path.startswith("sources[")]
    return inputs, [*of_the_set, *_readable(of_sources)]


def warnings_of(sources: Mapping[str, Any]) -> list[str]:
    """What deserves a warning, each once, with how many sources have it."""
    counted = Counter(
        warning
        for inputs in sources.values()
        if isinstance(inputs, Mapping)
        for warning in warnings_of_one(inputs, is_known)
    )
    return [f"{warning} ({number} of {len(sources):,} sources)" for warning, number in counted.items()]


def _of_sources(inputs: Mapping[str, Any], no_database: str) -> Iterator[CheckFailure]:
    sources, same = inputs.get("sources"), _Same()
    if not isinstance(sources, Mapping):
        return
    for key, declared in declared_sources(inputs).items():
        own = own_of(sources[key])
        if not is_known(own):
            continue
        if not isinstance(declared, Mapping):
            yield CheckFailure(place(key), _OBJECT)
            continue
        for name in (name for name in _OWN if name in own):
            yield CheckFailure(place(key, name), _OWN[name])
        _, failures = check_inputs(declared, None, no_database)
        for failure in failures:
            path = failure.property
            inherited = is_inherited(inputs, own, path.removesuffix(".*"))
            yield CheckFailure(path if inherited else place(key, path), failure.reason)
        if not failures and (other := same.seen(key, declared)) is not None:
            yield CheckFailure(place(key), f"is the same as {place(other)}; declare a source once")


class _Same:
    """Finds sources that are declared twice."""

    def __init__(self) -> None:
        self._by_key: dict[object, list[tuple[str, SourceSpec]]] = {}

    def seen(self, key: str, inputs: Mapping[str, Any]) -> str | None:
        if not is_wholly_known(inputs):
            return None
        spec = SourceSpec.from_inputs(inputs)
        met = self._by_key.setdefault(spec.key, [])
        other = next((other for other, theirs in met if theirs == spec), None)
        met.append((key, spec))
        return other


def _readable(failures: Iterable[CheckFailure]) -> list[CheckFailure]:
    every = list(failures)
    shown, rest = every[:SHOWN], every[SHOWN:]
    if rest:
        keys = {failure.property.partition("]")[0] for failure in rest}
        # A path inside `sources`: of one that is an input the engine would print the value.
        shown.append(CheckFailure("sources.*", f"and {len(rest):,} more failures, in {len(keys):,} sources"))
    return shown
