"""Faults that are asked for: each does exactly what it says, as often as it says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chroma_sync_emulator.faults import ACTIONS
from chroma_sync_emulator.testing import RunningEmulator

SOURCE = {"database_name": "demo", "github": {"repository": "acme/handbook"}}


def post(client: httpx.Client, **options: Any) -> httpx.Response:
    return client.post("/api/v1/sources", json=SOURCE, **options)


def stored(client: httpx.Client) -> int:
    return len(client.get("/api/v1/sources").json())


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def test_respond_answers_without_doing_the_work(client: httpx.Client, emu: RunningEmulator) -> None:
    """Status, body and headers as asked for; nothing is created."""
    emu.control.fault(
        "create_source",
        "respond",
        status=503,
        body={"error": "E", "message": "m"},
        headers={"Retry-After": "1"},
    )
    response = post(client)
    assert (response.status_code, response.json()) == (503, {"error": "E", "message": "m"})
    assert response.headers["retry-after"] == "1"
    assert stored(client) == 0


def test_respond_after_does_the_work_first(client: httpx.Client, emu: RunningEmulator) -> None:
    """The source is there although the answer says otherwise."""
    emu.control.fault("create_source", "respond_after", status=502, body="<h1>Bad gateway</h1>")
    response = post(client)
    assert (response.status_code, response.text) == (502, "<h1>Bad gateway</h1>")
    assert response.headers["content-type"].startswith("text/plain")
    assert stored(client) == 1


def test_a_planned_answer_has_the_error_body_where_none_is_given(
    client: httpx.Client, emu: RunningEmulator
) -> None:
    """500 and the contract's body."""
    emu.control.fault("create_source", "respond")
    response = post(client)
    assert (response.status_code, set(response.json())) == (500, {"error", "message"})


@pytest.mark.parametrize(("action", "left"), [("drop_before", 0), ("drop_after", 1)])
def test_a_drop_sends_no_byte_of_an_answer(
    client: httpx.Client, emu: RunningEmulator, action: str, left: int
) -> None:
    """The connection closes; the work is done or not, as the name says."""
    emu.control.fault("create_source", action)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        post(client)
    assert stored(client) == left
    [request] = emu.control.requests("create_source")
    assert (request["status"], request["fault"]) == (None, action)


def test_delay_commits_after_the_client_gave_up(client: httpx.Client, emu: RunningEmulator) -> None:
    """A late commit: nothing while the client waits, there some time after it left."""
    emu.control.fault("create_source", "delay", delay=0.5)
    with pytest.raises(httpx.ReadTimeout):
        post(client, timeout=0.1)
    assert stored(client) == 0
    until(lambda: stored(client) == 1)


def test_delay_answers_normally_to_who_waits(client: httpx.Client, emu: RunningEmulator) -> None:
    """It is only late."""
    emu.control.fault("create_source", "delay", delay=0.2)
    before = time.monotonic()
    assert post(client).status_code == 201
    assert time.monotonic() - before >= 0.2


def test_delay_after_has_committed_while_the_client_waits(client: httpx.Client, emu: RunningEmulator) -> None:
    """The source is there before the answer is."""
    emu.control.fault("create_source", "delay_after", delay=2)
    with pytest.raises(httpx.ReadTimeout):
        post(client, timeout=0.1)
    assert stored(client) == 1


def test_delay_after_answers_the_truth(client: httpx.Client, emu: RunningEmulator) -> None:
    """Late, but right."""
    emu.control.fault("create_source", "delay_after", delay=0.1)
    assert post(client).json()["source_id"] == client.get("/api/v1/sources").json()[0]["id"]


def test_drop_then_commit_commits_after_the_drop(client: httpx.Client, emu: RunningEmulator) -> None:
    """The client knows nothing, and the source comes later."""
    emu.control.fault("create_source", "drop_then_commit", delay=0.5)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        post(client)
    assert stored(client) == 0
    until(lambda: stored(client) == 1)
    assert emu.control.requests("create_source")[0]["status"] is None


def test_cut_body_sends_the_true_headers_and_half_of_the_body(
    client: httpx.Client, emu: RunningEmulator
) -> None:
    """The status is heard, the id is not."""
    emu.control.fault("create_source", "cut_body")
    with client.stream("POST", "/api/v1/sources", json=SOURCE) as response:
        assert response.status_code == 201
        whole = int(response.headers["content-length"])
        got = b""
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            for chunk in response.iter_raw():
                got += chunk
    assert len(got) == whole // 2
    assert stored(client) == 1


def test_every_action_is_tested_here(emu: RunningEmulator) -> None:
    """A new action needs a test of its own."""
    with open(__file__) as file:
        text = file.read()
    assert [action for action in ACTIONS if f'"{action}"' not in text] == []


def test_a_fault_happens_as_often_as_asked(client: httpx.Client, emu: RunningEmulator) -> None:
    """skip lets requests pass, times counts, and the list of faults tells how many are left."""
    number = emu.control.fault("list_sources", "respond", status=500, skip=1, times=2)
    statuses = [client.get("/api/v1/sources").status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]
    [fault] = emu.control.faults()
    assert (fault["id"], fault["hits"], fault["remaining"]) == (number, 2, 0)


