"""A service that fills defaults, or has a spelling of its own: no client may take either for a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator

Create = Callable[..., str]
SOURCES = "/api/v1/sources"
GITHUB = {"repository": "acme/handbook"}
WEB = {"starting_url": "https://docs.acme.com/"}
S3 = {"bucket_name": "papers", "region": "us-east-1", "collection_name": "papers", "aws_credential_id": 7}
TASK = {
    "task_name": "generic_retrieval",
    "document_prompt": "",
    "query_prompt": "Given a question, find the passages that answer it",
}
CODE = {"task_name": "code", "document_prompt": "d", "query_prompt": "q"}


def answers(client: httpx.Client, source_id: str) -> dict[str, Any]:
    """A source as GET has it, which is what the list has."""
    found: dict[str, Any] = client.get(f"{SOURCES}/{source_id}").json()
    assert found in client.get(SOURCES).json()
    return found


FILLED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"github": GITHUB}, {"github": {**GITHUB, "app_id": "", "include_globs": ["*"]}}),
    (
        {"web_scrape": WEB},
        {
            "web_scrape": {
                **WEB,
                "page_limit": 100,
                "max_depth": 10,
                "include_path_regexes": [],
                "exclude_path_regexes": [],
            }
        },
    ),
    (
        {"s3": S3},
        {
            "s3": {
                **S3,
                "path_prefix": "",
                "auto_sync": "none",
                "aws_access_key_id": None,
                "aws_secret_access_key": None,
            }
        },
    ),
    (
        {"github": GITHUB, "chunking": {"type": "lines"}},
        {"chunking": {"type": "lines", "max_lines": 10, "max_size_bytes": 4096}},
    ),
    ({"github": GITHUB}, {"chunking": {"type": "tree_sitter", "max_size_bytes": 4096}}),
    (
        {"github": GITHUB},
        {
            "embedding": {"dense": {"model": "Qwen/Qwen3-Embedding-0.6B", "task": TASK}, "sparse": None},
            "embedding_model": {"model": "Qwen/Qwen3-Embedding-0.6B", "task": TASK},
        },
    ),
]


@pytest.mark.parametrize(("sent", "answered"), FILLED)
def test_a_filling_service_answers_defaults_for_what_was_left_out(
    client: httpx.Client, create: Create, emu: RunningEmulator, sent: Any, answered: Any
) -> None:
    """By GET and in the list; the same source as before is then answered plainly again."""
    source_id = create(**sent)
    plain = answers(client, source_id)
    emu.control.settings(defaults="filled")
    filled = answers(client, source_id)
    assert {name: filled[name] for name in answered} == answered
    emu.control.settings(defaults="plain")
    assert answers(client, source_id) == plain


@pytest.mark.parametrize(
    "sent",
    [
        {
            "github": {**GITHUB, "app_id": "7", "include_globs": ["a", "b"]},
            "chunking": {"type": "lines", "max_lines": 3, "max_size_bytes": 5},
            "embedding": {
                "dense": {"model": "Qwen/Qwen3-Embedding-0.6B", "task": CODE},
                "sparse": {"model": "Chroma/BM25", "key": "words"},
            },
        },
        {
            "web_scrape": {
                **WEB,
                "page_limit": 0,
                "max_depth": 0,
                "include_path_regexes": ["^/a"],
                "exclude_path_regexes": [],
            }
        },
        {"s3": {**S3, "path_prefix": "a/", "auto_sync": "direct"}},
    ],
)
def test_a_filling_service_leaves_what_was_declared(
    client: httpx.Client, create: Create, emu: RunningEmulator, sent: Any
) -> None:
    """Zeroes and empty lists are declared too."""
    emu.control.settings(defaults="filled")
    found = answers(client, create(**sent))
    for name, fields in sent.items():
        assert {key: found[name][key] for key in fields} == fields


NORMAL: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"github": GITHUB}, {"github": {"repository": "https://github.com/acme/handbook", "app_id": ""}}),
    ({"github": {**GITHUB, "app_id": "123456"}}, {"github": {"app_id": 123456}}),
    ({"github": {**GITHUB, "app_id": "007"}}, {"github": {"app_id": "007"}}),
    ({"github": {**GITHUB, "app_id": "9" * 5_000}}, {"github": {"app_id": "9" * 5_000}}),
    ({"github": {**GITHUB, "app_id": "acme"}}, {"github": {"app_id": "acme", "include_globs": None}}),
    ({"web_scrape": {**WEB, "page_limit": 100}}, {"web_scrape": {"page_limit": "100", "max_depth": None}}),
    ({"web_scrape": {**WEB, "max_depth": 0}}, {"web_scrape": {"max_depth": "0"}}),
    (
        {"s3": {**S3, "path_prefix": "/2026/in/"}},
        {"s3": {"path_prefix": "2026/in", "aws_credential_id": "7", "aws_secret_access_key": ""}},
    ),
    ({"s3": S3}, {"s3": {"path_prefix": "", "bucket_name": "papers"}}),
    (
        {"github": GITHUB, "chunking": {"type": "lines", "max_size_bytes": 8192}},
        {"chunking": {"max_size_bytes": "8192", "max_lines": "10", "type": "lines"}},
    ),
]


@pytest.mark.parametrize(("sent", "answered"), NORMAL)
def test_a_normalising_service_answers_a_spelling_of_its_own(
    client: httpx.Client, create: Create, emu: RunningEmulator, sent: Any, answered: Any
) -> None:
    """By GET and in the list, and so it is kept: it stays when the mode is off again."""
    emu.control.settings(normalise="on")
    source_id = create(**sent)
    found = answers(client, source_id)
    for name, fields in answered.items():
        assert {key: found[name][key] for key in fields} == fields
    emu.control.settings(normalise="off")
    assert answers(client, source_id) == found


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("HTTPS://Docs.Acme.COM/Guide", "https://docs.acme.com/Guide"),
        ("https://docs.acme.com", "https://docs.acme.com/"),
        ("https://docs.acme.com?a=b", "https://docs.acme.com/?a=b"),
        ("https://docs.acme.com:443/a", "https://docs.acme.com/a"),
        ("http://docs.acme.com:80", "http://docs.acme.com/"),
        ("http://docs.acme.com:8080", "http://docs.acme.com:8080/"),
        ("https://bücher.example/ä?ö=ü", "https://xn--bcher-kva.example/%C3%A4?%C3%B6=%C3%BC"),
        ("https://docs.acme.com/a%20b", "https://docs.acme.com/a%20b"),
        ("https://docs.acme.com/a/../b", "https://docs.acme.com/b"),
        ("https://[::1]:443/", "https://[::1]/"),
        ("https://docs.acme.com/#top", "https://docs.acme.com/#top"),
    ],
)
def test_a_normalising_service_answers_addresses_as_a_browser_does(
    client: httpx.Client, create: Create, emu: RunningEmulator, sent: str, answered: str
) -> None:
    """``new URL(x).toString()``: what the vendor's own JavaScript makes of an address."""
    emu.control.settings(normalise="on")
    source_id = create(web_scrape={"starting_url": sent})
    assert answers(client, source_id)["web_scrape"]["starting_url"] == answered


