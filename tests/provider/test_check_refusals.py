"""What check refuses: the property path and the sentence of each rule."""

from __future__ import annotations

import ast
import copy
from typing import Any

import pytest

from pulumi_chroma_sync.kinds.source.check import check_inputs
from pulumi_chroma_sync.kinds.source.model import INPUTS
from pulumi_chroma_sync.kinds.source.spec import payload

from .strategies import MODEL, replaced, unknown

GITHUB: dict[str, Any] = {"repository": "acme/handbook"}
WEB: dict[str, Any] = {"starting_url": "https://docs.acme.com/"}
BUCKET: dict[str, Any] = {"bucket_name": "papers", "region": "eu-west-1", "collection_name": "papers"}
S3: dict[str, Any] = {**BUCKET, "aws_credential_id": 7}
KEY, SECRET = "aws_access_key_id", "aws_secret_access_key"

ONE_KIND = "give exactly one of github, web_scrape, s3 (got {})"
OWNER = 'give owner and name, such as "acme/handbook"'
ADDRESS = 'give an http(s) URL such as "https://docs.acme.com/"'
OBJECT = "must be an object with keys of its own"
WHOLE = "must be a whole number"
EMPTY = "must not be empty"
TEXT = "must be a string"
BOTH_WAYS = f"give either aws_credential_id or both {KEY} and {SECRET}, not both ways at once"
NO_FILES = (
    "can't be declared: the service makes file_upload sources itself when a file is uploaded "
    "(POST /api/v1/add-file); declare github, web_scrape or s3"
)
NO_DATABASE = "required; or set `pulumi config set chroma-sync:database NAME` or CHROMA_DATABASE"


def refusals(bag: dict[Any, Any], database: str | None = "demo") -> dict[str, str]:
    """Path -> sentence."""
    return {failure.property: failure.reason for failure in check_inputs(bag, database)[1]}


def github(**fields: Any) -> dict[str, Any]:
    """A GitHub source with these fields."""
    return {"github": {**GITHUB, **fields}}


def web(**fields: Any) -> dict[str, Any]:
    """A web source with these fields."""
    return {"web_scrape": {**WEB, **fields}}


def s3(**fields: Any) -> dict[str, Any]:
    """An S3 source with these fields, and no credential but what is among them."""
    return {"s3": {**BUCKET, **fields}}


def half(given: str, missing: str) -> tuple[dict[str, Any], dict[str, str]]:
    """An S3 source with one half of the key pair, and what is said of the other."""
    sentence = f"required together with s3.{given}; or give s3.aws_credential_id alone"
    return s3(**{given: "x"}), {f"s3.{missing}": sentence}


def newer(example: str) -> str:
    """How to pass what this version doesn't know."""
    return f"; if the service is newer than this version, pass extra={example} instead"


SIZE = "must have 3 to 512 characters"
LETTERS = "may have letters, digits, '.', '_' and '-' alone, a letter or digit at both ends"
LARGE = "must be -9007199254740991 to 9007199254740991: larger numbers are not exact; pass it as a text"
NO_USER = "must not contain a user or password: the service would keep and show both"
PAIR = {KEY: "x", SECRET: "y"}
SEVEN = {"aws_credential_id": 7}
BOTH = {"s3.aws_credential_id": BOTH_WAYS}

