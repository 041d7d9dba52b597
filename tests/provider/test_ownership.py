"""Who holds which source: each call, and that over any calls nothing is deleted that another keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_chroma_sync.core.ownership import Ownership, entry_made_at, new_entry

ID = "the-object"


def _deleting(ownership: Ownership) -> None:
    ownership.leaves(ID, "one", "y")
    ownership.release(ID, "one")


def _deleted(ownership: Ownership) -> None:
    _deleting(ownership)
    ownership.deleted(ID)


BEFORE: dict[str, Callable[[Ownership], object]] = {
    "nothing": lambda ownership: None,
    "seen": lambda ownership: ownership.seen(ID, "one"),
    "stays": lambda ownership: ownership.stays(ID, "one", "x"),
    "leaves": lambda ownership: ownership.leaves(ID, "one", "y"),
    "taken": lambda ownership: ownership.take(ID, "one"),
    "being deleted": _deleting,
    "deleted": _deleted,
}
"""What was heard of an entry, ``one``."""


@pytest.mark.parametrize(
    ("before", "stays", "takes", "deletes"),
    [
        ("nothing", True, True, True),
        ("seen", True, True, False),
        ("stays", False, False, False),
        ("leaves", True, True, True),
        ("taken", False, False, False),
        ("being deleted", True, False, True),
        ("deleted", True, False, True),
    ],
)
def test_what_another_entry_may_do(before: str, stays: bool, takes: bool, deletes: bool) -> None:
    """The table of the module: stay with the object, take it, have it deleted with itself."""
    calls: list[tuple[Callable[[Ownership], bool], bool]] = [
        (lambda ownership: ownership.stays(ID, "two", "x"), stays),
        (lambda ownership: ownership.take(ID, "two"), takes),
        (lambda ownership: ownership.release(ID, "two"), deletes),
    ]
    for call, allowed in calls:
        ownership = Ownership()
        BEFORE[before](ownership)
        assert call(ownership) is allowed


@pytest.mark.parametrize("before", BEFORE)
def test_the_entry_itself_may_always_go(before: str) -> None:
    """Nobody else has it: deleting the entry deletes the object."""
    ownership = Ownership()
    BEFORE[before](ownership)
    assert ownership.release(ID, "one")
    assert ownership.is_deleted(ID) and ownership.is_known(ID) and not ownership.is_kept(ID)
    ownership.deleted(ID)
    assert ownership.is_deleted(ID) and not ownership.is_kept(ID) and not ownership.take(ID, "two")


@pytest.mark.parametrize(
    ("before", "leaving", "kept", "known"),
    [
        ("nothing", False, False, False),
        ("seen", False, False, True),
        ("stays", False, True, True),
        ("leaves", True, False, True),
        ("taken", False, True, True),
        ("being deleted", False, False, True),
        ("deleted", False, False, True),
    ],
)
def test_what_is_known_of_an_object(before: str, leaving: bool, kept: bool, known: bool) -> None:
    """Given up by all who have it; kept by one; heard of at all."""
    ownership = Ownership()
    BEFORE[before](ownership)
    told = ownership.is_leaving(ID), ownership.is_kept(ID), ownership.is_known(ID)
    assert told == (leaving, kept, known)


def test_given_up_by_one_of_two_is_not_given_up() -> None:
    """The other may stay."""
    ownership = Ownership()
    ownership.leaves(ID, "one", "y")
    ownership.seen(ID, "two")
    assert not ownership.is_leaving(ID)
    ownership.leaves(ID, "two", "z")
    assert ownership.is_leaving(ID)


def test_a_failed_delete_leaves_the_entry_in_the_state() -> None:
    """It is known as before, and may be tried again."""
    ownership = Ownership()
    assert ownership.release(ID, "one")
    ownership.seen(ID, "one")
    assert not ownership.is_deleted(ID) and ownership.is_known(ID)
    assert not ownership.release(ID, "two") and ownership.release(ID, "one")


def test_its_own_successor_may_take_it_back() -> None:
    """Not where anybody else has it, or somebody took it meanwhile."""
    ownership = Ownership()
    ownership.leaves(ID, "one", "x")
    assert ownership.belongs_to(ID, "x") and not ownership.belongs_to(ID, "y")
    assert ownership.take_back(ID, "two")
    assert ownership.is_kept(ID) and not ownership.take_back(ID, "three")
    ownership = Ownership()
    ownership.leaves(ID, "one", "x")
    ownership.seen(ID, "other")
    assert not ownership.take_back(ID, "two")


def test_two_entries_of_an_older_version_are_not_told_apart() -> None:
    """Neither has an identity: one that stays is never deleted under the other's name."""
    ownership = Ownership()
    assert ownership.stays(ID, None, "x")
    assert not ownership.release(ID, None)
    ownership = Ownership()
    ownership.leaves(ID, None, "y")
    assert ownership.release(ID, None)


def test_an_identity_says_when_it_was_made() -> None:
    """For a source whose creation time the service didn't say."""
    entry = new_entry(1_790_000_000.7)
    moment = entry_made_at(entry)
    assert moment is not None and moment.timestamp() == 1_790_000_000
    assert new_entry(1.0) != new_entry(1.0)
    assert [entry_made_at(text) for text in (None, "", "zz", "ffffffffffffffffffff-1")] == [None] * 4


ENTRIES = st.sampled_from(["one", "two", "three", "four"])
CALLS = st.sampled_from(["seen", "stays", "leaves", "take", "release", "deleted", "failed"])


@given(st.lists(st.tuples(CALLS, ENTRIES), max_size=30))
def test_over_any_calls_an_object_is_deleted_only_where_no_other_entry_stays(
    calls: list[tuple[str, str]],
) -> None:
    """Also not where another was seen or has taken it, and nobody takes what is being deleted."""
    ownership = Ownership()
    standing: dict[str, str] = {}
    going = gone = False
    for call, entry in calls:
        others = {other: how for other, how in standing.items() if other != entry}
        if call == "seen":
            ownership.seen(ID, entry)
            standing.setdefault(entry, "seen")
            going = False
        elif call == "stays":
            alone = ownership.stays(ID, entry, "x")
            assert alone == (not {"stays", "take"} & {*others.values()})
            standing[entry] = "stays"
        elif call == "leaves":
            ownership.leaves(ID, entry, "y")
            standing[entry] = "leaves"
        elif call == "take":
            taken = ownership.take(ID, entry)
            assert taken == (not going and not gone and not {"stays", "take"} & {*others.values()})
            if taken:
                standing[entry] = "take"
        elif call == "release":
            if ownership.release(ID, entry):
                assert not {"seen", "stays", "take"} & {*others.values()}
                going = True
            standing.pop(entry, None)
        elif going and call == "deleted":
            ownership.deleted(ID)
            standing, going, gone = {}, False, True
        elif going:
            ownership.seen(ID, entry)
            standing.setdefault(entry, "seen")
            going = False
        assert ownership.is_deleted(ID) == (going or gone)
