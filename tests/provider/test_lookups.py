"""Look-ups over real HTTP: what they answer, what they never show, what they say where there is nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi.output
import pytest
from tests.emulator.invocations import run
from tests.existing import create, upload

import pulumi_chroma_sync as chroma_sync
from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.core.asking import session_of
from pulumi_chroma_sync.kinds.source.lookup import source_result

from .registering import registered
from .scripted import Answer, Request, answer, scripted

NOBODY = "8a6f1c1e-0000-4000-8000-000000000000"
GITHUB: dict[str, Any] = {"github": {"repository": "acme/handbook", "include_globs": ["**/*.md"]}}
WEB: dict[str, Any] = {"web_scrape": {"starting_url": "https://docs.acme.com/", "page_limit": 200}}
S3: dict[str, Any] = {
    "s3": {
        "bucket_name": "papers",
        "region": "eu-central-1",
        "collection_name": "papers",
        "path_prefix": "in/",
        "aws_access_key_id": "AKIAEXAMPLE",
        "aws_secret_access_key": "hushed",
    }
}


@pytest.fixture
def emu(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningEmulator]:
    """An emulator with the database ``demo``, which the environment points at."""
    with emulator() as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


def start(emu: RunningEmulator, source_id: str, **payload: Any) -> str:
    """Start a run by another hand; its id."""
    with emu.client() as client:
        return run(client, source_id, **payload)


# What they answer.


def test_a_source_has_its_fields_under_the_apis_names(emu: RunningEmulator) -> None:
    """Every kind, with what the service decided; numbers are numbers, lists can't be changed."""
    chunking = {"type": "lines", "max_lines": 20}
    embedding = {"dense": {"model": "Qwen/Qwen3-Embedding-0.6B", "task": {"task_name": "search"}}}
    github, web, s3 = create(emu, {**GITHUB, "chunking": chunking, "embedding": embedding}, WEB, S3)
    found = chroma_sync.get_source(github)
    assert (found.id, found.source_type, found.database_name) == (github, "github", "demo")
    assert found.github == chroma_sync.GithubResult(repository="acme/handbook", include_globs=("**/*.md",))
    assert (found.web_scrape, found.s3, found.problem) == (None, None, None)
    assert found.chunking == chroma_sync.ChunkingResult(type="lines", max_lines=20, max_size_bytes=4096)
    assert found.embedding is not None and found.embedding.dense is not None
    assert found.embedding.dense.task == chroma_sync.EmbeddingTaskResult(task_name="search")
    assert found.created_at.startswith("20")
    site = chroma_sync.get_source(web).web_scrape
    assert site is not None and (site.starting_url, site.page_limit) == ("https://docs.acme.com/", 200)
    bucket = chroma_sync.get_source(s3).s3
    assert bucket == chroma_sync.S3Result(
        bucket_name="papers",
        region="eu-central-1",
        collection_name="papers",
        path_prefix="in/",
        auto_sync="none",
        aws_credential_id=1,
    )
    assert chroma_sync.get_source(upload(emu)).source_type == "file_upload"


def test_what_was_looked_up_does_not_change(emu: RunningEmulator) -> None:
    """It is what the service said then."""
    (source_id,) = create(emu, GITHUB)
    found = chroma_sync.get_source(source_id)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.id = "another"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.github.repository = "a/b"  # type: ignore[misc,union-attr]
    assert found == chroma_sync.get_source(source_id)


def test_the_sources_of_a_database_are_all_there_the_newest_first() -> None:
    """Page after page, of one kind or of all, of the database that is named or else set."""
    with emulator(["demo", "other"], page_cap=2) as emu, pytest.MonkeyPatch.context() as patch:
        for name, value in emu.environment().items():
            patch.setenv(name, value)
        sources = [{"github": {"repository": f"acme/{number}"}} for number in range(5)]
        ids = create(emu, *sources, WEB)
        assert [source.id for source in chroma_sync.get_sources()] == ids[::-1]
        assert [source.id for source in chroma_sync.get_sources(source_type="web_scrape")] == ids[5:]
        assert [source.id for source in chroma_sync.get_sources(source_type="github")] == ids[4::-1]
        assert list(chroma_sync.get_sources(database_name="other")) == []
        assert list(chroma_sync.get_sources(source_type="s3")) == []


