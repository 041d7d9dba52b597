"""Two accounts in one process, each with its own key and database, over the emulator."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync import (
    FileUploadProvider,
    InvocationProvider,
    InvocationsProvider,
    SourceProvider,
    SourceSetProvider,
)
from pulumi_chroma_sync.core.provider import Provider
from pulumi_chroma_sync.errors import ChromaSyncError, ConfigError
from pulumi_chroma_sync.kinds.file_upload import records

from .plugin import Bag, Process
from .strategies import unknown

KEYS = {"a": "key-of-team-a", "b": "key-of-team-b", "b-rotated": "another-key-of-team-b"}
"""Connection -> key; the last two are of one account."""


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """One service, three accounts: two have a database ``docs``, and two one that is called ``plain``."""
    with emulator(["plain"], invocations="instant") as running:
        running.control.add_tenant("team-a", KEYS["a"], ["docs", "plain"])
        running.control.add_tenant("team-b", KEYS["b"], ["docs"])
        running.control.add_tenant("team-b", KEYS["b-rotated"])
        yield running


def process(
    emu: RunningEmulator,
    provider: type[Provider] = SourceProvider,
    *,
    without: str = "",
    config: Mapping[str, str] | None = None,
) -> Process:
    """One run of the plugin; the connection ``without`` is not set any more."""
    given = {f"{name}.apiKey": key for name, key in KEYS.items()}
    given |= {"a.database": "docs", "b.database": "docs", "b-rotated.database": "docs", "database": "plain"}
    given = {name: value for name, value in given.items() if name.partition(".")[0] != without}
    whole: dict[str, Any] = {"settle": "0", "retries": "0", **given, **(config or {})}
    return Process(emu.url, emu.api_key, provider=provider, **whole)


def repository(connection: str | None = None, name: str = "handbook", **more: Any) -> Bag:
    """Inputs of a source of the repository ``acme/NAME``."""
    named = {} if connection is None else {"connection": connection}
    return {"github": {"repository": f"acme/{name}"}, **named, **more}


def there(emu: RunningEmulator, connection: str | None) -> list[str]:
    """The repositories of an account."""
    with emu.client(KEYS[connection] if connection else None) as client:
        return sorted(source["github"]["repository"] for source in client.get("/api/v1/sources").json())


def asked(emu: RunningEmulator) -> list[tuple[str, str | None]]:
    """Operation and account of each request."""
    return [(request["operation"], request["tenant"]) for request in emu.control.requests()]


def made(emu: RunningEmulator, inputs: Bag, provider: type[Provider] = SourceProvider) -> tuple[str, Bag]:
    """The state after an up, in a process of its own."""
    with process(emu, provider) as up:
        return up.create(up.check(inputs))


def bucket(emu: RunningEmulator, connection: str) -> str:
    """A bucket that is a source of an account; its id."""
    s3 = {"bucket_name": "b", "region": "r", "collection_name": "files", "aws_credential_id": 7}
    with emu.client(KEYS[connection]) as client:
        answer = client.post("/api/v1/sources", json={"database_name": "docs", "s3": s3})
        return str(answer.raise_for_status().json()["source_id"])


def test_each_resource_is_its_own_connections_in_one_process(emu: RunningEmulator) -> None:
    """The very same source in three accounts: created, read, found unchanged and deleted with its own key."""
    state: dict[str | None, tuple[str, Bag]] = {}
    with process(emu) as up:
        for connection in (None, "a", "b"):
            state[connection] = up.create(up.check(repository(connection)))
    assert [bag.get("connection") for _, bag in state.values()] == [None, "a", "b"]
    assert [bag["database_name"] for _, bag in state.values()] == ["plain", "docs", "docs"]
    assert not any(key in str(state) for key in (*KEYS.values(), emu.api_key))
    assert [there(emu, connection) for connection in state] == [["acme/handbook"]] * 3
    with process(emu) as refresh:
        for connection, (source_id, outputs) in state.items():
            found, outputs, inputs = refresh.read(source_id, outputs)
            assert found == source_id and inputs == refresh.check(repository(connection), inputs)
            assert refresh.diff(source_id, outputs, inputs).changes is False
    emu.control.clear_requests()
    with process(emu) as destroy:
        destroy.delete(*state["a"])
    assert asked(emu) == [("delete_source", "team-a")]
    assert [there(emu, connection) for connection in state] == [["acme/handbook"], [], ["acme/handbook"]]


def test_a_name_is_looked_at_before_anything_is_asked(emu: RunningEmulator) -> None:
    """A wrong one fails at preview, with preflight or without, and so does one that isn't known yet."""
    for config in (None, {"preflight": "false"}):
        with process(emu, config=config) as preview:
            for given, reason in (
                ("c", 'no setting names "c" (known: "a", "b", "b-rotated")'),
                (unknown(), "must be known at preview"),
                (5, "must be a text"),
            ):
                found = preview.provider.check({}, {**repository(), "connection": given, "__provider": "x"})
                failures = {each.property: each.reason for each in found.failures}
                assert failures.keys() == {"connection"} and failures["connection"].startswith(reason)
    assert asked(emu) == []


