"""What a refresh sees of a source: nothing where nothing happened, and each field that changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync.api.replies import Answer, SourceReply, source_from
from pulumi_chroma_sync.kinds.source.check import check_inputs
from pulumi_chroma_sync.kinds.source.spec import SourceSpec, changed_inputs, payload
from pulumi_chroma_sync.kinds.source.state import declaring

from .calling import PROVIDER, on
from .strategies import DATABASE, at, examples, inputs, places, replaced
from .written import DENSE, KEYS, created, embedded, github, looked, older, s3, web


@pytest.fixture(scope="module")
def emu() -> Iterator[RunningEmulator]:
    """An emulator that refuses no source for being there already."""
    with emulator([DATABASE], unique="never") as running:
        yield running


@pytest.fixture(scope="module")
def api(emu: RunningEmulator) -> Iterator[httpx.Client]:
    """Raw calls of it."""
    with emu.client() as client:
        yield client


def made(api: httpx.Client, bag: dict[str, Any]) -> SourceReply:
    """The service's answer, right after a create of these inputs."""
    created = api.post("/api/v1/sources", json=payload(bag)).raise_for_status().json()
    return got(api, created["source_id"])


def got(api: httpx.Client, source_id: str) -> SourceReply:
    """The service's answer now."""
    content = api.get(f"/api/v1/sources/{source_id}").raise_for_status().content
    return source_from(Answer("GET", 200, {}, content))


def differing(bag: dict[str, Any], now: SourceReply) -> list[Any]:
    """How the service's answer differs from these inputs."""
    return SourceSpec.from_inputs(bag).differences(SourceSpec.from_answer(now.body))


@examples(300)
@given(bag=inputs())
def test_a_new_source_gives_back_exactly_its_inputs(api: httpx.Client, bag: dict[str, Any]) -> None:
    """In the program's own spelling, whatever the service made of it."""
    kept, _ = check_inputs(bag, None)
    now = made(api, kept)
    assert looked(created(kept, now), now) == kept
    assert looked(older(kept), now) == kept
    assert looked({**kept, "source_id": now.id}, now) == kept
    assert differing(kept, now) == []


@examples(250)
@given(bag=inputs())
def test_a_source_as_a_whole_declares_itself(api: httpx.Client, bag: dict[str, Any]) -> None:
    """Inputs that are valid, show no change, and make the same source once more."""
    now = made(api, bag)
    inputs = declaring(now.body)
    kept, failures = check_inputs(inputs, None)
    assert (kept, failures) == (inputs, [])
    assert looked(created(inputs, now), now) == inputs
    assert differing(inputs, now) == []
    assert SourceSpec.from_answer(made(api, inputs).body) == SourceSpec.from_answer(now.body)


@examples(300)
@given(bag=inputs(), data=st.data())
def test_each_declared_field_that_changes_on_the_service_is_seen(
    emu: RunningEmulator, api: httpx.Client, bag: dict[str, Any], data: st.DataObject
) -> None:
    """As an input, under its property, so that the next preview names it."""
    bag.pop("on_conflict", None)
    if isinstance(bag.get("embedding_model"), str):
        bag["embedding_model"] = {"model": bag["embedding_model"]}
    now = made(api, bag)
    paths = [path for path in places(bag) if not isinstance(path[-1], int) and path[-1] not in KEYS]
    path = data.draw(st.sampled_from([path for path in paths if not isinstance(at(bag, path), dict)]))
    changed = replaced(bag, path, _different)
    assume(SourceSpec.from_inputs(changed) != SourceSpec.from_inputs(bag))
    name = str(path[0])
    patch: dict[str, Any] = {name: _without_keys(changed[name])}
    if name.startswith("embedding"):  # two names of one thing, and the service keeps them equal
        dense = changed[name].get("dense") if name == "embedding" else changed[name]
        assume("embedding" not in bag or "embedding_model" not in bag)
        patch = {"embedding": {"dense": dense, **patch.get("embedding", {})}, "embedding_model": dense}
    emu.control.patch_source(now.id, **patch)
    for outputs in (created(bag, now), older(bag)):
        assert changed_inputs(looked(outputs, got(api, now.id)), bag) == [name]