REFUSED: dict[str, tuple[dict[Any, Any], dict[str, str]]] = {
    # Exactly one kind.
    "no kind": ({}, {"github": ONE_KIND.format("none")}),
    "two kinds": ({**github(), **web()}, {"github.*": ONE_KIND.format("github and web_scrape")}),
    "two kinds, s3": ({**web(), **s3(**SEVEN)}, {"web_scrape.*": ONE_KIND.format("web_scrape and s3")}),
    "three kinds": (
        {**github(), **web(), **s3(**SEVEN)},
        {"github.*": ONE_KIND.format("github and web_scrape and s3")},
    ),
    "file_upload": ({"file_upload": {}}, {"file_upload.*": NO_FILES}),
    "file_upload beside a kind": ({"file_upload": {}, **github()}, {"file_upload.*": NO_FILES}),
    # GitHub.
    "empty repository": (github(repository=""), {"github.repository": EMPTY}),
    "no repository": ({"github": {}}, {"github.repository": "required"}),
    "no repository, None": (github(repository=None), {"github.repository": "required"}),
    "repository without owner": (github(repository="handbook"), {"github.repository": OWNER}),
    "repository without name": (github(repository="acme/"), {"github.repository": OWNER}),
    "repository as URL": (
        github(repository="https://github.com/a/b"),
        {"github.repository": 'give owner and name alone: "a/b"'},
    ),
    "repository as URL with .git": (
        github(repository="https://bob:word@github.com/a/b.git"),
        {"github.repository": 'give owner and name alone: "a/b"'},
    ),
    "repository as SSH": (
        github(repository="git@github.com:a/b.git"),
        {"github.repository": 'give owner and name alone: "a/b"'},
    ),
    "repository of another host": (
        github(repository="https://bob:word@git.acme.com/a/b"),
        {"github.repository": OWNER},
    ),
    "repository with a blank": (github(repository="acme/hand book"), {"github.repository": OWNER}),
    "repository as number": (github(repository=5.0), {"github.repository": TEXT}),
    "app_id as number": (github(app_id=12.0), {"github.app_id": TEXT}),
    "globs as text": (github(include_globs="*.md"), {"github.include_globs": "must be a list of strings"}),
    "glob as number": (github(include_globs=["*.md", 5.0]), {"github.include_globs[1]": TEXT}),
    "glob as None": (github(include_globs=["*.md", None]), {"github.include_globs[1]": TEXT}),
    "glob twice": (
        github(include_globs=["*.md", "*.txt", "*.md"]),
        {"github.include_globs[2]": "is the same as [0]; each may be given once"},
    ),
    "github as text": ({"github": "acme/handbook"}, {"github": OBJECT}),
    "github as list": ({"github": [GITHUB]}, {"github.*": OBJECT}),
    # Web.
    "no starting_url": ({"web_scrape": {}}, {"web_scrape.starting_url": "required"}),
    "starting_url without scheme": (web(starting_url="docs.acme.com"), {"web_scrape.starting_url": ADDRESS}),
    "starting_url of another scheme": (web(starting_url="ftp://a.b"), {"web_scrape.starting_url": ADDRESS}),
    "starting_url without host": (web(starting_url="https:///guide"), {"web_scrape.starting_url": ADDRESS}),
    "starting_url with a break": (web(starting_url="https://a.b/\n"), {"web_scrape.starting_url": ADDRESS}),
    "a password in the address": (
        web(starting_url="https://bob:word@docs.acme.com/a"),
        {"web_scrape.starting_url": NO_USER},
    ),
    "a user in the address": (web(starting_url="https://bob@a.b/"), {"web_scrape.starting_url": NO_USER}),
    "pages that are no number": (web(page_limit=float("nan")), {"web_scrape.page_limit": WHOLE}),
    "endless pages": (web(page_limit=float("inf")), {"web_scrape.page_limit": WHOLE}),
    "negative depth": (web(max_depth=-1.0), {"web_scrape.max_depth": "must be 0 or more"}),
    "half a page": (web(page_limit=0.5), {"web_scrape.page_limit": WHOLE}),
    "page limit as text": (web(page_limit="5"), {"web_scrape.page_limit": WHOLE}),
    "page limit as truth": (web(page_limit=True), {"web_scrape.page_limit": WHOLE}),
    "page limit beyond int32": (
        web(page_limit=2.0**31),
        {"web_scrape.page_limit": "must be 2147483647 or less"},
    ),
    "regex twice": (
        web(exclude_path_regexes=["a", "a"]),
        {"web_scrape.exclude_path_regexes[1]": "is the same as [0]; each may be given once"},
    ),
    # S3.
    "no credential": (s3(), {"s3.aws_credential_id": f"required; or give both s3.{KEY} and s3.{SECRET}"}),
    "key without secret": half(KEY, SECRET),
    "secret without key": half(SECRET, KEY),
    "credential and keys": (s3(**SEVEN, **PAIR), BOTH),
    "credential and one key": (s3(aws_credential_id=7, aws_secret_access_key="y"), BOTH),
    "empty secret": (s3(aws_access_key_id="x", aws_secret_access_key=""), {f"s3.{SECRET}": EMPTY}),
    "credential as text": (s3(aws_credential_id="7"), {"s3.aws_credential_id": WHOLE}),
    "credential 0": (s3(aws_credential_id=0.0), {"s3.aws_credential_id": "must be 1 or more"}),
    "no bucket": (
        {"s3": SEVEN},
        {"s3.bucket_name": "required", "s3.collection_name": "required", "s3.region": "required"},
    ),
    "unknown auto_sync": (
        s3(auto_sync="all", **SEVEN),
        {"s3.auto_sync": 'must be one of "none", "direct", "metadata"' + newer('{"s3": {"auto_sync": ...}}')},
    ),
    "short collection": (s3(collection_name="ab", **SEVEN), {"s3.collection_name": SIZE}),
    "long collection": (s3(collection_name="a" * 513, **SEVEN), {"s3.collection_name": SIZE}),
    "collection with a blank": (s3(collection_name="my files", **SEVEN), {"s3.collection_name": LETTERS}),
    "collection with a dash at its end": (
        s3(collection_name="files-", **SEVEN),
        {"s3.collection_name": LETTERS},
    ),
    "collection with two dots": (
        s3(collection_name="a..b", **SEVEN),
        {"s3.collection_name": "must not contain '..'"},
    ),
    "collection as address": (
        s3(collection_name="10.0.0.1", **SEVEN),
        {"s3.collection_name": "must not be an IP address"},
    ),
    "s3 as text": ({"s3": "papers"}, {"s3.*": OBJECT}),
    # Chunking and embedding.
    "unknown chunking": (
        {**github(), "chunking": {"type": "markdown"}},
        {"chunking.type": 'must be one of "tree_sitter", "lines"' + newer('{"chunking": {"type": ...}}')},
    ),
    "chunking without type": ({**github(), "chunking": {"max_lines": 5}}, {"chunking.type": "required"}),
    "lines of tree_sitter": (
        {**github(), "chunking": {"type": "tree_sitter", "max_lines": 5.0}},
        {"chunking.max_lines": 'belongs to type "lines"; this is "tree_sitter"'},
    ),
    "a size that is not exact": (
        {**github(), "chunking": {"type": "lines", "max_size_bytes": 2**53}},
        {"chunking.max_size_bytes": "must be 9007199254740991 or less"},
    ),
    "negative size": (
        {**github(), "chunking": {"type": "lines", "max_size_bytes": -1.0}},
        {"chunking.max_size_bytes": "must be 0 or more"},
    ),
    "unknown model": (
        {**github(), "embedding_model": "bert"},
        {"embedding_model.model": f'must be "{MODEL}"' + newer('{"embedding_model": {"model": ...}}')},
    ),
    "unknown model, object": (
        {**github(), "embedding_model": {"model": "bert"}},
        {"embedding_model.model": f'must be "{MODEL}"' + newer('{"embedding_model": {"model": ...}}')},
    ),
    "unknown dense model": (
        {**github(), "embedding": {"dense": {"model": ""}}},
        {"embedding.dense.model": f'must be "{MODEL}"' + newer('{"embedding": {"dense": {"model": ...}}}')},
    ),
    "task without name": (
        {**github(), "embedding": {"dense": {"model": MODEL, "task": {"query_prompt": "?"}}}},
        {"embedding.dense.task.task_name": "required"},
    ),
    "unknown sparse model": (
        {**github(), "embedding": {"sparse": {"model": "BM25"}}},
        {
            "embedding.sparse.model": 'must be one of "Chroma/BM25", "prithivida/Splade_PP_en_v1"'
            + newer('{"embedding": {"sparse": {"model": ...}}}')
        },
    ),
    # The rest.
    "unknown on_conflict": (
        {**github(), "on_conflict": "adpot"},
        {"on_conflict": 'must be one of "error", "adopt"'},
    ),
    "empty database": ({**github(), "database_name": ""}, {"database_name": SIZE}),
    "database with a slash": ({**github(), "database_name": "a/b"}, {"database_name": LETTERS}),
    "database in extra": (
        {**github(), "extra": {"database_name": "x"}},
        {"extra.database_name": "is an argument of its own; give database_name"},
    ),
    "uploads in extra": ({"extra": {"file_upload": {}}}, {"extra.file_upload": NO_FILES}),
    "extra as text": ({**github(), "extra": "x"}, {"extra.*": OBJECT}),
    "extra that names no kind": (
        {"extra": {"chunking": {"type": "semantic"}}},
        {"github": ONE_KIND.format("none")},
    ),
    "large numbers in extra": (
        {**github(), "extra": {"a": 2.0**53, "b": [1, {"c": -1e30}], "d": 0.5, "e": True, "f": "1e30"}},
        {"extra.a": LARGE, "extra.b[1].c": LARGE},
    ),
    "numbers in extra that are none": (
        {**github(), "extra": {"a": float("nan"), "b": float("-inf")}},
        {"extra.a": "must be a number that JSON has", "extra.b": "must be a number that JSON has"},
    ),
    "database as number": ({**github(), "database_name": 5.0}, {"database_name": TEXT}),
    "several at once": (
        {"github": {"repo": "a/b", "include_globs": [5.0]}, "chunking": {"type": "x"}},
        {
            "chunking.type": 'must be one of "tree_sitter", "lines"' + newer('{"chunking": {"type": ...}}'),
            "github.include_globs[0]": TEXT,
            "github.repo": "unknown; did you mean repository?",
            "github.repository": "required",
        },
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_each_refusal_names_its_property_and_the_rule(name: str) -> None:
    """Exactly these paths, in order, each with exactly this sentence."""
    bag, expected = REFUSED[name]
    assert list(refusals(bag).items()) == list(expected.items())


MEANT = {
    ("databse_name",): "database_name",
    ("gitub",): "github",
    ("webscrape",): "web_scrape",
    ("S3",): "s3",
    ("s3_source",): "s3",
    ("embeding",): "embedding",
    ("github", "include_globes"): "include_globs",
    ("github", "repo"): "repository",
    ("web_scrape", "url"): "starting_url",
    ("github", "appId"): "app_id",
    ("web_scrape", "start_url"): "starting_url",
    ("s3", "bucket"): "bucket_name",
    ("s3", "aws_secret_key"): "aws_secret_access_key",
    ("chunking", "max_line"): "max_lines",
    ("embedding", "spares"): "sparse",
    ("embedding", "dense", "modle"): "model",
    ("embedding", "dense", "task", "name"): "task_name",
    ("embedding", "sparse", "keys"): "key",
    ("embedding_model", "tsk"): "task",
}
FULL: dict[str, Any] = {
    "database_name": "demo",
    "github": GITHUB,
    "web_scrape": WEB,
    "s3": S3,
    "chunking": {"type": "lines"},
    "embedding": {"dense": {"model": MODEL, "task": {"task_name": "t"}}, "sparse": {}},
    "embedding_model": {"model": MODEL},
}


@pytest.mark.parametrize("path", MEANT, ids=".".join)
@pytest.mark.parametrize("value", ["x", unknown(), {"a": 1}], ids=["known", "unknown", "object"])
def test_an_unknown_key_is_named_with_what_was_meant(path: tuple[str, ...], value: Any) -> None:
    """At every level; also where its value isn't known yet, since the key is wrong whatever that will be."""
    bag = replaced(FULL, path[:-1], lambda fields: {**fields, path[-1]: value})
    name = ".".join(path) if len(path) > 1 else f"{path[0]}.*"
    assert refusals(bag)[name] == f"unknown; did you mean {MEANT[path]}?"


def test_failures_are_in_the_order_of_their_paths() -> None:
    """Names by letter, positions by number."""
    bag = {**github(include_globs=[5.0] * 12, app_id=5.0), "chunking": {}}
    globs = [f"github.include_globs[{index}]" for index in range(12)]
    assert list(refusals(bag)) == ["chunking.type", "github.app_id", *globs]


def test_an_unknown_key_that_is_like_none_lists_what_there_is() -> None:
    """The names of that level."""
    assert refusals({"github": {**GITHUB, "zzz": 1}}) == {
        "github.zzz": "unknown; known here: repository, app_id, include_globs"
        + newer('{"github": {"zzz": ...}}')
    }
    assert refusals({"github": GITHUB, "zzz": 1}) == {
        "zzz.*": f"unknown; known here: {', '.join(INPUTS)}" + newer('{"zzz": ...}')
    }


NEWER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a value in an object": (
        {"chunking": {"type": "semantic", "max_size_bytes": 5}},
        {"chunking": {"type": "semantic"}},
    ),
    "a value two objects down": (
        {"embedding": {"dense": {"model": "next", "task": {"task_name": "t"}}, "sparse": {"key": "k"}}},
        {"embedding": {"dense": {"model": "next"}}},
    ),
    "a model by its bare name": ({"embedding_model": "next"}, {"embedding_model": {"model": "next"}}),
    "a field": ({"github": {**GITHUB, "zzz": 1}}, {"github": {"zzz": 1}}),
    "an argument": ({"zzz": {"a": [1]}}, {"zzz": {"a": [1]}}),
}