def test_every_resource_has_it(emu: RunningEmulator) -> None:
    """Where the connection of a state isn't set any more, that is said, and nothing is taken for gone."""
    source_id, _ = source = made(emu, repository("a"))
    run = {"name": "docs", "source_id": source_id, "target_collection_name": "handbook-1", "connection": "a"}
    objects = {"name": "docs", "source_id": bucket(emu, "a"), "keys": ["one"], "connection": "a"}
    states = {
        SourceProvider: (*source, repository("a")),
        SourceSetProvider: (*made(emu, a_set("a", "one"), SourceSetProvider), a_set("a", "one")),
        InvocationProvider: (*made(emu, run, InvocationProvider), run),
        InvocationsProvider: (*made(emu, objects, InvocationsProvider), objects),
    }
    emu.control.clear_requests()
    for provider, (object_id, outputs, inputs) in states.items():
        assert outputs["connection"] == "a"
        with process(emu, provider, without="a") as later:
            with pytest.raises(ValueError, match='property connection: no setting names "a"'):
                later.check(inputs, outputs)
            with pytest.raises(ConfigError, match='connection: no setting names "a"'):
                later.read(object_id, outputs)
            if provider in (SourceProvider, SourceSetProvider):
                with pytest.raises(ConfigError, match='connection: no setting names "a"'):
                    later.delete(object_id, outputs)
            else:
                later.delete(object_id, outputs)  # it is over, so there is nothing to cancel
    assert asked(emu) == []


def test_without_a_key_of_its_own_a_connection_has_none(emu: RunningEmulator) -> None:
    """Never the plain one; and a wrong one is told as its own."""
    with process(
        emu, config={"c.database": "plain", "d.apiKey": "ck-wrong", "d.database": "docs"}
    ) as preview:
        with pytest.raises(ValueError, match=r"^property c\.apiKey: no API key is set; .*CHROMA_API_KEY_C$"):
            preview.check(repository("c"))
        with pytest.raises(
            ValueError, match=r"^property d\.apiKey: the service refused .*chroma-sync:d\.apiKey"
        ):
            preview.check(repository("d"))
        with pytest.raises(ValueError, match='no database "nope" for the API key of connection "a"'):
            preview.check(repository("a", database_name="nope"))


def test_no_connections_secret_is_told_by_another(emu: RunningEmulator) -> None:
    """A service that quotes any key: all of the process are masked, whichever asked."""
    body = {"error": "InternalError", "message": f"keys {' '.join(KEYS.values())} {emu.api_key} done"}
    emu.control.fault("list_sources", "respond", status=400, body=body, times=0)
    with process(emu) as up:
        for connection in (None, "a"):
            up.check(repository(connection))
            with pytest.raises(ChromaSyncError) as caught:
                up.create({**repository(connection), "database_name": "docs"})
            assert "keys [secret] [secret] [secret] [secret] done" in str(caught.value)
    assert "done" in up.text and not any(key in up.text for key in (*KEYS.values(), emu.api_key))


