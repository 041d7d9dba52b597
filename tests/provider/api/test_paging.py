"""Lists: every source or an error, whatever the service's pages hold and others do meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.provider.strategies import examples

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.api.paging import Pager
from pulumi_chroma_sync.api.replies import Listed, SourceReply
from pulumi_chroma_sync.errors import ChromaSyncError

from .fakes import Database, client_of, item


def numbers(listed: Listed[SourceReply]) -> list[int]:
    """The sources' numbers, in the list's order."""
    return [int(source.id.removeprefix("s-")) for source in listed.items]


def read(database: Database) -> Listed[SourceReply]:
    """The whole list, read by a client that knows nothing yet."""
    return client_of(database).list_sources("demo")


@pytest.mark.parametrize("cap", [2, 3, 50, 99, 100, 1000])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 49, 50, 51, 100, 101, 120, 250])
def test_a_list_is_read_to_its_end_whatever_a_page_holds(count: int, cap: int) -> None:
    """A page that is smaller than asked for is not the last one."""
    database = Database.of(range(count), cap=cap)
    listed = read(database)
    assert (numbers(listed), listed.complete) == ([*reversed(range(count))], True)


def test_the_newest_first_are_asked_for_a_hundred_a_page() -> None:
    """By name, since a service's default may be another; each page begins with the last of the one before."""
    database = Database.of(range(250))
    read(database)
    assert database.asked == [(offset, 100, "DESC") for offset in (0, 99, 198, 249)]


@pytest.mark.parametrize(
    ("count", "first", "then"), [(0, 1, 1), (1, 2, 1), (3, 2, 1), (100, 2, 1), (101, 3, 2)]
)
def test_one_request_more_is_made_once_for_a_database(count: int, first: int, then: int) -> None:
    """The end that was found is known again by the oldest source, also after others came or went."""
    database = Database.of(range(count))
    with client_of(database) as api:
        for asked in (first, then, then):
            database.asked.clear()
            assert api.list_sources("demo").complete
            assert len(database.asked) == asked
        if count == 3:
            database.asked.clear()
            database.create(7)
            database.delete(1)
            assert numbers(api.list_sources("demo")) == [7, 1, 0]
            assert len(database.asked) == 1
            database.delete(-1)
            assert numbers(api.list_sources("demo")) == [7, 1]
            assert len(database.asked) == 3


def test_a_cap_that_was_the_size_of_the_list_hides_nothing_later() -> None:
    """Fifty sources and fifty a page; then there is one more."""
    database = Database.of(range(50), cap=50)
    with client_of(database) as api:
        assert api.list_sources("demo").complete
        database.create(50)
        listed = api.list_sources("demo")
    assert (len(listed.items), listed.complete) == (51, True)


def test_the_oldest_source_is_no_end_where_the_order_is_not_the_newest_first() -> None:
    """A service that doesn't know the order puts what is new behind it."""
    database = Database([item(number) for number in range(3)], cap=3)
    with client_of(database) as api:
        assert numbers(api.list_sources("demo")) == [0, 1, 2]
        database.items.append(item(3))
        assert numbers(api.list_sources("demo")) == [0, 1, 2, 3]


def test_a_database_does_not_know_the_end_of_another() -> None:
    """The same source in two databases would be a wonder; the first reading of each goes to its end."""
    answers = {"a": [item(2), item(1)], "b": [item(3), item(1), item(0)]}

    def service(request: httpx.Request) -> httpx.Response:
        query = request.url.params
        offset = int(query["offset"])
        return httpx.Response(200, json=answers[query["database_name"]][offset : offset + 2])

    with client_of(service) as api:
        assert numbers(api.list_sources("a")) == [2, 1]
        assert numbers(api.list_sources("b")) == [3, 1, 0]


def during(database: Database, request: int, change: Any) -> Database:
    """The same database, in which something happens before the answer to this request."""
    database.before = lambda count: change() if count == request else None
    return database


@pytest.mark.parametrize("new", [1, 2, 99, 100, 150])
@pytest.mark.parametrize("request_", [1, 2])
def test_what_is_created_while_a_list_is_read_hides_nothing(request_: int, new: int) -> None:
    """It is in the list as well, and nothing is twice."""
    database = Database.of(range(250))

    def create() -> None:
        for number in range(250, 250 + new):
            database.create(number)

    listed = read(during(database, request_, create))
    assert (numbers(listed), listed.complete) == ([*reversed(range(250 + new))], True)