@pytest.mark.parametrize("name", NEWER)
def test_what_a_refusal_advises_is_taken_and_sends_what_was_meant(name: str) -> None:
    """Word for word: passed in extra instead; also where the field there is required."""
    fields, extra = NEWER[name]
    bag = {"database_name": "demo", "github": GITHUB, **fields}
    [sentence] = refusals(bag).values()
    advised = ast.literal_eval(sentence.partition(" pass extra=")[2].removesuffix(" instead"))
    assert advised == _like(advised, extra)
    moved = _without(bag, extra)
    kept, failures = check_inputs({**moved, "extra": extra}, None)
    assert failures == []
    expected = bag if name != "a model by its bare name" else {**bag, "embedding_model": {"model": "next"}}
    assert payload(kept) == expected


def _like(pattern: Any, value: Any) -> Any:
    """The value as deep as the pattern is, with three dots below that."""
    if pattern is ...:
        return ...
    return {key: _like(pattern.get(key, ...), item) for key, item in value.items()}


def _without(bag: dict[str, Any], gone: dict[str, Any]) -> dict[str, Any]:
    """The bag without these leaves."""
    return {
        key: _without(value, gone[key]) if key in gone else value
        for key, value in bag.items()
        if key not in gone or (isinstance(value, dict) and isinstance(gone[key], dict) and key != "zzz")
    }