# Another connection for the same source.


def test_another_name_or_key_of_the_same_account_is_an_update_without_a_request(emu: RunningEmulator) -> None:
    """Nothing is replaced: the new one sees the source. The old one need not be there any more."""
    source_id, outputs = made(emu, repository("b"))
    for without in ("", "b"):
        with process(emu, without=without) as up:
            emu.control.clear_requests()
            inputs = up.check(repository("b-rotated"), outputs)
            change = up.diff(source_id, outputs, inputs)
            assert (change.changes, change.replaces) == (True, [])
            assert ("get_source", "team-b") in asked(emu)
            assert up.update(source_id, outputs, inputs) == {**outputs, "connection": "b-rotated"}
            changing = {"create_source", "delete_source"}
            assert not changing & {operation for operation, _ in asked(emu)}


def test_what_is_found_out_of_two_connections_holds_for_all(emu: RunningEmulator) -> None:
    """A hundred sources are not a hundred questions; and the same key by two names is none."""
    state = [made(emu, repository("b", str(number))) for number in range(3)]
    with process(emu, config={"b-again.apiKey": KEYS["b"], "b-again.database": "docs"}) as preview:
        for connection, questions in (("b-rotated", 1), ("b-again", 0)):
            emu.control.clear_requests()
            for number, (source_id, outputs) in enumerate(state):
                news = {**repository(connection, str(number)), "database_name": "docs"}
                assert preview.diff(source_id, outputs, news).replaces == []
            assert [operation for operation, _ in asked(emu)] == ["get_source"] * questions


def test_another_account_is_a_replacement(emu: RunningEmulator) -> None:
    """The preview says so; the old one is deleted with the connection that the state names."""
    source_id, outputs = made(emu, repository("a"))
    with process(emu) as up:
        inputs = up.check(repository("b"), outputs)
        change = up.diff(source_id, outputs, inputs)
        assert (change.replaces, change.delete_before_replace) == (["connection"], True)
        assert (
            f'connection "b" is of another account, which has no source {source_id}. An up deletes it with '
            'connection "a" and creates one there'
        ) in up.text
        up.delete(source_id, outputs)
        _, now = up.create(inputs)
    assert (there(emu, "a"), there(emu, "b"), now["connection"]) == ([], ["acme/handbook"], "b")


def test_from_the_plain_settings_to_a_connection_and_back(emu: RunningEmulator) -> None:
    """A state of before has none; the plain account is an account like any other."""
    source_id, outputs = made(emu, {**repository(), "database_name": "plain"})
    plain = {**repository(), "database_name": "plain"}
    with process(emu, config={"same.apiKey": emu.api_key}) as preview:
        preview.check(plain, outputs)
        assert preview.diff(source_id, outputs, {**plain, "connection": "same"}).replaces == []
        assert preview.diff(source_id, {**outputs, "connection": "same"}, plain).replaces == []
        assert preview.diff(source_id, outputs, {**plain, "connection": "a"}).replaces == ["connection"]
        assert "deletes it with the plain connection" in preview.text


def test_a_source_that_nobody_sees_is_made_anew(emu: RunningEmulator) -> None:
    """Deleted by hand and moved to another account at once: the program wants one there."""
    source_id, outputs = made(emu, repository("a"))
    outputs["created_at"] = "2020-01-01T00:00:00Z"  # it isn't so young that the service may not show it yet
    with emu.client(KEYS["a"]) as client:
        client.delete(f"/api/v1/sources/{source_id}").raise_for_status()
    with process(emu) as up:
        assert up.diff(source_id, outputs, up.check(repository("b"), outputs)).replaces == ["connection"]
        up.delete(source_id, outputs)
        assert "was already gone" in up.text


