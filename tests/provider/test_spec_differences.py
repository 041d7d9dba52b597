"""How a source that exists differs from a declared one."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.core.specification import Difference
from pulumi_chroma_sync.kinds.source.spec import SourceSpec

from .strategies import MODEL
from .written import DENSE, KEYS, TASK, embedded, github, reply, s3, web


def differences(declared: dict[str, Any], existing: SourceReply) -> list[Difference]:
    """What stands in the way of adoption."""
    return SourceSpec.from_inputs(declared).differences(SourceSpec.from_answer(existing.body))


def unmet(declared: dict[str, Any], existing: SourceReply) -> list[Difference]:
    """Why a source that appeared after our create isn't ours."""
    return SourceSpec.from_inputs(declared).unmet_by(SourceSpec.from_answer(existing.body))


ANSWERED: dict[str, Any] = {
    "chunking": {"type": "tree_sitter", "max_size_bytes": 4096.0},
    "embedding": {"dense": {"model": MODEL, "task": None}, "sparse": None},
    "embedding_model": {"model": MODEL, "task": None},
}

SAME: list[tuple[dict[str, Any], SourceReply]] = [
    (github(), reply(github(app_id=None, include_globs=None), **ANSWERED)),
    (github(), reply(github(include_globs=[], installation=5, branch="main"), **ANSWERED)),
    (github(repository="ACME/handbook"), reply(github(), **ANSWERED)),
    ({**github(), "embedding_model": MODEL}, reply(github(), **ANSWERED)),
    (embedded({"dense": DENSE}), reply(embedded(None, embedding_model=DENSE))),
    ({**github(), "embedding_model": TASK}, reply(embedded({"dense": DENSE}, embedding_model=TASK))),
    ({**github(), "embedding_model": TASK}, reply(embedded({"dense": TASK}, embedding_model=None))),
    (embedded({"dense": TASK}), reply(embedded({"dense": TASK}, embedding_model=DENSE))),
    ({**github(), "chunking": {"type": "tree_sitter"}}, reply(github(), **ANSWERED)),
    (s3(**KEYS), reply(s3(aws_credential_id=4, auto_sync="direct", path_prefix=None), **ANSWERED)),
    (s3(aws_credential_id=4, auto_sync="none"), reply(s3(aws_credential_id=4, auto_sync=None))),
    (web(page_limit=5), reply(web(page_limit=5.0, max_depth=None), **ANSWERED)),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "existing"), SAME)
def test_what_the_service_adds_is_no_difference(declared: dict[str, Any], existing: SourceReply) -> None:
    """Defaults, a credential made of keys, another case, fields that nobody can declare."""
    assert differences(declared, existing) == []


DIFFERENT: list[tuple[dict[str, Any], SourceReply, list[str]]] = [
    (github(), reply({**github(), "database_name": "x"}), ["database_name (declared demo, existing x)"]),
    (
        github(),
        reply(github(app_id="9", include_globs=["b", "a"])),
        [
            "github.app_id (declared none, existing 9)",
            "github.include_globs (declared none, existing [a, b])",
        ],
    ),
    (
        github(include_globs=["a"]),
        reply(github(include_globs=["a", "b"])),
        ["github.include_globs (declared [a], existing [a, b])"],
    ),
    (
        github(),
        reply(web()),
        [
            "github.repository (declared acme/handbook, existing none)",
            "web_scrape.starting_url (declared none, existing https://docs.acme.com/)",
        ],
    ),
    (
        {**github(), "chunking": {"type": "tree_sitter", "max_size_bytes": 8192}},
        reply(github(), chunking={"type": "lines", "max_lines": 10}),
        [
            "chunking.type (declared tree_sitter, existing lines)",
            "chunking.max_size_bytes (declared 8192, existing none)",
        ],
    ),
    (
        {**github(), "embedding": {"sparse": {"model": "Chroma/BM25", "key": "k"}}},
        reply(github(), **ANSWERED),
        [
            "embedding.sparse.key (declared k, existing none)",
            "embedding.sparse.model (declared Chroma/BM25, existing none)",
        ],
    ),
    (
        {**github(), "embedding_model": TASK},
        reply(github(), **ANSWERED),
        ["embedding.dense.task.task_name (declared t, existing none)"],
    ),
    (
        s3(aws_credential_id=4, auto_sync="none"),
        reply(s3(aws_credential_id=5, auto_sync="direct")),
        ["s3.aws_credential_id (declared 4, existing 5)"],
    ),
    (
        web(starting_url="https://u:hush@a.b/"),
        reply(web(starting_url="https://u:hush@a.c/")),
        ["web_scrape.starting_url (declared https://***@a.b/, existing https://***@a.c/)"],
    ),
]