def test_a_run_has_its_fields_under_the_apis_names(emu: RunningEmulator) -> None:
    """The status is one word, and what comes with it stands beside it."""
    emu.control.settings(invocations="manual")
    github, s3 = create(emu, GITHUB, S3)
    first = start(emu, github, target_collection_name="handbook-1", ref_identifier={"sha": "3f2a"})
    found = chroma_sync.get_invocation(first)
    assert (found.id, found.source_id, found.status) == (first, github, "pending")
    assert (found.database_name, found.collection_name, found.source_type) == ("demo", "handbook-1", "github")
    assert found.git_ref_identifier == chroma_sync.GitRefIdentifierResult(sha="3f2a")
    assert {found.error, found.finished_at, found.duration_ms, found.object_key} == {None}
    emu.control.move_invocation(first, {"complete": {"duration_ms": 7}})
    found = chroma_sync.get_invocation(first)
    assert (found.status, found.duration_ms) == ("complete", 7) and found.finished_at
    more = {"page": 3, "tags": ["a"]}
    second = start(emu, s3, object_key="in/a.pdf", custom_id="a", metadata=more)
    emu.control.move_invocation(second, {"failed": {"error": "no such key"}})
    found = chroma_sync.get_invocation(second)
    assert (found.status, found.error, found.custom_id) == ("failed", "no such key", "a")
    assert (found.bucket_name, found.object_key, found.additional_metadata) == ("papers", "in/a.pdf", more)
    upload(emu)
    assert chroma_sync.get_invocations(limit=1)[0].source_type is None


def test_runs_of_a_source_or_a_database_the_newest_first(emu: RunningEmulator) -> None:
    """All, or those of a kind or a status, or the newest few, for which one request is enough."""
    emu.control.settings(invocations="manual", page_cap=3)
    github, web = create(emu, GITHUB, WEB)
    ids = [start(emu, github, target_collection_name=f"docs-{number}") for number in range(5)]
    ids.append(start(emu, web, target_collection_name="site"))
    emu.control.move_invocation(ids[2], "cancelled")
    look = chroma_sync.get_invocations
    assert [each.id for each in look()] == ids[::-1]
    assert [each.id for each in look(source_id=github)] == ids[4::-1]
    assert [each.id for each in look(database_name="demo", source_type="web_scrape")] == ids[5:]
    assert [each.id for each in look(source_id=github, status="cancelled")] == [ids[2]]
    emu.control.clear_requests()
    assert [each.id for each in look(limit=2)] == ids[:3:-1]
    assert len(emu.control.requests("list_invocations")) == 1
    assert [each.id for each in look(limit=4)] == ids[:1:-1]
    assert [each.id for each in look(limit=100)] == ids[::-1]


def test_the_latest_run_of_each_object(emu: RunningEmulator) -> None:
    """By its key, however many are asked for; what was never run isn't there."""
    (s3,) = create(emu, S3)
    ids = [start(emu, s3, object_key=key) for key in ("in/a", "in/b", "in/a")]
    keys = ["in/a", "in/b", *(f"in/{number}" for number in range(150))]
    found = chroma_sync.get_latest_invocations(s3, keys)
    assert {key: each.id for key, each in found.items()} == {"in/a": ids[2], "in/b": ids[1]}
    assert len(emu.control.requests("latest_by_keys")) == 2
    assert chroma_sync.get_latest_invocations(s3, []) == {}


@pytest.mark.parametrize("settings", [{"defaults": "filled"}, {"normalise": "on"}])
def test_a_service_with_a_spelling_of_its_own_gives_the_same_types(
    emu: RunningEmulator, settings: dict[str, str]
) -> None:
    """Numbers as texts, and the other way round, are what the names say that they are."""
    emu.control.settings(**settings)
    chunking = {"type": "lines", "max_lines": 20}
    found = [
        chroma_sync.get_source(source_id)
        for source_id in create(
            emu,
            {"github": {"repository": "acme/handbook", "app_id": "12"}, "chunking": chunking},
            WEB,
            S3,
        )
    ]
    assert [each.problem for each in found] == [None, None, None]
    github, site, bucket = found[0].github, found[1].web_scrape, found[2].s3
    assert github is not None and github.app_id == "12"
    assert site is not None and site.page_limit == 200
    assert bucket is not None and bucket.aws_credential_id == 1
    assert found[0].chunking is not None and found[0].chunking.max_lines == 20


