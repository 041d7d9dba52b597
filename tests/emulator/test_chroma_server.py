"""Chroma's own server from its wheel, and the emulator as a command that syncs."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from tests.emulator.folders import run, source, write
from tests.emulator.test_running import process

from chroma_sync_emulator.__main__ import main
from chroma_sync_emulator.settings import DEMO_KEY
from chroma_sync_emulator.syncing.process import ServerMissing, chroma_server
from chroma_sync_emulator.testing import emulator

BUCKET = {"bucket_name": "acme-docs", "region": "eu", "collection_name": "objects", "aws_credential_id": 1}


def answers(url: str) -> bool:
    """Whether a Chroma server is there."""
    try:
        return httpx.get(f"{url}/api/v2/heartbeat", trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False


def gone(url: str) -> bool:
    """Whether it goes, within a while."""
    end = time.monotonic() + 30
    while answers(url) and time.monotonic() < end:
        time.sleep(0.02)
    return not answers(url)


def test_the_server_lives_as_long_as_the_block(tmp_path: Path) -> None:
    """Several at once; data that has a folder is there the next time."""
    with chroma_server(tmp_path / "data") as one, chroma_server() as other:
        assert one != other
        assert answers(one) and answers(other)
        databases = f"{one}/api/v2/tenants/default_tenant/databases"
        httpx.post(databases, json={"name": "kept"}, trust_env=False).raise_for_status()
    assert not answers(one) and not answers(other)
    with chroma_server(tmp_path / "data") as again:
        databases = f"{again}/api/v2/tenants/default_tenant/databases"
        assert httpx.get(f"{databases}/kept", trust_env=False).is_success


def test_the_server_ends_with_who_started_it() -> None:
    """Also where that one is killed and can do nothing any more."""
    ask = (
        "import time\nfrom chroma_sync_emulator.syncing.process import chroma_server\n"
        "with chroma_server() as url:\n    print(url, flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", ask], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert answers(url)
        parent.kill()
    assert gone(url)


def test_without_the_wheel_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with both ways; a server that runs elsewhere needs no wheel."""
    with chroma_server() as url:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if "rust" in name else object())
        with pytest.raises(ServerMissing, match=r"pulumi-chroma-sync\[emulator-data\].* --no-deps chromadb"):
            with chroma_server():
                raise AssertionError
        with emulator(sync=True, chroma=url) as emu:
            assert emu.chroma_url == url
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="needs what its extra installs"):
        with emulator(sync=True):
            raise AssertionError


def test_a_server_that_cant_start_says_why(tmp_path: Path) -> None:
    """With its own last words."""
    write(tmp_path, {"chroma.sqlite3": "this is no database, and long enough to be looked at as one" * 20})
    with pytest.raises(ServerMissing, match="Chroma's own server doesn't start: .*database"):
        with chroma_server(tmp_path):
            raise AssertionError


def test_the_command_syncs_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    """What was to be done is done at the next start; the data is beside the store; both end when told."""
    write(tmp_path / "bucket", {"one.txt": "one\n", "two.txt": "two\n"})
    store = tmp_path / "emulator.sqlite"
    options = ("--sync", "--store", str(store), "--bucket", f"acme-docs={tmp_path / 'bucket'}")
    urls = []

    def connect(running: subprocess.Popen[str]) -> httpx.Client:
        assert running.stdout is not None
        line = running.stdout.readline()
        match = re.fullmatch(
            r"chroma_sync_emulator (\S+)  .*  store \S+  chroma (http://127\.0\.0\.1:\d+)\n", line
        )
        assert match is not None, line
        urls.append(match[2])
        headers = {"x-chroma-token": DEMO_KEY}
        return httpx.Client(base_url=match[1], headers=headers, trust_env=False, timeout=30)

    with process(*options, "--pending-seconds", "1") as running, connect(running) as client:
        of = source(client, s3=BUCKET)
        body = {"object_key": "two.txt"}
        number = client.post(f"/api/v1/sources/{of}/invocations", json=body).json()["invocation_id"]
        running.kill()
    assert gone(urls[0])
    data = write(
        tmp_path / "emulator.sqlite-chroma", {"uploads/left-behind": "of an upload that was cancelled"}
    )
    with process(*options, "--invocations", "instant") as running, connect(running) as client:
        end = time.monotonic() + 30
        status = ""
        while "complete" not in status and time.monotonic() < end:
            status = client.get(f"/api/v1/invocations/{number}").json()["status"]
            time.sleep(0.02)
        assert "complete" in status
        assert "complete" in run(client, of, object_key="one.txt")
        [collection] = client.get("/_emulator/collections").json()
        assert (collection["name"], collection["count"]) == ("objects", 2)
        running.send_signal(signal.SIGTERM)
        assert running.communicate(timeout=30) == ("", "")
    assert gone(urls[1])
    assert sorted(path.name for path in data.iterdir()) == ["server", "uploads"]
    assert list((data / "uploads").iterdir()) == []
    # Without it the same store goes on as it always did.
    with emulator(store=str(store), invocations="instant") as plain, plain.client() as client:
        assert "complete" in run(client, of, object_key="anything")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--repo", "acme/handbook=."], "--chroma, --repo, --site and --bucket are for --sync"),
        (["--sync", "--repo", "acme/handbook"], "must be NAME=FOLDER"),
        (["--sync", "--bucket", "acme-docs=nowhere"], 'bucket "acme-docs": there is no folder'),
        (
            ["--sync", "--chroma", "http://127.0.0.1:9"],
            "the Chroma server at http://127.0.0.1:9 doesn't answer",
        ),
    ],
)
def test_the_command_refuses_what_it_cant_do(options: list[str], said: str) -> None:
    """One sentence, and nothing runs."""
    ended = CliRunner().invoke(main, options)
    assert ended.exit_code in (1, 2)
    assert said in ended.output
