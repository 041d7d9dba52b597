"""Settings as people paste them: an address that is too long, a key in quotes."""

from __future__ import annotations

import pytest

from pulumi_chroma_sync.errors import ConfigError
from pulumi_chroma_sync.settings import load_settings


@pytest.mark.parametrize(
    "end", ["", "/", "/api/v1", "/api/v1/", "/api/v1//", "/api/v1/sources", "/api/v1/sources/"]
)
@pytest.mark.parametrize(
    "start", ["https://sync.acme.com", "https://acme.com/chroma", "http://127.0.0.1:8000"]
)
def test_the_apis_own_path_is_no_part_of_the_address(start: str, end: str) -> None:
    """It is copied with the address, and every request would be answered with 404."""
    assert load_settings(environ={"CHROMA_SYNC_URL": start + end}).url == start


@pytest.mark.parametrize("path", ["/api", "/api/v2", "/xapi/v1x", "/api/v1/other", "/myapi/v1"])
def test_another_path_is_left_alone(path: str) -> None:
    """A gateway may have any."""
    url = f"https://acme.com{path}"
    assert load_settings(environ={"CHROMA_SYNC_URL": url}).url == url


@pytest.mark.parametrize("quote", ['"', "'", "`"])
def test_a_key_in_quotes_is_told(quote: str) -> None:
    """What read the .env file took them for a part of the value; the key is not said."""
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={"CHROMA_API_KEY": f"{quote}ck-a-key{quote}"})
    assert caught.value.reason == "the API key is in quotes; give it without them (from CHROMA_API_KEY)"
    assert load_settings(environ={"CHROMA_API_KEY": f"ck{quote}key"}).require_key() == f"ck{quote}key"
