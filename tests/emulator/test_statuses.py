"""Refusals: the vendor's names, the contract's statuses, and those of the vendor's other services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator

GITHUB = {"database_name": "demo", "github": {"repository": "acme/handbook"}}
NOWHERE = "00000000-0000-4000-8000-000000000000"
SOURCES = "/api/v1/sources"
JSON = {"content-type": "application/json"}
FORM = {"database_name": "demo", "collection_name": "files"}
FILE = {"file": ("notes.txt", b"hello")}
LENGTH = {"x-upload-content-length": "5"}


@pytest.fixture(params=["contract", "strict"])
def statuses(request: pytest.FixtureRequest, emu: RunningEmulator) -> str:
    """Each of the two ways, one after the other."""
    emu.control.settings(statuses=request.param)
    return str(request.param)


def test_errors_have_the_vendors_names(client: httpx.Client, emu: RunningEmulator) -> None:
    """One of three by the status, and ChromaError for all others."""
    client.post(SOURCES, json=GITHUB)
    emu.control.add_tenant("default", "scoped", database="mine")
    answers = [
        client.post(SOURCES, json={}),
        client.get(f"{SOURCES}/{NOWHERE}"),
        client.get("/api/v1/nope"),
        client.get(SOURCES, headers={"x-chroma-token": "wrong"}),
        client.get(SOURCES, params={"database_name": "demo"}, headers={"x-chroma-token": "scoped"}),
        client.put(SOURCES),
        client.post(SOURCES, json=GITHUB),
    ]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
        (400, "InvalidArgumentError"),
        (404, "NotFoundError"),
        (404, "NotFoundError"),
        (401, "ChromaError"),
        (403, "ChromaError"),
        (405, "ChromaError"),
        (409, "ChromaError"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"github": {"repository": "acme/handbook"}},
        {**GITHUB, "database_name": 1},
        {**GITHUB, "colour": "red"},
        {**GITHUB, "github": {}},
        {**GITHUB, "chunking": {"type": "words"}},
        {**GITHUB, "chunking": {}},
        {**GITHUB, "chunking": {"type": "lines", "max_lines": -1}},
        {**GITHUB, "chunking": {"type": "lines", "max_lines": 8.0}},
        {**GITHUB, "embedding": {"dense": {"model": "other"}}},
        [],
    ],
)
def test_a_bad_shape_is_422_where_statuses_are_strict(client: httpx.Client, statuses: str, body: Any) -> None:
    """A field is missing, not known, of another type, or not among its values; 400 by the contract."""
    answer = client.post(SOURCES, json=body)
    assert (answer.status_code, answer.json()["error"]) == {
        "contract": (400, "InvalidArgumentError"),
        "strict": (422, "ChromaError"),
    }[statuses]


@pytest.mark.parametrize(
    "body",
    [
        "{",
        '{"database_name": "demo"}',
        '{"database_name": "demo", "github": {"repository": "acme"}}',
        '{"database_name": "demo", "github": {"repository": "a/b", "include_globs": ["a", "a"]}}',
        '{"database_name": "demo", "web_scrape": {"starting_url": "docs.acme.com"}}',
    ],
)
def test_broken_json_and_broken_rules_are_400_in_every_mode(
    client: httpx.Client, statuses: str, body: str
) -> None:
    """What is no question of the shape."""
    answer = client.post(SOURCES, content=body, headers=JSON)
    assert (statuses, answer.status_code) == (statuses, 400)


def test_another_content_type_is_415_where_statuses_are_strict(client: httpx.Client, statuses: str) -> None:
    """For JSON and for the form; 400 by the contract."""
    json = client.post(SOURCES, content=b"{}", headers={"content-type": "text/plain"})
    form = client.post("/api/v1/add-file", json={}, headers=LENGTH)
    expected = 415 if statuses == "strict" else 400
    assert (json.status_code, form.status_code) == (expected, expected)


def test_a_body_that_is_too_large_is_413_where_statuses_are_strict(
    client: httpx.Client, statuses: str, emu: RunningEmulator
) -> None:
    """400 by the contract, and shown so among the requests."""
    answer = client.post(SOURCES, content=b" " * (9 * 2**20), headers=JSON)
    expected = 413 if statuses == "strict" else 400
    assert (answer.status_code, emu.control.requests()[-1]["status"]) == (expected, expected)


def test_a_source_over_the_quota_is_refused(
    client: httpx.Client, emu: RunningEmulator, statuses: str
) -> None:
    """400 by the contract, 422 where statuses are strict; another tenant's don't count, one less is room."""
    emu.control.settings(max_sources=2)
    emu.control.add_tenant("other", "other-key", ["demo"])
    with emu.client("other-key") as other:
        assert other.post(SOURCES, json=GITHUB).status_code == 201
    bodies = [{**GITHUB, "github": {"repository": f"acme/{number}"}} for number in range(3)]
    answers = [client.post(SOURCES, json=body) for body in bodies]
    expected = 422 if statuses == "strict" else 400
    assert [answer.status_code for answer in answers] == [201, 201, expected]
    assert answers[2].json()["message"].startswith("Quota exceeded: ")
    assert len(client.get(SOURCES).json()) == 2
    client.delete(f"{SOURCES}/{answers[0].json()['source_id']}")
    assert client.post(SOURCES, json=bodies[2]).status_code == 201


def test_the_control_api_answers_alike_in_every_mode(client: httpx.Client, statuses: str) -> None:
    """400: it is not what is tested."""
    assert client.put("/_emulator/settings", json={"speed": 1}).status_code == 400


def test_the_openapi_document_has_the_strict_statuses_where_they_are_answered(
    client: httpx.Client, statuses: str
) -> None:
    """A client that is made from it, or checked against it, meets nothing that it doesn't say."""
    paths = client.get("/openapi.json").json()["paths"]
    described = set(paths[SOURCES]["post"]["responses"]) & {"413", "415", "422"}
    assert described == ({"413", "415", "422"} if statuses == "strict" else set())


