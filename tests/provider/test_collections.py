"""Look-ups of collections, on Chroma's own server behind the emulator's keys, and on the emulator alone."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi.output
import pytest
from tests.existing import create

import pulumi_chroma_sync as chroma_sync
from chroma_sync_emulator.syncing.process import chroma_server
from chroma_sync_emulator.testing import RunningEmulator, emulator

from .scripted import Answer, Request, answer, scripted
from .test_lookups import seen

DATABASES = "/api/v2/tenants/default/databases"
NOBODY = "8a6f1c1e-0000-4000-8000-000000000000"
OF_DEMO = 'of database "demo" of tenant "default"'
NO_SUCH = (
    f'look up collection "handbok" {OF_DEMO}: the database has no such collection. Is its name spelled so, '
    "and has the run that writes it begun? To see what there is: pulumi-chroma-sync collections "
    "--database NAME"
)

Environment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Sets these variables; None takes one away."""

    def set_(**variables: str | None) -> None:
        for name, value in variables.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return set_


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Chroma's own server."""
    with chroma_server() as url:
        yield url


@pytest.fixture(params=["real", "own"])
def emu(request: pytest.FixtureRequest, environment: Environment) -> Iterator[RunningEmulator]:
    """The emulator before Chroma's own server, and by itself, with what the environment points at."""
    real = {"chroma": request.getfixturevalue("server")} if request.param == "real" else {}
    with emulator(["demo", "other"], **real) as running:
        environment(**running.environment())
        running.control.add_tenant("default", "sk-scoped", database="demo")
        running.control.add_tenant("team-b", "sk-of-b", ["theirs"])
        yield running
        with running.client() as client:
            for name in ("demo", "other", "new"):
                client.delete(f"{DATABASES}/{name}")


@pytest.fixture
def real(server: str, environment: Environment) -> Iterator[RunningEmulator]:
    """The emulator before Chroma's own server alone, which has records."""
    with emulator(["demo", "other"], chroma=server) as running:
        environment(**running.environment())
        yield running
        with running.client() as client:
            for name in ("demo", "other"):
                client.delete(f"{DATABASES}/{name}")


def collection(
    emu: RunningEmulator,
    name: str,
    database: str = "demo",
    metadata: dict[str, Any] | None = None,
    records: int = 0,
) -> None:
    """Make a collection on the real server, with so many records."""
    with emu.client() as client:
        path = f"{DATABASES}/{database}/collections"
        made = client.post(path, json={"name": name, "metadata": metadata}).raise_for_status().json()
        if records:
            ids = [str(number) for number in range(records)]
            body = {"ids": ids, "embeddings": [[1.0, 2.0, 3.0]] * records}
            client.post(f"{path}/{made['id']}/add", json=body).raise_for_status()


def by_name(emu: RunningEmulator, *names: str, database: str = "demo") -> None:
    """Make collections wherever the emulator has them."""
    for name in names:
        emu.control.add_collection(name, database)


def identities(emu: RunningEmulator) -> int:
    """How often somebody asked what a key opens."""
    return len(emu.control.requests("get_identity"))


# What they answer.


