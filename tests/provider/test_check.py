"""Check as the SDK calls it: fresh results, settings, and one live question for a database and process."""

from __future__ import annotations

import copy
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from pulumi import dynamic

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync import SourceProvider
from pulumi_chroma_sync.core.session import close_sessions

from .calling import PROVIDER, configured, failures, on
from .strategies import bags, examples, inputs, unknown
from .written import KEYS, github, s3, web

WRONG_KEY = (
    "the service refused the API key (401). Set it with `pulumi config set chroma-sync:apiKey --secret` "
    "or CHROMA_API_KEY"
)
NO_DATABASE = (
    'the service has no database "{}" for this API key; create it first, or declare a Database '
    "and pass its name on"
)
NOT_FOR_KEY = 'this API key may not use database "{}" (403); a key can be scoped to one database'
NO_KEY = "no API key is set; set it with `pulumi config set chroma-sync:apiKey --secret` or CHROMA_API_KEY"


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """An emulator with two databases."""
    with emulator(["demo", "other"]) as running:
        yield running


def check(provider: SourceProvider, news: dict[str, Any], **olds: Any) -> dynamic.CheckResult:
    """Check of a resource of the program."""
    return provider.check(olds, {**PROVIDER, **news})


def asked(emu: RunningEmulator) -> list[str | None]:
    """The databases that were asked for, one for each request that the service saw."""
    return [request["query"].get("database_name") for request in emu.control.requests()]


def test_what_check_returns_is_its_own(emu: RunningEmulator) -> None:
    """The SDK writes into it; the bag stays as it was, and the SDK's key isn't taken for an input."""
    news = {**PROVIDER, **github(include_globs=["a"]), "chunking": None}
    before = copy.deepcopy(news)
    result = on(emu).check(dict(PROVIDER), news)
    assert failures(result) == {}
    assert result.inputs == github(include_globs=["a"])
    result.inputs["__provider"] = "x"
    result.inputs["github"]["include_globs"].append("b")
    assert news == before


