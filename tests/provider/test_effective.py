"""What the service applies: a program sees all of it, the state has what doesn't go without saying."""

from __future__ import annotations

from functools import partial
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_chroma_sync import Source, SourceProvider
from pulumi_chroma_sync.kinds.source.effective import applied, applied_in, kept_of
from pulumi_chroma_sync.kinds.source.state import outputs_after_update, outputs_of

from .memory import Memory
from .registering import registered
from .service import github
from .strategies import examples

TREE: dict[str, Any] = {"type": "tree_sitter", "max_size_bytes": 8192}
USUAL: dict[str, Any] = {"dense": {"model": "Qwen/Qwen3-Embedding-0.6B"}}
OTHER: dict[str, Any] = {"dense": {"model": "Acme/Embed-2"}, "sparse": {"model": "Chroma/BM25", "key": "k"}}
MADE = "2026-01-01T00:00:00Z"


def answered(chunking: Any, embedding: Any) -> dict[str, Any]:
    """A source as the service answers it."""
    return {"id": "s-1", **github(), "chunking": chunking, "embedding": embedding}


CASES: dict[str, tuple[Any, Any, Any, Any, dict[str, Any]]] = {
    # declared chunking and embedding, answered chunking and embedding, what is kept
    "as declared, and the default": (TREE, None, TREE, USUAL, {}),
    "nulls beside it": (TREE, None, {**TREE, "max_lines": None}, {**USUAL, "sparse": None}, {}),
    "both as declared": (TREE, OTHER, TREE, OTHER, {}),
    "a default for the chunking": (None, None, TREE, USUAL, {"effective_chunking": TREE}),
    "declared and answered otherwise": (
        TREE,
        USUAL,
        {**TREE, "max_size_bytes": 100},
        OTHER,
        {"effective_chunking": {**TREE, "max_size_bytes": 100}, "effective_embedding": OTHER},
    ),
    "another default": (TREE, None, TREE, OTHER, {"effective_embedding": OTHER}),
    "a part declared": (None, {"sparse": OTHER["sparse"]}, None, OTHER, {"effective_embedding": OTHER}),
    "nothing at all": (None, None, None, None, {"effective_embedding": {}}),
    "nothing for what was declared": (
        TREE,
        OTHER,
        None,
        {},
        {"effective_chunking": {}, "effective_embedding": {}},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_state_keeps_what_does_not_go_without_saying(case: str) -> None:
    """And that is all that there is under these names; of the rest a program sees no difference."""
    chunking, embedding, theirs, their_embedding, kept = CASES[case]
    declared = {"chunking": chunking, "embedding": embedding}
    inputs = {**github(), **{name: value for name, value in declared.items() if value is not None}}
    outputs = outputs_of(inputs, "s-1", answered(theirs, their_embedding), MADE, "entry")
    assert {name: value for name, value in outputs.items() if name.startswith("effective_")} == kept
    assert applied_in(outputs) == {"chunking": plain(theirs), "embedding": plain(their_embedding)}


def plain(value: Any) -> Any:
    """The same without None; nothing at all is None."""
    return {key: item for key, item in (value or {}).items() if item is not None} or None


bags: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.just({}), st.sampled_from([TREE, USUAL, OTHER, {"type": "lines"}])
)


@examples(200)
@given(bags, bags, bags, bags)
def test_whatever_is_left_out_is_found_again(chunking: Any, embedding: Any, one: Any, two: Any) -> None:
    """For any answer beside any inputs, and again after the inputs are spelled otherwise."""
    inputs = {"chunking": chunking, "embedding": embedding}
    answer = {"chunking": one, "embedding": two}
    outputs = {"created_at": MADE, **inputs, **kept_of(answer, inputs)}
    expected = {name: value or None for name, value in answer.items()}
    assert applied_in(outputs) == expected
    updated = outputs_after_update(outputs, {"chunking": embedding, "on_conflict": "adopt"})
    assert applied_in(updated) == expected


@pytest.mark.parametrize("kept", [TREE, OTHER, {**OTHER, "sparse": None}])
def test_what_earlier_versions_wrote_means_what_it_meant(kept: Any) -> None:
    """They wrote every answer, also one that is as declared; it stays so in an update."""
    for name in ("effective_chunking", "effective_embedding"):
        assert applied(name, kept, None) == applied(name, kept, TREE) == kept
    olds = {**github(), "created_at": MADE, "chunking": TREE, "effective_chunking": TREE, "source_id": "s-1"}
    assert outputs_after_update(olds, {**github(), "chunking": TREE}) == olds


def test_a_refresh_keeps_no_more_than_a_create(memory: Memory) -> None:
    """Also of a state in which everything was written down."""
    with memory.process() as process:
        inputs = process.check(github(chunking=TREE))
        source_id, outputs = process.create(inputs)
        assert not {"effective_chunking", "effective_embedding"} & outputs.keys()
        old = {**outputs, "effective_chunking": TREE, "effective_embedding": {**USUAL, "sparse": None}}
        for state in (outputs, old):
            assert process.read(source_id, state) == (source_id, outputs, inputs)
        assert not SourceProvider().diff(source_id, old, inputs).changes


# What a program sees.


def seen(*, preview: bool = False, engine: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """What a program's ``apply`` was called with; nothing for what isn't known."""
    found: dict[str, Any] = {}

    def program() -> None:
        source = Source("docs", **arguments)
        for name in ("effective_chunking", "effective_embedding"):
            getattr(source, name).apply(partial(found.__setitem__, name))

    arguments.setdefault("github", {"repository": "acme/handbook"})
    registered(program, preview=preview, **engine)
    return found


ENGINE: dict[str, Any] = {"created_at": MADE}


@pytest.mark.parametrize("preview", [False, True])
def test_a_program_sees_what_the_state_leaves_out(preview: bool) -> None:
    """Whole numbers as such, and in a preview as well: what depends on it doesn't seem to change."""
    as_doubles = {**TREE, "max_size_bytes": 8192.0}
    found = seen(preview=preview, engine=ENGINE, chunking=as_doubles)
    assert found == {"effective_chunking": TREE, "effective_embedding": USUAL}
    assert type(found["effective_chunking"]["max_size_bytes"]) is int
    found = seen(preview=preview, engine=ENGINE, embedding=OTHER)
    assert found == {"effective_chunking": None, "effective_embedding": OTHER}


@pytest.mark.parametrize("preview", [False, True])
def test_a_program_sees_what_the_state_has(preview: bool) -> None:
    """What the service answered otherwise; also nothing, and also where no date was given."""
    other = {"effective_chunking": {"type": "lines"}, "effective_embedding": OTHER}
    for engine in ({**ENGINE, **other}, other):
        assert seen(preview=preview, engine=engine, chunking=TREE) == other
    none: dict[str, Any] = {"effective_chunking": {}, "effective_embedding": {}}
    found = seen(preview=preview, engine={**ENGINE, **none}, chunking=TREE, embedding=OTHER)
    assert found == dict.fromkeys(none)


def test_before_the_create_nobody_knows() -> None:
    """A preview runs nothing that depends on it; after a create that could not be read back it is None."""
    assert seen(preview=True, engine={}, chunking=TREE) == {}
    assert seen(engine={}, chunking=TREE) == {"effective_chunking": None, "effective_embedding": None}


@pytest.mark.parametrize("engine", [ENGINE, {**ENGINE, "effective_chunking": {"type": "lines"}}])
def test_a_secret_that_was_declared_stays_one(engine: dict[str, Any]) -> None:
    """What the service applies may be that very value."""
    secret: list[bool] = []

    def program() -> None:
        chunking: Any = pulumi.Output.secret(TREE)
        source = Source("docs", github={"repository": "acme/handbook"}, chunking=chunking)

        async def look() -> str:
            secret.append(await source.effective_chunking.is_secret())
            secret.append(await source.effective_embedding.is_secret())
            return "looked"

        looking: Any = look()
        pulumi.Output.from_input(looking).apply(lambda _: None)

    registered(program, **engine)
    assert secret == [True, False]
