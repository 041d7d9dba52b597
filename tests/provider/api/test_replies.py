"""What a source's answer says: item by item, and kept where it isn't understood."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from pulumi_chroma_sync.api.replies import SourceReply

from .fakes import Database, client_of, item


def got(**fields: Any) -> SourceReply:
    """A source with these fields, as a list of one answers it."""
    [found] = client_of(Database([item(1, **fields)])).list_sources("demo").items
    return found


UNDERSTOOD: dict[str, dict[str, Any]] = {
    "as it is": {},
    "fields of a newer service": {"shoe_size": 43, "github": {"repository": "a/b", "branch": ["x"]}},
    "nulls": {"chunking": None, "embedding": None, "embedding_model": None, "created_at": None, "s3": None},
    "empty texts": {"chunking": "", "embedding": "", "web_scrape": "", "s3": "", "embedding_model": ""},
    "a model's bare name": {"embedding_model": "Qwen/Qwen3-Embedding-0.6B"},
    "no database": {"database_name": None},
    "a number for a moment": {"created_at": 1767225600},
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_known_shape_is_understood(name: str) -> None:
    """Also where the service says more, or nothing."""
    found = got(**UNDERSTOOD[name])
    assert (found.id, found.kind, found.kind_name, found.problem) == ("s-1", "github", "github", None)
    assert found.body == item(1, **UNDERSTOOD[name])


OPAQUE: dict[str, tuple[dict[str, Any], str]] = {
    "embedding": ({"embedding": "hybrid-v2"}, "embedding: must be an object"),
    "kind": ({"github": "acme"}, "github: must be an object"),
    "list": ({"s3": []}, "s3: must be an object"),
    "false": ({"chunking": False}, "chunking: must be an object"),
    "number": ({"embedding_model": 7}, "embedding_model: must be an object"),
    "database": ({"database_name": 7}, "database_name: must be text"),
    "moment": ({"created_at": True}, "created_at: must be a moment"),
    "moments": ({"created_at": {}}, "created_at: must be a moment"),
}


@pytest.mark.parametrize("name", OPAQUE)
def test_an_unfamiliar_shape_is_kept_with_the_reason(name: str) -> None:
    """Its id and what was answered are there; GET of one says the same as the list."""
    fields, problem = OPAQUE[name]
    found = got(**fields)
    assert (found.id, found.problem, found.body) == ("s-1", problem, item(1, **fields))
    api = client_of(lambda _request: httpx.Response(200, json=item(1, **fields)))
    assert api.get_source("s-1") == found


@pytest.mark.parametrize(
    "thing", [None, 7, "s-1", [], {}, {"id": 7}, {"id": ""}, {"id": None}, {"id": "\ud800"}]
)
def test_an_item_without_an_id_does_not_hide_the_others(thing: Any) -> None:
    """It counts, has no id, and says why."""
    listed = client_of(Database([item(3), thing, item(2)])).list_sources("demo")
    assert [source.id for source in listed.items] == ["s-3", "", "s-2"] and listed.complete
    assert listed.items[1].problem is not None
    assert listed.items[1].body == (thing if isinstance(thing, dict) else {"": thing})


@pytest.mark.parametrize(
    ("fields", "kind", "name"),
    [
        ({"github": None, "s3": {"bucket_name": "b"}}, "s3", "s3"),
        ({"github": "", "web_scrape": {}}, "web_scrape", "web_scrape"),
        ({"github": None, "file_upload": {}}, None, "file_upload"),
        ({"github": None, "gitlab": {}}, None, "unknown"),
        ({"github": "acme"}, None, "unknown"),
    ],
)
def test_a_kind_is_told(fields: dict[str, Any], kind: str | None, name: str) -> None:
    """Three can be declared; an upload and what a newer service has can't."""
    assert (got(**fields).kind, got(**fields).kind_name) == (kind, name)


NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T13:00:00+01:00", NOON),
        ("2026-01-01 12:00:00", NOON),
        (NOON.timestamp(), NOON),
        (int(NOON.timestamp()), NOON),
        (int(NOON.timestamp() * 1000), NOON),
        (NOON.timestamp() + 0.5, NOON + timedelta(seconds=0.5)),
        (10**400, None),
        (-(10**15), None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_moment_is_read_in_any_form(value: Any, moment: datetime | None) -> None:
    """Text stays as it is; a number, of seconds or milliseconds, becomes text."""
    found = got(created_at=value)
    assert found.moment == moment and found.problem is None
    assert isinstance(found.created_at, str)
    if isinstance(value, str):
        assert found.created_at == value
    if moment is not None:
        assert found.moment is not None and found.moment.tzinfo is not None
