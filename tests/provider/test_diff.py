"""What diff calls a change, and what update does without a request."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pulumi import dynamic

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync import SourceProvider
from pulumi_chroma_sync.kinds.source.check import check_inputs
from pulumi_chroma_sync.kinds.source.spec import SourceSpec

from .calling import PROVIDER, configured, on
from .strategies import MODEL, at, examples, inputs, places, replaced, same_meaning, some_unknown, unknown
from .written import DENSE, ENTRY, KEYS, TASK, embedded, github, s3, web

COMPUTED = {
    "source_id": "s-1",
    "state_entry": ENTRY,
    "created_at": "2026-11-02T10:00:00Z",
    "effective_chunking": {"type": "tree_sitter", "max_size_bytes": 4096},
    "effective_embedding": {"dense": {"model": MODEL, "task": None}, "sparse": None},
    "server_defaults": {"page_limit": 100},
}


def state(bag: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    """What the state holds after a create of these inputs: what diff gets as the old ones."""
    return {**PROVIDER, **check_inputs(bag, None)[0], **COMPUTED, **outputs}


def diff(olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
    """Diff as the SDK calls it; it changes neither bag."""
    news = {**PROVIDER, **news}
    before = repr((olds, news))
    result = SourceProvider().diff("s-1", olds, news)
    assert repr((olds, news)) == before
    return result


def in_a_run(olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
    """Diff as the engine asks for it while the program runs: after a check."""
    provider = configured(preflight="false")
    checked = provider.check(olds, {**PROVIDER, **news})
    return provider.diff("s-1", olds, {**PROVIDER, **checked.inputs})


def said(result: dynamic.DiffResult) -> tuple[bool | None, list[str], bool | None]:
    """Whether it changes, what replaces it, and whether the old one goes first."""
    return result.changes, list(result.replaces or []), result.delete_before_replace


LINES = {"type": "lines", "max_lines": 5}

CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "database": (github(), {**github(), "database_name": "other"}, "database_name"),
    "repository": (github(), github(repository="acme/wiki"), "github"),
    "app_id": (github(), github(app_id="5"), "github"),
    "a glob more": (github(include_globs=["a"]), github(include_globs=["a", "b"]), "github"),
    "globs given up": (github(include_globs=["a"]), github(), "github"),
    "address": (web(), web(starting_url="https://docs.acme.com/x"), "web_scrape"),
    "scheme": (web(), web(starting_url="http://docs.acme.com/"), "web_scrape"),
    "page_limit": (web(page_limit=5), web(page_limit=6), "web_scrape"),
    "max_depth 0": (web(max_depth=0), web(), "web_scrape"),
    "regexes": (web(include_path_regexes=["a"]), web(include_path_regexes=["b"]), "web_scrape"),
    "other regexes": (web(exclude_path_regexes=["a"]), web(), "web_scrape"),
    "bucket": (s3(aws_credential_id=7), s3(aws_credential_id=7, bucket_name="x"), "s3"),
    "prefix": (s3(aws_credential_id=7), s3(aws_credential_id=7, path_prefix="a/"), "s3"),
    "region": (s3(aws_credential_id=7), s3(aws_credential_id=7, region="x"), "s3"),
    "collection": (s3(aws_credential_id=7), s3(aws_credential_id=7, collection_name="x"), "s3"),
    "a glob that is all": (github(include_globs=["a"]), github(include_globs=["*"]), "github"),
    "a slash in an address": (
        web(starting_url="https://a.b/c"),
        web(starting_url="https://a.b/c/"),
        "web_scrape",
    ),
    "a slash of a prefix": (
        s3(aws_credential_id=7, path_prefix="a"),
        s3(aws_credential_id=7, path_prefix="a/"),
        "s3",
    ),
    "extra": (github(), {**github(), "extra": {"labels": {"a": 1}}}, "extra"),
    "extra, deep": (
        {**github(), "extra": {"a": {"b": [1]}}},
        {**github(), "extra": {"a": {"b": [2]}}},
        "extra",
    ),
    "extra, order": ({**github(), "extra": {"a": [1, 2]}}, {**github(), "extra": {"a": [2, 1]}}, "extra"),
    "extra given up": ({**github(), "extra": {"a": 1}}, github(), "extra"),
    "auto_sync": (s3(aws_credential_id=7), s3(aws_credential_id=7, auto_sync="direct"), "s3"),
    "auto_sync off": (s3(aws_credential_id=7, auto_sync="direct"), s3(aws_credential_id=7), "s3"),
    "credential": (s3(aws_credential_id=7), s3(aws_credential_id=8), "s3"),
    "rotated secret": (s3(**KEYS), s3(**{**KEYS, "aws_secret_access_key": "new"}), "s3"),
    "rotated key": (s3(**KEYS), s3(**{**KEYS, "aws_access_key_id": "AKIB"}), "s3"),
    "keys for a credential": (s3(aws_credential_id=7), s3(**KEYS), "s3"),
    "another's credential for keys": (s3(**KEYS), s3(aws_credential_id=99), "s3"),
    "chunking": (github(), {**github(), "chunking": LINES}, "chunking"),
    "chunking given up": ({**github(), "chunking": LINES}, github(), "chunking"),
    "lines": ({**github(), "chunking": LINES}, {**github(), "chunking": {"type": "lines"}}, "chunking"),
    "embedding": (github(), embedded({"sparse": {"model": "Chroma/BM25"}}), "embedding"),
    "dense": (embedded({"dense": DENSE}), embedded({"dense": TASK}), "embedding"),
    "model": (github(), {**github(), "embedding_model": MODEL}, "embedding_model"),
    "task": (
        {**github(), "embedding_model": MODEL},
        {**github(), "embedding_model": TASK},
        "embedding_model",
    ),
    "dense beside a model": (
        embedded({"dense": DENSE}, embedding_model=MODEL),
        embedded({"dense": TASK}, embedding_model=DENSE),
        "embedding",
    ),
    "model beside a dense": (
        embedded({"dense": DENSE}, embedding_model=MODEL),
        embedded({"dense": DENSE}, embedding_model=TASK),
        "embedding_model",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_field_replaces_and_its_property_is_named(name: str) -> None:
    """That one alone; old first always, so that swaps and moves converge."""
    before, after, named = CHANGES[name]
    credential = {"aws_credential_id": 4} if "aws_access_key_id" in before.get("s3", {}) else {}
    assert said(diff(state(before, **credential), after)) == (True, [named], True)


def test_another_kind_names_both() -> None:
    """The one that goes and the one that comes."""
    assert said(diff(state(github()), web())) == (True, ["github", "web_scrape"], True)


@examples(400)
@given(inputs().flatmap(lambda bag: st.tuples(same_meaning(bag), same_meaning(bag))))
def test_other_words_for_the_same_source_are_no_change(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Reflexive, without regard to order, None, case, the server's defaults, and an embedding's spelling."""
    old, new = pair
    assert said(diff(state(old), check_inputs(new, None)[0])) == (False, [], True)


