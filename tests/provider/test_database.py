"""Databases, on Chroma's own server behind the emulator's keys and faults, and on the emulator's own part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.syncing.process import chroma_server
from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync import DatabaseProvider, SourceProvider, SourceSetProvider
from pulumi_chroma_sync.errors import (
    AuthorizationError,
    ChromaSyncError,
    ConfigError,
    DatabaseExistsError,
    DatabaseNotEmptyError,
    OutcomeUnknownError,
    ServerError,
)

from .plugin import Bag, Process
from .strategies import unknown

NEW: Bag = {"name": "knowledge"}
DATABASES = "/api/v2/tenants/default/databases"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Chroma's own server."""
    with chroma_server() as url:
        yield url


@pytest.fixture(params=["real", "own"])
def emu(request: pytest.FixtureRequest) -> Iterator[RunningEmulator]:
    """The emulator before Chroma's own server, and by itself; the first one's databases go with it.

    They go when the emulator has ended, because a fault may make one of them late.
    """
    url = request.getfixturevalue("server") if request.param == "real" else None
    with emulator(["demo"], **({"chroma": url} if url else {})) as running:
        running.control.add_tenant("default", "scoped-key", database="demo")
        yield running
    if url:
        with httpx.Client(base_url=url) as client:
            for each in client.get(DATABASES).raise_for_status().json():
                client.delete(f"{DATABASES}/{each['name']}").raise_for_status()


@pytest.fixture
def own() -> Iterator[RunningEmulator]:
    """The emulator by itself, with two accounts."""
    with emulator(["demo"]) as running:
        running.control.add_tenant("default", "scoped-key", database="demo")
        running.control.add_tenant("team-b", "key-of-team-b", ["theirs"])
        yield running


def process(emu: RunningEmulator, key: str = "", **config: Any) -> Process:
    """One run of the plugin."""
    whole = {"settle": 0, "retries": 1, **config}
    return Process(emu.url, key or emu.api_key, provider=DatabaseProvider, **whole)


def there(emu: RunningEmulator) -> list[str]:
    """The databases of the account."""
    with emu.client() as client:
        return sorted(each["name"] for each in client.get(DATABASES).raise_for_status().json())


def made(emu: RunningEmulator, **inputs: Any) -> tuple[str, Bag]:
    """The state after an up, in a process of its own."""
    with process(emu) as up:
        return up.create(up.check({**NEW, **inputs}))


def by_another_hand(emu: RunningEmulator, name: str = "knowledge") -> None:
    """Make a database."""
    with emu.client() as client:
        client.post(DATABASES, json={"name": name}).raise_for_status()


def collection(emu: RunningEmulator, name: str, database: str = "knowledge") -> None:
    """Make a collection in a database."""
    with emu.client() as client:
        if emu.chroma_url:
            path = f"{DATABASES}/{database}/collections"
            client.post(path, json={"name": name}).raise_for_status()
        else:
            emu.control.add_collection(name, database)


def asked(emu: RunningEmulator) -> list[str]:
    """Method of each request to the public API, and the database's for those that change something."""
    return [
        f"{request['method']} {request['path'].rpartition('/')[2]}"
        for request in emu.control.requests()
        if request["path"].startswith("/api/v2/")
    ]


def test_a_database_is_made_read_and_deleted(emu: RunningEmulator) -> None:
    """The tenant is the key's and stands in the preview; nothing differs afterwards; once is enough."""
    with process(emu) as up:
        inputs = up.check(NEW)
        assert inputs == {"name": "knowledge", "tenant": "default"}
        object_id, outputs = up.create(inputs)
    assert object_id == "default/knowledge"
    assert outputs.keys() == {"name", "tenant", "database_id", "state_entry"}
    assert there(emu) == ["demo", "knowledge"]
    emu.control.clear_requests()
    with process(emu) as again:
        assert again.check(NEW, inputs) == inputs
        assert again.diff(object_id, outputs, inputs).changes is False
        assert asked(emu) == ["GET identity"]
        assert again.read(object_id, outputs) == (object_id, outputs, inputs)
    with process(emu) as destroy:
        destroy.delete(object_id, outputs)
        destroy.delete(object_id, outputs)
        assert 'database "knowledge" was already gone' in destroy.text
    assert there(emu) == ["demo"]


