"""Two entries of the state with one source: the plays of a rename with adoption, on the engine in memory.

Each was seen on the real engine to delete a source that another resource held, with exit 0.
"""

from __future__ import annotations

import pytest

from pulumi_chroma_sync.errors import SourceClaimedError, SourceExistsError

from .fault_cases import Rule
from .memory import Memory
from .model_engine import Engine
from .plugin import Bag
from .service import github
from .turns import Turns

ADOPT: Bag = {"on_conflict": "adopt"}
SEEDS = range(6)
"""Orders and turns that are tried."""


@pytest.fixture
def engine(rule: Rule) -> Engine:
    """An empty stack, and a service with this rule."""
    return Engine(Memory(Turns(), unique=rule))


def handbook() -> Bag:
    return github(**ADOPT)


def healthy(engine: Engine, program: dict[str, Bag]) -> None:
    """State, program and service agree, and the next preview and refresh are empty."""
    assert engine.ids.keys() == program.keys()
    assert set(engine.service.sources()) == set(engine.ids.values())
    assert len(engine.state) == len(set(engine.ids.values())) == len(program)
    assert engine.preview(program) == [] and engine.errors == []
    ids = engine.ids
    assert engine.refresh() == [] and engine.ids == ids


@pytest.mark.parametrize("refresh", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_rename_in_two_steps_keeps_the_source(engine: Engine, seed: int, refresh: bool) -> None:
    """2a, 2c: `--target new` adopts, the next whole up forgets `old` and keeps the source."""
    engine.up({"old": handbook()})
    [source_id] = engine.service.sources()
    assert engine.up({"new": handbook()}, targets=["new"], seed=seed) == []
    assert engine.ids == {"old": source_id, "new": source_id}
    assert engine.up({"new": handbook()}, refresh=refresh, seed=seed) == []
    assert engine.ids == {"new": source_id}
    assert f"kept source {source_id}" in engine.told[-1]
    healthy(engine, {"new": handbook()})


@pytest.mark.parametrize("refresh", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_rename_beside_a_create_that_fails_keeps_the_source(
    engine: Engine, seed: int, refresh: bool
) -> None:
    """2b: the failing sibling keeps the engine from deleting `old` in the run that adopts."""
    engine.up({"old": handbook()})
    engine.service.fault("create_source", "respond", status=400, match="broken")
    both = {"new": handbook(), "bad": github("broken")}
    assert len(engine.up(both, seed=seed)) == 1
    for _ in range(2):
        engine.up(both, refresh=refresh, seed=seed)
    healthy(engine, both)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_that_goes_on_after_an_error_keeps_the_source(engine: Engine, seed: int) -> None:
    """`--continue-on-error` deletes `old` in the very process in which a sibling failed."""
    engine.up({"old": handbook()})
    engine.service.fault("create_source", "respond", status=400, match="broken")
    both = {"new": handbook(), "bad": github("broken")}
    assert len(engine.up(both, go_on=True, seed=seed)) == 1
    engine.up(both, seed=seed)
    healthy(engine, both)


@pytest.mark.parametrize("seed", SEEDS)
def test_names_that_shift_with_a_list_keep_every_source(engine: Engine, seed: int) -> None:
    """2d: `a, b, c` becomes `b, c`, each under the name of the one before, with adoption."""
    program = {f"s{number}": github(name, **ADOPT) for number, name in enumerate("abc")}
    engine.up(program)
    before = {source["github"]["repository"]: key for key, source in engine.service.sources().items()}
    shorter = {"s0": program["s1"], "s1": program["s2"]}
    for _ in range(2):
        engine.up(shorter, seed=seed)
    healthy(engine, shorter)
    assert before["acme/a"] not in engine.service.sources()


def test_two_that_stay_with_one_source_fail_every_preview(engine: Engine) -> None:
    """2e: it doesn't become silent by itself, and taking one out leaves the source to the other."""
    program = {"old": github()}
    engine.up(program)
    both = {"old": github(), "new": handbook()}
    engine.up(both, targets=["new"])
    assert len(set(engine.ids.values())) == 1
    for _ in range(3):
        engine.preview(both)
        assert [type(error) for error in engine.errors] == [SourceClaimedError]
        assert [type(error) for error in engine.up(both)] == [SourceClaimedError]
    assert len(engine.service.sources()) == 1
    assert engine.up({"new": handbook()}) == []
    healthy(engine, {"new": handbook()})


def test_an_adoption_before_its_holder_was_looked_at_is_told(engine: Engine, rule: Rule) -> None:
    """2e, where `old` depends on `new`: `new` adopts first, and the diff of `old` ends the run."""
    engine.up({"old": github()})
    with engine.service.process() as process:
        old = engine.entry("old")
        assert old is not None
        adopted, _outputs = process.create(process.check(handbook()))
        assert adopted == old.id
        with pytest.raises(SourceClaimedError, match="pulumi state delete"):
            process.diff(old.id, old.outputs, process.check(github(), old.inputs))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_move_and_an_adoption_beside_a_failure_keep_the_source(engine: Engine, seed: int) -> None:
    """2f: `a` moves from x to y, `c` takes x, a third create fails; later runs leave x to `c`."""
    engine.up({"a": github("x", **ADOPT)})
    engine.service.fault("create_source", "respond", status=400, match="broken")
    program = {"a": github("y", **ADOPT), "c": github("x", **ADOPT), "bad": github("broken")}
    engine.up(program, seed=seed)
    for _ in range(2):
        engine.up(program, seed=seed)
    healthy(engine, program)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_of_two_that_moves_away_leaves_the_source_to_the_other(engine: Engine, seed: int) -> None:
    """Both have it since a rename that was half carried out; deletes may come before the other's diff."""
    engine.up({"old": handbook()})
    engine.up({"old": handbook(), "new": handbook()}, targets=["new"])
    program = {"old": github("other", **ADOPT), "new": handbook()}
    for _ in range(2):
        engine.up(program, seed=seed)
    healthy(engine, program)


def test_a_destroy_of_the_old_entry_alone_is_warned_of(engine: Engine) -> None:
    """`destroy --target old` calls nothing but its delete: the line of the adoption names the way out."""
    engine.up({"old": handbook()})
    engine.up({"new": handbook()}, targets=["new"])
    told = engine.told[-1]
    assert "don't destroy it by itself" in told and "pulumi state delete" in told


@pytest.mark.parametrize("seed", SEEDS)
def test_a_destroy_of_both_is_one_delete(engine: Engine, seed: int) -> None:
    """In parallel, and no diff before: the second finds it gone, however young it is."""
    engine.up({"old": handbook()})
    engine.up({"new": handbook()}, targets=["new"])
    assert engine.destroy(seed=seed) == []
    assert engine.state == [] and engine.service.sources() == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rename_in_one_whole_run_is_an_adoption(engine: Engine, seed: int) -> None:
    """Nothing is created or deleted; and without `on_conflict` the error names the ways."""
    engine.up({"old": github()})
    [source_id] = engine.service.sources()
    errors = engine.up({"new": github()}, seed=seed)
    assert [type(error) for error in errors] == [SourceExistsError] and source_id in str(errors[0])
    assert engine.up({"new": handbook()}, seed=seed) == []
    assert engine.ids == {"new": source_id}
    healthy(engine, {"new": handbook()})