@pytest.mark.parametrize("more", [{}, {"chunking": {"type": "lines"}}])
def test_a_source_can_only_leave_with_the_connection_that_made_it(emu: RunningEmulator, more: Bag) -> None:
    """One that isn't set any more is an error of the preview, and not of the up in the middle."""
    source_id, outputs = made(emu, repository("a"))
    with process(emu, without="a") as preview:
        inputs = preview.check(repository("b", **more), outputs)
        with pytest.raises(ConfigError) as caught:
            preview.diff(source_id, outputs, inputs)
    told = str(caught.value)
    assert told.startswith(
        f'move source {source_id} ("github acme/handbook" in database "docs"): connection: '
    )
    assert 'no setting names "a"' in told and "Set it again until the source has gone" in told


def test_a_source_that_changes_as_well_needs_the_connection_that_made_it(emu: RunningEmulator) -> None:
    """Also where the new one is of the same account: the state names the one that deletes the old source."""
    source_id, outputs = made(emu, repository("b"))
    news = repository("b-rotated", chunking={"type": "lines"})
    with process(emu, without="b") as preview:
        inputs = preview.check(news, outputs)
        with pytest.raises(ConfigError, match="(?s)^move source .*change the name first, the rest after"):
            preview.diff(source_id, outputs, inputs)
    with process(emu) as up:
        assert up.diff(source_id, outputs, up.check(news, outputs)).replaces == ["chunking"]


def test_a_service_that_fails_decides_nothing(emu: RunningEmulator) -> None:
    """Whether it is another account can't be asked: no replacement is shown."""
    source_id, outputs = made(emu, repository("a"))
    emu.control.fault("get_source", "respond", status=404, body="<html>", times=0)
    with process(emu) as preview:
        inputs = preview.check(repository("b"), outputs)
        with pytest.raises(ChromaSyncError, match=f"^move source {source_id} "):
            preview.diff(source_id, outputs, inputs)


def test_two_entries_of_one_source_are_known_across_connections(emu: RunningEmulator) -> None:
    """Two connections of one account: what one resource has, another can't take, nor delete from under it."""
    source_id, outputs = made(emu, repository("b"))
    adopting = repository("b-rotated", on_conflict="adopt")
    with process(emu) as up:
        up.diff(source_id, outputs, up.check(repository("b"), outputs))
        with pytest.raises(ChromaSyncError, match="another resource of this program has it"):
            up.create(up.check(adopting))
    with process(emu) as up:
        taken, second = up.create(up.check(adopting))
        assert taken == source_id
        up.delete(source_id, outputs)
        assert f"kept source {source_id}: another resource of this stack has it" in up.text
    assert there(emu, "b") == ["acme/handbook"] and second["connection"] == "b-rotated"


def test_a_source_that_is_read_alone_is_read_with_its_connection(emu: RunningEmulator) -> None:
    """``Source.get``: as the engine reads it in an up, and in a refresh."""
    source_id, _ = made(emu, repository("a"))
    with process(emu) as up:
        found, outputs, _ = up.read(source_id, {"connection": "a"})
        assert found == source_id and outputs["connection"] == "a"
        assert up.read(source_id, outputs)[0] == source_id
        with pytest.raises(ChromaSyncError, match="no such source"):
            up.read(source_id, {})


# Sets.


def a_set(connection: str | None, *names: str, **more: Any) -> Bag:
    """Inputs of a set with these repositories."""
    named = {} if connection is None else {"connection": connection}
    sources = {name: {"github": {"repository": f"acme/{name}"}} for name in names}
    return {"name": "docs", "sources": sources, **named, **more}


