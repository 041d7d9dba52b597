"""Blue and green: which collection goes with the run that made it, when, and which ones stay.

On Chroma's own server where runs write; on the emulator's own part where a run must not end.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.emulator.folders import Repository

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync import InvocationProvider
from pulumi_chroma_sync.core.answer import UnfinishedError
from pulumi_chroma_sync.errors import AuthorizationError, ChromaSyncError, NoAnswerError, ServerError

from .plugin import Bag, Process

FLAG = {"delete_superseded_collection": True}
BY_HAND = '(to delete it by hand, with chromadb: client.delete_collection("{}"))'


class World:
    """A repository with a database of its own, and the ups of one resource that runs its commits.

    Attributes:
        emu: the service.
        database: whose collections are looked at.
        source_id: the repository's.
        text: what the last process has told.
    """

    def __init__(self, emu: RunningEmulator, repository: Repository | None, database: str) -> None:
        self.emu, self._repository, self.database, self.text = emu, repository, database, ""
        emu.control.add_database(database)
        with emu.client() as client:
            body = {"database_name": database, "github": {"repository": "acme/handbook"}}
            self.source_id = client.post("/api/v1/sources", json=body).raise_for_status().json()["source_id"]

    def process(self, **config: Any) -> Process:
        """One run of the plugin."""
        return Process(
            self.emu.url,
            self.emu.api_key,
            provider=InvocationProvider,
            **{"apiUrl": self.emu.url, "settle": 0, "retries": 1, **config},
        )

    def inputs(self, version: str, **more: Any) -> Bag:
        """A run of a commit into a collection of its own; the commit is made."""
        sha = self._repository.commit({"a.md": f"# Version {version}\n"}) if self._repository else version
        return {
            "name": "docs",
            "source_id": self.source_id,
            "target_collection_name": f"handbook-{version}",
            "ref_identifier": {"sha": sha},
            **FLAG,
            **more,
        }

    def first(self, news: Bag) -> tuple[str, Bag]:
        """An up of a new resource."""
        with self.process() as up:
            made = up.create(up.check(news))
        self.text = up.text
        return made

    def replace(self, up: Process, olds: tuple[str, Bag], news: Bag) -> tuple[str, Bag]:
        """An up's part until the new run stands in the state."""
        assert up.diff(*olds, up.check(news, olds[1])).replaces
        return up.create(up.check(news))

    def up(self, olds: tuple[str, Bag], news: Bag) -> tuple[str, Bag]:
        """A whole up that replaces the run."""
        with self.process() as up:
            new = self.replace(up, olds, news)
            assert set(self.collections()) >= {olds[1].get("collection_name", "")} - {""}
            up.delete(*olds)
        self.text = up.text
        return new

    def collections(self) -> list[str]:
        """Names of what is in the database."""
        return sorted(each["name"] for each in self._listed())

    def collection_id(self, name: str) -> str:
        """Of one of them."""
        return next(str(each["id"]) for each in self._listed() if each["name"] == name)

    def raw(self) -> httpx.Client:
        """A client for raw calls of the public API about the database."""
        client = self.emu.client()
        client.base_url = httpx.URL(f"{self.emu.url}/api/v2/tenants/default/databases/{self.database}")
        return client

    def _listed(self) -> list[Bag]:
        with self.raw() as client:
            found: list[Bag] = client.get("/collections").raise_for_status().json()
            return found


@pytest.fixture(scope="module")
def syncing() -> Iterator[RunningEmulator]:
    """Runs are carried out on a Chroma server, and over when they are answered."""
    with emulator(sync=True, invocations="instant", unique="never") as running:
        yield running


@pytest.fixture
def real(syncing: RunningEmulator, tmp_path: Path) -> World:
    """Where runs write."""
    syncing.control.clear_faults()
    repository = Repository(tmp_path / "handbook")
    syncing.control.add_target("repo", "acme/handbook", repository.folder)
    return World(syncing, repository, f"of-{uuid.uuid4()}")


@pytest.fixture
def manual() -> Iterator[World]:
    """Where runs move by hand."""
    with emulator(invocations="manual") as running:
        yield World(running, None, "knowledge")


