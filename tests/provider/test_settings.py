"""Settings: where they come from, what they may be, and what is never said of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.errors import ConfigError
from pulumi_chroma_sync.settings import DEFAULT_URL, Settings, is_loopback, load_settings

from .strategies import examples

KEY = "ck-a-key-for-tests"

VARIABLES = {
    "apiKey": "CHROMA_API_KEY",
    "url": "CHROMA_SYNC_URL",
    "database": "CHROMA_DATABASE",
    "tenant": "CHROMA_TENANT",
    "apiUrl": "CHROMA_API_URL",
    "timeout": "CHROMA_SYNC_TIMEOUT",
    "retries": "CHROMA_SYNC_RETRIES",
    "deadline": "CHROMA_SYNC_DEADLINE",
    "settle": "CHROMA_SYNC_SETTLE",
    "preflight": "CHROMA_SYNC_PREFLIGHT",
    "parallel": "CHROMA_SYNC_PARALLEL",
}
VALUES: dict[str, tuple[str, str, Any, Any]] = {
    "apiKey": ("ck-stack", "ck-env", "ck-stack", "ck-env"),
    "url": ("https://stack.acme.com", "https://env.acme.com/", "https://stack.acme.com", "https://env.acme.com"),
    "database": ("stack", "env", "stack", "env"),
    "apiUrl": ("https://a.com/api/v2", "https://b.com/", "https://a.com", "https://b.com"),
    "timeout": ("1.5", "2", 1.5, 2.0),
    "retries": ("1", "2", 1, 2),
    "deadline": ("10", "20", 10.0, 20.0),
    "settle": ("0", "5", 0.0, 5.0),
    "preflight": ("false", "true", False, True),
    "parallel": ("4", "64", 4, 64),
    "tenant": ("team-a", "team-b", "team-a", "team-b"),
}  # fmt: skip


def settings(stack: dict[str, Any] | None = None, **environ: str) -> Settings:
    """The settings of this stack configuration and this environment."""
    raw = {f"chroma-sync:{name}": value for name, value in (stack or {}).items()}
    return load_settings(raw.get, environ)


def value_of(found: Settings, name: str) -> Any:
    """A setting's value, the key in plain text."""
    return found.require_key() if name == "apiKey" else getattr(found, {"apiUrl": "api_url"}.get(name, name))


@pytest.mark.parametrize("name", VALUES)
def test_the_stack_wins_over_the_environment(name: str) -> None:
    """Either is enough; where both are set, the stack's is taken."""
    stack, environ, from_stack, from_environ = VALUES[name]
    assert value_of(settings({name: stack}), name) == from_stack
    assert value_of(settings({}, **{VARIABLES[name]: environ}), name) == from_environ
    assert value_of(settings({name: stack}, **{VARIABLES[name]: environ}), name) == from_stack


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("empty", [None, "", "  ", "\n"])
def test_an_empty_value_counts_as_absent(name: str, empty: str | None) -> None:
    """An empty stack value doesn't hide the environment's; both empty is the default."""
    _, environ, _, from_environ = VALUES[name]
    assert value_of(settings({name: empty}, **{VARIABLES[name]: environ}), name) == from_environ
    assert settings({name: empty}, **{VARIABLES[name]: empty or ""}) == settings()


def test_the_defaults() -> None:
    """As the documentation has them."""
    assert settings().model_dump() == {
        "connection": None,
        "api_key": None,
        "url": "https://sync.trychroma.com",
        "database": None,
        "tenant": None,
        "api_url": "https://api.trychroma.com",
        "timeout": 30.0,
        "retries": 4,
        "deadline": 120.0,
        "settle": 20.0,
        "preflight": True,
        "parallel": 32,
    }


