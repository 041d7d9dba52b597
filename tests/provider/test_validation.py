"""What holds of check for any bag at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pulumi_chroma_sync.kinds.source.check import check_inputs

from .strategies import at, bags, examples, inputs, nearly, places, replaced, some_unknown


@examples(300)
@given(bags(), st.sampled_from(["demo", None]))
def test_check_never_raises(bag: dict[Any, Any], database: str | None) -> None:
    """Whatever the bag holds; each path is named once, each failure is one line that says something."""
    kept, failures = check_inputs(bag, database)
    assert all(isinstance(key, str) for key in _keys(kept))
    paths = [failure.property for failure in failures]
    assert len(set(paths)) == len(paths)
    for failure in failures:
        assert failure.property and failure.reason and "\n" not in failure.reason


def _keys(value: Any) -> Iterator[Any]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(value, dict):
            yield key
        yield from _keys(item)


@examples(150)
@given(inputs().flatmap(lambda bag: st.tuples(st.just(bag), some_unknown(bag))))
def test_valid_inputs_stay_valid_with_any_part_unknown(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """A preview never refuses what an up would take; what is known is kept as it is."""
    bag, obscured = pair
    kept, failures = check_inputs(obscured, None)
    assert not failures
    for path in places(obscured):
        value = at(obscured, path)
        if not isinstance(value, (dict, list)):
            assert at(kept, path) is value or at(kept, path) == at(bag, path)


@examples(150)
@given(inputs(), st.data())
def test_none_anywhere_is_as_absent(bag: dict[str, Any], data: st.DataObject) -> None:
    """A key with None in any object changes nothing, also where the program never has that key."""
    objects = [(), *(path for path in places(bag) if isinstance(at(bag, path), dict))]
    path = data.draw(st.sampled_from(objects))
    name = data.draw(st.sampled_from(["app_id", "max_depth", "sparse", "task", "key", "s3", "other"]))
    with_none = replaced(bag, path, lambda fields: {name: None, **fields})
    assert check_inputs(with_none, None) == (check_inputs(bag, None)[0], [])


@examples(150)
@given(inputs())
def test_check_keeps_its_own_result(bag: dict[str, Any]) -> None:
    """Checked inputs are valid, and stay what they are."""
    kept, _ = check_inputs(bag, None)
    assert check_inputs(kept, None) == (kept, [])


@examples(500)
@given(nearly(most=4))
def test_no_value_is_ever_part_of_a_message(bag: dict[str, Any]) -> None:
    """Each text of the bag is made one that can be told; none of them is in a path or a sentence."""
    marked = _marked(bag)
    for failure in check_inputs(marked, None)[1]:
        assert not re.search(r"\d{9}", f"{failure.property} {failure.reason}"), failure.reason


def _marked(value: Any, number: int = 100_000_000) -> Any:
    """The same bag with every text and number replaced by one that no sentence has."""
    if isinstance(value, dict):
        return {key: _marked(item, number + index) for index, (key, item) in enumerate(value.items())}
    if isinstance(value, list):
        return [_marked(item, number) for item in value]
    if isinstance(value, str):
        return f"{value} {number}"
    return -number if isinstance(value, (int, float)) and not isinstance(value, bool) else value
