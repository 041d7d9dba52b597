"""Several accounts: which settings a connection has, which it shares, and what is said of a wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_chroma_sync.core.connections import Connections
from pulumi_chroma_sync.errors import ConfigError
from pulumi_chroma_sync.settings import DEFAULT_API_URL, OF_A_CONNECTION, Settings, variable_of

PLAIN = {
    "apiKey": "ck-plain",
    "url": "https://plain.acme.com",
    "database": "plain",
    "tenant": "plain-team",
    "apiUrl": "https://api.plain.acme.com",
    "timeout": "11",
    "retries": "1",
    "deadline": "12",
    "settle": "13",
    "preflight": "false",
    "parallel": "14",
}
OWN = {
    "apiKey": "ck-own",
    "url": "https://own.acme.com",
    "database": "own",
    "tenant": "own-team",
    "apiUrl": "https://api.own.acme.com",
    "timeout": "21",
    "retries": "2",
    "deadline": "22",
    "settle": "23",
    "preflight": "true",
}


def connections(stack: dict[str, Any] | None = None, **environ: str) -> Connections:
    """Those of this stack configuration, given without the namespace, and of this environment."""
    raw = {f"chroma-sync:{name}": value for name, value in (stack or {}).items()}
    return Connections(raw.get, raw, environ)


def settings(found: Connections, name: str | None = "team-b") -> Settings:
    """The settings of a connection that has some."""
    at = found.at(name)
    assert at.error is None and at.settings is not None, at.error
    return at.settings


def error(found: Connections, name: object = "team-b") -> ConfigError:
    """Why it has none."""
    at = found.at(name)
    assert at.settings is None and at.error is not None
    return at.error


def shown(found: Settings) -> dict[str, str]:
    """Settings by name, as they were written."""
    values = found.model_dump(by_alias=True) | {"apiKey": found.api_key and found.require_key()}
    values["preflight"] = str(found.preflight).lower()
    return {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in values.items()}


def test_a_connection_has_every_setting_of_its_own_but_what_is_the_processs() -> None:
    """From the stack, and from the environment; the plain ones stay what they are."""
    assert OWN.keys() == set(OF_A_CONNECTION)
    for whole in (
        connections({**PLAIN, **{f"team-b.{name}": value for name, value in OWN.items()}}),
        connections(PLAIN, **{variable_of(name, "team-b"): value for name, value in OWN.items()}),
    ):
        assert shown(settings(whole)) == {**OWN, "parallel": "14", "connection": "team-b"}
        assert shown(settings(whole, None)) == {**PLAIN, "connection": "None"}


def test_a_key_a_database_and_a_tenant_are_never_another_connections() -> None:
    """All other settings fall back to the plain ones, of the stack or of the environment."""
    bare = {"team-b.settle": "5"}
    for whole in (
        connections({**PLAIN, **bare}),
        connections(bare, **{variable_of(name): value for name, value in PLAIN.items()}),
    ):
        found = settings(whole)
        assert found.api_key is None and found.database is None and found.tenant is None
        nothing = dict.fromkeys(("apiKey", "database", "tenant"), "None")
        expected = {**PLAIN, **nothing, "settle": "5", "connection": "team-b"}
        assert shown(found) == expected
    with pytest.raises(ConfigError) as caught:
        found.require_key()
    assert caught.value.setting == "team-b.apiKey"
    assert caught.value.reason == (
        "no API key is set; set it with `pulumi config set chroma-sync:team-b.apiKey --secret` or "
        "CHROMA_API_KEY_TEAM_B"
    )


def test_what_is_a_connections_own_wins_wherever_it_stands() -> None:
    """Its stack value, its variable, then the plain ones in the same order."""
    environ = {"CHROMA_SYNC_TIMEOUT_TEAM_B": "2", "CHROMA_SYNC_TIMEOUT": "4", "CHROMA_API_KEY_TEAM_B": "ck-b"}
    stack = {"team-b.timeout": "1", "timeout": "3"}
    assert settings(connections(stack, **environ)).timeout == 1
    assert settings(connections({"timeout": "3"}, **environ)).timeout == 2
    del environ["CHROMA_SYNC_TIMEOUT_TEAM_B"]
    assert settings(connections({"timeout": "3"}, **environ)).timeout == 3
    assert settings(connections({"team-b.timeout": " ", "timeout": ""}, **environ)).timeout == 4


API_URLS: dict[str, tuple[dict[str, str], str | None]] = {
    "nothing is set": ({}, DEFAULT_API_URL),
    "an emulator answers both": ({"url": "http://127.0.0.1:8000/api/v1"}, "http://127.0.0.1:8000"),
    "an address of somebody else": ({"url": "https://sync.acme.com"}, None),
    "and the one that belongs to it": (
        {"url": "https://sync.acme.com", "apiUrl": "https://api.acme.com/api/v2/auth/identity"},
        "https://api.acme.com",
    ),
    "an address of its own alone": (
        {
            "url": "https://sync.acme.com",
            "apiUrl": "https://api.acme.com",
            "team-b.url": "http://localhost:1",
        },
        "http://localhost:1",
    ),
    "the other one of its own": (
        {"url": "https://sync.acme.com", "team-b.apiUrl": "https://b.acme.com"},
        "https://b.acme.com",
    ),
    "none of its own": (
        {"url": "https://sync.acme.com", "apiUrl": "https://api.acme.com"},
        "https://api.acme.com",
    ),
}


@pytest.mark.parametrize("name", API_URLS)
def test_a_key_goes_to_no_other_address_than_was_said(name: str) -> None:
    """The vendor's public API is asked with a key for the vendor's service, and with no emulator's."""
    stack, expected = API_URLS[name]
    assert settings(connections({**stack, "team-b.apiKey": "ck-b"})).api_url == expected