def test_a_server_without_keys_is_good_enough(server: str) -> None:
    """Chroma's own server by itself, at ``apiUrl``; a tenant that is named is taken as it is."""
    config: dict[str, Any] = {"apiUrl": server, "settle": 0, "retries": 0}
    with Process("https://sync.acme.com", "any", provider=DatabaseProvider, **config) as up:
        inputs = up.check({"name": "alone"})
        assert inputs["tenant"] == "default_tenant"
        object_id, outputs = up.create(inputs)
        assert up.read(object_id, outputs)[0] == "default_tenant/alone"
        up.delete(object_id, outputs)
        assert up.read(object_id, outputs)[0] == ""
    assert "chroma-sync:" not in up.text


def test_a_database_with_collections_is_not_deleted(emu: RunningEmulator) -> None:
    """The error has their number and names; with ``force_destroy`` in the state they go with it."""
    object_id, outputs = made(emu)
    for name in ("handbook-1", "handbook-2"):
        collection(emu, name)
    with process(emu) as destroy, pytest.raises(DatabaseNotEmptyError) as caught:
        destroy.delete(object_id, outputs)
    assert caught.value.count == 2 and sorted(caught.value.collections) == ["handbook-1", "handbook-2"]
    said = (
        'delete database "knowledge" of tenant "default": it has 2 collections ("handbook-1", "handbook-2")'
    )
    assert str(caught.value).startswith(said)
    assert "force_destroy=True" in str(caught.value) and there(emu) == ["demo", "knowledge"]
    emu.control.clear_requests()
    with process(emu) as up:
        inputs = up.check({**NEW, "force_destroy": True}, outputs)
        change = up.diff(object_id, outputs, inputs)
        assert (change.changes, change.replaces) == (True, [])
        outputs = up.update(object_id, outputs, inputs)
        assert asked(emu) == ["GET identity"]
        assert outputs["force_destroy"] is True and outputs["database_id"]
        up.delete(object_id, outputs)
        assert 'with its 2 collections ("handbook-1", "handbook-2"): force_destroy is set' in up.text
    assert there(emu) == ["demo"]


@pytest.mark.parametrize("operation", ["get_database", "chroma"])
def test_a_database_is_kept_where_nobody_can_tell_what_is_in_it(operation: str, emu: RunningEmulator) -> None:
    """An outage is no permission."""
    object_id, outputs = made(emu, force_destroy=True)
    emu.control.fault(operation, "respond", status=500, times=0)
    with process(emu) as destroy, pytest.raises(ServerError, match="Nothing was deleted"):
        destroy.delete(object_id, outputs)
    emu.control.clear_faults()
    assert there(emu) == ["demo", "knowledge"]


def test_what_exists_is_taken_over_by_request_alone(emu: RunningEmulator) -> None:
    """A preview says what an up will do; the error has the ways out; adopting makes nothing."""
    by_another_hand(emu)
    emu.control.clear_requests()
    with process(emu) as up:
        inputs = up.check(NEW)
        assert 'the service already has a database "knowledge", so an up ends with an error' in up.text
        with pytest.raises(DatabaseExistsError, match='on_conflict="adopt"'):
            up.create(inputs)
    with process(emu) as up:
        inputs = up.check({**NEW, "on_conflict": "adopt"})
        assert 'the service has a database "knowledge"; an up takes it over' in up.text
        object_id, outputs = up.create(inputs)
        assert (object_id, outputs["on_conflict"]) == ("default/knowledge", "adopt")
        assert "is taken over" in up.text
    assert not any(line.startswith("POST") for line in asked(emu))


def test_two_resources_never_have_one_database(emu: RunningEmulator) -> None:
    """The second is told so, adopting or not; of a rename with adoption the old entry deletes nothing."""
    with process(emu) as up:
        object_id, outputs = up.create(up.check(NEW))
        for more in ({}, {"on_conflict": "adopt"}):
            with pytest.raises(DatabaseExistsError, match="another resource of this stack has it"):
                up.create(up.check({**NEW, **more}))
    with process(emu) as up:
        _, renamed = up.create(up.check({**NEW, "on_conflict": "adopt"}))
        up.delete(object_id, outputs)
        assert 'kept database "knowledge": another resource of this stack has it' in up.text
    with process(emu) as later:
        later.check(NEW, outputs)
        assert later.diff(object_id, outputs, outputs).changes is False
        with pytest.raises(DatabaseExistsError):
            later.diff(object_id, renamed, renamed)
    assert there(emu) == ["demo", "knowledge"]


