"""How a source that exists differs from a declared one."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_chroma_sync.meaning import Difference, differences, told
from pulumi_chroma_sync.models import SourceReply

from .strategies import MODEL
from .written import DENSE, KEYS, TASK, embedded, github, reply, s3, web

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
            "github (declared acme/handbook, existing none)",
            "web_scrape (declared none, existing https://docs.acme.com/)",
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
        ["embedding.sparse (declared Chroma/BM25 k, existing none)"],
    ),
    (
        {**github(), "embedding_model": TASK},
        reply(github(), **ANSWERED),
        ["embedding.dense.task (declared t, existing none)"],
    ),
    (
        s3(aws_credential_id=4, auto_sync="none"),
        reply(s3(aws_credential_id=5, auto_sync="direct")),
        [
            "s3.aws_credential_id (declared 4, existing 5)",
            "s3.auto_sync (declared none, existing direct)",
        ],
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


def test_limits_that_the_program_left_out_differ_in_a_source_of_somebody_else_alone() -> None:
    """In one that was just created from these inputs they are the service's defaults."""
    existing = reply(web(page_limit=100, max_depth=3))
    assert [each.path for each in differences(web(), existing)] == [
        "web_scrape.page_limit",
        "web_scrape.max_depth",
    ]
    assert differences(web(), existing, strict=False) == []
    assert differences(web(page_limit=5), existing, strict=False) == [
        Difference("web_scrape.page_limit", 5, 100)
    ]
    regexes = reply(web(include_path_regexes=["a"]))
    assert [each.path for each in differences(web(), regexes, strict=False)] == [
        "web_scrape.include_path_regexes"
    ]


def test_no_aws_key_is_in_a_difference() -> None:
    """Neither is compared: the service never gives one back."""
    found = [*differences(s3(**KEYS), reply(github())), *differences(github(), reply(s3(**KEYS)))]
    assert found and not any(
        "hush" in str(each) or "AKIA" in str(each) or "hush" in repr(each) for each in found
    )


def test_the_service_in_the_words_of_a_program() -> None:
    """Null and unknown fields are gone, the contract's defaults are there, one embedding has both names."""
    said = told(reply(s3(aws_credential_id=4, etag="x"), embedding={"sparse": None}, embedding_model=TASK))
    assert said == {
        **s3(aws_credential_id=4, auto_sync="none"),
        "embedding": {"dense": TASK},
        "embedding_model": TASK,
    }
