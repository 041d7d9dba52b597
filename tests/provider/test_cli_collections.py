"""The command ``collections``: what it prints where, and how it ends."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import pulumi_chroma_sync as chroma_sync
from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync.cli import main

COMMAND = Path(sys.executable).parent / "pulumi-chroma-sync"
DATABASES = "/api/v2/tenants/default/databases"
LONG = "handbook-" + "x" * 91

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def emu() -> Iterator[RunningEmulator]:
    """The emulator before Chroma's own server: three collections, an empty database, and other accounts."""
    with emulator(["demo", "empty"], sync=True) as running, running.client() as client:
        path = f"{DATABASES}/demo/collections"
        for name, metadata, records in (
            ("papers", {"pages": 3, "share": 0.5}, 12),
            (LONG, {"finished_ingest": True}, 1),
            ("new", None, 0),
        ):
            body = {"name": name, "metadata": metadata}
            made = client.post(path, json=body).raise_for_status().json()
            if records:
                ids = [str(number) for number in range(records)]
                add: dict[str, Any] = {"ids": ids, "embeddings": [[1.0, 2.0]] * records}
                client.post(f"{path}/{made['id']}/add", json=add).raise_for_status()
        running.control.add_tenant("default", "sk-scoped", database="empty")
        running.control.add_tenant("team-b", "sk-of-b", ["theirs"])
        body = {"name": "of-b", "database": "theirs", "tenant": "team-b"}
        client.post("/_emulator/collections", json=body).raise_for_status()
        yield running


@pytest.fixture
def run(emu: RunningEmulator) -> Run:
    """Runs the command with the emulator's environment; ``env`` goes on top."""

    def run(*arguments: str, env: dict[str, str | None] | None = None) -> Result:
        return CliRunner(env={**emu.environment(), **(env or {})}).invoke(main, ["collections", *arguments])

    return run


def test_a_line_for_each_by_name(run: Run) -> None:
    """In a pipe each collection is one line with its whole name, however narrow the terminal was."""
    shown = run(env={"COLUMNS": "20"})
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert [re.split(r" {2,}", line) for line in shown.stdout.splitlines()] == [
        ["NAME", "RECORDS", "DIMENSION", "FINISHED"],
        [LONG, "1", "2", "yes"],
        ["new", "0", "no"],  # it has no dimension yet
        ["papers", "12", "2", "no"],
    ]


def test_a_narrow_terminal_cuts_no_name(emu: RunningEmulator) -> None:
    """It goes over several lines there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 60, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    env = {**kept, **emu.environment(), "TERM": "xterm"}
    with subprocess.Popen(
        [COMMAND, "collections"], env=env, stdin=subprocess.DEVNULL, stdout=theirs
    ) as ended:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:  # Linux says so at the end
            pass
    os.close(ours)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
    lines = plain.splitlines()
    assert ended.returncode == 0 and max(map(len, lines)) <= 60
    assert "…" not in plain and plain.count("x") == LONG.count("x")


def test_json_is_what_the_look_ups_answer(
    run: Run, emu: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every field under its name, whole numbers whole; and an empty array for none."""
    for name, value in emu.environment().items():
        monkeypatch.setenv(name, value)
    printed = json.loads(run("--json").stdout)
    assert printed == [dataclasses.asdict(each) for each in chroma_sync.get_collections()]
    assert printed[2]["metadata"] == {"pages": 3, "share": 0.5}
    assert (type(printed[2]["metadata"]["pages"]), printed[2]["count"]) == (int, 12)
    assert json.loads(run("--json", "--database", "empty").stdout) == []


def test_a_database_without_collections(run: Run) -> None:
    """Is said on stderr, and is no failure; the database of a key is told."""
    told = 'no collections in database "empty"\n'
    shown = run("--database", "empty")
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "", told)
    of_the_key = run(env={"CHROMA_DATABASE": None, "CHROMA_API_KEY": "sk-scoped"})
    line = 'this API key is good for database "empty" alone, which is used where none is named\n'
    assert (of_the_key.exit_code, of_the_key.stdout, of_the_key.stderr) == (0, "", line + told)


def test_another_connection(run: Run) -> None:
    """Has its own key, database and tenant."""
    shown = run(
        "--connection", "team-b", env={"CHROMA_API_KEY_TEAM_B": "sk-of-b", "CHROMA_TENANT": "default"}
    )
    assert shown.exit_code == 0 and [line.split()[0] for line in shown.stdout.splitlines()] == [
        "NAME",
        "of-b",
    ]


ELSEWHERE = {"CHROMA_SYNC_URL": "https://sync.acme.com", "CHROMA_API_URL": None}
FAILURES: dict[str, tuple[tuple[str, ...], dict[str, str | None], int, str]] = {
    "an unknown database": (
        ("--database", "knowlege"),
        {},
        1,
        'Error: look up the collections of database "knowlege" of tenant "default": the service has no '
        'database "knowlege" for this API key. Is its name spelled so, and is the key one of its account?\n',
    ),
    "out of the key's scope": (
        ("--database", "demo"),
        {"CHROMA_API_KEY": "sk-scoped"},
        1,
        'Error: look up the collections of database "demo" of tenant "default": this API key may not use',
    ),
    "a wrong key": (("--json",), {"CHROMA_API_KEY": "sk-wrong"}, 1, "Error: look up the collections of"),
    "no key": ((), {"CHROMA_API_KEY": None}, 2, "Error: no API key is set; set CHROMA_API_KEY\n"),
    "an address that nobody said": (
        (),
        ELSEWHERE,
        2,
        "Error: CHROMA_API_URL: set it to the address of Chroma's public API that goes with this url",
    ),
    "another one's address": (
        ("--connection", "team-b"),
        {**ELSEWHERE, "CHROMA_API_KEY_TEAM_B": "sk-of-b", "CHROMA_DATABASE_TEAM_B": "theirs"},
        2,
        "Error: CHROMA_API_URL_TEAM_B: set it to the address",
    ),
    "an unknown connection": (("--connection", "x"), {}, 2, 'Error: --connection: no setting names "x"'),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_one_line(name: str, run: Run) -> None:
    """On stderr, with the exit code that the documents name; nothing goes to stdout."""
    arguments, env, code, sentence = FAILURES[name]
    ended = run(*arguments, env=env)
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert ended.stderr.startswith(sentence) and len(ended.stderr.splitlines()) == 1
    assert "sk-" not in ended.stderr