def stays(collection: str, why: str) -> str:
    """The sentence for a collection that stays."""
    return f'collection "{collection}" stays: {why} {BY_HAND.format(collection)}'


# What goes, and when.


def test_the_old_collection_goes_once_the_new_one_is_complete(real: World) -> None:
    """The preview tells it; until the old entry goes both are there; then the new one alone."""
    first = real.first(real.inputs("a"))
    place = {"tenant": "default", "database": real.database, "name": "handbook-a"}
    assert first[1]["own_collection"] == {**place, "id": real.collection_id("handbook-a")}
    news = real.inputs("b")
    with real.process() as preview:
        assert preview.diff(*first, preview.check(news, first[1])).replaces
    assert 'changed; collection "handbook-a" is deleted once the new run is complete; an up' in preview.text
    second = real.up(first, news)
    assert real.collections() == ["handbook-b"]
    deleted = f'docs: deleted collection "handbook-a", since run {second[0]} into "handbook-b" has'
    assert deleted in real.text
    assert second[1]["supersedes"] == {first[1]["state_entry"]: "handbook-a"}
    third = real.up(second, real.inputs("c"))
    assert real.collections() == ["handbook-c"]
    assert third[1]["supersedes"] == {second[1]["state_entry"]: "handbook-b"}


def test_without_the_flag_nobody_asks_the_public_api(real: World) -> None:
    """Nothing is asked, nothing goes."""
    off = {"delete_superseded_collection": None}
    real.emu.control.clear_requests()
    first = real.first(real.inputs("a", **off))
    with real.process() as up:
        news = real.inputs("b", **off)
        real.replace(up, first, news)
        up.delete(*first)
    assert 'collection "handbook-a" stays as it is' in up.text
    assert not [each for each in real.emu.control.requests() if each["path"].startswith("/api/v2")]
    assert real.collections() == ["handbook-a", "handbook-b"]
    assert "own_collection" not in first[1]


def test_a_destroy_and_a_removal_delete_no_collection(real: World) -> None:
    """Nothing follows: the run is history, and its collection stays."""
    first = real.first(real.inputs("a"))
    with real.process() as destroy:
        destroy.delete(*first)
    news = real.inputs("b", name="other")
    other = real.first(news)
    with real.process() as up:  # the program has the other one alone
        up.diff(*other, up.check(news, other[1]))
        up.delete(*first)
    assert real.collections() == ["handbook-a", "handbook-b"]


def test_what_a_killed_up_left_pending_goes_with_the_next_one(real: World) -> None:
    """The new entry knows what it follows; a destroy in between deletes nothing."""
    first, news = real.first(real.inputs("a")), real.inputs("b")
    with real.process() as killed:
        second = real.replace(killed, first, news)
    with real.process() as destroy:
        destroy.delete(*first)
    assert real.collections() == ["handbook-a", "handbook-b"]
    with real.process() as later:
        assert not later.diff(*second, later.check(news, second[1])).changes
        later.delete(*first)
    assert real.collections() == ["handbook-b"]


def test_a_collection_goes_though_its_run_was_superseded_twice(real: World) -> None:
    """The delete of the first is still pending when a third run replaces the second; in either order."""
    for order in ((0, 1), (1, 0)):
        first = real.first(real.inputs(f"a{order[0]}"))
        with real.process() as killed:
            second = real.replace(killed, first, real.inputs(f"b{order[0]}"))
        with real.process() as later:
            real.replace(later, second, real.inputs(f"c{order[0]}"))
            for number in order:
                later.delete(*(first, second)[number])
    assert real.collections() == ["handbook-c0", "handbook-c1"]


def test_the_program_of_today_decides(real: World) -> None:
    """Turned off with the new commit: it stays. Turned off while a delete is pending: likewise."""
    first = real.first(real.inputs("a"))
    second = real.up(first, real.inputs("b", delete_superseded_collection=False))
    assert 'collection "handbook-a" stays as it is' in real.text
    news = real.inputs("c")
    with real.process() as killed:
        third = real.replace(killed, second, news)
    # Of b nothing shows who made it: the flag was off.
    assert stays("handbook-b", "nothing shows that this resource's run made it") in killed.text
    last = real.inputs("d")
    with real.process() as killed:
        fourth = real.replace(killed, third, last)
    with real.process() as later:
        off = {**last, "delete_superseded_collection": False}
        assert later.diff(*fourth, later.check(off, fourth[1])).replaces == []
        later.delete(*third)
    assert real.collections() == ["handbook-a", "handbook-b", "handbook-c", "handbook-d"]