@examples(400)
@given(inputs(), st.data())
def test_any_declared_field_that_changes_is_named(bag: dict[str, Any], data: st.DataObject) -> None:
    """Exactly the property it stands in; the same in both directions."""
    fields = [
        path for path in places(bag) if not isinstance(at(bag, path), dict) and path[0] != "on_conflict"
    ]
    path = data.draw(st.sampled_from([path for path in fields if not isinstance(path[-1], int)]))
    other = replaced(bag, path, _different)
    assume(SourceSpec.from_inputs(other) != SourceSpec.from_inputs(bag))
    assert said(diff(state(bag), other)) == (True, [path[0]], True)
    assert said(diff(state(other), bag)) == (True, [path[0]], True)


def _different(value: Any) -> Any:
    if isinstance(value, list):
        return [*value, "one more"]
    if isinstance(value, str):
        return {"none": "direct", "direct": "metadata", "metadata": "direct", "lines": "tree_sitter"}.get(
            value, f"{value}x"
        )
    return 1 if value != 1 else 2


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (None, "adopt", True),
        ("adopt", None, True),
        ("adopt", "error", True),
        ("error", None, False),
        (None, "error", False),
        ("adopt", "adopt", False),
    ],
)
def test_on_conflict_alone_is_an_update(before: str | None, after: str | None, changes: bool) -> None:
    """A change without a replacement; the default is as if it were not given."""
    old, new = state({**github(), "on_conflict": before}), {**github(), "on_conflict": after}
    assert said(diff(old, new)) == (changes, [], True)


def test_another_provider_in_the_state_is_an_update() -> None:
    """Its pickled form may differ between versions of the SDK; the source stays."""
    result = SourceProvider().diff("s-1", state(github()), {**github(), "__provider": "another"})
    assert said(result) == (True, [], True)


@pytest.mark.parametrize(("before", "after"), [(None, True), (True, None)])
def test_retaining_is_an_update(before: bool | None, after: bool | None) -> None:
    """The service never sees it, and the state has to know it."""
    old, new = state({**github(), "retain_on_delete": before}), {**github(), "retain_on_delete": after}
    assert said(diff(old, {name: value for name, value in new.items() if value})) == (True, [], True)


def test_extra_with_other_numbers_and_none_is_no_change() -> None:
    """The engine gives 1 back as 1.0, and None is absent."""
    olds = state({**github(), "extra": {"a": 1.0, "b": {"c": 2.0}}})
    assert said(diff(olds, {**github(), "extra": {"a": 1, "b": {"c": 2, "d": None}}})) == (False, [], True)


