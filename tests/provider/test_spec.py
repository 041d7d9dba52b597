"""A source in normal form: what two descriptions of it have in common, whatever their words."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_chroma_sync.kinds.source.spec import SHAPE, SourceSpec, describe, kind_of, payload

from .strategies import MODEL, examples, inputs, same_meaning, some_unknown
from .written import DENSE, KEYS, TASK, embedded, github, s3, web

LINES = {"type": "lines"}

EQUAL: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (github(), github(app_id=None, include_globs=None)),
    (github(), github(include_globs=[])),
    (github(), github(include_globs=["*"])),
    (github(), github(app_id="")),
    (github(app_id="123456"), github(app_id=123456)),
    (github(), github(repository="ACME/Handbook")),
    (github(), github(repository="https://github.com/acme/handbook")),
    (github(), github(repository="https://github.com/acme/handbook.git")),
    (github(), github(repository="git@github.com:acme/handbook.git")),
    (github(include_globs=["a", "b"]), github(include_globs=["b", "a"])),
    (web(), web(starting_url="HTTPS://Docs.Acme.com:443")),
    (web(), web(starting_url="https://docs.acme.com")),
    (web(starting_url="https://münchen.de/"), web(starting_url="https://xn--mnchen-3ya.de/")),
    (web(starting_url="https://a.b/ü%7Ea%2fb"), web(starting_url="https://a.b/%C3%BC~a%2Fb")),
    (web(page_limit=5), web(page_limit=5.0)),
    (web(page_limit=5), web(page_limit="5")),
    (web(include_path_regexes=["a", "b"]), web(include_path_regexes=["b", "a"])),
    (web(exclude_path_regexes=["a", "b"]), web(exclude_path_regexes=["b", "a"])),
    (s3(), s3(path_prefix="")),
    (s3(), s3(path_prefix=None)),
    (s3(), s3(auto_sync="none")),
    ({**github(), "embedding_model": MODEL}, {**github(), "embedding_model": DENSE}),
    ({**github(), "embedding_model": MODEL}, {**github(), "embedding": {"dense": DENSE}}),
    ({**github(), "embedding_model": TASK}, {**github(), "embedding": {"dense": TASK, "sparse": None}}),
    (embedded({"dense": TASK}), embedded({"dense": TASK}, embedding_model=TASK)),
    ({**github(), "embedding": {}}, github()),
    ({**github(), "embedding": {"sparse": {}}}, github()),
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
    (s3(path_prefix="a/"), s3(path_prefix="a")),
    (web(starting_url="https://docs.acme.com/a"), web(starting_url="https://docs.acme.com/a/")),
    (web(starting_url="https://docs.acme.com/?a=1&b=2"), web(starting_url="https://docs.acme.com/?b=2&a=1")),
    ({**github(), "extra": {"a": 1}}, github()),
    ({**github(), "extra": {"a": 1}}, {**github(), "extra": {"a": 2}}),
    ({**github(), "chunking": {"type": "lines"}}, {**github(), "chunking": {"type": "tree_sitter"}}),
    ({**github(), "chunking": LINES}, {**github(), "chunking": {**LINES, "max_lines": 0}}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_meaning_has_one_form(one: dict[str, Any], other: dict[str, Any]) -> None:
    """None, order, case, spelling, and what isn't the service's own are no difference."""
    assert SourceSpec.from_inputs(one) == SourceSpec.from_inputs(other)
    assert SourceSpec.from_inputs(one).key == SourceSpec.from_inputs(other).key


@pytest.mark.parametrize(("one", "other"), UNEQUAL)
def test_another_meaning_has_another_form(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Every field counts."""
    assert SourceSpec.from_inputs(one) != SourceSpec.from_inputs(other)