def test_a_collection_has_what_an_app_reads(real: RunningEmulator) -> None:
    """Its place, the number of its records, and its metadata with every value of its own type."""
    metadata = {
        "finished_ingest": True,
        "commit": "3f2a",
        "whole": 3,
        "double": 3.0,
        "negative": -7,
        "large": 2**53 + 1,
        "no": False,
    }
    collection(real, "handbook", metadata=metadata, records=5)
    collection(real, "empty")
    found = chroma_sync.get_collection("handbook")
    assert (found.name, found.database_name, found.tenant) == ("handbook", "demo", "default")
    assert (found.count, found.dimension, found.finished_ingest) == (5, 3, True)
    assert found.metadata == metadata
    assert {key: type(value) for key, value in found.metadata.items()} == {
        key: type(value) for key, value in metadata.items()
    }
    with real.client() as client:
        assert client.get(f"{DATABASES}/demo/collections/handbook").json()["id"] == found.id
    empty = chroma_sync.get_collection("empty")
    assert (empty.count, empty.dimension, empty.metadata, empty.finished_ingest) == (0, None, {}, False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.count = 6  # type: ignore[misc]
    assert found == chroma_sync.get_collection("handbook")


def test_the_collections_of_a_database_are_all_there_by_name(real: RunningEmulator) -> None:
    """Page after page, each with its own number of records; those of another database are not among them."""
    for number in range(105):
        collection(real, f"docs-{number:03}", records=number % 3)
    collection(real, "elsewhere", "other", records=1)
    found = chroma_sync.get_collections()
    assert [(each.name, each.count) for each in found] == [
        (f"docs-{number:03}", number % 3) for number in range(105)
    ]
    assert {(each.database_name, each.tenant) for each in found} == {("demo", "default")}
    assert found[1] == chroma_sync.get_collection("docs-001")
    [other] = chroma_sync.get_collections(database_name="other")
    assert other == chroma_sync.get_collection("elsewhere", database_name="other")
    assert (other.count, other.database_name) == (1, "other")


def test_a_collection_without_records(emu: RunningEmulator) -> None:
    """Wherever it is; and a database without collections is no error."""
    by_name(emu, "handbook", "another")
    found = chroma_sync.get_collection("handbook")
    assert (found.count, found.finished_ingest, found.metadata) == (0, True, {"finished_ingest": True})
    assert [each.name for each in chroma_sync.get_collections()] == ["another", "handbook"]
    assert chroma_sync.get_collections(database_name="other") == ()


def test_what_a_run_wrote_is_counted(environment: Environment, tmp_path: Any) -> None:
    """The collection that a run names is there when it is over, with its chunks, and finished."""
    (tmp_path / "index.html").write_text("<h1>Leave</h1><p>Ask for vacation.</p>", encoding="utf-8")
    with emulator(sites={"https://docs.acme.com/": tmp_path}, invocations="instant") as emu:
        environment(**emu.environment())
        [site] = create(emu, {"web_scrape": {"starting_url": "https://docs.acme.com/"}})
        with pytest.raises(chroma_sync.NotFoundError, match="has the run that writes it begun"):
            chroma_sync.get_collection("site")
        with emu.client() as client:
            body = {"target_collection_name": "site"}
            client.post(f"/api/v1/sources/{site}/invocations", json=body).raise_for_status()
        [run] = chroma_sync.get_invocations(source_id=site)
        found = chroma_sync.get_collection(run.collection_name, database_name=run.database_name)
        assert run.status == "complete" and found.count == 1
        assert found.dimension is not None and found.finished_ingest


# Whose they are.


def test_a_key_sees_what_it_is_good_for(emu: RunningEmulator, environment: Environment) -> None:
    """Its own database without naming it; another one and another tenant's are refused, in a sentence."""
    by_name(emu, "handbook")
    environment(CHROMA_API_KEY="sk-scoped", CHROMA_DATABASE=None)
    assert chroma_sync.get_collection("handbook").database_name == "demo"
    assert [each.name for each in chroma_sync.get_collections()] == ["handbook"]
    refused = (
        'of database "other" of tenant "default": this API key may not use database "other" of tenant '
        '"default" (403): is the tenant the key\'s, and is the key scoped to no other database?'
    )
    for look_up in (
        lambda: chroma_sync.get_collection("handbook", database_name="other"),
        lambda: chroma_sync.get_collections(database_name="other"),
    ):
        with pytest.raises(chroma_sync.AuthorizationError) as caught:
            look_up()
        assert str(caught.value).endswith(refused) and "sk-" not in str(caught.value)
    environment(CHROMA_API_KEY=emu.api_key)
    with pytest.raises(
        chroma_sync.AuthorizationError, match='database "theirs" of tenant "team-b": this API'
    ):
        chroma_sync.get_collections(database_name="theirs", tenant="team-b")
    environment(CHROMA_API_KEY="sk-wrong")
    for tenant in (None, "default"):
        with pytest.raises(chroma_sync.AuthorizationError, match="401") as caught:
            chroma_sync.get_collections(database_name="demo", tenant=tenant)
        assert 'look up the collections of database "demo"' in str(caught.value)
        assert "sk-wrong" not in str(caught.value)


def test_another_account_is_asked_by_its_connection(emu: RunningEmulator, environment: Environment) -> None:
    """With its key and in its tenant, the twin too; the sentence says whose key it is."""
    environment(CHROMA_API_KEY_TEAM_B="sk-of-b", CHROMA_TENANT="default")
    with emu.client() as client:
        body = {"name": "papers", "database": "theirs", "tenant": "team-b"}
        client.post("/_emulator/collections", json=body).raise_for_status()
    found = chroma_sync.get_collection("papers", database_name="theirs", connection="team-b")
    assert (found.tenant, found.database_name) == ("team-b", "theirs")
    assert chroma_sync.get_collections(connection="team-b") == (found,), "the one that its key opens"
    known, _, twin = seen(lambda: chroma_sync.get_collection_output("papers", connection="team-b"))
    assert known and twin == found
    with pytest.raises(chroma_sync.NotFoundError, match='for the API key of connection "team-b"'):
        chroma_sync.get_collections(database_name="nowhere", connection="team-b")


def test_the_tenant_is_asked_for_once(emu: RunningEmulator, environment: Environment) -> None:
    """Where neither the program nor a setting names it; also where the database was asked for as well."""
    by_name(emu, "handbook")
    for look_up in (lambda: chroma_sync.get_collection("handbook"), chroma_sync.get_collections):
        look_up()
        look_up()
    assert identities(emu) == 1
    chroma_sync.get_collections(tenant="default")
    environment(CHROMA_TENANT="default")
    chroma_sync.get_collections()
    assert identities(emu) == 1
    environment(CHROMA_TENANT=None, CHROMA_API_KEY="sk-scoped", CHROMA_DATABASE=None)
    assert chroma_sync.get_collections()[0].tenant == "default"
    assert identities(emu) == 2


def test_the_programs_tenant_wins_over_the_settings(server: str, environment: Environment) -> None:
    """And is taken as it is: on a server without keys, in an account that nobody made."""
    environment(
        CHROMA_SYNC_URL="https://sync.acme.com",
        CHROMA_API_URL=server,
        CHROMA_API_KEY="any",
        CHROMA_DATABASE="default_database",
    )
    assert chroma_sync.get_collections() == ()
    environment(CHROMA_TENANT="nobody")
    # The server answers 200 and an empty list there.
    with pytest.raises(chroma_sync.NotFoundError, match='of tenant "nobody": the service has no database'):
        chroma_sync.get_collections()
    assert chroma_sync.get_collections(tenant="default_tenant") == ()


def test_an_outage_of_the_question_for_the_tenant_is_not_remembered(
    emu: RunningEmulator, environment: Environment
) -> None:
    """The next look-up of a long script asks again; and it is retried as anything else is."""
    environment(CHROMA_SYNC_RETRIES="2")
    emu.control.fault("get_identity", "respond", status=503, times=2)
    assert chroma_sync.get_collections() == ()
    environment(CHROMA_SYNC_RETRIES="0")
    emu.control.fault("get_identity", "respond", status=500)
    with pytest.raises(chroma_sync.ServerError, match='look up the collections of database "demo": GET'):
        chroma_sync.get_collections()
    assert chroma_sync.get_collections() == ()


@pytest.mark.parametrize("database", ["demo", None])
def test_a_key_for_somebody_elses_service_is_shown_to_nobody(
    environment: Environment, database: str | None
) -> None:
    """Where its address is neither the vendor's nor an emulator's, the setting is named that says where."""
    environment(CHROMA_SYNC_URL="https://sync.acme.com", CHROMA_API_KEY="ck", CHROMA_DATABASE=database)
    for look_up in (lambda: chroma_sync.get_collection("docs"), chroma_sync.get_collections):
        with pytest.raises(chroma_sync.ConfigError, match="apiUrl") as caught:
            look_up()
        assert caught.value.setting == ("apiUrl" if database else "database")


def test_a_key_that_is_nobodys_in_particular(emu: RunningEmulator) -> None:
    """What to set is told, by the names of its connection's settings."""
    body = {"user_id": "u", "tenant": "", "databases": []}
    emu.control.fault("get_identity", "respond", status=200, body=body, times=0)
    with pytest.raises(chroma_sync.ChromaSyncError) as caught:
        chroma_sync.get_collections()
    assert str(caught.value) == (
        'look up the collections of database "demo": the public API doesn\'t say whose this API key is; pass '
        "tenant, or set chroma-sync:tenant or CHROMA_TENANT"
    )


# What they say where there is nothing to answer.

OF_KNOWLEGE = 'of database "knowlege" of tenant "default": the service has no database "knowlege" for this'
MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "an unknown collection": (lambda: chroma_sync.get_collection("handbok"), NO_SUCH),
    "an unknown database": (
        lambda: chroma_sync.get_collections(database_name="knowlege"),
        f"look up the collections {OF_KNOWLEGE} API key. Is its name spelled so, and is the key one of its",
    ),
    "a collection of an unknown database": (
        lambda: chroma_sync.get_collection("handbook", database_name="knowlege"),
        f'look up collection "handbook" {OF_KNOWLEGE}',
    ),
}
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no name": (lambda: chroma_sync.get_collection(""), "name: must be a text that isn't empty"),
    "none at all": (
        lambda: chroma_sync.get_collection(None),  # type: ignore[arg-type]
        "name: must be a text that isn't empty",
    ),
    "no database": (
        lambda: chroma_sync.get_collections(database_name=""),
        "database_name: must be a text that isn't empty",
    ),
    "no database of one": (
        lambda: chroma_sync.get_collection("docs", database_name=7),  # type: ignore[arg-type]
        "database_name: must be a text that isn't empty",
    ),
    "no tenant": (
        lambda: chroma_sync.get_collections(tenant=""),
        "tenant: must be a text that isn't empty",
    ),
    "no tenant of one": (
        lambda: chroma_sync.get_collection("docs", tenant=""),
        "tenant: must be a text that isn't empty",
    ),
    "a name that is no segment of a path": (
        lambda: chroma_sync.get_collection("..", tenant="default"),
        f"look up collection \"..\" {OF_DEMO}: '..' can't be a name; nothing was sent",
    ),
    "a name that can't be sent": (
        lambda: chroma_sync.get_collection("\ud800", tenant="default"),
        f"look up collection \"\ud800\" {OF_DEMO}: '\\ud800' can't be a name; nothing was sent",
    ),
    "an unknown connection": (
        lambda: chroma_sync.get_collections(connection="team-c"),
        'connection: no setting names "team-c"',
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_not_there_is_a_sentence_with_what_to_do(emu: RunningEmulator, name: str) -> None:
    """Of a database that isn't there, the service says 200 and [], or that the collection isn't."""
    by_name(emu, "handbook")
    look_up, sentence = MISTAKES[name]
    with pytest.raises(chroma_sync.NotFoundError) as caught:
        look_up()
    assert str(caught.value).startswith(sentence)
    assert isinstance(caught.value, pulumi.RunError), "the engine shows the sentence alone"


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_is_refused_before_anything_is_asked(
    name: str, environment: Environment, chroma_sync_emulator: RunningEmulator
) -> None:
    """By the argument's name."""
    environment(**chroma_sync_emulator.environment())
    look_up, sentence = REFUSED[name]
    with pytest.raises(chroma_sync.ChromaSyncError) as caught:
        look_up()
    assert str(caught.value).startswith(sentence)
    assert chroma_sync_emulator.control.requests() == []


DOCS = {"id": NOBODY, "name": "docs", "metadata": None, "dimension": None}
OWN_404 = answer(404, {"error": "NotFoundError", "message": "it does not exist"})
PAGE_404 = answer(404, b"<html><title>Not here</title></html>")


def service(**parts: Answer) -> Answer:
    """A public API that has a database with one collection, but for these parts."""
    whole = {
        "list": lambda request: answer(200, [DOCS] if "offset=0" in request.path else [])(request),
        "collections_count": answer(200, 1),
        "count": answer(200, 7),
        "one": answer(200, DOCS),
        "database": answer(200, {"id": "d", "name": "demo", "tenant": "t"}),
        **parts,
    }
    places = {
        "list": r"/collections\?",
        "collections_count": r"/collections_count$",
        "count": r"/count$",
        "one": r"/collections/[^/]+$",
        "database": r"/databases/[^/]+$",
    }

    def answered(request: Request) -> bytes:
        [part] = [name for name, pattern in places.items() if re.search(pattern, request.path)]
        return whole[part](request)

    return answered


ONE = "look up collection"
MANY = "look up the collections"
NOT_CONCLUDED: dict[str, tuple[dict[str, Answer], str, str]] = {
    "a page in a collection's place": ({"one": PAGE_404}, ONE, "This was not Chroma's public API's own"),
    "a page in a number's place": ({"count": PAGE_404}, ONE, "This was not Chroma's public API's own"),
    "a page in a list's place": ({"list": PAGE_404}, MANY, "This was not Chroma's public API's own"),
    "a page in a list's number's": ({"count": PAGE_404}, MANY, "This was not Chroma's public API's own"),
    "no answer which database there is": (
        {"list": answer(200, []), "collections_count": answer(200, 0), "database": answer(500)},
        MANY,
        "500",
    ),
    "a page in an empty database's place": (
        {"list": answer(200, []), "collections_count": answer(200, 0), "database": PAGE_404},
        MANY,
        "This was not Chroma's public API's own",
    ),
    "another collection": ({"one": answer(200, {**DOCS, "name": "x"})}, ONE, "another collection than was"),
    "no number": ({"count": answer(200, "7")}, ONE, "it must be a whole number"),
    "no list": ({"list": answer(200, {})}, MANY, "it must be a list of objects"),
    "a gateway's 403": ({"one": answer(403, b"<html>no</html>")}, ONE, "403"),
}


@pytest.mark.parametrize("name", NOT_CONCLUDED)
def test_what_is_not_the_services_own_means_nothing(name: str, environment: Environment) -> None:
    """Nothing is concluded from a gateway's page, nor from half of the answers."""
    parts, step, sentence = NOT_CONCLUDED[name]
    with scripted(service(**parts)) as script:
        pointed_at(script.url, environment)
        with pytest.raises(chroma_sync.ChromaSyncError) as caught:
            chroma_sync.get_collection("docs") if step == ONE else chroma_sync.get_collections()
        text = str(caught.value)
        assert text.startswith(step) and ' of database "demo" of tenant "t": ' in text
        assert sentence in text and "may not use" not in text and "no such" not in text
        assert "has no" not in text and "sk-1" not in text


def test_what_was_deleted_meanwhile_is_left_out(environment: Environment) -> None:
    """The list has it and the service no longer counts it; looked up by itself, it isn't there."""
    with scripted(service(count=OWN_404)) as script:
        pointed_at(script.url, environment)
        assert chroma_sync.get_collections() == ()
        with pytest.raises(chroma_sync.NotFoundError, match="the database has no such collection"):
            chroma_sync.get_collection("docs")


def test_a_list_that_shifts_is_read_again_and_never_answered_in_part(environment: Environment) -> None:
    """Something was deleted between two pages: the number says so. It may never come to rest."""
    counts = iter([2, 1])
    with scripted(service(collections_count=lambda request: answer(200, next(counts))(request))) as script:
        pointed_at(script.url, environment)
        assert [found.name for found in chroma_sync.get_collections()] == ["docs"]
    with scripted(service(collections_count=answer(200, 2))) as script:
        pointed_at(script.url, environment)
        with pytest.raises(chroma_sync.ChromaSyncError, match="changes faster than it can be read"):
            chroma_sync.get_collections()


def test_a_database_that_can_not_be_asked_about_hides_no_answer(environment: Environment) -> None:
    """The service said that the collection isn't there, which is told."""
    with scripted(service(one=OWN_404, database=answer(500))) as script:
        pointed_at(script.url, environment)
        with pytest.raises(chroma_sync.NotFoundError, match="the database has no such collection"):
            chroma_sync.get_collection("docs")


def test_no_password_of_an_address_is_answered(environment: Environment) -> None:
    """Metadata may be anything that somebody wrote; what isn't a secret is as it was."""
    metadata = {"from": "https://bob:hushed@git.acme.com/a", "aws_secret_access_key": "hushed", "pages": 12}
    with scripted(service(one=answer(200, {**DOCS, "metadata": metadata}))) as script:
        pointed_at(script.url, environment)
        found = chroma_sync.get_collection("docs")
    assert "hushed" not in repr(found) + json.dumps(dataclasses.asdict(found))
    assert (found.metadata["from"], found.metadata["pages"]) == ("https://***@git.acme.com/a", 12)
    assert found.count == 7


def pointed_at(url: str, environment: Environment) -> None:
    """The environment for a service of this address, in tenant ``t``."""
    environment(
        CHROMA_SYNC_URL=url,
        CHROMA_API_KEY="sk-1",
        CHROMA_DATABASE="demo",
        CHROMA_TENANT="t",
        CHROMA_SYNC_RETRIES="0",
    )


# Their twins.


def test_a_twin_answers_of_outputs_what_the_look_up_answers(emu: RunningEmulator) -> None:
    """In any mixture of outputs and plain values."""
    by_name(emu, "handbook")
    later = pulumi.Output.from_input
    one, all_ = chroma_sync.get_collection("handbook"), chroma_sync.get_collections()
    pairs: list[tuple[Callable[[], pulumi.Output[Any]], object]] = [
        (lambda: chroma_sync.get_collection_output(later("handbook")), one),
        (lambda: chroma_sync.get_collection_output("handbook", database_name=later("demo")), one),
        (lambda: chroma_sync.get_collection_output("handbook", tenant=later("default")), one),
        (lambda: chroma_sync.get_collection_output("handbook").count, 0),
        (lambda: chroma_sync.get_collections_output(), all_),
        (lambda: chroma_sync.get_collections_output(database_name=later("demo"), tenant="default"), all_),
        (lambda: chroma_sync.get_collections_output(database_name="other"), ()),
    ]
    for look_up, expected in pairs:
        assert seen(look_up) == (True, False, expected)


def test_what_is_unknown_stays_unknown_and_is_not_asked_for(
    environment: Environment, chroma_sync_emulator: RunningEmulator
) -> None:
    """As the collection of a run that a preview would start, or what is to be there before."""
    environment(**chroma_sync_emulator.environment())

    def unknown() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(pulumi.output.UNKNOWN)

    class New(pulumi.CustomResource):
        id = property(lambda _: unknown())

        def __init__(self) -> None:
            super().__init__("test:index:New", "new")

    look_ups: list[Callable[[], pulumi.Output[Any]]] = [
        lambda: chroma_sync.get_collection_output(unknown()),
        lambda: chroma_sync.get_collection_output("handbook", database_name=unknown()),
        lambda: chroma_sync.get_collection_output("handbook", tenant=unknown()),
        lambda: chroma_sync.get_collection_output("handbook", depends_on=New()),
        lambda: chroma_sync.get_collections_output(database_name=unknown()),
        lambda: chroma_sync.get_collections_output(tenant=unknown()),
        lambda: chroma_sync.get_collections_output(depends_on=[New()]),
    ]
    for look_up in look_ups:
        assert seen(look_up, preview=True) == (False, False, None)
    assert chroma_sync_emulator.control.requests() == []


def test_what_is_secret_stays_secret(emu: RunningEmulator) -> None:
    """The answer is one where an argument is; and an error has none of the arguments in it."""
    by_name(emu, "handbook")
    hidden = pulumi.Output.secret
    known, secret, found = seen(lambda: chroma_sync.get_collection_output(hidden("handbook")))
    assert (known, secret, found.name) == (True, True, "handbook")
    look_ups: list[Callable[[], pulumi.Output[Any]]] = [
        lambda: chroma_sync.get_collection_output(hidden("hushed")),
        lambda: chroma_sync.get_collection_output("handbook", database_name=hidden("hushed")),
        lambda: chroma_sync.get_collection_output("handbook", tenant=hidden("hushed")),
        lambda: chroma_sync.get_collections_output(database_name=hidden("hushed")),
        lambda: chroma_sync.get_collections_output(tenant=hidden("hushed")),
    ]
    for look_up in look_ups:
        with pytest.raises(chroma_sync.ChromaSyncError) as caught:
            seen(look_up)
        text = f"{caught.value} {caught.value!r}"
        assert "look up" in text and "hushed" not in text


# Which database is used is told.


def test_the_database_of_a_key_is_told_once(emu: RunningEmulator, environment: Environment) -> None:
    """To stderr, however many look-ups of whatever kind use it; and never where somebody names one."""
    script = (
        "import pulumi_chroma_sync as c; c.get_sources(); c.get_collections(); c.get_invocations(); "
        "c.get_sources(database_name='demo'); print('done')"
    )
    environment(CHROMA_API_KEY="sk-scoped")
    said = {}
    for database in ("demo", None):
        environment(CHROMA_DATABASE=database)
        ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr
        said[database] = ended.stderr
    told = 'info: this API key is good for database "demo" alone, which is used where none is named\n'
    assert said == {"demo": "", None: told}
