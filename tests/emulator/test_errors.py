"""Every refusal has the contract's body, and every answer a trace id."""

from __future__ import annotations

import uuid

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator

SOURCE = {"database_name": "demo", "github": {"repository": "acme/handbook"}}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404),
        ("GET", "/api/v1/nope", 404),
        ("GET", "/api/v1/sources/", 404),
        ("GET", "/_emulator/nope", 404),
        ("PUT", "/api/v1/sources", 405),
        ("PATCH", "/api/v1/sources/00000000-0000-4000-8000-000000000000", 405),
        ("POST", "/health", 405),
        ("POST", "/openapi.json", 405),
    ],
)
def test_unknown_paths_and_methods_have_the_error_body_too(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    """404 and 405 with {error, message}."""
    response = client.request(method, path)
    assert response.status_code == status
    assert set(response.json()) == {"error", "message"}


def test_a_wrong_method_is_told_all_the_right_ones(client: httpx.Client) -> None:
    """The header Allow of a 405."""
    response = client.put("/api/v1/sources")
    assert response.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"database_name=demo",
        b'{"database_name": NaN, "colour": 1}',
        b'{"database_name": "\xff"}',
        b'{"database_name": "\\ud800"}',
        b"[" * 10_000,
    ],
)
def test_a_body_that_is_no_json_is_refused(client: httpx.Client, body: bytes) -> None:
    """400, whatever is broken."""
    response = client.post("/api/v1/sources", content=body, headers=JSON)
    assert (response.status_code, response.json()["message"]) == (400, "the body is not valid JSON")


@pytest.mark.parametrize("body", [[], "text", 1, None, True])
def test_a_body_that_is_no_object_is_refused(client: httpx.Client, body: object) -> None:
    """JSON alone is not enough."""
    assert client.post("/api/v1/sources", json=body).status_code == 400


def test_a_body_of_another_content_type_is_refused(client: httpx.Client) -> None:
    """JSON must say that it is."""
    raw = httpx.Request("POST", "http://x", json=SOURCE).content
    assert client.post("/api/v1/sources", content=raw).status_code == 400
    kind = {"content-type": "application/json; charset=utf-8"}
    assert client.post("/api/v1/sources", content=raw, headers=kind).status_code == 201


def test_a_body_that_is_far_too_large_is_refused(client: httpx.Client) -> None:
    """The answer is heard although the body was not wanted."""
    response = client.post("/api/v1/sources", content=b" " * (20 * 2**20), headers=JSON)
    assert response.status_code == 400
    assert "larger" in response.json()["message"]


def test_every_answer_carries_a_trace_id_of_its_own(client: httpx.Client, emu: RunningEmulator) -> None:
    """A UUID, in successes, refusals and planned answers, and in the list of requests."""
    emu.control.fault("get_source", "respond", status=503)
    responses = [
        client.get("/health"),
        client.get("/nope"),
        client.get("/api/v1/sources"),
        client.get(f"/api/v1/sources/{uuid.uuid4()}"),
        client.post("/api/v1/sources", json={}),
    ]
    traces = [response.headers["chroma-trace-id"] for response in responses]
    assert len({uuid.UUID(trace) for trace in traces}) == len(responses)
    assert {request["trace_id"] for request in emu.control.requests()} <= set(traces)


def test_health_needs_no_key(emu: RunningEmulator) -> None:
    """200 for anybody."""
    assert httpx.get(f"{emu.url}/health", trust_env=False).status_code == 200


def test_strings_of_any_kind_are_kept_and_never_executed(client: httpx.Client) -> None:
    """Quotes, NUL and the rest of Unicode come back as they were."""
    odd = "'; DROP TABLE sources; --\"\x00\U0001f600%s"
    body = {"database_name": "demo", "github": {"repository": "acme/handbook", "include_globs": [odd]}}
    source_id = client.post("/api/v1/sources", json=body).json()["source_id"]
    assert client.get(f"/api/v1/sources/{source_id}").json()["github"]["include_globs"] == [odd]
    assert client.get("/api/v1/sources", params={"database_name": odd}).status_code == 404
