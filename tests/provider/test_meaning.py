"""What two descriptions of a source have in common, whatever their words."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_chroma_sync.meaning import (
    canonical,
    content_key,
    describe,
    identity,
    kind_of,
    payload,
    same_url,
)

from .strategies import MODEL, examples, inputs, same_meaning, some_unknown
from .written import DENSE, KEYS, TASK, embedded, github, s3, web

LINES = {"type": "lines"}

EQUAL: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (github(), github(app_id=None, include_globs=None)),
    (github(), github(include_globs=[])),
    (github(), github(repository="ACME/Handbook")),
    (github(include_globs=["a", "b"]), github(include_globs=["b", "a"])),
    (web(), web(starting_url="HTTPS://Docs.Acme.com:443")),
    (web(page_limit=5), web(page_limit=5.0)),
    (web(include_path_regexes=["a", "b"]), web(include_path_regexes=["b", "a"])),
    (web(exclude_path_regexes=["a", "b"]), web(exclude_path_regexes=["b", "a"])),
    (s3(), s3(path_prefix="")),
    (s3(), s3(path_prefix=None)),
    ({**github(), "embedding_model": MODEL}, {**github(), "embedding_model": DENSE}),
    ({**github(), "embedding_model": MODEL}, {**github(), "embedding": {"dense": DENSE}}),
    ({**github(), "embedding_model": TASK}, {**github(), "embedding": {"dense": TASK, "sparse": None}}),
    (embedded({"dense": TASK}), embedded({"dense": TASK}, embedding_model=TASK)),
    ({**github(), "embedding": {}}, github()),
    ({**github(), "embedding": None, "chunking": None, "s3": None}, github()),
    ({**github(), "on_conflict": "adopt", "source_id": "s-1", "__provider": "p"}, github()),
]  # fmt: skip

UNEQUAL: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (github(), {**github(), "database_name": "other"}),
    (github(), github(repository="acme/wiki")),
    (github(), github(app_id="1")),
    (github(include_globs=["a"]), github(include_globs=["A"])),
    (github(), web()),
    (web(), web(starting_url="http://docs.acme.com/")),
    (web(), web(starting_url="https://docs.acme.com/Guide")),
    (web(page_limit=0), web()),
    (web(include_path_regexes=["a"]), web(exclude_path_regexes=["a"])),
    (s3(path_prefix="a/"), s3(path_prefix="A/")),
    (s3(aws_credential_id=7), s3(aws_credential_id=8)),
    (s3(**KEYS), s3(**{**KEYS, "aws_secret_access_key": "new"})),
    ({**github(), "embedding_model": MODEL}, github()),
    (embedded({"dense": DENSE}, embedding_model=TASK), embedded({"dense": DENSE})),
    ({**github(), "embedding": {"sparse": {}}}, github()),
    ({**github(), "chunking": {"type": "lines"}}, {**github(), "chunking": {"type": "tree_sitter"}}),
    ({**github(), "chunking": LINES}, {**github(), "chunking": {**LINES, "max_lines": 0}}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_meaning_has_one_form(one: dict[str, Any], other: dict[str, Any]) -> None:
    """None, order, case, spelling, and what isn't the service's own are no difference."""
    assert canonical(one) == canonical(other)
    assert content_key(one) == content_key(other)


@pytest.mark.parametrize(("one", "other"), UNEQUAL)
def test_another_meaning_has_another_form(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Every field counts."""
    assert canonical(one) != canonical(other)
    assert content_key(one) != content_key(other)


@examples(150)
@given(inputs().flatmap(lambda bag: st.tuples(st.just(bag), same_meaning(bag))))
def test_the_form_is_stable_and_leaves_its_input_alone(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """The form of the form is the form; identity and words are of the meaning too."""
    bag, other = pair
    before = copy.deepcopy(other)
    form = canonical(other)
    assert canonical(form) == form
    assert identity(other) == identity(bag) is not None
    assert kind_of(other) == kind_of(bag)
    assert other == before


@examples(100)
@given(inputs().flatmap(some_unknown))
def test_what_is_not_known_yet_has_a_form_too(bag: dict[str, Any]) -> None:
    """Nothing raises at preview; an unknown value is equal to itself alone."""
    assert canonical(bag) == canonical(bag)
    identity(bag), kind_of(bag), describe(bag)


IDENTITIES = {
    "github, without case": (
        github(repository="ACME/Handbook", app_id="1"),
        ("demo", "github", ("acme/handbook",)),
    ),
    "web, normal form": (
        web(starting_url="HTTPS://Docs.acme.com:443", page_limit=1),
        ("demo", "web_scrape", ("https://docs.acme.com/",)),
    ),
    "s3, no prefix": (s3(aws_credential_id=1), ("demo", "s3", ("papers", ""))),
    "s3, empty prefix": (s3(path_prefix="", region="other"), ("demo", "s3", ("papers", ""))),
    "s3, prefix": (s3(path_prefix="Tenant/"), ("demo", "s3", ("papers", "Tenant/"))),
    "no kind": ({"database_name": "demo"}, None),
    "kind as text": ({"database_name": "demo", "github": "acme/handbook"}, None),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_identity_is_database_kind_and_target(name: str) -> None:
    """And nothing else of a source."""
    bag, expected = IDENTITIES[name]
    assert identity(bag) == expected


WORDS = {
    "github acme/handbook": github(),
    "web_scrape https://docs.acme.com/": web(),
    "s3 papers": s3(**KEYS),
    "s3 papers/tenant/a": s3(path_prefix="tenant/a"),
    "source": {"database_name": "demo"},
    "web_scrape https://***@docs.acme.com/a@b": web(starting_url="https://user:hush@docs.acme.com/a@b"),
    "web_scrape https://docs.acme.com/a@b": web(starting_url="https://docs.acme.com/a@b"),
}


@pytest.mark.parametrize("words", WORDS)
def test_a_source_in_a_few_words(words: str) -> None:
    """Kind and target; never a password that stands in an address."""
    assert describe(WORDS[words]) == words


URLS = {
    "https://a.b": "https://a.b/",
    "HTTPS://A.B/Path": "https://a.b/Path",
    "https://a.b:443/": "https://a.b/",
    "http://a.b:80/": "http://a.b/",
    "http://a.b:443/": "http://a.b:443/",
    "https://a.b:08443/": "https://a.b:8443/",
    "https://User@A.b/": "https://User@a.b/",
    "https://[2001:DB8::1]:443/": "https://[2001:db8::1]/",
    "https://a.b?Q=1#F": "https://a.b/?Q=1#F",
    "https://a.b:99999/": "https://a.b:99999/",
    "https://[::1/": "https://[::1/",
}


@pytest.mark.parametrize("url", URLS)
def test_an_address_in_its_normal_form(url: str) -> None:
    """Only what RFC 3986 calls equal is equal; what can't be read stays as it is."""
    assert same_url(url) == URLS[url]


@examples(150)
@given(st.text(st.sampled_from("aA:/?#[]@.%é 1"), max_size=12).map("https://".__add__))
def test_the_normal_form_of_an_address_is_final(url: str) -> None:
    """Once more changes nothing."""
    assert same_url(same_url(url)) == same_url(url)


def test_the_payload_is_what_was_declared() -> None:
    """Without what the API doesn't know; the bare name of a model as the contract's object."""
    bag = {
        **github(include_globs=["b", "a"]),
        "embedding_model": MODEL,
        "on_conflict": "adopt",
        "chunking": None,
    }
    assert payload(bag) == {**github(include_globs=["b", "a"]), "embedding_model": {"model": MODEL}}
    assert bag["embedding_model"] == MODEL