def test_to_turn_it_on_or_off_is_no_new_run(real: World) -> None:
    """It only says how the next one is looked after, and what is known is kept."""
    news = real.inputs("a")
    first = real.first(news)
    with real.process() as up:
        off = up.check({**news, "delete_superseded_collection": False}, first[1])
        diff = up.diff(*first, off)
        assert diff.changes and diff.replaces == []
        after = up.update(*first, off)
    assert after["own_collection"] == first[1]["own_collection"]


# What stays.


def test_what_was_there_before_the_run_stays(real: World) -> None:
    """Somebody made it by hand; the run wrote into it."""
    with real.raw() as client:
        client.post("/collections", json={"name": "handbook-a"}).raise_for_status()
    first = real.first(real.inputs("a"))
    will = 'collection "handbook-a" will stay when another run supersedes this one: it is there already'
    assert will in real.text
    real.up(first, real.inputs("b"))
    assert stays("handbook-a", "nothing shows that this resource's run made it") in real.text
    assert real.collections() == ["handbook-a", "handbook-b"]


def test_what_somebody_made_anew_stays(real: World) -> None:
    """The same name, another collection."""
    first = real.first(real.inputs("a"))
    with real.raw() as client:
        client.delete("/collections/handbook-a").raise_for_status()
        made = client.post("/collections", json={"name": "handbook-a"}).raise_for_status().json()["id"]
    real.up(first, real.inputs("b"))
    own = first[1]["own_collection"]["id"]
    why = f"it is another one by now (id {made}; run {first[0]} made {own})"
    assert stays("handbook-a", why) in real.text
    assert real.collections() == ["handbook-a", "handbook-b"]


def test_what_is_gone_already_is_told(real: World) -> None:
    """And nothing else."""
    first = real.first(real.inputs("a"))
    with real.raw() as client:
        client.delete("/collections/handbook-a").raise_for_status()
    with real.process() as up:
        real.replace(up, first, real.inputs("b"))
        up.delete(*first)
    assert 'docs: collection "handbook-a" was already gone' in up.text


def test_the_old_one_stays_where_the_new_one_is_not_there(real: World) -> None:
    """The service says complete; the public API has no such collection."""
    first = real.first(real.inputs("a"))
    with real.process() as up:
        real.replace(up, first, real.inputs("b"))
        with real.raw() as client:
            client.delete("/collections/handbook-b").raise_for_status()
        up.delete(*first)
    assert stays("handbook-a", 'the public API doesn\'t show the new one, "handbook-b"') in up.text
    assert real.collections() == ["handbook-a"]


def test_what_another_resource_has_stays(real: World) -> None:
    """Its run is forgotten by the service, so that the program alone knows."""
    news = real.inputs("a")
    first = real.first(news)
    twin = {**first[1], "name": "twin", "state_entry": "1-2"}
    with real.process() as up:
        up.diff(first[0], twin, up.check({**news, "name": "twin"}, twin))
        real.replace(up, first, real.inputs("b"))
        up.delete(*first)
    assert stays("handbook-a", 'the resource "twin" has it, too') in up.text
    assert real.collections() == ["handbook-a", "handbook-b"]


