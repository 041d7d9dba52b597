"""on_conflict="adopt": an equal source is taken over, an unequal one is explained field by field."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_chroma_sync.errors import SourceClaimedError, SourceExistsError

from .fault_cases import Rule
from .memory import Memory
from .plugin import Bag
from .service import github

ADOPT = {"on_conflict": "adopt"}


def test_an_equal_source_is_adopted_without_a_request_to_create(memory: Memory) -> None:
    """Under every rule we look before we send; the user hears which source was taken."""
    existing = memory.make(**github())
    with memory.process() as process:
        source_id, outputs = process.create(process.check(github(**ADOPT)))
    assert source_id == existing == outputs["source_id"]
    assert list(memory.sources()) == [existing] and memory.asked("create_source") == []
    assert f'adopted source {existing} ("github acme/handbook" in database "demo")' in process.text


def test_with_nothing_to_adopt_a_source_is_created(memory: Memory) -> None:
    """Adoption is what happens to a conflict, not a demand."""
    with memory.process() as process:
        source_id, _outputs = process.create(process.check(github(**ADOPT)))
    assert list(memory.sources()) == [source_id]


def s3(**fields: Any) -> Bag:
    bucket = {"bucket_name": "papers", "region": "us-east-1", "collection_name": "papers"}
    return {"database_name": "demo", "s3": {**bucket, **fields}}


KEYS = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": "not-so-secret-key"}

EQUAL: dict[str, tuple[Bag, Bag]] = {
    "in another order": (
        github(github={"repository": "acme/handbook", "include_globs": ["a", "b"]}),
        github(github={"repository": "acme/handbook", "include_globs": ["b", "a"]}),
    ),
    "in another case": (github("Handbook"), github("handbook")),
    "the service's defaults": (github(chunking={"type": "lines", "max_lines": 5}), github()),
    "a web site": (
        {"database_name": "demo", "web_scrape": {"starting_url": "https://ACME.com"}},
        {"database_name": "demo", "web_scrape": {"starting_url": "https://acme.com/"}},
    ),
    "a bucket with a credential": (s3(aws_credential_id=7), s3(aws_credential_id=7)),
    "a bucket with keys": (s3(**KEYS), s3(**KEYS)),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_means_the_same_and_not_the_same_letters(memory: Memory, name: str) -> None:
    """Order, case, defaults, and keys that the service never gives back make no difference."""
    theirs, ours = EQUAL[name]
    existing = memory.make(**theirs)
    with memory.process() as process:
        assert process.create(process.check({**ours, **ADOPT}))[0] == existing


@pytest.mark.parametrize("rule", ["identity"])
def test_the_fields_that_differ_are_listed(memory: Memory) -> None:
    """Each by its path, with what is declared and what exists; nothing is changed or created."""
    existing = memory.make(
        **github(
            github={"repository": "acme/handbook", "include_globs": ["*.md"], "app_id": "7"},
            chunking={"type": "lines", "max_lines": 10},
        )
    )
    before = memory.sources()
    declared = github(
        github={"repository": "acme/handbook", "include_globs": ["*.mdx"]},
        chunking={"type": "tree_sitter", "max_size_bytes": 8192},
        **ADOPT,
    )
    with memory.process() as process, pytest.raises(SourceExistsError) as caught:
        process.create(process.check(declared))
    assert caught.value.source_id == existing and memory.sources() == before
    for part in (
        "the service already has one (409)",
        "differs in: ",
        "github.include_globs (declared [*.mdx], existing [*.md])",
        "github.app_id (declared none, existing 7)",
        "chunking.type (declared tree_sitter, existing lines)",
        "chunking.max_size_bytes (declared 8192, existing ",
        'on_conflict="adopt" and the fields as they stand',
        f"pulumi-chroma-sync import --database demo --source {existing}",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize("rule", ["content", "never"])
def test_an_unequal_one_is_no_conflict_where_the_service_has_none(memory: Memory) -> None:
    """Where the service takes both, there are two; neither is touched for the other."""
    existing = memory.make(**github(chunking={"type": "lines"}))
    with memory.process() as process:
        source_id, _outputs = process.create(process.check(github(chunking={"type": "tree_sitter"}, **ADOPT)))
    assert set(memory.sources()) == {existing, source_id} and source_id != existing


@pytest.mark.parametrize("rule", ["never"])
def test_of_several_equal_ones_each_resource_adopts_its_own(memory: Memory) -> None:
    """Two resources never adopt the same source."""
    existing = {memory.make(**github()) for _ in range(3)}
    with memory.process() as process:
        inputs = process.check(github(**ADOPT))
        adopted = {process.create(inputs)[0] for _ in range(3)}
        fourth, _outputs = process.create(inputs)
    assert adopted == existing and fourth not in existing


def test_a_source_of_the_state_is_not_adopted_by_another_resource(memory: Memory, rule: Rule) -> None:
    """What the engine has shown us once in this run belongs to its resource."""
    with memory.process() as process:
        source_id, outputs = process.create(process.check(github()))
    with memory.process() as process:
        inputs = process.check(github(**ADOPT))
        process.diff(source_id, outputs, inputs)
        if rule == "never":
            assert process.create(inputs)[0] != source_id
        else:
            with pytest.raises(SourceExistsError, match="another resource of this program has it"):
                process.create(inputs)


def test_a_source_that_two_resources_end_up_with_is_told(memory: Memory) -> None:
    """Adopted first, looked at as another's afterwards: the run stops and says how to part them."""
    with memory.process() as process:
        source_id, outputs = process.create(process.check(github()))
    with memory.process() as process:
        adopted, _outputs = process.create(process.check(github(**ADOPT)))
        assert adopted == source_id
        with pytest.raises(SourceClaimedError, match="pulumi state delete"):
            process.diff(source_id, outputs, process.check(github()))


def test_a_source_that_was_adopted_is_not_deleted_for_its_old_resource(memory: Memory) -> None:
    """A resource that gets another name: created under the new one, deleted under the old one."""
    with memory.process() as process:
        source_id, outputs = process.create(process.check(github()))
    with memory.process() as process:
        process.create(process.check(github(**ADOPT)))
        process.delete(source_id, outputs)
    assert list(memory.sources()) == [source_id]
    assert f"kept source {source_id}" in process.text


@pytest.mark.parametrize("adopt", [True, False])
def test_after_a_killed_run_the_next_one_knows(memory: Memory, adopt: bool) -> None:
    """The source is there and no state has it: adopted, or named with what to do; never doubled."""
    with memory.process() as process:
        lost, _outputs = process.create(process.check(github()))  # and the engine died
    with memory.process() as process:
        inputs = process.check(github(**(ADOPT if adopt else {})))
        assert lost in process.text  # already in the preview
        if adopt:
            assert process.create(inputs)[0] == lost
        else:
            with pytest.raises(SourceExistsError, match=lost):
                process.create(inputs)
    assert list(memory.sources()) == [lost]