@pytest.mark.parametrize("extra", [unknown(), {"chunking": unknown()}, {"chunking": {"type": unknown()}}])
def test_a_required_field_may_come_through_an_extra_that_is_not_known_yet(extra: Any) -> None:
    """Nothing is concluded from it."""
    assert refusals({**github(), "chunking": {"max_lines": 5}, "extra": extra}) == {}
    assert refusals({**github(), "chunking": {"max_lines": 5}, "extra": {"chunking": {}}})


def test_a_kind_that_is_new_comes_through_extra_alone() -> None:
    """So that nobody waits for a release."""
    assert refusals({"extra": {"notion": {"page": "p"}}}) == {}
    assert refusals({"extra": {"github": {"repository": "acme/handbook"}}}) == {}


def test_the_database_comes_from_the_settings_where_none_is_named() -> None:
    """A named one wins; without both, the failure says where one can be set."""
    assert check_inputs({"github": GITHUB}, "set")[0]["database_name"] == "set"
    assert check_inputs({"github": GITHUB, "database_name": None}, "set")[0]["database_name"] == "set"
    assert check_inputs({"github": GITHUB, "database_name": "named"}, "set")[0]["database_name"] == "named"
    later = unknown()
    assert check_inputs({"github": GITHUB, "database_name": later}, "set")[0]["database_name"] is later
    assert refusals({"github": GITHUB}, None) == {"database_name": NO_DATABASE}
    assert refusals({"github": GITHUB}, "") == {"database_name": NO_DATABASE}