def test_what_another_run_wrote_stays(manual: World) -> None:
    """It began while ours was under way, started by another hand: no resource knows of it."""
    first = started(manual, manual.inputs("a"))
    with manual.emu.client() as client:
        body = {"target_collection_name": "handbook-a", "ref_identifier": {"branch": "main"}}
        path = f"/api/v1/sources/{manual.source_id}/invocations"
        theirs = client.post(path, json=body).raise_for_status().json()["invocation_id"]
    for run_id in (first[0], theirs):
        manual.emu.control.move_invocation(run_id, {"complete": {}})
    news = manual.inputs("a")
    with manual.process() as up:
        first = (first[0], up.update(*first, up.check(news, first[1])))
    assert "id" in first[1]["own_collection"]
    second = started(manual, manual.inputs("b"), first)
    manual.emu.control.move_invocation(second[0], {"complete": {}})
    finish(manual, second, manual.inputs("b"), first)
    why = f"run {theirs} of source {manual.source_id} wrote it, too"
    assert stays("handbook-a", why) in manual.text
    assert manual.collections() == ["handbook-a", "handbook-b"]


def started(world: World, news: Bag, olds: tuple[str, Bag] | None = None) -> tuple[str, Bag]:
    """An up that starts the run and ends with an error before it is over; what reached the state."""
    with world.process() as up:
        news = {**news, "deadline": 1}
        if olds is not None:
            assert up.diff(*olds, up.check(news, olds[1])).replaces
        with pytest.raises(UnfinishedError) as caught:
            up.create(up.check(news))
    return caught.value.object_id, {**caught.value.outputs, "deadline": 3600}


def finish(world: World, run: tuple[str, Bag], news: Bag, *pending: tuple[str, Bag]) -> Bag:
    """The next up: it continues with the run, and then deletes what is pending."""
    with world.process() as up:
        inputs = up.check(news, run[1])
        assert up.diff(*run, inputs).changes
        outputs = up.update(*run, inputs)
        for olds in pending:
            up.delete(*olds)
    world.text = up.text
    return outputs


def complete(world: World, version: str) -> tuple[str, Bag]:
    """A first up whose run is complete in the end."""
    run = started(world, world.inputs(version))
    world.emu.control.move_invocation(run[0], {"complete": {}})
    return run[0], finish(world, run, world.inputs(version))


def test_an_up_that_stopped_while_it_waited_is_finished_by_the_next_one(manual: World) -> None:
    """The entry that it left knows what it follows, and that it made its collection."""
    first = complete(manual, "a")
    second = started(manual, manual.inputs("b"), first)
    manual.emu.control.move_invocation(second[0], {"complete": {}})
    outputs = finish(manual, second, manual.inputs("b"), first)
    assert manual.collections() == ["handbook-b"]
    assert set(outputs["own_collection"]) == {"tenant", "database", "name", "id"}


def test_a_run_that_was_never_seen_is_replaced_like_any_other(manual: World) -> None:
    """Stopped before the service said anything of it; what it was to supersede goes all the same."""
    first = complete(manual, "a")
    run_id, outputs = started(manual, manual.inputs("b"), first)
    unseen = {name: value for name, value in outputs.items() if name not in ("collection_name", "created_at")}
    second = started(manual, manual.inputs("c"), (run_id, unseen))
    manual.emu.control.move_invocation(second[0], {"complete": {}})
    finish(manual, second, manual.inputs("c"), (run_id, unseen), first)
    assert manual.collections() == ["handbook-b", "handbook-c"]


def test_after_a_failed_run_the_one_after_it_cleans_up(manual: World) -> None:
    """What the failed one wrote is nobody's; what it was to supersede goes when a run is complete."""
    first = complete(manual, "a")
    failed = started(manual, manual.inputs("b"), first)
    manual.emu.control.move_invocation(failed[0], {"failed": {"error": "no such ref"}})
    with manual.process() as refresh:
        failed = (failed[0], refresh.read(*failed)[1])
    news = manual.inputs("c")
    second = started(manual, news, failed)
    manual.emu.control.move_invocation(second[0], {"complete": {}})
    finish(manual, second, news, failed, first)
    assert manual.collections() == ["handbook-b", "handbook-c"]
    # Its preview names what is to go, though what it replaces is the failed run.
    with manual.process() as preview:
        preview.diff(*failed, preview.check(news, failed[1]))
    assert "failed (no such ref)" not in preview.text
    assert 'collection "handbook-a" is deleted once the new run is complete' in preview.text


