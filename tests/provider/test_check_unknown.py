"""Check at preview, where some values aren't known yet."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_chroma_sync.core.validation import is_known, is_wholly_known
from pulumi_chroma_sync.kinds.source.check import check_inputs
from pulumi_chroma_sync.kinds.source.model import INPUTS

from .strategies import unknown
from .written import github, s3

KEY, SECRET = "aws_access_key_id", "aws_secret_access_key"

UNKNOWN_PASSES: dict[str, dict[str, Any]] = {
    "everything": {name: unknown() for name in INPUTS},
    "two kinds, one not known": {**github(), "web_scrape": unknown()},
    "no kind that is known": {"s3": unknown()},
    "half a pair, the other not known": s3(**{KEY: "x", SECRET: unknown()}),
    "half a pair that isn't known": s3(**{KEY: unknown()}),
    "credential and a key that isn't known": s3(**{"aws_credential_id": 7, KEY: unknown()}),
    "credential that isn't known, and keys": s3(**{"aws_credential_id": unknown(), KEY: "x"}),
    "lines of a type that isn't known": {**github(), "chunking": {"type": unknown(), "max_lines": 5}},
    "lines that aren't known": {**github(), "chunking": {"type": "tree_sitter", "max_lines": unknown()}},
    "globs that may turn out equal": github(include_globs=[unknown(), unknown(), "a"]),
    "a model that isn't known": {**github(), "embedding_model": {"model": unknown(), "task": unknown()}},
}


@pytest.mark.parametrize("name", UNKNOWN_PASSES)
def test_nothing_is_concluded_from_a_value_that_is_not_known(name: str) -> None:
    """It may turn out to be anything, None too."""
    assert check_inputs(UNKNOWN_PASSES[name], "demo")[1] == []


def test_what_is_known_beside_an_unknown_value_is_checked() -> None:
    """Neighbours of an unknown value, in the same object and in the same list."""
    bag = {
        "github": {"repository": unknown(), "app_id": 5.0, "include_globs": [unknown(), 5.0]},
        "web_scrape": {"starting_url": "x"},
        "chunking": {"type": "tree_sitter", "max_lines": 5, "max_size_bytes": unknown()},
    }
    assert [failure.property for failure in check_inputs(bag, "demo")[1]] == [
        "chunking.max_lines",
        "github.*",
        "github.app_id",
        "github.include_globs[1]",
        "web_scrape.starting_url",
    ]


def test_known_and_wholly_known_differ() -> None:
    """An object is known while parts of it are not."""
    assert is_known({"a": unknown()}) and not is_wholly_known({"a": [{"b": unknown()}]})
    assert not is_known(unknown()) and is_wholly_known({"a": [{"b": None}]})