def test_a_set_moves_key_by_key(emu: RunningEmulator) -> None:
    """To another account each source by itself: what fails stays where it was, and the next up goes on."""
    set_id, outputs = made(emu, a_set("a", "one", "two"), SourceSetProvider)
    assert outputs["connection"] == "a" and there(emu, "a") == ["acme/one", "acme/two"]
    with process(emu, SourceSetProvider) as up:
        inputs = up.check(a_set("b", "one", "two"), outputs)
        assert up.diff(set_id, outputs, inputs).replaces == []
        assert "an up replaces 2 (one: connection, two: connection), old first" in up.text
        emu.control.fault("delete_source", "respond", status=403, match=outputs["source_ids"]["two"])
        halfway = up.update(set_id, outputs, inputs)
    assert halfway["failures"].keys() == {"two"}
    assert (there(emu, "a"), there(emu, "b")) == (["acme/two"], ["acme/one"])
    with process(emu, SourceSetProvider) as refresh:
        _, halfway, _ = refresh.read(set_id, halfway)
    assert halfway["source_ids"].keys() == {"one", "two"} and halfway["drifted"] == {}
    with process(emu, SourceSetProvider) as up:
        inputs = up.check(a_set("b", "one", "two"), halfway)
        assert up.diff(set_id, halfway, inputs).changes
        whole = up.update(set_id, halfway, inputs)
    assert (whole["failures"], there(emu, "a")) == ({}, [])
    assert there(emu, "b") == ["acme/one", "acme/two"]
    with process(emu, SourceSetProvider) as destroy:
        destroy.delete(set_id, whole)
    assert there(emu, "b") == []


def test_a_set_that_is_half_in_the_plain_account_is_destroyed_whole(emu: RunningEmulator) -> None:
    """A source whose move failed has no connection, in a set that has one."""
    before = a_set(None, "one", "two", database_name="plain")
    set_id, outputs = made(emu, before, SourceSetProvider)
    with process(emu, SourceSetProvider) as up:
        inputs = up.check(a_set("a", "one", "two", database_name="plain"), outputs)
        emu.control.fault("delete_source", "respond", status=403, match=outputs["source_ids"]["two"])
        up.diff(set_id, outputs, inputs)
        halfway = up.update(set_id, outputs, inputs)
    assert (there(emu, None), there(emu, "a")) == (["acme/two"], ["acme/one"])
    with process(emu, SourceSetProvider) as destroy:
        destroy.delete(set_id, halfway)
    assert (there(emu, None), there(emu, "a")) == ([], [])


def test_a_set_with_another_key_of_its_account_stays(emu: RunningEmulator) -> None:
    """No source is touched, one is asked for."""
    set_id, outputs = made(emu, a_set("b", *"wxyz"), SourceSetProvider)
    with process(emu, SourceSetProvider) as up:
        inputs = up.check(a_set("b-rotated", *"wxyz"), outputs)
        emu.control.clear_requests()
        assert up.diff(set_id, outputs, inputs).changes
        now = up.update(set_id, outputs, inputs)
        assert asked(emu) == [("get_source", "team-b")]
        assert now["source_ids"] == outputs["source_ids"] and now["connection"] == "b-rotated"
        assert up.diff(set_id, now, inputs).changes is False


def test_a_sets_sources_have_its_connection(emu: RunningEmulator) -> None:
    """One of them can't name another."""
    with process(emu, SourceSetProvider) as preview:
        inputs = a_set("a", "one")
        inputs["sources"]["one"]["connection"] = "b"
        with pytest.raises(ValueError, match=r'^property sources\["one"\]\.connection: belongs to the set'):
            preview.check(inputs)


# Runs.


def test_a_run_is_one_of_its_connections_source(emu: RunningEmulator) -> None:
    """The source has to be seen; another key of the account is an update, another account a clear failure."""
    source_id, _ = made(emu, repository("b"))
    run = {"name": "docs", "source_id": source_id, "target_collection_name": "handbook-1", "connection": "b"}
    run_id, outputs = made(emu, run, InvocationProvider)
    assert (outputs["status"], outputs["connection"]) == ("complete", "b")
    with process(emu, InvocationProvider) as up:
        with pytest.raises(ValueError, match='source_id: .* not for the API key of connection "a"'):
            up.check({**run, "connection": "a"}, outputs)
        with pytest.raises(ValueError, match="source_id: .* not for this API key"):
            up.check({name: value for name, value in run.items() if name != "connection"}, outputs)
        inputs = up.check({**run, "connection": "b-rotated"}, outputs)
        change = up.diff(run_id, outputs, inputs)
        assert (change.changes, change.replaces) == (True, [])
        assert up.update(run_id, outputs, inputs)["connection"] == "b-rotated"
        assert up.read(run_id, {"connection": "b"})[1]["connection"] == "b"
    assert len(emu.control.requests("create_invocation")) == 1