LOST: dict[str, tuple[str, Bag]] = {
    "dropped after it was made": ("drop_after", {}),
    "dropped before": ("drop_before", {}),
    "made after the client gave up": ("drop_then_commit", {"delay": 0.3}),
    "a gateway's failure after it was made": ("respond_after", {"status": 502, "body": "<html>"}),
    "a failure of its own": ("respond", {"status": 500}),
    "half an answer": ("cut_body", {}),
    "turned away": ("respond", {"status": 429}),
}


@pytest.mark.parametrize("name", LOST)
def test_a_lost_answer_makes_one_database_and_loses_none(name: str, emu: RunningEmulator) -> None:
    """The name decides: there is one, and the state has it."""
    action, more = LOST[name]
    with process(emu, retries=3, settle=1) as up:
        inputs = up.check(NEW)
        emu.control.fault("create_database", action, **more)
        object_id, outputs = up.create(inputs)
    assert there(emu) == ["demo", "knowledge"]
    with process(emu) as later:
        assert later.read(object_id, outputs)[1]["database_id"] == outputs.get("database_id")
        later.delete(object_id, outputs)


def test_a_create_that_is_never_answered_says_what_may_be_so(emu: RunningEmulator) -> None:
    """Nothing is there, or nobody knows: two different errors."""
    with process(emu) as up:
        inputs = up.check(NEW)
        emu.control.fault("create_database", "drop_before", times=0)
        with pytest.raises(OutcomeUnknownError, match="it did not appear within 0 s"):
            up.create(inputs)
        emu.control.clear_faults()
        emu.control.fault("create_database", "respond", status=429, times=0)
        with pytest.raises(ChromaSyncError, match="Nothing was created. Run `pulumi up` again later"):
            up.create(inputs)
    assert there(emu) == ["demo"]


def test_a_lost_answer_of_a_read_or_a_delete_loses_nothing(emu: RunningEmulator) -> None:
    """What is read is read again; what was deleted while the answer was lost is deleted."""
    with process(emu) as up:
        emu.control.fault("get_database", "drop_after", skip=2)  # the look after the create
        object_id, outputs = up.create(up.check(NEW))
        assert outputs["database_id"]
        emu.control.fault("delete_database", "drop_after")
        up.delete(object_id, outputs)
        assert "already gone" not in up.text
    assert there(emu) == ["demo"]


def test_only_the_apis_own_404_means_gone(emu: RunningEmulator) -> None:
    """A gateway's page, an outage and another account's key keep the state as it is."""
    object_id, outputs = made(emu)
    for fault in ({"status": 404, "body": "<html>"}, {"status": 503}, {"status": 403}):
        emu.control.fault("get_database", "respond", times=2, **fault)
        with process(emu) as refresh, pytest.raises(ChromaSyncError):
            refresh.read(object_id, outputs)
        emu.control.clear_faults()
    with process(emu) as destroy:
        destroy.delete(object_id, outputs)
    with process(emu) as refresh:
        assert refresh.read(object_id, outputs)[0] == ""


def test_a_young_database_is_looked_for_again(emu: RunningEmulator) -> None:
    """A service may be behind."""
    object_id, outputs = made(emu)
    body = {"error": "NotFoundError", "message": "Database [knowledge] not found"}
    emu.control.fault("get_database", "respond", status=404, body=body, times=2)
    with process(emu, settle=20) as refresh:
        assert refresh.read(object_id, outputs)[0] == object_id


def test_another_database_of_the_name_is_told_and_not_deleted(emu: RunningEmulator) -> None:
    """Somebody deleted it and made it anew: a refresh says so and takes it, a delete before doesn't."""
    object_id, outputs = made(emu)
    with emu.client() as client:
        client.delete(f"{DATABASES}/knowledge").raise_for_status()
    by_another_hand(emu)
    with process(emu) as destroy, pytest.raises(ChromaSyncError, match="is another one by now"):
        destroy.delete(object_id, outputs)
    assert there(emu) == ["demo", "knowledge"]
    with process(emu) as refresh:
        _, fresh, _ = refresh.read(object_id, outputs)
        assert "made anew by somebody else" in refresh.text
        refresh.delete(object_id, fresh)
    assert there(emu) == ["demo"]