@pytest.mark.parametrize("address", ["https://-bad-.ü\u200d/", "https://docs.acme.com:99999/"])
def test_a_normalising_service_leaves_an_address_that_it_cannot_read(
    client: httpx.Client, create: Create, emu: RunningEmulator, address: str
) -> None:
    """As it was sent, and no failure of the emulator."""
    emu.control.settings(normalise="on")
    source_id = create(web_scrape={"starting_url": address})
    assert answers(client, source_id)["web_scrape"]["starting_url"] == address


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"web_scrape": {"starting_url": "https://docs.acme.com"}}, {"web_scrape": WEB}),
        (
            {"web_scrape": {"starting_url": "https://bücher.example/"}},
            {"web_scrape": {"starting_url": "https://xn--bcher-kva.example"}},
        ),
        ({"s3": {**S3, "path_prefix": "in/"}}, {"s3": {**S3, "path_prefix": "/in"}}),
        ({"github": GITHUB}, {"github": {"repository": "ACME/Handbook"}}),
    ],
)
@pytest.mark.parametrize("unique", ["identity", "content"])
def test_a_normalising_service_finds_sources_equal_by_their_normal_form(
    client: httpx.Client, emu: RunningEmulator, one: Any, other: Any, unique: str
) -> None:
    """409 for another spelling of the same target, which is none where nothing is normalised."""
    plain = [
        client.post(SOURCES, json={"database_name": "demo", **fields}).status_code for fields in (one, other)
    ]
    by_case = "github" in one
    assert plain == [201, 409 if by_case else 201]
    emu.control.reset()
    emu.control.settings(normalise="on", unique=unique)
    again = [
        client.post(SOURCES, json={"database_name": "demo", **fields}).status_code for fields in (one, other)
    ]
    assert again == [201, 201 if by_case and unique == "content" else 409]


