"""Replacements that meet what they replace, and sources that go from one resource to another: faults 3, 6, 7.

On the engine in memory, in the orders and turns of several seeds.
"""

from __future__ import annotations

import pytest

from pulumi_chroma_sync.errors import SourceExistsError

from .fault_cases import Rule
from .memory import Memory
from .model_engine import Engine, Program
from .plugin import Bag
from .service import github
from .turns import Turns

SEEDS = range(4)
RETAIN: Bag = {"retain_on_delete": True}
NEW_FIRST: Bag = {"new_first": True}
GLOBS: Bag = {"repository": "acme/handbook", "include_globs": ["*.md"]}


@pytest.fixture
def engine(rule: Rule) -> Engine:
    """An empty stack, and a service with this rule."""
    return Engine(Memory(Turns(), unique=rule))


def converged(engine: Engine, program: Program) -> bool:
    """Whether each resource has a source of its own, nothing else is there, and the preview is empty."""
    there, ids = engine.service.sources(), engine.ids
    own = {name: there[source_id]["github"]["repository"] for name, source_id in ids.items()}
    declared = {name: fields["github"]["repository"] for name, fields in program.items()}
    alone = set(there) == set(ids.values()) and len(engine.state) == len(set(ids.values()))
    return own == declared and alone and engine.preview(program) == [] and engine.errors == []


# 3: old first.


@pytest.mark.parametrize("seed", SEEDS)
def test_a_swap_converges_in_one_run(engine: Engine, seed: int) -> None:
    """`a` = x, `b` = y becomes `a` = y, `b` = x."""
    engine.up({"a": github("x"), "b": github("y")})
    swapped = {"a": github("y"), "b": github("x")}
    assert engine.up(swapped, seed=seed) == []
    assert converged(engine, swapped)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rotation_of_six_converges_by_the_second_run(engine: Engine, seed: int) -> None:
    """More than the process works on at once: one that waits for a sibling may have to be run again."""
    names = "abcdef"
    engine.up({name: github(name) for name in names})
    turned = {name: github(names[(place + 1) % 6]) for place, name in enumerate(names)}
    engine.up(turned, seed=seed)
    engine.up(turned, seed=seed)
    assert converged(engine, turned)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_move_into_what_another_leaves_converges(engine: Engine, seed: int) -> None:
    """`a` goes from x to y, `b` is new and wants x."""
    engine.up({"a": github("x")})
    moved = {"a": github("y"), "b": github("x")}
    assert engine.up(moved, seed=seed) == []
    assert converged(engine, moved)


@pytest.mark.parametrize("adopt", [{}, {"on_conflict": "adopt"}])
@pytest.mark.parametrize("tainted", [True, False])
def test_a_forced_replacement_makes_a_new_source(engine: Engine, tainted: bool, adopt: Bag) -> None:
    """No diff is asked, and adoption doesn't turn it into nothing."""
    program = {"a": github(**adopt)}
    engine.up(program)
    before = engine.ids["a"]
    entry = engine.entry("a")
    assert entry is not None
    entry.tainted = tainted
    assert engine.up(program, replace=[] if tainted else ["a"]) == []
    assert engine.ids["a"] != before and converged(engine, program)


# 6: options that keep the old source.


@pytest.mark.parametrize("rule", ["identity"])
def test_a_change_of_a_retained_source_names_the_option(engine: Engine) -> None:
    """The service refuses a second one of the target: it is this resource's own old source."""
    engine.up({"a": github(**RETAIN)})
    errors = engine.up({"a": github(github=GLOBS, **RETAIN)})
    for part in ("this resource's own old source", "retain_on_delete=True", "undo", engine.ids["a"]):
        assert part in str(errors[0])