def test_the_database_comes_from_the_settings(emu: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stack, then environment; what the program names wins."""
    monkeypatch.setenv("CHROMA_DATABASE", "other")
    bag = {"github": {"repository": "acme/handbook"}}
    assert check(on(emu), bag).inputs["database_name"] == "demo"
    assert check(on(emu, database=None), bag).inputs["database_name"] == "other"
    assert check(on(emu), {**bag, "database_name": "other"}).inputs["database_name"] == "other"


def test_one_request_for_a_database_and_process(emu: RunningEmulator) -> None:
    """However many resources, on however many threads, however they differ; a bad one asks no more."""
    provider = on(emu)
    many = [*(github(repository=f"acme/{number}") for number in range(20)), github(repository=""), web()]
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda bag: check(provider, bag), many))
    assert [list(failures(result)) for result in results if result.failures] == [["github.repository"]]
    assert asked(emu) == ["demo"]
    check(on(emu), {**github(), "database_name": "other"})
    assert asked(emu) == ["demo", "other"]


def test_a_wrong_key_fails_at_preview_with_what_to_set(emu: RunningEmulator) -> None:
    """Under the name of the setting, and beside what else is wrong; the key itself is not said."""
    provider = on(emu, apiKey="ck-a-wrong-one")
    assert failures(check(provider, github())) == {"apiKey": WRONG_KEY}
    assert failures(check(provider, github(repository=""))) == {
        "github.repository": "must not be empty",
        "apiKey": WRONG_KEY,
    }
    assert asked(emu) == ["demo"]


def test_a_database_that_is_not_there_fails_at_preview(emu: RunningEmulator) -> None:
    """It is named, and each database is a question of its own."""
    provider = on(emu)
    assert failures(check(provider, {**github(), "database_name": "knowlege"})) == {
        "database_name": NO_DATABASE.format("knowlege")
    }
    assert failures(check(provider, github())) == {}
    assert failures(check(provider, {**web(), "database_name": "knowlege"})) == {
        "database_name": NO_DATABASE.format("knowlege")
    }
    assert asked(emu) == ["knowlege", "demo"]


def test_a_key_of_another_database_fails_at_preview(emu: RunningEmulator) -> None:
    """403: the key is right, the database isn't its own."""
    emu.control.add_tenant("default", "ck-scoped", database="other")
    provider = on(emu, apiKey="ck-scoped")
    assert failures(check(provider, github())) == {"database_name": NOT_FOR_KEY.format("demo")}
    assert failures(check(provider, {**github(), "database_name": "other"})) == {}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"error": "InternalError", "message": "oops"}),
        (502, "<html>bad gateway</html>"),
        (200, "{"),
        (418, {}),
    ],
)
def test_a_service_that_fails_is_a_warning(
    status: int, body: Any, emu: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said once, and the preview goes on with all that can be checked without it."""
    emu.control.fault("list_sources", "respond", status=status, body=body, times=0)
    provider = on(emu)
    assert failures(check(provider, github())) == {}
    assert failures(check(provider, github(repository=""))).keys() == {"github.repository"}
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    assert "so the key and the database are not checked yet" in line
    assert emu.api_key not in line


def test_a_service_that_cannot_be_reached_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing listens there; a key that is set is not said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    provider = configured(url=f"http://127.0.0.1:{port}", apiKey="ck-a-key-for-tests", database="demo")
    assert failures(check(provider, github())) == {}
    assert failures(check(provider, web())) == {}
    spoken = capsys.readouterr().out
    assert spoken.count("the service could not be asked") == 1 and "ck-a-key" not in spoken


def test_preflight_off_sends_nothing(emu: RunningEmulator) -> None:
    """Neither with a key nor without one, nor for a wrong one; the rules hold as ever."""
    for key in (emu.api_key, "ck-a-wrong-one", None):
        provider = on(emu, apiKey=key, preflight="false")
        assert failures(check(provider, github())) == {}
        assert failures(check(provider, github(repository=""))).keys() == {"github.repository"}
    assert asked(emu) == []


def test_without_a_key_everything_else_is_checked(emu: RunningEmulator) -> None:
    """And the key's absence is one failure more; nothing is sent."""
    provider = on(emu, apiKey="")
    assert failures(check(provider, github())) == {"apiKey": NO_KEY}
    bag = {**github(repository="x", repo="y"), "chunking": {"type": "lines", "max_lines": -1.0}}
    assert list(failures(check(provider, bag))) == [
        "chunking.max_lines", "github.repo", "github.repository", "apiKey"
    ]  # fmt: skip
    assert asked(emu) == []


def test_a_malformed_setting_is_a_failure_of_its_own(emu: RunningEmulator) -> None:
    """Beside what else is wrong, and without a second one for the database that the settings may name."""
    provider = on(emu, timeout="soon")
    reason = "input should be a valid number, unable to parse string as a number (from chroma-sync:timeout)"
    assert failures(check(provider, {"github": {"repository": "acme/handbook"}})) == {"timeout": reason}
    assert failures(check(provider, {"github": {"repository": ""}})).keys() == {
        "github.repository",
        "timeout",
    }
    assert asked(emu) == []


def test_a_database_that_is_not_known_yet_is_not_asked_for(emu: RunningEmulator) -> None:
    """Nor one that can't be a name."""
    assert failures(check(on(emu), {**github(), "database_name": unknown()})) == {}
    assert failures(check(on(emu), {**github(), "database_name": 5.0})).keys() == {"database_name"}
    assert asked(emu) == []


def test_an_argument_that_has_a_settings_name_is_never_printed(emu: RunningEmulator) -> None:
    """The engine prints the value of a property that a failure names; this one may be a key."""
    bag = {**github(), "apiKey": "ck-marker"}
    for provider in (on(emu, apiKey=None), on(emu, apiKey="ck-a-wrong-one")):
        found = failures(check(provider, bag))
        assert found.keys() == {"apiKey.*", "chroma-sync:apiKey"}
        assert "ck-marker" not in str(found)


def existing(emu: RunningEmulator, bag: dict[str, Any]) -> str:
    """A source that stands there already."""
    with emu.client() as client:
        return str(client.post("/api/v1/sources", json=bag).raise_for_status().json()["source_id"])


def test_a_preview_says_what_a_create_will_meet(
    emu: RunningEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a new resource alone, from one look at the list; how it differs, or that an up adopts it."""
    source_id = existing(emu, github(app_id="5"))
    provider = on(emu)
    check(provider, github())
    differing = capsys.readouterr().out
    assert source_id in differing and "github.app_id (declared none, existing 5)" in differing
    check(provider, {**github(app_id="5"), "on_conflict": "adopt"})
    assert "adopts" in capsys.readouterr().out
    check(provider, github(), **github())  # a resource of the state
    check(provider, github(repository="acme/wiki"))
    check(provider, github(repository=unknown()))
    assert capsys.readouterr().out == ""
    assert asked(emu).count("demo") == 2  # its first page, and that nothing follows


def test_no_secret_is_said_at_preview(emu: RunningEmulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is wrong with an S3 source, and whatever stands there already."""
    existing(emu, s3(**KEYS))
    bags = [
        s3(**KEYS),
        s3(**{**KEYS, "aws_secret_access_key": "hush2"}, aws_credential_id=3),
        s3(aws_secret_access_key="hush"),
        {**s3(**KEYS), **github()},
        {"s3_": s3(**KEYS)["s3"]},
        {**s3(**KEYS), "on_conflict": "adopt"},
    ]
    for provider in (on(emu), on(emu, apiKey=None), on(emu, apiKey="ck-wrong", database="nope")):
        for bag in bags:
            found = failures(check(provider, bag))
            spoken = capsys.readouterr().out
            assert not any(word in f"{found} {spoken}" for word in ("hush", "AKIA", "ck-wrong", emu.api_key))


PAGES = "warning: web_scrape https://docs.acme.com/: web_scrape.page_limit is"
WARNINGS: dict[str, tuple[dict[str, Any], str]] = {
    "a large chunk": (
        {**github(), "chunking": {"type": "lines", "max_size_bytes": 16_385}},
        "warning: github acme/handbook: chunking.max_size_bytes is 16385, and Chroma's quota for one "
        "document is 16384 bytes: runs may fail with larger chunks",
    ),
    "a long key": (
        {**github(), "embedding": {"sparse": {"key": "é" * 18 + "x"}}},
        "warning: github acme/handbook: embedding.sparse.key has 37 bytes, and Chroma's quota for a metadata "
        "key is 36: runs may fail",
    ),
    "a source that is not known yet": (
        {**github(repository=unknown()), "chunking": {"type": "lines", "max_size_bytes": 20_000}},
        "warning: github: chunking.max_size_bytes is 20000, and Chroma's quota for one document is 16384 "
        "bytes: runs may fail with larger chunks",
    ),
    "a crawl without a limit": (
        web(max_depth=3),
        f"{PAGES} left out, and each page that a run reads is charged: set it to what you would pay for",
    ),
    "a crawl with a limit that may be none": (
        web(page_limit=0),
        f"{PAGES} 0, which may mean no limit (the API doesn't say), and each page that a run reads is "
        "charged",
    ),
    "a crawl that is perhaps larger than meant": (
        web(page_limit=10_001.0),  # as the engine gives numbers
        f"{PAGES} 10,001, and each page that a run reads is charged",
    ),
    "a limit that the newer way to say it takes away": (
        {**web(page_limit=200), "extra": {"web_scrape": {"page_limit": 20_000}}},
        f"{PAGES} 20,000, and each page that a run reads is charged",
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_a_run_would_fail_of_or_cost_is_a_warning_at_preview(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once, however often the engine checks: the service takes it, and the first run tells."""
    bag, line = WARNINGS[name]
    provider = configured(preflight="false")
    for _ in range(2):
        assert failures(check(provider, bag)) == {}
    assert capsys.readouterr().out == f"{line}\n"


def test_within_the_quotas_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """At their bounds, and where a value isn't known yet or is wrong."""
    provider = configured(preflight="false")
    for size in (16_384, unknown(), "20000"):
        check(provider, {**github(), "chunking": {"type": "lines", "max_size_bytes": size}})
    check(provider, {**github(), "embedding": {"sparse": {"key": "x" * 36}}})
    check(provider, {**github(), "embedding": {"sparse": {"key": unknown()}}})
    for limit in (1, 10_000, unknown()):
        check(provider, web(page_limit=limit))
    for extra in (unknown(), {"web_scrape": unknown()}, {"web_scrape": {"page_limit": 100}}):
        check(provider, {**web(), "extra": extra})
    check(provider, {"database_name": "demo", "web_scrape": unknown()})
    assert capsys.readouterr().out == ""


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningEmulator]:
    """An emulator for the properties."""
    with emulator(["demo"]) as running:
        yield running


@examples(250)
@given(bags())
def test_check_as_a_whole_never_raises(shared: RunningEmulator, bag: dict[Any, Any]) -> None:
    """Live, with a key or without, whatever the program passes; each path is named once."""
    for provider in (on(shared), on(shared, apiKey=None), configured(url="ftp://x")):
        failures(provider.check({}, bag))
    close_sessions()


@examples(150)
@given(inputs())
def test_what_a_preview_accepts_up_creates(shared: RunningEmulator, bag: dict[str, Any]) -> None:
    """And then a refresh gives the same inputs back, a preview is empty, each in a process of its own."""
    shared.control.reset()
    close_sessions()
    provider = on(shared)
    result = check(provider, bag)
    assert failures(result) == {}
    created = provider.create({**PROVIDER, **result.inputs})
    assert created.outs is not None
    state = {**PROVIDER, **created.outs}
    close_sessions()
    read = provider.read(created.id, state)
    assert read.inputs is not None and read.outs is not None
    assert (read.inputs, read.outs) == (result.inputs, created.outs)
    close_sessions()
    again = check(provider, bag, **read.inputs)
    change = provider.diff(created.id, {**PROVIDER, **read.outs}, {**PROVIDER, **again.inputs})
    assert failures(again) == {} and change.changes is False
    close_sessions()
    provider.delete(created.id, state)
    assert shared.control.requests("create_source")[1:] == []