@pytest.mark.parametrize("indexes", [[0], [99], [98, 99], [0] * 50, [0] * 120])
@pytest.mark.parametrize("request_", [1, 2])
def test_what_is_deleted_while_a_list_is_read_hides_nothing(request_: int, indexes: list[int]) -> None:
    """What moved up under us is found all the same: the list is read again."""
    database = Database.of(range(250))

    def delete() -> None:
        for index in sorted(indexes, reverse=True):
            database.delete(index)

    listed = read(during(database, request_, delete))
    there = {source["id"] for source in database.items}
    assert there <= {source.id for source in listed.items} and listed.complete


def test_a_list_that_never_holds_still_is_an_error() -> None:
    """Not a part of it: what to do, and no more than six readings."""
    database = Database.of(range(1000))
    database.before = lambda count: database.delete(0) if count % 2 else None
    with pytest.raises(ChromaSyncError, match='database "demo" changes faster than it can be read'):
        read(database)
    assert len(database.asked) == 12


def test_a_service_that_ignores_the_offset_is_not_asked_for_ever() -> None:
    """What it says is given, and that it may not be all."""

    class Stubborn(Database):
        def page(self, offset: int, limit: int) -> list[Any]:
            return super().page(0, limit)

    for count in (1, 2, 3, 100, 150):
        database = Stubborn.of(range(count))
        listed = read(database)
        assert (len(listed.items), listed.complete) == (min(count, 100), False)
        assert len(database.asked) == 3


def test_a_page_of_one_still_reads_on_but_proves_nothing() -> None:
    """Pages of one can't overlap, so a shift would not show."""
    listed = read(Database.of(range(3), cap=1))
    assert (numbers(listed), listed.complete) == ([2, 1, 0], False)


def test_an_order_that_changes_from_page_to_page_is_an_error() -> None:
    """A source that was seen stands behind the ones that were not: something may be missing."""

    class Restless(Database):
        def page(self, offset: int, limit: int) -> list[Any]:
            return [*super().page(offset, limit - 1), *(self.items[:1] if offset else [])]

    with pytest.raises(ChromaSyncError, match="changes faster"):
        read(Restless.of(range(150)))


def test_items_that_are_no_sources_are_counted_too() -> None:
    """The rows of the list are what the offset counts, whatever they hold."""
    items: list[Any] = [item(number) for number in reversed(range(150))]
    items[99], items[98], items[0], items[149] = None, {"id": 7}, "x", {"name": "y"}
    listed = read(Database(items))
    assert (len(listed.items), listed.complete) == (150, True)
    assert sum(source.problem is not None for source in listed.items) == 4


def test_the_newest_are_one_request() -> None:
    """Whether they are all is known where nothing is there, or where the end was found before."""
    database = Database.of(range(5))
    with client_of(database) as api:
        newest = api.newest_sources("demo", 2)
        assert (numbers(newest), newest.complete, database.asked) == ([4, 3], False, [(0, 2, "DESC")])
        assert not api.newest_sources("demo", 10).complete
        api.list_sources("demo")
        assert api.newest_sources("demo", 10).complete
        assert not api.newest_sources("demo", 2).complete
        database.items.clear()
        assert api.newest_sources("demo", 2).complete


@pytest.mark.parametrize("cap", [2, 3, 100])
@pytest.mark.parametrize("wanted", [1, 2, 3, 99, 100, 101, 150, 249, 250, 251])
def test_the_newest_few_are_read_with_no_more_requests_than_they_need(wanted: int, cap: int) -> None:
    """In pages of any size; whether there are more is said."""
    database = Database.of(range(250), cap=cap)
    listed = Pager().whole("these", page_of(database), at_most=wanted)
    assert (numbers(listed), listed.complete) == ([*reversed(range(250))][:wanted], wanted > 250)
    if wanted <= cap:
        assert database.asked == [(0, max(2, wanted), "DESC")]
    assert max(limit for _, limit, _ in database.asked) <= 100
    if wanted <= 249:
        assert max(offset for offset, _, _ in database.asked) < wanted


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_newest_few_of_fewer_are_all(count: int) -> None:
    """And then that is known."""
    listed = Pager().whole("these", page_of(Database.of(range(count))), at_most=5)
    assert (len(listed.items), listed.complete) == (count, True)