def test_an_object_in_the_configuration_is_read_too() -> None:
    """``pulumi config set --path`` makes one; a key by itself wins over it."""
    for value in ({"apiKey": "ck-b", "settle": 3}, '{"apiKey": "ck-b", "settle": 3}'):
        whole = connections({"team-b": value, "database": '{"odd": 1}', "team-b.retries": "7"})
        found = settings(whole)
        assert (found.require_key(), found.settle, found.retries) == ("ck-b", 3, 7)
        assert (whole.names, whole.secrets) == (["team-b"], {"ck-b"})
    assert settings(connections({"team-b": {"settle": 3}, "team-b.settle": "4"})).settle == 4


def test_the_names_are_those_that_something_names() -> None:
    """A setting of the stack, or an API key of the environment; an empty one or a strange one is none."""
    whole = connections(
        {"team-b.database": "b", "c": {"apiKey": "ck-c"}, "Team_D.apiKey": "ck-d", "apiKey": "ck"},
        CHROMA_API_KEY_TEAM_E="ck-e",
        CHROMA_API_KEY_team_f="ck-f",
        CHROMA_API_KEY_EMPTY=" ",
        CHROMA_API_KEY_A__B="ck-ab",
        CHROMA_DATABASE_NAME="postgres",
    )
    assert whole.names == ["c", "team-b", "team-e"]
    assert whole.secrets == {"ck", "ck-c", "ck-e"}


WRONG: dict[str, tuple[object, str]] = {
    "one that nothing names": (
        "team-c",
        'no setting names "team-c" (known: "prod", "team-a", "team-b"). To make it one: '
        "`pulumi config set chroma-sync:team-c.apiKey --secret` or CHROMA_API_KEY_TEAM_C",
    ),
    "nearly one": (
        "prd",
        'no setting names "prd"; did you mean "prod"? (known: "prod", "team-a", "team-b"). ',
    ),
    "another spelling": ("Team_B", "must be lower-case letters, digits and single dashes"),
    "nothing": ("", "must be lower-case letters, digits and single dashes"),
    "a line break": ("team-b\n", "must be lower-case letters, digits and single dashes"),
    "no text": (5, "must be a text"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_name_is_told_with_the_known_ones(name: str) -> None:
    """At the property ``connection``."""
    given, sentence = WRONG[name]
    whole = connections({"team-a.apiKey": "ck-a", "prod.url": "x"}, CHROMA_API_KEY_TEAM_B="ck-b")
    found = error(whole, given)
    assert found.setting == "connection" and found.reason.startswith(sentence)
    assert str(found) == f"connection: {found.reason}" and "ck-" not in str(found)


def test_where_there_is_none_that_is_said() -> None:
    """With how to make one."""
    assert error(connections({"apiKey": "ck"})).reason.startswith('no setting names "team-b" (known: none). ')


MISSPELT: dict[str, tuple[dict[str, Any], str, str]] = {
    "another case": ({"team-b.apikey": "ck-b"}, "team-b.apikey", "unknown; did you mean apiKey?"),
    "in an object": ({"team-b": {"api_key": "ck-b"}}, "team-b.api_key", "unknown; did you mean apiKey?"),
    "one of the process": (
        {"team-b.parallel": "4"},
        "team-b.parallel",
        "is for the whole process: set chroma-sync:parallel",
    ),
    "nothing like it": ({"team-b.x": "4"}, "team-b.x", f"unknown; known here: {', '.join(OF_A_CONNECTION)}"),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_a_setting_that_there_is_not_is_told(name: str) -> None:
    """And not passed over: a key that is looked for under another name would seem not to be set."""
    stack, setting, reason = MISSPELT[name]
    found = error(connections(stack))
    assert (found.setting, found.reason) == (setting, reason)


def test_a_malformed_setting_is_named_by_where_it_stands() -> None:
    """The connection's own, or the plain one that it falls back to; the others go on working."""
    whole = connections({"team-b.timeout": "soon"}, CHROMA_API_KEY_TEAM_A="ck-a")
    assert error(whole).setting == "team-b.timeout"
    assert str(error(whole)).endswith("(from chroma-sync:team-b.timeout)")
    assert settings(whole, "team-a").require_key() == "ck-a"
    plain = error(connections({}, CHROMA_SYNC_TIMEOUT="soon", CHROMA_API_KEY_TEAM_B="ck-b"))
    assert plain.setting == "timeout" and str(plain).endswith("(from CHROMA_SYNC_TIMEOUT)")
    own = error(connections({}, CHROMA_API_KEY_TEAM_B="'ck-b'"))
    assert own.setting == "team-b.apiKey" and "ck-b" not in str(own)


def test_settings_are_found_where_nobody_tells_their_names() -> None:
    """An SDK that keeps the names of its configuration elsewhere costs the list of them alone."""
    raw = {"chroma-sync:team-b.apiKey": "ck-b", "chroma-sync:team-c": {"apiKey": "ck-c"}}
    whole = Connections(raw.get, (), {})
    assert settings(whole).require_key() == "ck-b" and settings(whole, "team-c").require_key() == "ck-c"
    assert error(whole, "team-x").reason.startswith('no setting names "team-x" (known: none). ')