@pytest.mark.parametrize("rule", ["identity"])
def test_an_undone_change_of_a_retained_source_heals(engine: Engine) -> None:
    """The engine replaces whatever the diff says, and the resource takes back what it retained."""
    before = {"a": github(**RETAIN)}
    engine.up(before)
    source_id = engine.ids["a"]
    engine.up({"a": github(github=GLOBS, **RETAIN)})
    assert engine.up(before) == []
    assert engine.ids == {"a": source_id} and f"kept source {source_id}" in engine.told[-1]
    assert converged(engine, before)


@pytest.mark.parametrize("rule", ["identity"])
def test_an_undone_change_heals_also_without_the_option(engine: Engine) -> None:
    """As the error advises: the option out, and the change undone. The state says that it was retained."""
    engine.up({"a": github(**RETAIN)})
    source_id = engine.ids["a"]
    engine.up({"a": github(github=GLOBS, **RETAIN)})
    after = {"a": github()}
    assert engine.up(after) == []
    assert engine.ids == {"a": source_id} and converged(engine, after)


@pytest.mark.parametrize("rule", ["identity"])
def test_a_retained_source_is_taken_back_by_a_declaration_that_it_meets(engine: Engine) -> None:
    """Not the text of before, but the fields as they stand, what the service fills left out."""
    lines: Bag = {"chunking": {"type": "lines", "max_lines": 7}}
    engine.up({"a": github(**RETAIN, **lines)})
    source_id = engine.ids["a"]
    engine.up({"a": github(github=GLOBS, **RETAIN, **lines)})
    after = {"a": github(on_conflict="adopt")}
    assert engine.up(after) == []
    assert engine.ids == {"a": source_id} and converged(engine, after)


@pytest.mark.parametrize("rule", ["content", "never"])
def test_where_both_may_be_there_the_retained_one_is_left_alone(engine: Engine) -> None:
    """The new one is the resource's, the old one nobody's."""
    engine.up({"a": github(**RETAIN)})
    old = engine.ids["a"]
    assert engine.up({"a": github(github=GLOBS, **RETAIN)}) == []
    assert set(engine.service.sources()) == {old, engine.ids["a"]} and old in engine.retained


@pytest.mark.parametrize("seed", SEEDS)
def test_a_retained_source_that_left_is_adopted(engine: Engine, seed: int) -> None:
    """Taken out of the program with `retain_on_delete`, and declared again with adoption."""
    engine.up({"a": github(**RETAIN)})
    old = engine.ids["a"]
    engine.up({})
    assert list(engine.service.sources()) == [old]
    assert engine.up({"b": github(on_conflict="adopt")}, seed=seed) == []
    assert engine.ids == {"b": old}


@pytest.mark.parametrize("rule", ["identity"])
def test_new_first_names_the_option_and_an_undone_change_heals(engine: Engine) -> None:
    """A user's own `delete_before_replace=False`: the old source stands in the way of its successor."""
    before = {"a": github(**NEW_FIRST)}
    engine.up(before)
    errors = engine.up({"a": github(github=GLOBS, **NEW_FIRST)})
    assert "this resource's own old source" in str(errors[0])
    assert "delete_before_replace=False" in str(errors[0])
    assert engine.up(before) == [] and converged(engine, before)


@pytest.mark.parametrize("rule", ["identity"])
def test_a_pending_delete_in_the_way_goes_with_continue_on_error(engine: Engine) -> None:
    """`delete_before_replace=False` of one keeps another's target taken until a run deletes at its end."""
    engine.up({"a": github("x", **NEW_FIRST)})
    engine.service.fault("create_source", "respond", status=400, match="acme/late")
    program = {"a": github("y"), "b": github("late")}
    program["a"] = github("y", **NEW_FIRST)
    assert len(engine.up(program)) == 1
    wanted = {"a": program["a"], "b": github(github={"repository": "acme/x", "include_globs": ["*.md"]})}
    assert isinstance(engine.up(wanted)[0], SourceExistsError)
    engine.up(wanted, go_on=True)
    assert engine.up(wanted) == [] and converged(engine, wanted)


# 7: a source that goes over to another resource of the program.