@pytest.mark.parametrize("how", ["not waited for", "left at its deadline", "a user's own order"])
def test_what_is_not_followed_by_a_complete_run_stays(manual: World, how: str) -> None:
    """Nobody has seen the new one complete, so an app may read the old one still."""
    first = complete(manual, "a")
    more: Bag = {"wait": False} if how == "not waited for" else {"on_deadline": "leave", "deadline": 1}
    news = manual.inputs("b", **more)
    with manual.process() as up:
        if how == "a user's own order":  # opts=ResourceOptions(delete_before_replace=True)
            up.diff(*first, up.check(news, first[1]))
            up.delete(*first)
        else:
            manual.replace(up, first, news)
            up.delete(*first)
    why = "the run that was to supersede it is not complete"
    assert (stays("handbook-a", why) in up.text) is (how != "a user's own order")
    if how == "not waited for":
        assert stays("handbook-a", "this up doesn't wait for the new run") in up.text
    assert "handbook-a" in manual.collections()


def test_a_run_that_is_continued_after_a_kill_shows_nothing(manual: World) -> None:
    """Who made the collection can't be seen any more once it is there."""
    news = manual.inputs("a")
    run_id, _ = started(manual, news)
    with manual.process() as up, pytest.raises(UnfinishedError) as caught:
        up.create(up.check({**news, "deadline": 1}))
    assert caught.value.object_id == run_id and "own_collection" not in caught.value.outputs
    assert "will stay when another run supersedes this one: it is there already" in up.text


def test_the_same_name_is_the_same_collection(real: World) -> None:
    """A run that is replaced by one into the same collection loses nothing."""
    before = real.inputs("a")
    first = real.first(before)
    news = {**real.inputs("b"), "target_collection_name": "handbook-a"}
    with real.process() as up:
        assert up.diff(*first, up.check(news, first[1])).replaces == ["ref_identifier"]
        assert "deleted" not in up.text
        with pytest.raises(ChromaSyncError, match='the ingest of collection "handbook-a" is finished'):
            up.create(up.check(news))
    back = {**first[1], "state_entry": "1-2", "supersedes": {first[1]["state_entry"]: "handbook-a"}}
    with real.process() as later:
        later.diff(first[0], back, later.check(before, back))
        later.delete(*first)
    assert real.collections() == ["handbook-a"]


# When it can't be done.


@pytest.mark.parametrize("action", ["drop_after", "drop_before", "respond_after"])
def test_a_lost_answer_deletes_all_the_same(real: World, action: str) -> None:
    """It is asked for again, and that it is gone by then is no surprise."""
    first = real.first(real.inputs("a"))
    with real.process(retries=3) as up:
        real.replace(up, first, real.inputs("b"))
        more: Bag = {"status": 502} if action == "respond_after" else {}
        real.emu.control.fault("chroma", action, match="collections/handbook-a", skip=1, **more)
        up.delete(*first)
    assert real.collections() == ["handbook-b"]
    assert 'deleted collection "handbook-a"' in up.text and "already gone" not in up.text


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"action": "drop_before"}, NoAnswerError),
        ({"action": "respond", "status": 500}, ServerError),
        ({"action": "respond", "status": 401}, AuthorizationError),
        ({"action": "respond", "status": 403}, AuthorizationError),
    ],
)
@pytest.mark.parametrize("skip", [0, 1])
def test_what_could_not_be_deleted_is_tried_again(
    real: World, fault: Bag, error: type[ChromaSyncError], skip: int
) -> None:
    """The up fails with the name and the way out, whether the look or the DELETE isn't answered."""
    first, news = real.first(real.inputs("a")), real.inputs("b")
    with real.process() as up:
        second = real.replace(up, first, news)
        real.emu.control.fault("chroma", match="collections/handbook-a", skip=skip, times=0, **fault)
        with pytest.raises(error) as caught:
            up.delete(*first)
    step = f'delete collection "handbook-a" of database "{real.database}", which run {first[0]} made: '
    assert str(caught.value).startswith(step)
    assert "The next `pulumi up`\n  tries again. To keep it: delete_superseded_collection=False" in str(
        caught.value
    )
    real.emu.control.clear_faults()
    assert real.collections() == ["handbook-a", "handbook-b"]
    with real.process() as later:
        later.diff(*second, later.check(news, second[1]))
        later.delete(*first)
    assert real.collections() == ["handbook-b"]


