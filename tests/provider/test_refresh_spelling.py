"""What counts as drift in an answer of the service, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.kinds.source.spec import changed_inputs
from pulumi_chroma_sync.kinds.source.state import declaring, refreshed

from .strategies import MODEL
from .written import DENSE, KEYS, TASK, created, embedded, github, looked, older, reply, s3, web

NO_DRIFT: dict[str, tuple[dict[str, Any], SourceReply]] = {
    "everything else is null": (github(), reply(github(app_id=None), chunking=None, embedding=None)),
    "everything else is missing": (github(), reply(github())),
    "numbers as floats": (web(page_limit=5, max_depth=0), reply(web(page_limit=5.0, max_depth=0.0))),
    "case of a repository": (github(), reply(github(repository="Acme/Handbook"))),
    "normal form of an address": (
        web(starting_url="HTTPS://A.b"),
        reply(web(starting_url="https://a.b:443/")),
    ),
    "order": (github(include_globs=["b", "a"]), reply(github(include_globs=["a", "b"]))),
    "empty as null": (web(include_path_regexes=[]), reply(web(include_path_regexes=None))),
    "null as empty": (web(), reply(web(include_path_regexes=[]))),
    "no prefix as null": (s3(path_prefix="", **KEYS), reply(s3(path_prefix=None))),
    "no prefix as empty": (s3(**KEYS), reply(s3(path_prefix=""))),
    "auto_sync at its default": (s3(auto_sync="none", **KEYS), reply(s3(auto_sync=None))),
    "masked keys": (
        s3(aws_credential_id=7),
        reply(s3(aws_credential_id=7, aws_access_key_id="AK**", aws_secret_access_key="**")),
    ),
    "model by name": ({**github(), "embedding_model": MODEL}, reply(github(), embedding_model=MODEL)),
    "model as dense": ({**github(), "embedding_model": TASK}, reply(embedded({"dense": TASK}))),
    "dense as model": (embedded({"dense": TASK}), reply(embedded(None, embedding_model=TASK))),
    "model apart": (
        {**github(), "embedding_model": TASK},
        reply(embedded({"dense": TASK}, embedding_model=DENSE)),
    ),
    "dense apart": (embedded({"dense": TASK}), reply(embedded({"dense": TASK}, embedding_model=DENSE))),
    "task with nulls": (
        embedded({"dense": TASK}),
        reply(embedded({"dense": {"model": MODEL, "task": {"task_name": "t", "query_prompt": None}}})),
    ),
}


@pytest.mark.parametrize("name", NO_DRIFT)
def test_another_spelling_of_the_service_is_no_drift(name: str) -> None:
    """The program's own comes back."""
    bag, now = NO_DRIFT[name]
    assert looked(older(bag), now) == bag
    assert looked(created(bag, now), now) == bag
    assert looked(created(bag, reply(bag)), now) == bag


DRIFT: dict[str, tuple[dict[str, Any], SourceReply, dict[str, Any]]] = {
    "gone": (github(app_id="5"), reply(github(app_id=None)), github()),
    "fewer": (
        github(include_globs=["b", "a"]),
        reply(github(include_globs=["b"])),
        github(include_globs=["b"]),
    ),
    "no chunking": ({**github(), "chunking": {"type": "lines"}}, reply(github(), chunking=None), github()),
    "another chunking": (
        {**github(), "chunking": {"type": "lines", "max_lines": 5}},
        reply(github(), chunking={"type": "tree_sitter", "max_size_bytes": 9, "max_lines": None, "new": 1}),
        {**github(), "chunking": {"type": "tree_sitter", "max_size_bytes": 9}},
    ),
    "another kind": (github(), reply(web(page_limit=5)), web(page_limit=5)),
    "a kind of uploads": (
        github(),
        reply({"database_name": "demo", "file_upload": {}}),
        {"database_name": "demo"},
    ),
    "another database": (
        github(),
        reply({**github(), "database_name": "x"}),
        {**github(), "database_name": "x"},
    ),
    "no task": (embedded({"dense": TASK}), reply(embedded({"dense": DENSE})), embedded({"dense": DENSE})),
    "no task, by the model": (
        {**github(), "embedding_model": TASK},
        reply(embedded({"dense": DENSE}, embedding_model=DENSE)),
        {**github(), "embedding_model": DENSE},
    ),
    "another credential": (s3(aws_credential_id=7), reply(s3(aws_credential_id=8)), s3(aws_credential_id=8)),
}


@pytest.mark.parametrize("name", DRIFT)
def test_a_change_comes_back_as_the_services_value(name: str) -> None:
    """Without null, and without what nobody can declare."""
    bag, now, expected = DRIFT[name]
    assert looked(older(bag), now) == expected
    assert looked(created(bag, reply(bag)), now) == expected
    assert changed_inputs(expected, bag)


def test_keys_that_the_service_never_gives_back_stay_those_of_the_state() -> None:
    """A refresh invents no rotation, also where another field of the bucket drifted."""
    now = reply(
        s3(region="us-west-2", aws_credential_id=9, aws_access_key_id=None, aws_secret_access_key=None)
    )
    assert looked(older(s3(**KEYS)), now) == s3(**KEYS, region="us-west-2")


def test_a_default_that_was_recorded_is_compared() -> None:
    """In any order and number form; one that changes shows, and so does one that is gone."""
    bag, then = web(), reply(web(page_limit=100, include_path_regexes=["b", "a"]))
    state = created(bag, then)
    assert state["server_defaults"] == {"page_limit": 100, "include_path_regexes": ["b", "a"]}
    assert looked(state, reply(web(page_limit=100.0, include_path_regexes=["a", "b"]))) == bag
    other = reply(web(page_limit=50, include_path_regexes=["b", "a"]))
    assert looked(state, other) == web(page_limit=50)
    assert looked(state, reply(web())) == bag  # a service that no longer tells it says nothing


def test_a_limit_that_the_service_only_now_tells_is_its_default() -> None:
    """Recorded from then on; any other field that appears is somebody's change."""
    bag = web()
    now = reply(web(max_depth=3, exclude_path_regexes=["x"]))
    inputs, outputs = refreshed(created(bag, reply(bag)), now.body, now.created_at)
    assert inputs == web(exclude_path_regexes=["x"])
    assert outputs["server_defaults"] == {"max_depth": 3}
    assert looked(created(bag, reply(web(max_depth=2))), reply(web(max_depth=3))) == web(max_depth=3)


def test_a_source_as_a_whole_is_written_tidily() -> None:
    """Whole numbers; no null, no empty list, no default of auto_sync, no second name of an embedding."""
    now = reply(
        web(page_limit=5.0, max_depth=None, include_path_regexes=[], pages=3),
        chunking={"type": "lines", "max_lines": 9.0},
        embedding={"dense": TASK, "sparse": None},
        embedding_model=TASK,
    )
    assert declaring(now.body) == {
        **web(page_limit=5),
        "chunking": {"type": "lines", "max_lines": 9},
        "embedding": {"dense": TASK},
    }
    assert type(declaring(now.body)["web_scrape"]["page_limit"]) is int
    assert declaring(reply(s3(aws_credential_id=7, aws_secret_access_key="**")).body) == s3(
        aws_credential_id=7
    )
    assert declaring(reply(s3(aws_credential_id=7, auto_sync="none")).body) == s3(aws_credential_id=7)
    assert declaring(reply(s3(aws_credential_id=7, auto_sync="direct")).body) == s3(
        aws_credential_id=7, auto_sync="direct"
    )
    apart = embedded({"dense": DENSE}, embedding_model=TASK)
    assert declaring(reply(apart).body) == apart