@pytest.mark.parametrize(("declared", "existing", "said"), DIFFERENT)
def test_each_difference_names_its_field_and_both_values(
    declared: dict[str, Any], existing: SourceReply, said: list[str]
) -> None:
    """As a person reads it; the declared one first."""
    assert sorted(map(str, differences(declared, existing))) == sorted(said)


def test_what_the_service_may_fill_hinders_neither_adoption_nor_that_it_is_ours() -> None:
    """Limits are its own; a filter that was left out is somebody's, unless it came after our create."""
    filled = reply(web(page_limit=100, max_depth=3), **ANSWERED)
    assert differences(web(), filled) == unmet(web(), filled) == []
    assert unmet(web(page_limit=5), filled) == [Difference("web_scrape.page_limit", 5, 100)]
    regexes = reply(web(include_path_regexes=["a"]))
    assert unmet(web(), regexes) == []
    assert [each.path for each in differences(web(), regexes)] == ["web_scrape.include_path_regexes"]


NORMALISED: dict[str, tuple[dict[str, Any], SourceReply]] = {
    "a slash added": (web(starting_url="https://docs.acme.com"), reply(web())),
    "a host in punycode": (
        web(starting_url="https://münchen.de/"),
        reply(web(starting_url="https://xn--mnchen-3ya.de/")),
    ),
    "a path percent-encoded": (
        web(starting_url="https://a.b/ü"),
        reply(web(starting_url="https://a.b/%C3%BC")),
    ),
    "a default port": (web(), reply(web(starting_url="https://docs.acme.com:443/"))),
    "a prefix without its slash": (
        s3(path_prefix="tenant/", aws_credential_id=7),
        reply(s3(path_prefix="tenant", aws_credential_id=7)),
    ),
    "numbers as texts": (web(page_limit=100), reply(web(page_limit="100"))),
    "a text as a number": (github(app_id="123456"), reply(github(app_id=123456))),
    "a repository's address": (github(), reply(github(repository="https://github.com/acme/handbook.git"))),
    "empty for absent": (
        {**web(), "extra": {}},
        reply(web(include_path_regexes="", page_limit=""), github="", s3="", chunking="", embedding=""),
    ),
    "all files": (github(), reply(github(include_globs=["*"]))),
}


@pytest.mark.parametrize("name", NORMALISED)
def test_a_service_that_normalises_answers_what_was_asked_for(name: str) -> None:
    """So that a lost answer is found, and an equal one is adopted."""
    bag, existing = NORMALISED[name]
    assert differences(bag, existing) == unmet(bag, existing) == []
    assert SourceSpec.from_inputs(bag).identity == SourceSpec.from_answer(existing.body).identity


def test_extra_is_met_where_the_answer_does_not_contradict_it() -> None:
    """A field that isn't repeated says nothing; of a kind that is new, something has to be."""
    bag = {**github(), "extra": {"labels": {"team": "docs"}, "github": {"depth": 2}}}
    assert unmet(bag, reply(github())) == []
    assert unmet(bag, reply(github(depth=2.0), labels={"team": "docs", "more": 1})) == []
    assert [each.path for each in unmet(bag, reply(github(depth=3)))] == ["github.depth"]
    assert [each.path for each in unmet(bag, reply(github(), labels={"team": "x"}))] == ["labels.team"]
    new = {"database_name": "demo", "extra": {"notion": {"page": "a"}}}
    assert unmet(new, reply({"database_name": "demo", "notion": {"page": "a", "id": 1}})) == []
    assert unmet(new, reply({"database_name": "demo", "notion": {"page": "b"}}))
    assert unmet(new, reply({"database_name": "demo"}))


def test_no_value_of_extra_is_in_a_difference() -> None:
    """Nobody says which of them are secrets."""
    bag = {**github(), "extra": {"token": "hush", "github": {"password": "hush"}}}
    found = unmet(bag, reply(github(password="other"), token="another"))
    assert len(found) == 2 and "hush" not in f"{found} {list(map(str, found))}"


def test_no_password_of_an_address_is_in_a_difference() -> None:
    """Of whatever kind the address is."""
    known = "https://bob:hush@git.acme.com/a/b"
    assert list(map(str, differences(github(), reply(github(repository=known))))) == [
        "github.repository (declared acme/handbook, existing https://***@git.acme.com/a/b)"
    ]


def test_no_aws_key_is_in_a_difference() -> None:
    """Neither is compared: the service never gives one back."""
    found = [*differences(s3(**KEYS), reply(github())), *differences(github(), reply(s3(**KEYS)))]
    assert found and not any(
        "hush" in str(each) or "AKIA" in str(each) or "hush" in repr(each) for each in found
    )