def test_a_source_from_before_is_answered_normalised_too(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """And so is what the control API changes, whose target then counts for the 409."""
    source_id = create(github=GITHUB)
    emu.control.settings(normalise="on")
    assert answers(client, source_id)["github"]["repository"] == "https://github.com/acme/handbook"
    emu.control.patch_source(source_id, github={"repository": "acme/other", "app_id": "9"})
    assert answers(client, source_id)["github"]["app_id"] == 9
    body = {"database_name": "demo", "github": {"repository": "acme/other"}}
    assert client.post(SOURCES, json=body).status_code == 409


def test_a_run_of_a_normalised_source_works(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """Its prefix without slashes still begins the keys below it."""
    emu.control.settings(normalise="on", defaults="filled")
    source_id = create(s3={**S3, "path_prefix": "in/"})
    for key, status in (("in/a", 201), ("out/a", 400)):
        run = client.post(f"{SOURCES}/{source_id}/invocations", json={"object_key": key})
        assert run.status_code == status


def test_a_service_may_fill_and_normalise_at_once(
    client: httpx.Client, create: Create, emu: RunningEmulator
) -> None:
    """What is filled has the service's spelling too."""
    emu.control.settings(normalise="on", defaults="filled")
    found = answers(client, create(web_scrape={"starting_url": "https://docs.acme.com"}))
    assert found["web_scrape"] == {
        "starting_url": "https://docs.acme.com/",
        "page_limit": "100",
        "max_depth": "10",
        "include_path_regexes": [],
        "exclude_path_regexes": [],
    }
    assert found["embedding"]["dense"]["task"] == TASK
    assert answers(client, create(github=GITHUB))["github"]["include_globs"] == ["*"]


@pytest.mark.parametrize(
    "foreign",
    [
        {"embedding": "hybrid-v2"},
        {"embedding": None, "embedding_model": 7},
        {"embedding": {"dense": "x"}},
        {"chunking": {"type": "semantic", "max_size_bytes": None}},
        {"chunking": {"type": None}},
        {"github": {"repository": None, "app_id": True, "include_globs": 1}},
    ],
)
def test_a_source_of_an_unfamiliar_shape_stays_what_it_is(
    client: httpx.Client, create: Create, emu: RunningEmulator, foreign: dict[str, Any]
) -> None:
    """What the control API says is on the server is answered, whatever mode there is."""
    source_id = create(github=GITHUB)
    emu.control.settings(normalise="on", defaults="filled")
    emu.control.patch_source(source_id, **foreign)
    found = answers(client, source_id)
    for name, value in foreign.items():
        expected = value if isinstance(value, dict) else {"": value}
        actual = found[name] if isinstance(value, dict) else {"": found[name]}
        assert {key: actual[key] for key in expected} == expected