def test_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is given."""
    monkeypatch.setenv("CHROMA_API_KEY", KEY)
    assert load_settings().require_key() == KEY


@pytest.mark.parametrize("name", VALUES)
def test_blanks_around_a_value_do_not_count(name: str) -> None:
    """A line break at the end of a pasted value is no part of it."""
    stack, _, from_stack, _ = VALUES[name]
    assert value_of(settings({name: f" {stack}\n"}), name) == from_stack


def test_without_a_key_the_error_says_how_to_set_one() -> None:
    """Both ways."""
    with pytest.raises(ConfigError) as caught:
        settings().require_key()
    assert caught.value.setting == "apiKey"
    how = "set it with `pulumi config set chroma-sync:apiKey --secret` or CHROMA_API_KEY"
    assert caught.value.reason == f"no API key is set; {how}"


@pytest.mark.parametrize("show", [repr, str, lambda found: found.model_dump_json(), lambda found: f"{found}"])
def test_no_form_of_the_settings_shows_the_key(show: Any) -> None:
    """It is masked in each."""
    assert KEY not in show(settings({"apiKey": KEY}))


URLS = {
    "https://sync.trychroma.com/": "https://sync.trychroma.com",
    "https://sync.trychroma.com/api/v1": "https://sync.trychroma.com",
    "https://sync.trychroma.com/api/v1/": "https://sync.trychroma.com",
    "https://sync.trychroma.com/api/v1/sources": "https://sync.trychroma.com",
    "https://proxy.acme.com/chroma/api/v1": "https://proxy.acme.com/chroma",
    "https://proxy.acme.com/api/v10": "https://proxy.acme.com/api/v10",
    "https://proxy.acme.com:8443/chroma/": "https://proxy.acme.com:8443/chroma",
    "http://localhost:8000": "http://localhost:8000",
    "http://LocalHost:8000": "http://LocalHost:8000",
    "http://emulator.localhost": "http://emulator.localhost",
    "http://127.0.0.1:41873": "http://127.0.0.1:41873",
    "http://127.8.8.8": "http://127.8.8.8",
    "http://[::1]:8000": "http://[::1]:8000",
}


@pytest.mark.parametrize("url", URLS)
def test_an_address_is_taken_without_its_last_slash_and_the_apis_own_path(url: str) -> None:
    """Plain http is for this machine alone."""
    assert settings({"url": url}).url == URLS[url]


PLAIN = "plain http would send the API key readable over the network; use https"
NO_URL = "is not a URL"
SHAPE = f"give an http(s) URL such as {DEFAULT_URL}"
REFUSED_URLS = {
    "http://sync.trychroma.com": PLAIN,
    "http://10.0.0.1": PLAIN,
    "http://127.0.0.1.evil.com": PLAIN,
    "http://localhost.evil.com": PLAIN,
    "http://notlocalhost": PLAIN,
    "http://0.0.0.0": PLAIN,
    "sync.trychroma.com": SHAPE,
    "ftp://sync.trychroma.com": SHAPE,
    "https://": SHAPE,
    "https://[::1": NO_URL,
    "https://a:99999": NO_URL,
    "https://a:port": NO_URL,
    "https://a\x7fb.com": NO_URL,
    "https://a.com/x\ny": NO_URL,
    "https://ä\u200d.com": NO_URL,
    "https://exa mple.com": "must not contain spaces",
    "https://u:pw@a.com": "must not contain a user or password; the API key has a setting of its own",
    "https://a.com/?": "must not contain a query or fragment",
    "https://a.com/?key=x": "must not contain a query or fragment",
    "https://a.com/#x": "must not contain a query or fragment",
}


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_an_address_that_would_fail_or_leak_is_refused(url: str) -> None:
    """With the rule and where it came from; the address itself, which may hold a password, is not said."""
    with pytest.raises(ConfigError) as caught:
        settings({}, CHROMA_SYNC_URL=url)
    assert (caught.value.setting, caught.value.reason) == (
        "url",
        f"{REFUSED_URLS[url]} (from CHROMA_SYNC_URL)",
    )


BAD: dict[str, list[Any]] = {
    "apiKey": ["ck a", "ck\nb", "ck\x00b", "cké", "ck\u2028b", 5, ["ck"]],
    "timeout": ["soon", "0", "-1", "3601", "nan", "inf", [], {}],
    "retries": ["1.5", "-1", "101", "many", []],
    "deadline": ["0", "86401", "x"],
    "settle": ["-1", "3601", "x"],
    "preflight": ["maybe", "2", {}],
    "parallel": ["0", "-4", "257", "1.5", "true", []],
    "database": [5, []],
    "url": [5, {}],
    "apiUrl": [5, {}, "http://10.0.0.1", "ftp://x", "https://u:pw@a.com"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in BAD for value in BAD[name]])
def test_a_malformed_setting_is_named_with_its_origin(name: str, value: Any) -> None:
    """One line; the value is never in it."""
    with pytest.raises(ConfigError) as caught:
        settings({name: value})
    message = str(caught.value)
    assert caught.value.setting == name
    assert message.startswith(f"chroma-sync:{name}: ") and message.endswith(f"(from chroma-sync:{name})")
    assert "\n" not in message
    assert not isinstance(value, str) or len(value) < 2 or value not in message.replace(name, "")


@examples(150)
@given(st.sampled_from(sorted(VARIABLES)), st.text(min_size=1, max_size=20), st.booleans())
def test_no_setting_crashes_or_is_quoted(name: str, value: str, from_stack: bool) -> None:
    """Any text is taken, also by the client, or refused with a ConfigError that doesn't repeat it."""
    marked = f"{value}{'8765' * 5}{value}"
    try:
        found = settings({name: marked}) if from_stack else settings({}, **{VARIABLES[name]: marked})
    except ConfigError as error:
        assert "8765" not in str(error) and error.__cause__ is None and error.__suppress_context__
    else:
        SyncClient(found).close()


@examples(150)
@given(st.text(st.sampled_from("ahtps:/.[]@?#%-_1\\é\u200d ~*"), max_size=12))
def test_what_settings_take_as_address_the_client_takes(rest: str) -> None:
    """An address fails as a setting, with a name, or not at all."""
    try:
        found = settings({"url": f"https://{rest}"})
    except ConfigError:
        return
    SyncClient(found).close()


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_a_key_in_quotes_is_told(quote: str) -> None:
    """A .env file that something read with its quotes; the key itself isn't said."""
    with pytest.raises(ConfigError) as caught:
        settings({}, CHROMA_API_KEY=f"{quote}{KEY}{quote}")
    assert caught.value.reason == "the API key is in quotes; give it without them (from CHROMA_API_KEY)"
    assert settings({"apiKey": f"{quote}{KEY}"}).require_key() == f"{quote}{KEY}"


def test_loopback_is_this_machine_alone() -> None:
    """Names and addresses."""
    assert all(map(is_loopback, ["localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "::1"]))
    assert not any(
        map(is_loopback, ["", "localhost.com", "mylocalhost", "0.0.0.0", "::", "10.0.0.1", "127.1"])
    )
