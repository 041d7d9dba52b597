"""Sources: what is taken, what is answered, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator

DENSE = {"model": "Qwen/Qwen3-Embedding-0.6B", "task": None}
DEFAULTS = {
    "chunking": {"type": "tree_sitter", "max_size_bytes": 4096},
    "embedding": {"dense": DENSE, "sparse": None},
    "embedding_model": DENSE,
}
GITHUB = {"repository": "acme/handbook"}
WEB = {"starting_url": "https://docs.acme.com/"}
S3 = {"bucket_name": "papers", "region": "us-east-1", "collection_name": "papers"}

Create = Callable[..., str]


def test_every_field_of_a_github_source_is_answered_as_it_was_sent(
    client: httpx.Client, create: Create
) -> None:
    """What a client declares comes back unchanged."""
    task = {"task_name": "code", "document_prompt": "d", "query_prompt": None}
    declared = {
        "github": {"repository": "acme/Handbook", "app_id": "12", "include_globs": ["**/*.md", "*.txt"]},
        "chunking": {"type": "lines", "max_lines": 3, "max_size_bytes": 99},
        "embedding": {"dense": {**DENSE, "task": task}, "sparse": {"model": "Chroma/BM25", "key": "words"}},
        "embedding_model": {**DENSE, "task": task},
    }
    source_id = create(**declared)
    answer = client.get(f"/api/v1/sources/{source_id}").json()
    assert answer.pop("created_at").endswith("Z")
    assert answer == {"id": source_id, "database_name": "demo", **declared}


def test_every_field_of_a_web_source_is_answered_as_it_was_sent(client: httpx.Client, create: Create) -> None:
    """What a client declares comes back unchanged."""
    declared = {
        **WEB,
        "page_limit": 5,
        "max_depth": 0,
        "include_path_regexes": ["^/a"],
        "exclude_path_regexes": [],
    }
    answer = client.get(f"/api/v1/sources/{create(web_scrape=declared)}").json()
    assert answer["web_scrape"] == declared


def test_every_field_of_an_s3_source_is_answered_as_it_was_sent(client: httpx.Client, create: Create) -> None:
    """What a client declares comes back unchanged."""
    declared = {**S3, "path_prefix": "a/", "auto_sync": "direct", "aws_credential_id": 7}
    answer = client.get(f"/api/v1/sources/{create(s3=declared)}").json()
    assert answer["s3"] == {**declared, "aws_access_key_id": None, "aws_secret_access_key": None}


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ({"github": GITHUB}, {"github": {**GITHUB, "app_id": None, "include_globs": None}}),
        (
            {"web_scrape": WEB},
            {
                "web_scrape": {
                    **WEB,
                    "page_limit": None,
                    "max_depth": None,
                    "include_path_regexes": None,
                    "exclude_path_regexes": None,
                }
            },
        ),
        (
            {"s3": {**S3, "aws_credential_id": 1}},
            {
                "s3": {
                    **S3,
                    "path_prefix": None,
                    "auto_sync": "none",
                    "aws_credential_id": 1,
                    "aws_access_key_id": None,
                    "aws_secret_access_key": None,
                }
            },
        ),
    ],
)
def test_left_out_fields_are_answered_with_defaults_or_null(
    client: httpx.Client, create: Create, sent: dict[str, Any], answered: dict[str, Any]
) -> None:
    """The server's defaults are filled in on read."""
    answer = client.get(f"/api/v1/sources/{create(**sent)}").json()
    assert {name: answer[name] for name in answered | DEFAULTS} == answered | DEFAULTS


def test_explicit_nulls_mean_the_same_as_left_out(client: httpx.Client, create: Create) -> None:
    """Scripts that send null for what they don't set are served."""
    source_id = create(
        github={**GITHUB, "app_id": None, "include_globs": None},
        embedding={"dense": DENSE, "sparse": None},
        embedding_model=None,
    )
    answer = client.get(f"/api/v1/sources/{source_id}").json()
    assert {name: answer[name] for name in DEFAULTS} == DEFAULTS


TASKED = {**DENSE, "task": {"task_name": "x", "document_prompt": None, "query_prompt": None}}


@pytest.mark.parametrize(
    ("legacy", "dense"),
    [("Qwen/Qwen3-Embedding-0.6B", DENSE), ({"model": DENSE["model"]}, DENSE), (TASKED, TASKED)],
)
def test_the_legacy_embedding_model_is_taken_as_object_and_as_name(
    client: httpx.Client, create: Create, legacy: Any, dense: Any
) -> None:
    """Both forms in use work, and are the dense embedding."""
    answer = client.get(f"/api/v1/sources/{create(github=GITHUB, embedding_model=legacy)}").json()
    assert (answer["embedding_model"], answer["embedding"]["dense"]) == (dense, dense)


def test_the_scheme_of_an_address_has_no_case(client: httpx.Client, create: Create) -> None:
    """RFC 3986, 3.1; the address is answered as it was sent."""
    source_id = create(web_scrape={"starting_url": "HTTPS://docs.acme.com"})
    answer = client.get(f"/api/v1/sources/{source_id}").json()
    assert answer["web_scrape"]["starting_url"] == "HTTPS://docs.acme.com"


def test_a_dense_embedding_is_also_the_legacy_model(client: httpx.Client, create: Create) -> None:
    """One given alone is both."""
    answer = client.get(f"/api/v1/sources/{create(github=GITHUB, embedding={'dense': TASKED})}").json()
    assert (answer["embedding_model"], answer["embedding"]["dense"]) == (TASKED, TASKED)