def _without_keys(value: Any) -> Any:
    return {key: value[key] for key in value if key not in KEYS} if isinstance(value, dict) else value


def _different(value: Any) -> Any:
    if isinstance(value, list):
        return [*value, "one more"]
    if isinstance(value, str):
        return {"none": "direct", "direct": "metadata", "metadata": "direct"}.get(value, f"{value}x")
    return 1 if value != 1 else 2


LEFT_OUT = [
    (github(), {"github": {"app_id": "5"}}, "github"),
    (github(), {"github": {"include_globs": ["*.md"]}}, "github"),
    (web(), {"web_scrape": {"include_path_regexes": ["^/a"]}}, "web_scrape"),
    (web(), {"web_scrape": {"exclude_path_regexes": ["^/a"]}}, "web_scrape"),
    (s3(aws_credential_id=7), {"s3": {"path_prefix": "a/"}}, "s3"),
]


@pytest.mark.parametrize(("bag", "patch", "named"), LEFT_OUT)
def test_a_field_that_was_left_out_and_is_there_now_is_seen(
    emu: RunningEmulator, api: httpx.Client, bag: dict[str, Any], patch: dict[str, Any], named: str
) -> None:
    """The program declared that there is none."""
    now = made(api, bag)
    emu.control.patch_source(now.id, **patch)
    for outputs in (created(bag, now), older(bag)):
        seen = looked(outputs, got(api, now.id))
        assert changed_inputs(seen, bag) == [named]
        assert seen[named].items() >= patch[named].items()


OWN = [
    (github(), {"chunking": {"type": "lines", "max_lines": 5}}),
    (github(), {"embedding": {"sparse": {"model": "Chroma/BM25", "key": "k"}}}),
    (embedded({"dense": DENSE}), {"embedding": {"sparse": {"model": "Chroma/BM25", "key": "k"}}}),
    ({**github(), "chunking": {"type": "tree_sitter"}}, {"chunking": {"max_size_bytes": 9}}),
    (s3(aws_credential_id=7), {"s3": {"auto_sync": "direct"}}),
    (s3(**KEYS), {"s3": {"aws_credential_id": 99}}),
    (web(), {"web_scrape": {"page_limit": 500}}),
    (github(), {"github": {"installation": 12, "last_commit": "abc"}, "region": "aws-us-east-1"}),
]


@pytest.mark.parametrize(("bag", "patch"), OWN)
def test_what_is_the_services_own_is_no_drift(
    emu: RunningEmulator, api: httpx.Client, bag: dict[str, Any], patch: dict[str, Any]
) -> None:
    """Defaults it fills, fields that nobody can declare, and what the vendor's set-up changes."""
    now = made(api, bag)
    emu.control.patch_source(now.id, **patch)
    for outputs in (created(bag, now), older(bag)):
        assert looked(outputs, got(api, now.id)) == bag


def test_a_create_that_could_not_read_back_leaves_nothing_to_compare(
    emu: RunningEmulator, api: httpx.Client
) -> None:
    """The first refresh records what the service filled in, and shows no drift; the second compares."""
    provider, bag = on(emu), web()
    now = made(api, bag)
    emu.control.patch_source(now.id, web_scrape={"page_limit": 100, "include_path_regexes": ["a"]})

    def refreshed(props: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        result = provider.read(now.id, {**PROVIDER, **props})
        assert result.inputs is not None and result.outs is not None
        return result.inputs, result.outs

    first = refreshed({**bag, "source_id": now.id})
    assert first[0] == bag
    assert first[1]["server_defaults"] == {"page_limit": 100, "include_path_regexes": ["a"]}
    assert refreshed(first[1]) == first
    emu.control.patch_source(now.id, web_scrape={"page_limit": 7})
    inputs, outs = refreshed(first[1])
    assert inputs == web(page_limit=7)
    assert outs["server_defaults"] == first[1]["server_defaults"]
