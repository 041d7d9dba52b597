"""What a preview refuses of a set: every mistake by its key and path, as far as anybody reads."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.output import Unknown

from pulumi_chroma_sync.kinds.source_set.check import check_set, warnings_of
from pulumi_chroma_sync.kinds.source_set.declared import declared_sources

from .plugin import Bag
from .sets import repositories, tenants


def refused(inputs: Bag) -> dict[str, str]:
    """Path -> reason."""
    _, failures = check_set(inputs, None)
    named = {failure.property: failure.reason for failure in failures}
    assert len(named) == len(failures)
    return named


UNKNOWN: Any = Unknown()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("source", "path", "reason"),
    [
        ({"github": {"repository": "a/b", "branch": "x"}}, "github.branch", "unknown"),
        ({"github": {"repository": "a/b", "include_globs": ["x", 7]}}, "github.include_globs[1]", "a string"),
        ({"githb": {"repository": "a/b"}}, "githb.*", "did you mean github?"),
        ({}, "github", "exactly one of"),
        ({"s3": "bucket"}, "s3.*", "must be an object"),
        (7, "", "must be an object"),
        ('{"github": ', "", "must be an object"),
        ({"github": {"repository": "a/b"}, "database_name": "demo"}, "database_name", "belongs to the set"),
        ({"github": {"repository": "a/b"}, "retain_on_delete": True}, "retain_on_delete", "unknown"),
        ({"s3": {"bucket_name": "b", "region": "r"}}, "s3.collection_name", "required"),
    ],
)
def test_a_mistake_is_named_by_its_key_and_path(source: Any, path: str, reason: str) -> None:
    """Also where the key has characters of its own."""
    found = refused(repositories("fine") | {"sources": {'the "key"': source}})
    where = 'sources["the \\"key\\""]' + (f".{path}" if path else "")
    assert reason in found[where], found


def test_a_mistake_that_all_share_is_told_once() -> None:
    """By the path of the set's own argument."""
    program = tenants(50, chunking={"type": "lines", "max_lines": -1}, database_name="x")
    program["s3"]["region"] = ""
    found = refused(program)
    assert found.keys() == {"database_name", "chunking.max_lines", "s3.region"}


def test_a_source_that_says_its_own_is_named_for_it() -> None:
    """What takes the place of the shared argument, or of one field of it."""
    program = tenants(3, chunking={"type": "lines"})
    program["sources"]["tenant-00001"] |= {"chunking": {"type": "words"}}
    program["sources"]["tenant-00002"]["s3"]["region"] = ""
    assert refused(program).keys() == {
        'sources["tenant-00001"].chunking.type',
        'sources["tenant-00002"].s3.region',
    }


def test_twenty_failures_are_shown_and_the_others_counted() -> None:
    """Nobody reads ten thousand, and the engine prints no value with the last line."""
    program = repositories(*(f"r{number:05d}" for number in range(10_000)))
    for source in program["sources"].values():
        source["github"]["repository"] = 7
    found = refused(program)
    assert len(found) == 21
    assert found["sources.*"] == "and 9,980 more failures, in 9,980 sources"
    assert 'sources["r00019"].github.repository' in found


@pytest.mark.parametrize(
    "inputs",
    [
        repositories("a") | {"sources": UNKNOWN},
        repositories("a") | {"sources": {"a": UNKNOWN}},
        repositories("a") | {"sources": {"a": {"github": UNKNOWN}}},
        repositories("a") | {"sources": {"a": {"github": {"repository": UNKNOWN}}}},
        repositories("a") | {"sources": {"a": {"s3": {"collection_name": "abc"}}}, "s3": UNKNOWN},
        repositories("a") | {"chunking": UNKNOWN, "database_name": UNKNOWN},
    ],
)
def test_what_is_not_known_yet_passes(inputs: Bag) -> None:
    """At any depth."""
    assert refused(inputs) == {}


def test_what_is_known_beside_an_unknown_value_is_checked() -> None:
    """As for one source."""
    found = refused(repositories("a") | {"sources": {"a": {"github": {"repository": UNKNOWN, "app_id": 7}}}})
    assert found.keys() == {'sources["a"].github.app_id'}


def test_one_source_under_two_keys_is_refused() -> None:
    """However it is spelled."""
    program = repositories("a", "b")
    program["sources"]["b"] = {"github": {"repository": "ACME/a"}}
    assert refused(program) == {'sources["b"]': 'is the same as sources["a"]; declare a source once'}


def test_an_unknown_argument_of_the_set_is_named() -> None:
    """With what was meant."""
    assert refused(repositories("a", chunkin={"type": "lines"})) == {
        "chunkin.*": "unknown; did you mean chunking?"
    }


def test_the_text_of_a_source_is_the_same_as_the_object() -> None:
    """It is how the state holds it."""
    program = repositories("a", "b")
    program["sources"]["b"] = '{"github":{"repository":"acme/a"}}'
    assert list(refused(program)) == ['sources["b"]']


def test_a_warning_is_told_once_for_all_sources_that_deserve_it() -> None:
    """With how many they are; what the set says for all counts for each that doesn't say its own."""
    site = {"starting_url": "https://docs.acme.com/"}
    sources = {name: {"web_scrape": {"starting_url": f"https://{name}.com/"}} for name in ("a", "b")}
    sources["c"] = {"web_scrape": {**site, "page_limit": 100}}  # type: ignore[dict-item]
    declared = declared_sources({"sources": {**sources, "d": UNKNOWN}})
    [warning] = warnings_of(declared)
    assert warning.startswith("web_scrape.page_limit is left out") and warning.endswith("(2 of 4 sources)")
    assert warnings_of(declared_sources({"sources": sources, "web_scrape": {"page_limit": 50}})) == []