@examples(150)
@given(inputs().flatmap(lambda bag: st.tuples(st.just(bag), same_meaning(bag))))
def test_the_form_is_stable_and_leaves_its_input_alone(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """What a program may write of the form has that form; identity and words are of the meaning too."""
    bag, other = pair
    before = copy.deepcopy(other)
    spec = SourceSpec.from_inputs(other)
    assert SourceSpec.from_inputs(SHAPE.spelled(other)) == spec
    assert spec.identity == SourceSpec.from_inputs(bag).identity is not None
    assert spec.kind == kind_of(other) == kind_of(bag)
    assert other == before


@examples(100)
@given(inputs().flatmap(some_unknown))
def test_what_is_not_known_yet_has_a_form_too(bag: dict[str, Any]) -> None:
    """Nothing raises at preview; an unknown value is equal to itself alone."""
    spec = SourceSpec.from_inputs(bag)
    assert spec == SourceSpec.from_inputs(bag)
    spec.identity, spec.key, kind_of(bag), describe(bag)


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
    "s3, prefix without its slashes": (s3(path_prefix="Tenant/"), ("demo", "s3", ("papers", "Tenant"))),
    "no kind": ({"database_name": "demo"}, None),
    "kind as text": ({"database_name": "demo", "github": "acme/handbook"}, None),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_identity_is_database_kind_and_target(name: str) -> None:
    """And nothing else of a source."""
    bag, expected = IDENTITIES[name]
    assert SourceSpec.from_inputs(bag).identity == expected


WORDS = {
    "github acme/handbook": github(),
    "web_scrape https://docs.acme.com/": web(),
    "s3 papers": s3(**KEYS),
    "s3 papers/tenant/a": s3(path_prefix="tenant/a"),
    "source": {"database_name": "demo"},
    "web_scrape https://***@docs.acme.com/a@b": web(starting_url="https://user:hush@docs.acme.com/a@b"),
    "web_scrape https://docs.acme.com/a@b": web(starting_url="https://docs.acme.com/a@b"),
    "web_scrape ***@docs.acme.com/a": web(starting_url="user:hush@docs.acme.com/a"),
    "github https://***@git.acme.com/a/b": github(repository="https://user:hush@git.acme.com/a/b"),
    "github a/b": github(repository="https://user:hush@github.com/a/b.git"),
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
    "https://[2001:DB8::1]:443/": "https://[2001:db8::1]/",
    "https://a.b?Q=1#F": "https://a.b/?Q=1#F",
    "https://a.b/a/../b/./c": "https://a.b/b/c",
    "https://[::1/": "https://[::1/",
}


def form(url: str) -> Any:
    """The address in normal form."""
    return SourceSpec.from_inputs(web(starting_url=url)).values["web_scrape.starting_url"]


@pytest.mark.parametrize("url", URLS)
def test_an_address_in_its_normal_form(url: str) -> None:
    """Only what RFC 3986 calls equal is equal; what can't be read stays as it is."""
    assert form(url) == URLS[url]


_REST = st.text(st.sampled_from("aA:/?#[]@.%é 1&=+;2ü~"), max_size=14)
_HOSTS = st.sampled_from(["a.b", "Ä.de", "a.b.", "a.b:443", "a.b:8080", "[::1]", "%41.b", "a_b"])


@examples(600)
@given(st.builds("https://{}{}{}".format, _HOSTS, st.sampled_from("/?#"), _REST))
def test_the_normal_form_of_an_address_is_final(url: str) -> None:
    """Once more changes nothing."""
    assert form(form(url)) == form(url)


@examples(300)
@given(st.one_of(_REST, _REST.map("https://".__add__)).filter(bool))
def test_no_address_raises(url: str) -> None:
    """A service may answer anything."""
    form(url)


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


def test_extra_goes_over_the_payload_object_by_object() -> None:
    """What it doesn't name stays; the inputs themselves stay as they are."""
    bag = {
        **github(include_globs=["a"]),
        "chunking": {"type": "lines", "max_lines": 5},
        "extra": {"chunking": {"type": "semantic"}, "github": {"depth": 1}, "labels": {"team": "docs"}},
    }
    before = copy.deepcopy(bag)
    assert payload(bag) == {
        **github(include_globs=["a"], depth=1),
        "chunking": {"type": "semantic", "max_lines": 5},
        "labels": {"team": "docs"},
    }
    assert bag == before