def test_another_name_is_another_database_new_first(emu: RunningEmulator) -> None:
    """The preview has the old one's collections, and that its deletion will fail."""
    object_id, outputs = made(emu)
    with process(emu) as preview:
        inputs = preview.check({"name": "wisdom"}, outputs)
        change = preview.diff(object_id, outputs, inputs)
        assert (change.replaces, change.delete_before_replace) == (["name"], False)
        assert "no collection moves" in preview.text
    collection(emu, "handbook-1")
    with process(emu) as preview:
        preview.diff(object_id, outputs, preview.check({"name": "wisdom"}, outputs))
        assert 'It has 1 collection ("handbook-1"), so its deletion will fail' in preview.text
    with process(emu) as preview:
        forced = {**outputs, "force_destroy": True}
        preview.diff(object_id, forced, preview.check({"name": "wisdom"}, outputs))
        assert 'with its 1 collection ("handbook-1"): force_destroy is set' in preview.text
    with process(emu) as preview:
        inputs = {**outputs, "tenant": "other"}
        assert preview.diff(object_id, outputs, inputs).replaces == ["tenant"]


@pytest.mark.parametrize("kind", [SourceProvider, SourceSetProvider])
def test_a_source_passes_a_preview_before_its_database_is_made(kind: type[Any], emu: RunningEmulator) -> None:
    """One that this program is about to make; any other one still fails, and so does a typing error."""
    repository = {"github": {"repository": "acme/handbook"}}

    def inputs(database: str) -> Bag:
        if kind is SourceProvider:
            return {"database_name": database, **repository}
        return {"name": "docs", "database_name": database, "sources": {"one": repository}}

    with process(emu) as preview:
        preview.check(NEW)
        assert preview.beside(kind).check(inputs("knowledge"))["database_name"] == "knowledge"
        with pytest.raises(ValueError, match='no database "knowlege" for this API key; create it first'):
            preview.beside(kind).check(inputs("knowlege"))
    object_id, outputs = made(emu)
    with process(emu) as up:
        up.delete(object_id, outputs)
    with process(emu) as preview:  # it was deleted by another hand, and nobody is about to make it
        preview.check(NEW, outputs)
        with pytest.raises(ValueError, match='no database "knowledge"'):
            preview.beside(kind).check(inputs("knowledge"))


def test_protect_is_advised_once_and_of_new_ones_alone(own: RunningEmulator) -> None:
    """Who has the option isn't told."""
    advice = "opts=pulumi.ResourceOptions(protect=True)"
    with process(own) as preview:
        preview.check(NEW)
        preview.check({"name": "wisdom"})
        assert preview.text.count(advice) == 1
    with process(own) as preview:
        preview.check({**NEW, "protected": True})
        _, outputs = made(own)
        preview.check(NEW, outputs)
        assert advice not in preview.text


