"""Running it: as a command, as a context manager, as a fixture, by many clients at once."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from chroma_sync_emulator.testing import RunningEmulator, emulator

COMMAND = [sys.executable, "-m", "chroma_sync_emulator"]
SOURCE = {"database_name": "demo", "github": {"repository": "acme/handbook"}}


@contextmanager
def process(*options: str) -> Iterator[subprocess.Popen[str]]:
    """The command, which does not outlive the block."""
    with subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_one_line_when_it_is_ready_and_ends_when_told(
    tmp_path: Path, ending: signal.Signals
) -> None:
    """URL, key, database, store; nothing else on either stream."""
    store = tmp_path / "new folder" / "emulator.sqlite"
    with process("--store", str(store)) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        match = re.fullmatch(r"chroma_sync_emulator (http://127\.0\.0\.1:\d+)  (.*)\n", line)
        assert match is not None, line
        assert match[2] == f'key "emulator-demo-key"  database "demo"  store {store}'
        headers = {"x-chroma-token": "emulator-demo-key"}
        response = httpx.post(f"{match[1]}/api/v1/sources", json=SOURCE, headers=headers, trust_env=False)
        assert response.status_code == 201
        running.send_signal(ending)
        assert running.communicate(timeout=30) == ("", "")
    assert store.exists()
    # The log is folded into the file, which can be copied as it is.
    assert not store.with_name("emulator.sqlite-wal").exists()


def test_the_commands_options_are_heeded_and_keys_not_shown() -> None:
    """Keys and databases can be given several times; no key but the demo key is printed."""
    options = (
        "--api-key one --api-key two --database first --database second --unique never --invocations instant"
    )
    with process(*options.split()) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        assert 'key as given  database "first", "second"' in line
        url = line.split()[1]
        for key in ("one", "two"):
            headers = {"x-chroma-token": key}
            body = {**SOURCE, "database_name": "second"}
            sent = httpx.post(f"{url}/api/v1/sources", json=body, headers=headers, trust_env=False)
            assert sent.status_code == 201
        assert httpx.get(f"{url}/_emulator/settings", trust_env=False).json()["invocations"] == "instant"


def test_a_key_of_the_command_can_be_scoped_to_one_database() -> None:
    """It is made, the key is good for it alone, and what ends with = is a key as it is."""
    with process("--api-key", "one=mine", "--api-key", "two==", "--api-key", "a=b=theirs") as running:
        assert running.stdout is not None
        url = running.stdout.readline().split()[1]
        found = {
            key: httpx.get(
                f"{url}/api/v2/auth/identity", headers={"x-chroma-token": key}, trust_env=False
            ).json()["databases"]
            for key in ("one", "two==", "a=b")
        }
    assert found == {"one": ["mine"], "two==": ["demo", "mine", "theirs"], "a=b": ["theirs"]}


def test_each_setting_is_an_option() -> None:
    """With its own name; GitHub apps one by one."""
    options = {
        "max_sources": 9,
        "statuses": "strict",
        "integers": "lenient",
        "defaults": "filled",
        "normalise": "on",
        "read_lag": 1.5,
        "page_cap": 5,
        "async_delete": 2.0,
        "linger": 3.0,
        "delete_while_running": "refused",
        "max_uploads": 1,
        "pending_seconds": 1.0,
        "processing_seconds": 2.0,
        "unique": "content",
        "invocations": "manual",
    }
    given = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    for apps in (["1", "acme"], None):
        more = [text for app in apps or () for text in ("--github-app", app)]
        with process(*given, *more) as running:
            assert running.stdout is not None
            url = running.stdout.readline().split()[1]
            settings = httpx.get(f"{url}/_emulator/settings", trust_env=False).json()
            assert settings == {**options, "github_apps": apps}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--host 0.0.0.0", "not a loopback address"),
        ("--host example.com", "not an IP address"),
        ("--store /dev/null/emulator.sqlite", "can't open the store"),
        ("--unique sometimes", "sometimes"),
        ("--processing-seconds -1", "processing_seconds"),
        ("--page-cap 0", "page_cap"),
        ("--database kb", 'database "kb": must be 3 to 512'),
        ("--api-key key=kb", 'database "kb": must be 3 to 512'),
    ],
)
def test_the_command_refuses_what_it_cannot_do_in_one_line(options: str, reason: str) -> None:
    """A reason, no traceback, a status that is not 0."""
    done = subprocess.run([*COMMAND, *options.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert reason in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_command_says_that_a_port_is_taken() -> None:
    """With the port's number."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr


def test_the_context_manager_leaves_nothing_behind() -> None:
    """No thread, no connection, no listener; also where a planned delay is under way."""
    before = set(threading.enumerate())
    with emulator() as emu, emu.client() as client:
        host, port = emu.url.removeprefix("http://").split(":")
        emu.control.fault("list_sources", "delay", delay=3600)
        with pytest.raises(httpx.ReadTimeout):
            client.get("/api/v1/sources", timeout=0.05)
        idle = socket.create_connection((host, int(port)), timeout=10)
        client.get("/health")
    assert set(threading.enumerate()) <= before
    with idle:
        assert idle.recv(1) == b""
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{emu.url}/health", trust_env=False)


def test_the_context_manager_ends_also_after_a_failure() -> None:
    """The test's own error comes through."""
    with pytest.raises(ZeroDivisionError), emulator() as emu:
        1 / 0  # noqa: B018
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{emu.url}/health", trust_env=False)


def test_emulators_beside_each_other_share_nothing() -> None:
    """Each has a port and a store of its own."""
    with emulator() as one, emulator(databases=("one", "two"), api_key="k") as two:
        assert one.url != two.url
        assert (two.database, two.databases, two.api_key) == ("one", ("one", "two"), "k")
        with one.client() as client, two.client() as other:
            assert client.post("/api/v1/sources", json=SOURCE).status_code == 201
            assert other.get("/api/v1/sources").json() == []
            assert other.get("/api/v1/sources?database_name=two").status_code == 200


def test_wrong_settings_are_refused_by_name() -> None:
    """Also no database at all."""
    for wrong in ({"databases": ()}, {"speed": 1}, {"unique": "sometimes"}):
        with pytest.raises(ValueError, match=next(iter(wrong))), emulator(**wrong):
            pass


def test_it_points_a_program_at_itself(emu: RunningEmulator) -> None:
    """The environment variables of url, key and database; the repr shows no key."""
    assert emu.environment() == {
        "CHROMA_SYNC_URL": emu.url,
        "CHROMA_API_KEY": emu.api_key,
        "CHROMA_DATABASE": "demo",
    }
    assert emu.api_key not in repr(emu)


def test_64_clients_at_once_meet_no_error(emu: RunningEmulator) -> None:
    """Each creates, reads, lists and deletes on a connection of its own; at the end nothing is left."""

    def work(number: int) -> list[int]:
        statuses = []
        with emu.client() as client:
            for turn in range(5):
                body = {"database_name": "demo", "github": {"repository": f"acme/{number}-{turn}"}}
                created = client.post("/api/v1/sources", json=body)
                path = f"/api/v1/sources/{created.json()['source_id']}"
                run = client.post(f"{path}/invocations", json={"target_collection_name": f"{number}-{turn}"})
                listed = client.get("/api/v1/sources", params={"limit": 5})
                answers = (created, run, listed, client.get(path), client.delete(path))
                statuses += [answer.status_code for answer in answers]
        return statuses

    with ThreadPoolExecutor(64) as pool:
        results = list(pool.map(work, range(64)))
    assert results == [[201, 201, 200, 200, 204] * 5] * 64
    assert len(emu.control.requests()) == 64 * 25


def test_the_emulator_does_not_know_the_provider() -> None:
    """It loads neither pulumi nor the package."""
    code = (
        "import sys, chroma_sync_emulator.testing, chroma_sync_emulator.__main__\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('pulumi', 'pulumi_chroma_sync')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n"