def test_an_outage_of_the_public_api_never_stops_a_run(real: World) -> None:
    """What can't be shown to be the run's own stays later, and that is told."""
    answered: Bag = {"status": 503, "times": 0}
    news = real.inputs("a")
    real.emu.control.fault("chroma", "respond", match="collections/handbook-a", **answered)
    first = real.first(news)
    assert first[1]["status"] == "complete" and "own_collection" not in first[1]
    assert (
        "will stay when another run supersedes this one: whether it is there already could not" in real.text
    )
    real.emu.control.clear_faults()
    # The look before is answered, the one after is not.
    real.emu.control.fault("chroma", "respond", match="collections/handbook-b", skip=1, **answered)
    second = real.first(real.inputs("b"))
    assert second[1]["status"] == "complete" and "own_collection" not in second[1]
    assert "will stay when another run supersedes this one: it could not be read" in real.text
    real.emu.control.clear_faults()


def test_a_new_collection_may_be_shown_late(real: World) -> None:
    """The run is complete and a read is behind: it is looked for within the settle window."""
    body = {"error": "NotFoundError", "message": "Collection [handbook-a] does not exist"}
    real.emu.control.fault("chroma", "respond", status=404, body=body, match="collections/handbook-a", skip=1)
    with real.process(settle=2) as up:
        _, outputs = up.create(up.check(real.inputs("a")))
    assert outputs["own_collection"]["id"] == real.collection_id("handbook-a")
    assert "will stay" not in up.text


# What check says.


def failure(process: Process, news: Bag) -> str:
    """What check says."""
    with pytest.raises(ValueError) as caught:
        process.check(news)
    return str(caught.value)


def test_the_preview_says_what_is_missing(manual: World) -> None:
    """The public API's address, a key that it takes; and S3 sources have one collection for all runs."""
    news = manual.inputs("a")
    elsewhere = Process("https://sync.acme.com", "ck", provider=InvocationProvider, preflight=False)
    with elsewhere as process:
        assert "property apiUrl: set it to the address of Chroma's public API" in failure(process, news)
        process.check({**news, "delete_superseded_collection": False})
    manual.emu.control.fault("get_identity", "respond", status=401, times=0)
    with manual.process() as process:
        said = failure(process, news)
    assert "property apiKey: the public API refused the API key (401)" in said
    manual.emu.control.clear_faults()
    manual.emu.control.fault("get_identity", "respond", status=403, times=0)
    with manual.process() as process:
        said = failure(process, news)
    assert "property delete_superseded_collection: " in said and "may not ask whose it is (403)" in said
    with manual.process(tenant="default") as process:
        process.check(news)
    with manual.emu.client() as client:
        s3 = {
            "bucket_name": "docs",
            "region": "eu-central-1",
            "collection_name": "docs",
            "aws_credential_id": 7,
        }
        body = {"database_name": "knowledge", "s3": s3}
        source_id = client.post("/api/v1/sources", json=body).raise_for_status().json()["source_id"]
    of_object = {"name": "docs", "source_id": source_id, "object_key": "a.pdf"}
    with manual.process(tenant="default") as process:
        before = process.check(of_object)
        refused = "property delete_superseded_collection: is for sources of kind github or web_scrape"
        assert refused in failure(process, {**of_object, **FLAG})
    with manual.process(tenant="default") as process, pytest.raises(ValueError, match=refused):
        process.check({**of_object, **FLAG}, before)


def test_an_entry_of_before_the_flag_is_left_alone(real: World) -> None:
    """An old state knows nothing of its collection: it stays, and everything else works."""
    news = real.inputs("a", delete_superseded_collection=None)
    first = real.first(news)
    assert not {"own_collection", "supersedes", "delete_superseded_collection"} & set(first[1])
    second = real.up(first, real.inputs("b"))
    assert stays("handbook-a", "nothing shows that this resource's run made it") in real.text
    real.up(second, real.inputs("c"))
    assert real.collections() == ["handbook-a", "handbook-c"]