INTEGERS = [
    {"web_scrape": {"starting_url": "https://docs.acme.com/", "page_limit": 8.0}},
    {"web_scrape": {"starting_url": "https://docs.acme.com/", "max_depth": 8.0}},
    {"github": {"repository": "acme/handbook"}, "chunking": {"type": "tree_sitter", "max_size_bytes": 8.0}},
    {"github": {"repository": "acme/handbook"}, "chunking": {"type": "lines", "max_lines": 8.0}},
    {"s3": {"bucket_name": "b", "region": "r", "collection_name": "docs", "aws_credential_id": 8.0}},
]


@pytest.mark.parametrize("fields", INTEGERS)
def test_a_whole_number_with_a_fraction_is_no_integer(client: httpx.Client, fields: dict[str, Any]) -> None:
    """400, as the JSON readers of Rust and Go refuse 8.0; taken as 8 with integers=lenient."""
    body = {"database_name": "demo", **fields}
    refused = client.post(SOURCES, json=body)
    assert (refused.status_code, "integer" in refused.json()["message"]) == (400, True)
    client.put("/_emulator/settings", json={"integers": "lenient"})
    source_id = client.post(SOURCES, json=body).json()["source_id"]
    text = client.get(f"{SOURCES}/{source_id}").text
    assert ":8," in text or ":8}" in text
    assert ":8.0" not in text  # a moment may have 8.0 in it


def test_a_fraction_is_no_integer_in_any_mode(client: httpx.Client) -> None:
    """8.5 is 400 with integers=lenient too."""
    client.put("/_emulator/settings", json={"integers": "lenient"})
    fields = {"starting_url": "https://docs.acme.com/", "page_limit": 8.5}
    assert client.post(SOURCES, json={"database_name": "demo", "web_scrape": fields}).status_code == 400


def test_the_numbers_of_an_upload_are_integers_too(client: httpx.Client) -> None:
    """Those of its chunking, which is JSON in a field of the form."""
    form = {**FORM, "chunking": '{"type": "lines", "max_lines": 8.0}'}
    assert client.post("/api/v1/add-file", data=form, files=FILE, headers=LENGTH).status_code == 400
    client.put("/_emulator/settings", json={"integers": "lenient"})
    assert client.post("/api/v1/add-file", data=form, files=FILE, headers=LENGTH).status_code == 201


@pytest.fixture
def with_apps() -> Iterator[httpx.Client]:
    """Two GitHub apps are known."""
    with emulator(github_apps=["12", "acme-sync"]) as emu, emu.client() as client:
        yield client


@pytest.mark.parametrize(
    ("app_id", "status"), [("12", 201), ("acme-sync", 201), (None, 201), ("", 201), ("13", 404), ("1", 404)]
)
def test_an_unknown_github_app_is_not_found(with_apps: httpx.Client, app_id: str | None, status: int) -> None:
    """404 on creating, where apps were named; none at all is the vendor's own."""
    body = {"database_name": "demo", "github": {"repository": "acme/handbook", "app_id": app_id}}
    answer = with_apps.post(SOURCES, json=body)
    assert answer.status_code == status
    assert len(with_apps.get(SOURCES).json()) == (status == 201)


def test_any_github_app_is_there_where_none_is_named(client: httpx.Client) -> None:
    """Nobody registers apps here."""
    body = {"database_name": "demo", "github": {"repository": "acme/handbook", "app_id": "13"}}
    assert client.post(SOURCES, json=body).status_code == 201