def test_inline_aws_keys_become_a_credential_and_are_never_given_back(
    client: httpx.Client, emu: RunningEmulator
) -> None:
    """The same pair has the same id, another pair another; no answer and no control view shows a secret."""
    ids = []
    for number, secret in enumerate(["hush-hush-1", "hush-hush-1", "hush-hush-2"]):
        keys = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": secret}
        body = {"database_name": "demo", "s3": {**S3, "path_prefix": f"{number}/", **keys}}
        created = client.post("/api/v1/sources", json=body)
        answer = client.get(f"/api/v1/sources/{created.json()['source_id']}")
        assert "hush" not in answer.text and "AKIA1" not in answer.text
        ids.append(answer.json()["s3"]["aws_credential_id"])
    assert ids[0] == ids[1] != ids[2]
    assert "hush" not in client.get("/_emulator/requests").text


def test_the_store_holds_no_secret(tmp_path: Any) -> None:
    """Neither an AWS secret key nor an API key can be read from the file."""
    store = tmp_path / "emulator.sqlite"
    keys = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": "hush-hush"}
    with emulator(store=str(store), api_key="open-sesame") as emu, emu.client() as client:
        assert client.post("/api/v1/sources", json={"database_name": "demo", "s3": {**S3, **keys}}).is_success
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"acme" not in kept and b"papers" in kept
    assert b"hush-hush" not in kept and b"open-sesame" not in kept


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "exactly one of"),
    ({"github": GITHUB, "web_scrape": WEB}, "github and web_scrape"),
    ({"github": GITHUB, "colour": 1}, "colour"),
    ({"github": {**GITHUB, "include_globes": []}}, "github.include_globes"),
    ({"github": {}}, "github.repository"),
    ({"github": {"repository": ""}}, "github.repository"),
    ({"github": {"repository": "acme"}}, "owner/name"),
    ({"github": {"repository": "acme/a/b"}}, "owner/name"),
    ({"github": {"repository": 7}}, "github.repository"),
    ({"github": None}, "github"),
    ({"github": {**GITHUB, "app_id": 12}}, "github.app_id"),
    ({"github": {**GITHUB, "include_globs": ["a", "a"]}}, "github.include_globs"),
    ({"web_scrape": {"starting_url": "docs.acme.com"}}, "http"),
    ({"web_scrape": {"starting_url": "ftp://docs.acme.com"}}, "http"),
    ({"web_scrape": {**WEB, "max_depth": -1}}, "web_scrape.max_depth"),
    ({"web_scrape": {**WEB, "page_limit": 2**31}}, "web_scrape.page_limit"),
    ({"web_scrape": {**WEB, "page_limit": True}}, "web_scrape.page_limit"),
    ({"web_scrape": {**WEB, "page_limit": "5"}}, "web_scrape.page_limit"),
    ({"web_scrape": {**WEB, "include_path_regexes": ["a", "a"]}}, "include_path_regexes"),
    ({"s3": S3}, "aws_credential_id"),
    ({"s3": {**S3, "aws_access_key_id": "a"}}, "required together"),
    ({"s3": {**S3, "aws_secret_access_key": "hush"}}, "required together"),
    (
        {"s3": {**S3, "aws_credential_id": 1, "aws_access_key_id": "a", "aws_secret_access_key": "hush"}},
        "not both",
    ),
    ({"s3": {**S3, "aws_credential_id": 0}}, "aws_credential_id"),
    ({"s3": {**S3, "aws_credential_id": 1, "auto_sync": "often"}}, "auto_sync"),
    ({"s3": {"bucket_name": "b", "region": "r", "aws_credential_id": 1}}, "s3.collection_name"),
    ({"file_upload": {}}, "add-file"),
    ({"github": GITHUB, "chunking": {"type": "words"}}, "chunking"),
    ({"github": GITHUB, "chunking": {"type": "tree_sitter", "max_lines": 3}}, "max_lines"),
    ({"github": GITHUB, "chunking": {"type": "lines", "max_size_bytes": -1}}, "max_size_bytes"),
    ({"github": GITHUB, "embedding": {"dense": {"model": "other"}}}, "embedding.dense.model"),
    ({"github": GITHUB, "embedding": {"sparse": {"model": "other"}}}, "embedding.sparse.model"),
    ({"github": GITHUB, "embedding_model": "other"}, "embedding_model"),
    ({"github": GITHUB, "database_name": None}, "database_name"),
]


@pytest.mark.parametrize(("fields", "named"), REFUSED)
def test_a_payload_that_breaks_a_rule_is_refused_and_nothing_is_created(
    client: httpx.Client, fields: dict[str, Any], named: str
) -> None:
    """400 with the contract's error body, which names the field or the rule and repeats no secret."""
    response = client.post("/api/v1/sources", json={"database_name": "demo", **fields})
    assert response.status_code == 400
    assert set(response.json()) == {"error", "message"}
    assert named in response.json()["message"]
    assert "hush" not in response.text
    assert client.get("/api/v1/sources").json() == []


def test_a_deleted_source_is_gone(client: httpx.Client, create: Create) -> None:
    """204, then 404 for everything, and it can be made again."""
    source_id = create(github=GITHUB)
    deleted = client.delete(f"/api/v1/sources/{source_id}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert client.get(f"/api/v1/sources/{source_id}").status_code == 404
    assert client.delete(f"/api/v1/sources/{source_id}").status_code == 404
    assert client.get("/api/v1/sources").json() == []
    create(github=GITHUB)


def test_an_id_that_is_no_uuid_is_refused(client: httpx.Client) -> None:
    """400, not 404."""
    assert client.get("/api/v1/sources/nope").status_code == 400
    assert client.delete("/api/v1/sources/nope").status_code == 400