BROKEN: dict[str, tuple[Bag, str]] = {
    "no name": ({}, "property name: required"),
    "too short": ({"name": "ab"}, "property name: must have 3 to 512 characters"),
    "odd characters": ({"name": "a b c"}, "property name: may have letters, digits"),
    "a path": ({**NEW, "tenant": "a/b"}, "property tenant: can't be the name of a tenant"),
    "an unknown argument": ({**NEW, "force_destory": True}, "did you mean force_destroy?"),
    "a wrong choice": (
        {**NEW, "on_conflict": "replace"},
        'property on_conflict: must be one of "error", "adopt"',
    ),
    "no boolean": ({**NEW, "force_destroy": "yes"}, "property force_destroy: must be true or false"),
    "no connection": ({**NEW, "connection": "team-c"}, 'property connection: no setting names "team-c"'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_named_by_its_path(name: str, own: RunningEmulator) -> None:
    """At preview, before anything is asked."""
    inputs, said = BROKEN[name]
    with process(own) as preview, pytest.raises(ValueError) as caught:
        preview.check(inputs)
    assert said in str(caught.value)
    assert asked(own) == []


def test_an_unknown_name_waits(own: RunningEmulator) -> None:
    """Nothing is asked about it at preview."""
    with process(own) as preview:
        found = preview.provider.check({}, {"name": unknown(), "__provider": "x"})
        assert found.failures == [] and found.inputs["tenant"] == "default"
    assert asked(own) == ["GET identity"]


def test_keys_are_looked_at_at_preview(own: RunningEmulator) -> None:
    """A refused key, a scoped one, another account's tenant, an account that moved: each by its property."""
    cases: list[tuple[str, Bag, Bag, str]] = [
        ("wrong", NEW, {}, "property apiKey: the public API refused the API key (401)"),
        ("scoped-key", NEW, {}, 'may not use database "knowledge" of tenant "default" (403)'),
        ("", {**NEW, "tenant": "team-b"}, {}, 'may not use database "knowledge" of tenant "team-b" (403)'),
        (
            "key-of-team-b",
            NEW,
            {**NEW, "tenant": "default"},
            'database "knowledge" is in tenant "default", and this API key is of tenant "team-b"',
        ),
    ]
    for key, inputs, olds, said in cases:
        with process(own, key) as preview, pytest.raises(ValueError) as caught:
            preview.check(inputs, olds)
        assert said in str(caught.value) and (key or own.api_key) not in str(caught.value)
    with process(own, "scoped-key", preflight="false") as up, pytest.raises(AuthorizationError):
        up.create({**NEW, "tenant": "default"})
    with process(own, "key-of-team-b") as refresh, pytest.raises(AuthorizationError):
        refresh.read("default/knowledge", {**NEW, "tenant": "default", "state_entry": "1-a"})


def test_an_outage_at_preview_is_a_warning(own: RunningEmulator) -> None:
    """And an up asks again: the tenant is found out then."""
    own.control.fault("get_identity", "respond", status=500, times=0)
    with process(own) as up:
        inputs = up.check(NEW)
        assert "tenant" not in inputs and "so the key is not checked yet" in up.text
        own.control.clear_faults()
        object_id, outputs = up.create(inputs)
        assert (object_id, outputs["tenant"]) == ("default/knowledge", "default")
    with process(own) as again:
        checked = again.check(NEW, inputs)
        assert again.diff(object_id, outputs, checked).changes is False
    own.control.fault("get_database", "respond", status=500, times=0)
    with process(own) as preview:
        preview.check({"name": "wisdom"})
        assert 'so database "wisdom" is not checked yet' in preview.text


def test_settings_say_whose_it_is_and_where(own: RunningEmulator) -> None:
    """``tenant`` is of each connection alone; an address of the public API that nobody knows is a failure."""
    config = {"tenant": "default", "team-b.apiKey": "key-of-team-b"}
    with process(own, **config) as preview:
        assert preview.check(NEW)["tenant"] == "default"
        assert preview.check({**NEW, "connection": "team-b"})["tenant"] == "team-b"
    elsewhere = Process("https://sync.acme.com", "ck", provider=DatabaseProvider)
    with elsewhere as preview:
        with pytest.raises(ValueError, match="property apiUrl: set it to the address of Chroma's public API"):
            preview.check(NEW)
        with pytest.raises(ConfigError):
            preview.create({**NEW, "tenant": "t"})


def test_another_connection_of_the_same_account_changes_the_state_alone(own: RunningEmulator) -> None:
    """Of another account it is a replacement, whose old one is deleted with its own key."""
    own.control.add_tenant("default", "another-key")
    config = {"again.apiKey": "another-key", "team-b.apiKey": "key-of-team-b"}
    object_id, outputs = made(own)
    with process(own, **config) as up:
        inputs = up.check({**NEW, "connection": "again"}, outputs)
        change = up.diff(object_id, outputs, inputs)
        assert (change.changes, change.replaces) == (True, [])
        moved = up.update(object_id, outputs, inputs)
        assert moved["connection"] == "again" and moved["tenant"] == "default"
    with process(own, **config) as up:
        inputs = up.check({**NEW, "connection": "team-b"}, moved)
        assert up.diff(object_id, moved, inputs).replaces == ["tenant", "connection"]
        new_id, _ = up.create(up.check({**NEW, "connection": "team-b"}))
        assert new_id == "team-b/knowledge"
        up.delete(object_id, moved)
    assert there(own) == ["demo"]


def test_get_reads_one_and_manages_nothing(own: RunningEmulator) -> None:
    """What isn't there is an error: the engine would take an empty answer for a database."""
    with process(own) as read:
        object_id, outputs, _ = read.read("/demo", {"name": "demo"})
        assert object_id == "default/demo" and outputs["database_id"]
        with pytest.raises(ChromaSyncError, match="no such database"):
            read.read("/nowhere", {"name": "nowhere"})