@pytest.mark.parametrize("seed", SEEDS)
def test_names_by_list_index_converge_by_the_second_run(engine: Engine, seed: int) -> None:
    """`a, b, c` becomes `b, c`. That the last name left, no call says before the run is over: the error names
    the way, and says where names should come from."""
    engine.up({f"s{place}": github(name) for place, name in enumerate("abc")})
    errors = engine.up({"s0": github("b"), "s1": github("c")}, seed=seed)
    assert len(errors) == 1
    for part in ('on_conflict="adopt"', "a resource that left this program", "Name resources after what"):
        assert part in str(errors[0])
    shorter = {"s0": github("b"), "s1": github("c", on_conflict="adopt")}
    assert engine.up(shorter, seed=seed) == []
    assert converged(engine, shorter)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_one_gives_up_goes_over_to_whom_it_fits(engine: Engine, seed: int) -> None:
    """Or is made anew; two of one id are never left, whatever the turns."""
    engine.up({"a": github("x"), "b": github("y")})
    moved = {"a": github("z"), "b": github("x"), "c": github("y")}
    assert engine.up(moved, seed=seed) == []
    assert converged(engine, moved)


def bucket(secret: str, **fields: str) -> Bag:
    """Inputs of a bucket with inline keys."""
    keys = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": secret}
    place = {"bucket_name": "papers", "region": "us-east-1", "collection_name": "papers"}
    return {"database_name": "demo", "s3": {**place, **keys, **fields}}


@pytest.mark.parametrize("rule", ["identity"])
def test_a_retained_source_with_other_keys_is_not_taken_back(engine: Engine) -> None:
    """The service would keep the old pair under the new one's name; the error names the option."""
    with engine.service.process() as process:
        inputs = process.check({**bucket("first-secret"), **RETAIN})
        old, outputs = process.create(inputs)
    with engine.service.process() as process:
        rotated = process.check({**bucket("other-secret"), **RETAIN}, inputs)
        assert process.diff(old, outputs, rotated).replaces == ["s3"]
        with pytest.raises(SourceExistsError, match="own old source"):
            process.create(rotated)


def test_inline_keys_do_not_go_over(engine: Engine) -> None:
    """They can't be compared, so the source is made anew with those that are declared."""
    with engine.service.process() as process:
        old, outputs = process.create(process.check(bucket("first-secret")))
    with engine.service.process() as process:
        inputs = process.check(bucket("first-secret", path_prefix="b"), outputs)
        process.diff(old, outputs, inputs)
        other = process.check(bucket("other-secret"))
        process.delete(old, outputs)
        new, _outputs = process.create(other)
    assert new != old and "went over" not in process.text


def test_the_error_for_one_that_the_state_has_does_not_advise_adoption(engine: Engine, rule: Rule) -> None:
    """Another resource of the program has it: declare it once, or rename with an alias."""
    if rule == "never":
        return
    engine.up({"a": github()})
    errors = engine.up({"a": github(), "b": github(on_conflict="adopt")})
    assert "another resource of this program has it" in str(errors[0])
    assert "to take it over" not in str(errors[0])


@pytest.mark.parametrize("seed", range(8))
def test_what_a_sibling_deletes_is_not_adopted_from_a_list_that_is_behind(engine: Engine, seed: int) -> None:
    """The look before the sibling's delete, the take after it: it would be in the state and be gone."""
    engine.up({"a": github("x"), "e": github("v"), "b": github("z")})
    engine.service.settings(read_lag=3)
    engine.service.time.sleep(60)
    adopt = {"on_conflict": "adopt"}
    shifted = {"c": github("x", **adopt), "a": github("z", **adopt), "b": github("v", **adopt)}
    engine.up(shifted, seed=seed, refresh=True)
    assert engine.errors == [] and set(engine.ids.values()) <= set(engine.service.sources())
    engine.service.time.sleep(60)
    assert converged(engine, shifted)