def test_a_fault_for_ever_ends_when_it_is_taken_away(client: httpx.Client, emu: RunningEmulator) -> None:
    """times=0, until removed by id or all at once."""
    removals: list[Callable[[int], None]] = [emu.control.remove_fault, lambda _: emu.control.clear_faults()]
    for remove in removals:
        number = emu.control.fault("list_sources", "respond", status=500, times=0)
        assert [client.get("/api/v1/sources").status_code for _ in range(5)] == [500] * 5
        assert emu.control.faults()[0]["remaining"] is None
        remove(number)
        assert client.get("/api/v1/sources").status_code == 200
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        emu.control.remove_fault(99)


def test_a_fault_happens_to_its_operation_alone(client: httpx.Client, emu: RunningEmulator) -> None:
    """Other operations of the same path, and the control API, go on."""
    emu.control.fault("create_source", "drop_before", times=0)
    assert client.get("/api/v1/sources").status_code == 200
    assert emu.control.requests()


def test_a_star_happens_to_every_operation(client: httpx.Client, emu: RunningEmulator) -> None:
    """One fault for the whole API, and never for the control API."""
    emu.control.fault("*", "respond", status=503, times=0)
    for method, path in [("GET", "/api/v1/sources"), ("GET", "/api/v1/invocations"), ("GET", "/health")]:
        assert client.request(method, path).status_code == 503
    assert len(emu.control.requests()) == 3


def test_match_chooses_by_path_query_and_body(client: httpx.Client, emu: RunningEmulator) -> None:
    """Only a request that contains the text meets the fault, and only it is counted."""
    emu.control.fault("create_source", "respond", status=500, match="acme/two")
    emu.control.fault("list_sources", "respond", status=500, match="limit=7")
    sources = [{"database_name": "demo", "github": {"repository": f"acme/{name}"}} for name in ("one", "two")]
    assert [client.post("/api/v1/sources", json=source).status_code for source in sources] == [201, 500]
    assert client.get("/api/v1/sources?limit=1").status_code == 200
    assert client.get("/api/v1/sources?limit=7").status_code == 500


def test_the_first_planned_fault_comes_first(client: httpx.Client, emu: RunningEmulator) -> None:
    """Several make a script: one after the other."""
    for status in (500, 502, 503):
        emu.control.fault("list_sources", "respond", status=status)
    assert [client.get("/api/v1/sources").status_code for _ in range(4)] == [500, 502, 503, 200]


@pytest.mark.parametrize(
    "spec",
    [
        {"operation": "create_source"},
        {"operation": "create_source", "action": "explode"},
        {"operation": "explode", "action": "delay"},
        {"operation": "*", "action": "delay", "delay": -1},
        {"operation": "*", "action": "respond", "status": 99},
        {"operation": "*", "action": "respond", "often": 3},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(client: httpx.Client, spec: dict[str, Any]) -> None:
    """A misspelt fault must not be a fault that never happens."""
    assert client.post("/_emulator/faults", json=spec).status_code == 400


@pytest.mark.parametrize(
    ("operation", "method", "path"),
    [
        ("get_source", "GET", "/api/v1/sources/{source}"),
        ("delete_source", "DELETE", "/api/v1/sources/{source}"),
        ("create_invocation", "POST", "/api/v1/sources/{source}/invocations"),
        ("latest_by_keys", "POST", "/api/v1/sources/{source}/invocations/latest-by-keys"),
        ("list_invocations", "GET", "/api/v1/invocations"),
        ("get_invocation", "GET", "/api/v1/invocations/{run}"),
        ("cancel_invocation", "PUT", "/api/v1/invocations/{run}"),
        ("add_file", "POST", "/api/v1/add-file"),
        ("health", "GET", "/health"),
    ],
)
def test_every_operation_can_be_dropped_and_is_noted(
    client: httpx.Client, emu: RunningEmulator, operation: str, method: str, path: str
) -> None:
    """The names of the operations are those of the faults and of the list of requests."""
    source = post(client).json()["source_id"]
    run = client.post(f"/api/v1/sources/{source}/invocations", json={"target_collection_name": "docs"})
    emu.control.clear_requests()
    emu.control.fault(operation, "drop_before")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.request(method, path.format(source=source, run=run.json()["invocation_id"]), json={})
    assert [request["operation"] for request in emu.control.requests()] == [operation]


def test_a_dropped_upload_is_whole_or_not_at_all(client: httpx.Client, emu: RunningEmulator) -> None:
    """Faults hold for streamed bodies too, also the late commit."""

    def upload() -> httpx.Response:
        form = {"database_name": "demo", "collection_name": "files"}
        headers = {"x-upload-content-length": "1000000"}
        return client.post("/api/v1/add-file", data=form, files={"file": b"x" * 10**6}, headers=headers)

    for action, left in (("drop_before", 0), ("drop_after", 1), ("drop_then_commit", 2)):
        emu.control.fault("add_file", action)
        with pytest.raises(httpx.TransportError):
            upload()
        until(lambda left=left: len(client.get("/api/v1/invocations").json()) == left)  # type: ignore[misc]
    emu.control.fault("add_file", "respond", status=503)
    assert upload().status_code == 503
    assert len(client.get("/api/v1/invocations").json()) == 2


def test_a_planned_delay_does_not_hold_up_others(client: httpx.Client, emu: RunningEmulator) -> None:
    """While one request waits, the others are answered."""
    emu.control.fault("create_source", "delay", delay=60)

    def wait_in_vain() -> None:
        with emu.client() as waiting, pytest.raises(httpx.ReadTimeout):
            post(waiting, timeout=1)

    waiting = threading.Thread(target=wait_in_vain)
    waiting.start()
    until(lambda: bool(emu.control.requests("create_source")))
    assert client.get("/api/v1/sources").json() == []
    assert waiting.is_alive()
    waiting.join()