def test_the_credential_made_of_the_keys_may_take_their_place() -> None:
    """An update without a request: the service goes on with what it has."""
    old = state(s3(**KEYS), aws_credential_id=4)
    assert said(diff(old, s3(aws_credential_id=4.0))) == (True, [], True)
    assert said(diff(old, s3(aws_credential_id=4, region="x"))) == (True, ["s3"], True)


def test_what_the_service_filled_in_is_no_change() -> None:
    """Outputs of their own names; the program's inputs are compared with the program's inputs."""
    old = state(web(), server_defaults={"page_limit": 100, "max_depth": 3})
    assert said(diff(old, web())) == (False, [], True)


def test_a_chunking_at_the_default_is_still_a_change() -> None:
    """Which defaults the service has is not in its contract."""
    assert diff(state(github()), {**github(), "chunking": {"type": "tree_sitter"}}).replaces == ["chunking"]


@examples(150)
@given(inputs().flatmap(lambda bag: st.tuples(st.just(bag), some_unknown(bag))))
def test_what_is_not_known_yet_is_a_change(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """At preview, and never an error; the known rest is compared as ever."""
    bag, obscured = pair
    result = diff(state(bag), obscured)
    hidden = {path[0] for path in places(obscured) if type(at(obscured, path)) is type(unknown())}
    assert set(result.replaces or []) <= hidden - {"on_conflict"}
    assert bool(result.changes) == bool(hidden)


@pytest.mark.parametrize(
    "olds", [{}, {"github": "x"}, {"s3": None, "embedding": []}, {"web_scrape": {"starting_url": 5}}]
)
def test_an_odd_state_is_a_change_and_no_error(olds: dict[str, Any]) -> None:
    """Whatever an older version or a hand left there."""
    assert diff({**PROVIDER, **olds}, github()).changes is True


def test_a_replacement_is_explained_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The order and its price, and what becomes of the collections; nothing where nothing is replaced."""
    for news in (github(app_id="5"), github(repository="acme/wiki")):
        in_a_run(state(github()), news)
        [line] = capsys.readouterr().out.splitlines()
        assert line.startswith("github acme/handbook: the Sync API has no update")
        assert "old first; if the create then fails, there is none until the next up" in line
        assert "Collections keep what was synced" in line
    in_a_run(state(github()), github())
    assert capsys.readouterr().out == ""


def test_a_refresh_explains_no_replacement(capsys: pytest.CaptureFixture[str]) -> None:
    """The engine calls diff after each read, also for what the program no longer has."""
    diff(state(github()), github(app_id="5"))
    assert capsys.readouterr().out == ""


def test_no_key_is_said_when_it_is_rotated(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the old nor the new one."""
    in_a_run(state(s3(**KEYS)), s3(**{**KEYS, "aws_secret_access_key": "fresh"}))
    spoken = capsys.readouterr().out
    assert "s3 papers" in spoken and not any(word in spoken for word in ("hush", "fresh", "AKIA"))


@pytest.fixture(scope="module")
def emu() -> Iterator[RunningEmulator]:
    """An emulator for the module."""
    with emulator() as running:
        yield running


def test_diff_and_update_send_no_request(emu: RunningEmulator) -> None:
    """Neither for a change nor for none, in a run and before one; also before a key is there."""
    emu.control.clear_requests()
    for provider in (on(emu), configured(url=emu.url)):
        for news in (github(), github(app_id="5"), {**github(), "on_conflict": "adopt"}):
            provider.diff("s-1", state(github()), news)
            provider.update("s-1", state(github()), {**PROVIDER, **news})
    assert emu.control.requests() == []


def test_update_keeps_the_outputs_and_takes_the_inputs() -> None:
    """In a fresh dict without the SDK's own key; inputs that were given up are gone."""
    olds = state({**github(), "on_conflict": "adopt"})
    news = {**PROVIDER, **github(repository="ACME/handbook")}
    before = copy.deepcopy((olds, news))
    outs = SourceProvider().update("s-1", olds, news).outs
    assert outs == {**COMPUTED, **github(repository="ACME/handbook")}
    assert (olds, news) == before and outs is not olds and outs is not news


def test_update_to_the_credential_leaves_no_output_of_the_keys() -> None:
    """So that the refresh after it finds nothing new; with keys it stays."""
    olds = state(s3(**KEYS), aws_credential_id=4)
    assert "aws_credential_id" not in (
        SourceProvider().update("s-1", olds, s3(aws_credential_id=4)).outs or {}
    )
    with_keys = {**s3(**KEYS), "on_conflict": "adopt"}
    assert (SourceProvider().update("s-1", olds, with_keys).outs or {})["aws_credential_id"] == 4