def test_the_newest_few_are_still_those_where_others_create() -> None:
    """What came while they were read is newer."""
    database = Database.of(range(250))
    during(database, 1, lambda: database.create(250))
    listed = Pager().whole("these", page_of(database), at_most=150)
    assert numbers(listed) == [*reversed(range(101, 251))]


def page_of(database: Database) -> Callable[[int, int], Listed[SourceReply]]:
    """Asks this database for a page."""
    api = client_of(database)
    return lambda offset, limit: api.list_page("demo", offset=offset, limit=limit)


def test_the_lists_of_one_kind_and_of_all_end_by_themselves() -> None:
    """The oldest of one is no end of the other."""
    items = [item(2), item(1), item(0)]

    def service(request: httpx.Request) -> httpx.Response:
        query = request.url.params
        offset = int(query["offset"])
        found = items[:2] if query.get("source_type") == "github" else items
        return httpx.Response(200, json=found[offset : offset + 2])

    with client_of(service) as api:
        assert numbers(api.list_sources("demo", source_type="github")) == [2, 1]
        assert numbers(api.list_sources("demo")) == [2, 1, 0]


def test_a_page_is_what_was_asked_for() -> None:
    """Offset, limit and order go to the service as they are; a page from the middle is never the whole."""
    database = Database.of(range(5))
    with client_of(database) as api:
        api.list_sources("demo")
        database.asked.clear()
        page = api.list_page("demo", offset=1, limit=10, order="DESC")
        assert (numbers(page), page.complete) == ([3, 2, 1, 0], False)
        assert not api.list_page("demo", offset=0, limit=10, order="ASC").complete
    assert database.asked == [(1, 10, "DESC"), (0, 10, "ASC")]


def test_the_first_pages_clock_is_the_lists() -> None:
    """What was there is said as of then."""

    def service(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        date = f"Thu, 01 Jan 2026 00:00:0{1 if offset else 0} GMT"
        return httpx.Response(200, json=[item(1), item(0)][offset:], headers={"date": date})

    served = client_of(service).list_sources("demo").served_at
    assert served is not None and served.second == 0


def test_retries_are_those_of_the_caller() -> None:
    """Of each page."""
    asked = []

    def service(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(500)

    api: SyncClient = client_of(service, retries=4)
    for call in (api.list_sources, lambda name, retries: api.newest_sources(name, 5, retries=retries)):
        asked.clear()
        with pytest.raises(ChromaSyncError):
            call("demo", retries=0)
        assert len(asked) == 1


@examples(50)
@given(st.data())
def test_whatever_others_do_a_complete_list_holds_all_that_stayed(data: st.DataObject) -> None:
    """Created and deleted between any two requests: nothing that was there all the time is missing."""
    count = data.draw(st.integers(0, 260), "count")
    database = Database.of(range(count), cap=data.draw(st.sampled_from([2, 7, 60, 100]), "cap"))
    api = client_of(database)
    if data.draw(st.booleans(), "read before"):
        assert api.list_sources("demo").complete
        database.asked.clear()
    stayed = {json.dumps(source) for source in database.items}
    new = iter(range(count, 100_000))

    def disturb(asked: int) -> None:
        for _ in range(data.draw(st.sampled_from([0, 0, 0, 1, 2, 30]), "created")):
            database.create(next(new))
        for _ in range(data.draw(st.sampled_from([0, 0, 0, 1, 2, 30]), "deleted") if asked else 0):
            if database.items:
                gone = data.draw(st.integers(0, len(database.items) - 1), "row")
                stayed.discard(json.dumps(database.items[gone]))
                database.delete(gone)

    disturbed = data.draw(st.integers(0, 6), "disturbed")
    database.before = lambda asked: disturb(asked) if asked < disturbed else None
    try:
        listed = api.list_sources("demo")
    except ChromaSyncError as error:
        assert "changes faster" in str(error)
        return
    found = [json.dumps(source.body) for source in listed.items]
    assert listed.complete and len(found) == len(set(found)) and stayed <= set(found)