def test_what_is_kept_has_no_none() -> None:
    """None is absent at any depth; the bag itself is left as it was."""
    bag = {
        "__provider": "p",
        "web_scrape": {**WEB, "page_limit": 5, "max_depth": None, "include_path_regexes": ("a", "b")},
        "chunking": None,
        "embedding": {"dense": None, "sparse": {"key": "k", "model": None}},
    }
    before = copy.deepcopy(bag)
    kept, failures = check_inputs(bag, "demo")
    assert not failures
    assert kept == {
        "database_name": "demo",
        "web_scrape": {**WEB, "page_limit": 5, "include_path_regexes": ["a", "b"]},
        "embedding": {"sparse": {"key": "k"}},
    }
    assert bag == before


SECRET_BAGS: dict[str, dict[str, Any]] = {
    "a misspelt kind": {"s3_bucket": {**BUCKET, KEY: "a", SECRET: "b"}},
    "a key outside its kind": {"s3": BUCKET, SECRET: "b"},
    "the API key as an argument": {"github": GITHUB, "apiKey": "b"},
    "two kinds": {"github": {**GITHUB, SECRET: "b"}, "s3": {**BUCKET, KEY: "a", SECRET: "b"}},
    "s3 in a list": {"s3": [{**BUCKET, KEY: "a", SECRET: "b"}]},
    "s3 as text": {"s3": "b"},
    "file_upload": {"file_upload": {SECRET: "b"}},
    "extra as text": {"github": GITHUB, "extra": "b"},
    "a dotted name": {"github.repo": "b", "github": {**GITHUB, "repo": 1}},
}


@pytest.mark.parametrize("name", SECRET_BAGS)
def test_no_failure_makes_the_engine_print_a_secret(name: str) -> None:
    """The engine prints the value of a property that a failure names whole, so none is named so."""
    found = refusals(SECRET_BAGS[name])
    assert found and not found.keys() & SECRET_BAGS[name].keys()