def test_what_this_version_can_not_read_hides_nothing_else(emu: RunningEmulator) -> None:
    """The field is None and named, never quoted; the other fields and sources are there."""
    odd, plain, new = create(emu, WEB, GITHUB, S3)
    emu.control.patch_source(odd, web_scrape={"page_limit": "hushed"})
    emu.control.patch_source(new, embedding="hybrid-v2", chunking={"type": "lines", "max_lines": 2.5})
    found = {source.id: source for source in chroma_sync.get_sources()}
    assert found[odd].web_scrape is None and found[odd].database_name == "demo"
    assert found[odd].problem == "web_scrape: page_limit is not what the API's contract says"
    assert found[new].problem == "embedding: must be an object"
    assert (found[new].embedding, found[new].chunking) == (None, None) and found[new].s3 is not None
    assert found[plain].problem is None and found[plain].github is not None


def test_what_services_say_for_nothing_is_none() -> None:
    """An empty text in an object's place; and a model by its bare name is one."""
    body: dict[str, Any] = {
        "github": "",
        "chunking": "",
        "embedding": None,
        "embedding_model": "a-name",
        "file_upload": {},
    }
    found = source_result(SourceReply("s-1", "demo", "", body))
    assert (found.problem, found.github, found.chunking, found.embedding) == (None, None, None, None)
    assert found.embedding_model == chroma_sync.DenseEmbeddingResult(model="a-name")
    assert found.source_type == "file_upload"
    assert "hushed" not in repr(found)


# What they never show.


def test_no_secret_is_in_what_a_look_up_answers() -> None:
    """Neither AWS keys nor passwords of addresses, should the service ever answer any."""
    source = {
        "id": "s-1",
        "database_name": "demo",
        "created_at": "2026-11-01T10:00:00Z",
        "github": {"repository": "https://bob:hushed@git.acme.com/a/b"},
        "web_scrape": {
            "starting_url": "bob:hushed@docs.acme.com/a",
            "include_path_regexes": ["x://hushed@a/"],
        },
        "s3": {**S3["s3"], "aws_credential_id": 1},
    }
    failed = {
        "id": "r-1",
        "source_id": "s-1",
        "status": {"failed": {"error": "clone of https://bob:hushed@git.acme.com/a/b failed"}},
        "metadata": {"s3": {"bucket_name": "b", "additional_metadata": {"from": ["https://hushed@a.com"]}}},
        "created_at": "2026-11-01T10:00:00Z",
    }

    def service(request: Request) -> bytes:
        of_runs = "invocations" in request.path
        if "?" not in request.path:
            return answer(200, failed if of_runs else source)(request)
        return answer(200, [failed if of_runs else source] if "offset=0" in request.path else [])(request)

    with scripted(service) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHROMA_SYNC_URL", server.url)
        patch.setenv("CHROMA_API_KEY", "sk-hushed")
        patch.setenv("CHROMA_DATABASE", "demo")
        answered: list[Any] = [
            chroma_sync.get_source("s-1"),
            *chroma_sync.get_sources(),
            chroma_sync.get_invocation("r-1"),
            *chroma_sync.get_invocations(source_id="s-1"),
        ]
        assert len(answered) == 4
        text = repr(answered) + json.dumps([dataclasses.asdict(each) for each in answered])
        assert "hushed" not in text and "AKIA" not in text and "hushed" not in repr(session_of(None).settings)
        assert "https://***@git.acme.com/a/b" in text


# What they say where there is nothing to answer.

MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "an unknown source": (
        lambda: chroma_sync.get_source(NOBODY),
        f"look up source {NOBODY}: the service has no such source, or not for this API key. "
        "To see what there is: pulumi-chroma-sync list --database NAME",
    ),
    "an unknown run": (
        lambda: chroma_sync.get_invocation(NOBODY),
        f"look up run {NOBODY}: the service has no such run, or not for this API key. To see what there is: "
        "pulumi-chroma-sync runs --database NAME",
    ),
    "runs of an unknown source": (
        lambda: chroma_sync.get_invocations(source_id=NOBODY),
        f"look up the runs of source {NOBODY}: the service has no such source",
    ),
    "objects of an unknown source": (
        lambda: chroma_sync.get_latest_invocations(NOBODY, ["a"]),
        f"look up the latest runs of source {NOBODY}: the service has no such source",
    ),
    "an unknown database": (
        lambda: chroma_sync.get_sources(database_name="knowlege"),
        'look up the sources of database "knowlege": the service has no database "knowlege" for this API '
        "key. Is its name spelled so, and is the key one of its account?",
    ),
    "runs of an unknown database": (
        lambda: chroma_sync.get_invocations(database_name="knowlege"),
        'look up the runs of database "knowlege": the service has no database "knowlege"',
    ),
    "no id": (lambda: chroma_sync.get_source(""), "source_id: must be a text that isn't empty"),
    "none at all": (
        lambda: chroma_sync.get_invocation(None),  # type: ignore[arg-type]
        "invocation_id: must be a text that isn't empty",
    ),
    "an id that is no segment of a path": (
        lambda: chroma_sync.get_source(".."),
        "look up source ..: '..' can't be the id of a source; nothing was sent",
    ),
    "another kind": (
        lambda: chroma_sync.get_sources(source_type="git"),  # type: ignore[arg-type]
        "source_type: must be one of github, web_scrape, s3, file_upload",
    ),
    "another status": (
        lambda: chroma_sync.get_invocations(status="running"),  # type: ignore[arg-type]
        "status: must be one of pending, processing, complete, failed, cancelled",
    ),
    "no limit": (lambda: chroma_sync.get_invocations(limit=0), "limit: must be a whole number, 1 or more"),
    "two places": (
        lambda: chroma_sync.get_invocations(source_id=NOBODY, database_name="demo"),
        "give source_id or database_name, not both",
    ),
    "one key": (
        lambda: chroma_sync.get_latest_invocations(NOBODY, "a"),
        "keys: must be a list of object keys",
    ),
    "an empty key": (
        lambda: chroma_sync.get_latest_invocations(NOBODY, ["a", ""]),
        "keys[1]: must be a text that isn't empty",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_sentence_with_what_to_do(emu: RunningEmulator, name: str) -> None:
    """What was looked up, what is wrong, and where to look; all of the package's own error tree."""
    look_up, sentence = MISTAKES[name]
    with pytest.raises(chroma_sync.ChromaSyncError) as caught:
        look_up()
    assert str(caught.value).startswith(sentence)
    assert isinstance(caught.value, chroma_sync.NotFoundError) == (" unknown " in f" {name} ")
    assert isinstance(caught.value, pulumi.RunError), "the engine shows the sentence alone"


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("CHROMA_API_KEY", "", "chroma-sync:apiKey: no API key is set; set it with `pulumi config set"),
        ("CHROMA_API_KEY", "sk-wrong", "401"),
        ("CHROMA_SYNC_URL", "ftp://example.com", "chroma-sync:url: give an http(s) URL"),
        ("CHROMA_SYNC_URL", "http://127.0.0.1:9", "the connection was refused"),
    ],
)
def test_a_wrong_setting_is_named(
    emu: RunningEmulator, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    """With where it comes from; the key itself is in no message."""
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("CHROMA_SYNC_RETRIES", "0")
    for look_up in (chroma_sync.get_sources, chroma_sync.get_invocations):
        with pytest.raises(chroma_sync.ChromaSyncError) as caught:
            look_up()
        assert sentence in str(caught.value) and "sk-" not in str(caught.value)


def test_the_database_of_a_key_is_the_one_that_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing names one and the key opens one alone; else what to set is told."""
    for databases in (["demo"], ["demo", "other"]):
        with emulator(databases) as emu:
            for name, value in emu.environment().items():
                monkeypatch.setenv(name, value)
            monkeypatch.delenv("CHROMA_DATABASE")
            ids = create(emu, GITHUB)
            if len(databases) == 1:
                assert [source.id for source in chroma_sync.get_sources()] == ids
                continue
            for look_up in (chroma_sync.get_sources, chroma_sync.get_invocations):
                with pytest.raises(chroma_sync.ConfigError, match="no database is named; pass database_name"):
                    look_up()


def test_a_look_up_of_another_account(emu: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of its connection, the twins too; an unknown name is told, and whose key it is."""
    (ours,) = create(emu, GITHUB)
    emu.control.add_tenant("b", "sk-of-b", ["knowledge"])
    monkeypatch.setenv("CHROMA_API_KEY_TEAM_B", "sk-of-b")
    with emu.client("sk-of-b") as client:
        body = {"database_name": "knowledge", **WEB}
        theirs = str(client.post("/api/v1/sources", json=body).json()["source_id"])
    assert chroma_sync.get_source(theirs, connection="team-b").source_type == "web_scrape"
    found = chroma_sync.get_sources(database_name="knowledge", connection="team-b")
    assert [source.id for source in found] == [theirs]
    assert chroma_sync.get_invocations(source_id=theirs, connection="team-b") == ()
    known, _, twin = seen(lambda: chroma_sync.get_source_output(theirs, connection="team-b"))
    assert known and twin.id == theirs
    with pytest.raises(chroma_sync.NotFoundError, match='not for the API key of connection "team-b"'):
        chroma_sync.get_source(ours, connection="team-b")
    with pytest.raises(chroma_sync.ConfigError, match='no setting names "team-c"; did you mean "team-b"'):
        chroma_sync.get_source(ours, connection="team-c")


def test_a_page_that_is_not_the_services_is_no_empty_answer() -> None:
    """Nothing is concluded from a gateway's 404, nor from pages without an end."""
    planned: list[tuple[Answer, str]] = [
        (answer(404, b"<html>not here</html>"), "This was not the Sync Service's own answer"),
        (answer(200, [{"id": "s-1"}]), "in pages of which nobody can tell whether they are all"),
    ]
    for answered, sentence in planned:
        with scripted(answered) as server, pytest.MonkeyPatch.context() as patch:
            patch.setenv("CHROMA_SYNC_URL", server.url)
            patch.setenv("CHROMA_API_KEY", "sk-1")
            for look_up in (chroma_sync.get_sources, chroma_sync.get_invocations):
                with pytest.raises(chroma_sync.ChromaSyncError, match=sentence):
                    look_up(database_name="demo")


def test_a_program_reads_the_settings_of_its_stack(
    emu: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They win over the environment, the secret key too, and the engine need not run."""
    (source_id,) = create(emu, GITHUB)
    for name, value in emu.environment().items():
        monkeypatch.delenv(name)
        assert value
    config = {"url": emu.url, "apiKey": emu.api_key, "database": "demo"}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({f"chroma-sync:{key}": config[key] for key in config}))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(["chroma-sync:apiKey"]))
    monkeypatch.setenv("CHROMA_API_KEY", "sk-of-another")
    assert [source.id for source in chroma_sync.get_sources()] == [source_id]


# Their twins.


def seen(look_up: Callable[[], pulumi.Output[Any]], *, preview: bool = False) -> tuple[bool, bool, Any]:
    """Whether the answer of a program's look-up is known, whether it is a secret, and what it is."""
    found: list[tuple[bool, bool, Any]] = []

    async def wait(output: pulumi.Output[Any]) -> None:
        known = await output.is_known()
        found.append((known, await output.is_secret(), await output.future() if known else None))

    def program() -> pulumi.Output[None]:
        return pulumi.Output.from_input(wait(look_up()))

    registered(program, preview=preview)
    return found[0]


def test_a_twin_answers_of_outputs_what_the_look_up_answers(emu: RunningEmulator) -> None:
    """Of each, in any mixture of outputs and plain values."""
    emu.control.settings(invocations="manual")
    (s3,) = create(emu, S3)
    invocation = start(emu, s3, object_key="in/a")
    later = pulumi.Output.from_input
    pairs: list[tuple[Callable[[], pulumi.Output[Any]], object]] = [
        (lambda: chroma_sync.get_source_output(later(s3)), chroma_sync.get_source(s3)),
        (lambda: chroma_sync.get_source_output(s3), chroma_sync.get_source(s3)),
        (
            lambda: chroma_sync.get_sources_output(database_name=later("demo"), source_type="s3"),
            chroma_sync.get_sources(),
        ),
        (lambda: chroma_sync.get_sources_output(), chroma_sync.get_sources()),
        (
            lambda: chroma_sync.get_invocation_output(later(invocation)),
            chroma_sync.get_invocation(invocation),
        ),
        (
            lambda: chroma_sync.get_invocations_output(source_id=later(s3), status="pending", limit=later(1)),
            chroma_sync.get_invocations(),
        ),
        (
            lambda: chroma_sync.get_latest_invocations_output(later(s3), [later("in/a"), "in/b"]),
            chroma_sync.get_latest_invocations(s3, ["in/a"]),
        ),
        (
            lambda: chroma_sync.get_source_output(s3).s3.collection_name,
            "papers",
        ),
    ]
    for look_up, expected in pairs:
        assert seen(look_up) == (True, False, expected)


def test_what_is_unknown_stays_unknown_and_is_not_asked_for(emu: RunningEmulator) -> None:
    """As the id of a source that a preview would create, also deep in a list, or of what it depends on."""
    (s3,) = create(emu, S3)
    emu.control.clear_requests()

    def unknown() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(pulumi.output.UNKNOWN)

    class New(pulumi.CustomResource):
        id = property(lambda _: unknown())

        def __init__(self) -> None:
            super().__init__("test:index:New", "new")

    look_ups: list[Callable[[], pulumi.Output[Any]]] = [
        lambda: chroma_sync.get_source_output(unknown()),
        lambda: chroma_sync.get_latest_invocations_output(s3, ["in/a", unknown()]),
        lambda: chroma_sync.get_invocations_output(source_id=s3, limit=unknown()),
        lambda: chroma_sync.get_sources_output(depends_on=New()),
        lambda: chroma_sync.get_sources_output(depends_on=[New()]),
    ]
    for look_up in look_ups:
        assert seen(look_up, preview=True) == (False, False, None)
    assert emu.control.requests() == []


def test_what_is_secret_stays_secret(emu: RunningEmulator) -> None:
    """The answer is one where an argument is; and an error has none of the arguments in it."""
    (s3,) = create(emu, S3)
    known, secret, found = seen(lambda: chroma_sync.get_source_output(pulumi.Output.secret(s3)))
    assert (known, secret, found.id) == (True, True, s3)
    look_ups: list[Callable[[], pulumi.Output[Any]]] = [
        lambda: chroma_sync.get_source_output(pulumi.Output.secret(NOBODY)),
        lambda: chroma_sync.get_latest_invocations_output(NOBODY, [pulumi.Output.secret("in/hushed")]),
        lambda: chroma_sync.get_sources_output(database_name=pulumi.Output.secret("hushed")),
        lambda: chroma_sync.get_invocation_output(pulumi.Output.secret("hushed")),
    ]
    for look_up in look_ups:
        with pytest.raises(chroma_sync.ChromaSyncError) as caught:
            seen(look_up)
        text = f"{caught.value} {caught.value!r}"
        assert "look up" in text and NOBODY not in text and "hushed" not in text


def test_a_twin_holds_nothing_up(emu: RunningEmulator) -> None:
    """While the service takes its time, the program's event loop goes on, and many are asked at once."""
    (s3,) = create(emu, S3)
    emu.control.fault("get_source", "delay", times=0, delay=0.5)
    ticks: list[float] = []

    async def tick(until: asyncio.Event) -> None:
        while not until.is_set():
            ticks.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0.01)

    async def program() -> None:
        over = asyncio.Event()
        ticking = asyncio.ensure_future(tick(over))
        outputs = [chroma_sync.get_source_output(s3) for _ in range(3)]
        await asyncio.gather(*(output.future() for output in outputs))
        over.set()
        await ticking

    registered(lambda: pulumi.Output.from_input(program()))
    requests = emu.control.requests("get_source")
    assert len(requests) == 3
    gaps = [after - before for before, after in zip(ticks, ticks[1:], strict=False)]
    assert len(ticks) > 5 and max(gaps) < ticks[-1] - ticks[0], "it ticked meanwhile"


def test_an_output_is_not_for_the_look_up_itself(emu: RunningEmulator) -> None:
    """It isn't known yet; the sentence says which function takes it."""

    def program() -> None:
        with pytest.raises(chroma_sync.ChromaSyncError, match="pass it to the look-up's twin with _output"):
            chroma_sync.get_source(pulumi.Output.from_input(NOBODY))  # type: ignore[arg-type]

    registered(program)