def test_many_runs_are_of_their_connections_source(emu: RunningEmulator) -> None:
    """As one run is."""
    runs = {"name": "docs", "source_id": bucket(emu, "b"), "keys": ["one"], "connection": "b"}
    runs_id, outputs = made(emu, runs, InvocationsProvider)
    with process(emu, InvocationsProvider) as up:
        with pytest.raises(ValueError, match='source_id: .* not for the API key of connection "a"'):
            up.check({**runs, "connection": "a"}, outputs)
        inputs = up.check({**runs, "connection": "b-rotated"}, outputs)
        change = up.diff(runs_id, outputs, inputs)
        assert (change.changes, change.replaces) == (True, [])
        assert up.update(runs_id, outputs, inputs)["connection"] == "b-rotated"
    assert len(emu.control.requests("create_invocation")) == 1


def test_an_upload_is_one_of_its_account(
    emu: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same file into two accounts is two uploads; another key of one is none, another account another."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "guide.md").write_text("hello")
    file = {"name": "guide", "file": str(tmp_path / "guide.md"), "collection_name": "files"}
    run_id, outputs = made(emu, {**file, "connection": "b"}, FileUploadProvider)
    assert made(emu, {**file, "connection": "a"}, FileUploadProvider)[0] != run_id
    with process(emu, FileUploadProvider) as up:
        inputs = up.check({**file, "connection": "b-rotated"}, outputs)
        assert up.diff(run_id, outputs, inputs).replaces == []
        assert up.update(run_id, outputs, inputs)["connection"] == "b-rotated"
        emu.control.clear_requests()
        inputs = up.check({**file, "connection": "a"}, outputs)
        assert up.diff(run_id, outputs, inputs).replaces == ["connection"]
        up.create(inputs)
        up.delete(run_id, outputs)
    assert [tenant for operation, tenant in asked(emu) if operation == "add_file"] == ["team-a"]


def test_what_a_killed_upload_left_behind_is_its_accounts_alone(
    emu: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same file into another account is uploaded; the next up of the first continues with its own run."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "guide.md").write_text("hello")
    file = {"name": "guide", "file": str(tmp_path / "guide.md"), "collection_name": "files"}
    emu.control.settings(invocations="manual")

    def kill(*_: Any) -> None:
        # As the end of a process does: locks go, and nothing is tidied up.
        patch.setattr(records.Claim, "close", lambda self, **_: self._file.close())
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, process(emu, FileUploadProvider) as killed:
        patch.setattr("pulumi_chroma_sync.kinds.invocation.watching.watch", kill)
        with pytest.raises(KeyboardInterrupt):
            killed.create(killed.check({**file, "connection": "a"}))
    for connection in ("b", "a"):
        with process(emu, FileUploadProvider) as again:
            again.create(again.check({**file, "connection": connection, "wait": False}))
    uploads = [tenant for operation, tenant in asked(emu) if operation == "add_file"]
    assert uploads == ["team-a", "team-b"]


def test_another_thread_is_not_taken_for_the_plain_account(emu: RunningEmulator) -> None:
    """Who asks for settings or a session outside of a call says for which properties."""
    with process(emu) as up:
        up.check(repository("a"))
        with pytest.raises(LookupError):
            up.provider._settings  # noqa: B018
    found: list[BaseException] = []

    def ask() -> None:
        try:
            Process(emu.url, emu.api_key).provider._settings  # noqa: B018
        except LookupError as error:
            found.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert len(found) == 1
