"""The command ``pulumi-chroma-sync``: what it prints where, and how it ends."""

from __future__ import annotations

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
from tests.existing import create, upload

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync.cli import main

from .scripted import Request, answer, scripted

COMMAND = Path(sys.executable).parent / "pulumi-chroma-sync"
GITHUB: dict[str, Any] = {"github": {"repository": "acme/handbook"}}
WEB: dict[str, Any] = {"web_scrape": {"starting_url": f"https://docs.acme.com/[bold]{'long/' * 30}"}}

Run = Callable[..., Result]


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """An emulator with the database ``demo``."""
    with emulator() as running:
        yield running


@pytest.fixture
def run(emu: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in an empty folder, with the emulator's environment; ``env`` goes on top."""
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, env: dict[str, str | None] | None = None) -> Result:
        return CliRunner(env={**emu.environment(), **(env or {})}).invoke(main, arguments)

    return run


def test_list_shows_a_line_for_each_source_and_cuts_nothing(run: Run, emu: RunningEmulator) -> None:
    """In a pipe each source is one line, with its whole id and target, however narrow the terminal was."""
    ids = [*create(emu, GITHUB, WEB), upload(emu)]
    listed = run("list", env={"COLUMNS": "20"})
    assert (listed.exit_code, listed.stderr) == (0, "")
    heading, *lines = listed.stdout.splitlines()
    assert not any(line.endswith(" ") for line in (heading, *lines))
    assert heading.split() == ["ID", "KIND", "TARGET", "CHUNKING", "CREATED"]
    assert [line.split()[0] for line in lines] == ids, "the oldest first"
    assert [line.split()[1] for line in lines] == ["github", "web_scrape", "file_upload"]
    assert "acme/handbook" in lines[0]
    assert f"docs.acme.com/[bold]{'long/' * 30}" in lines[1]
    assert re.search(r"tree_sitter 4096 +\d{4}-\d\d-\d\d$", lines[0])


@pytest.mark.parametrize("columns", [40, 60])
def test_list_in_a_narrow_terminal_cuts_no_id(emu: RunningEmulator, columns: int) -> None:
    """An id can always be copied whole; where there is room for the target, it goes over several lines."""
    ids = create(emu, GITHUB, WEB)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    ended = subprocess.Popen(
        [COMMAND, "list"],
        env={**kept, **emu.environment(), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
    )
    os.close(theirs)
    shown = _all_of(ours)
    assert ended.wait() == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert all(source_id in plain for source_id in ids)
    lines = plain.splitlines()
    assert max(map(len, lines)) <= columns
    if columns > 40:
        assert len(lines) > 5 and "…" not in plain


def test_list_shows_what_would_steer_a_terminal_as_text(run: Run, emu: RunningEmulator) -> None:
    """A source's own text can't clear the screen or add a line."""
    create(
        emu,
        {
            "s3": {
                "bucket_name": "a\x1b[2J\nb",
                "region": "r",
                "collection_name": "files",
                "aws_credential_id": 1,
            }
        },
    )
    listed = run("list").stdout
    assert "\x1b" not in listed and len(listed.splitlines()) == 2
    assert "a\\x1b[2J\\nb" in listed


def test_list_json_is_what_the_api_answers(run: Run, emu: RunningEmulator) -> None:
    """Programs read the API's own fields, every kind, the oldest first; and an empty array for none."""
    assert json.loads(run("list", "--json").stdout) == []
    create(emu, GITHUB, WEB)
    upload(emu)
    with emu.client() as client:
        query = {"database_name": "demo", "order_by": "ASC"}
        answers = client.get("/api/v1/sources", params=query).json()
    assert len(answers) == 3
    assert json.loads(run("list", "--json").stdout) == answers


def test_list_reads_all_pages(run: Run, emu: RunningEmulator) -> None:
    """A database of more than one page is shown whole."""
    ids = create(emu, *({"github": {"repository": f"acme/{number}"}} for number in range(101)))
    assert [source["id"] for source in json.loads(run("list", "--json").stdout)] == ids


def test_list_never_shows_an_aws_key(run: Run, emu: RunningEmulator) -> None:
    """Should the service ever answer one, it stays out of what is printed."""
    bucket = {"bucket_name": "b", "region": "r", "collection_name": "files", "aws_credential_id": 1}
    (source_id,) = create(emu, {"s3": bucket})
    emu.control.patch_source(source_id, s3={"aws_secret_access_key": "echoed", "aws_access_key_id": "echoed"})
    for command in (("list", "--json"), ("list",), ("import",)):
        ended = run(*command)
        assert ended.exit_code == 0 and "echoed" not in ended.output
    assert "echoed" not in Path("import.json").read_text(encoding="utf-8")


PASSWORDS: dict[str, dict[str, Any]] = {
    "an address": {"web_scrape": {"starting_url": "https://bob:hushed@docs.acme.com/a"}},
    "a user alone": {"web_scrape": {"starting_url": "https://hushed@docs.acme.com/a"}},
    "no scheme": {"web_scrape": {"starting_url": "bob:hushed@docs.acme.com/a"}},
    "a repository": {"github": {"repository": "https://bob:hushed@git.acme.com/a/b"}},
    "another shape": {"web_scrape": "https://bob:hushed@docs.acme.com/a"},
    "a kind that is new": {"feed": {"urls": ["https://bob:hushed@docs.acme.com/a"]}},
    "keys in another place": {"r2": {"aws_secret_access_key": "hushed"}},
}


@pytest.mark.parametrize("name", PASSWORDS)
def test_no_password_of_an_address_is_shown(name: str, run: Run) -> None:
    """By no command, whatever somebody else has put into the database; what is left out says why."""
    good = {"id": "s-1", "database_name": "demo", "created_at": "2026-11-01T10:00:00Z", **GITHUB}
    odd = {"id": "s-2", "database_name": "demo", "created_at": "2026-11-02T10:00:00Z", **PASSWORDS[name]}

    def page(request: Request) -> bytes:
        offset = re.search(r"offset=(\d+)", request.path)
        return answer(200, [odd, good][int(offset[1]) if offset else 0 :])(request)

    with scripted(page) as server:
        env: dict[str, str | None] = {"CHROMA_SYNC_URL": server.url}
        for command in (("list",), ("list", "--json"), ("import",)):
            ended = run(*command, env=env)
            assert (ended.exit_code, "hushed" in ended.output) == (0, False), ended.output
            assert "s-2" in ended.output
        assert ended.stderr.startswith("left out   s-2: ")
        assert "hushed" not in Path("import.json").read_text(encoding="utf-8")
        refused = run("import", "--source", "s-2", "--force", env=env)
        assert (refused.exit_code, "hushed" in refused.output) == (1, False)


def test_one_source_of_an_unfamiliar_shape_hides_no_other(run: Run, emu: RunningEmulator) -> None:
    """List shows it, import leaves it out and says why."""
    odd, plain = create(emu, GITHUB, WEB)
    emu.control.patch_source(odd, embedding="hybrid-v2")
    listed = run("list")
    assert listed.exit_code == 0
    assert [line.split()[:3] for line in listed.stdout.splitlines()[1:]][0] == [
        odd,
        "github",
        "acme/handbook",
    ]
    assert [source["id"] for source in json.loads(run("list", "--json").stdout)] == [odd, plain]
    imported = run("import")
    assert imported.exit_code == 0 and plain in imported.stdout and odd not in imported.stdout
    reason = "this version can't read it (embedding: must be an object)"
    assert imported.stderr.startswith(f"left out   {odd}: {reason}\n")
    refused = run("import", "--force", "--source", odd)
    assert (refused.exit_code, refused.stderr) == (
        1,
        f"Error: source {odd}: {reason}. Nothing was written.\n",
    )


def test_a_service_with_smaller_pages_is_read_to_its_end(tmp_path: Path) -> None:
    """Nothing is left out silently because the service gives fewer sources than were asked for."""
    with emulator(page_cap=2) as emu:
        ids = create(emu, *({"github": {"repository": f"acme/{number}"}} for number in range(5)))
        runner = CliRunner(env=emu.environment())
        listed = runner.invoke(main, ["list", "--json"])
        assert [source["id"] for source in json.loads(listed.stdout)] == ids
        imported = runner.invoke(main, ["import", "--out", str(tmp_path / "import.json")])
        assert imported.exit_code == 0 and imported.stderr.startswith("5 sources: 5 github\n")
        one = ["import", "--out", str(tmp_path / "one.json"), "--source", ids[0]]
        assert runner.invoke(main, one).exit_code == 0


def test_a_connection_has_a_key_and_a_database_of_its_own(run: Run, emu: RunningEmulator) -> None:
    """List and import look into its account alone, and its one database need not be named."""
    emu.control.add_tenant("team-b", "sk-b", ["theirs"])
    create(emu, GITHUB)
    theirs = {"database_name": "theirs", "github": {"repository": "team-b/wiki"}}
    with emu.client("sk-b") as client:
        source_id = client.post("/api/v1/sources", json=theirs).json()["source_id"]
    env: dict[str, str | None] = {"CHROMA_API_KEY_TEAM_B": "sk-b"}
    listed = run("list", "--connection", "team-b", "--json", env=env)
    assert [source["id"] for source in json.loads(listed.stdout)] == [source_id]
    assert listed.stderr == (
        'the API key of connection "team-b" is good for database "theirs" alone, which is used where none is '
        "named\n"
    )
    env["CHROMA_DATABASE_TEAM_B"] = "theirs"
    for options, kind in (((), "Source"), (("--as-set", "wikis"), "SourceSet")):
        imported = run("import", "--connection", "team-b", "--force", *options, env=env)
        assert imported.exit_code == 0, imported.output
        assert f"chroma_sync.{kind}(" in imported.stdout
        assert imported.stdout.count('    connection="team-b",\n') == 1
        [entry] = json.loads(Path("import.json").read_text(encoding="utf-8"))["resources"]
        assert entry["inputs"]["connection"] == entry["outputs"]["connection"] == "team-b"
        assert "sk-b" not in str(entry) + imported.output


def test_an_empty_database_is_said_and_is_no_failure(run: Run) -> None:
    """The sentence is for people; a program that reads stdout gets nothing."""
    listed = run("list")
    assert (listed.exit_code, listed.stdout, listed.stderr) == (0, "", 'no sources in database "demo"\n')


FAILURES: list[tuple[list[str], dict[str, str | None], int, str]] = [
    (["list"], {"CHROMA_API_KEY": None}, 2, "no API key is set; set CHROMA_API_KEY"),
    (
        ["list"],
        {"CHROMA_DATABASE": None},
        2,
        "no database is named; give --database or set CHROMA_DATABASE; this API key is good for "
        '"demo", "other"',
    ),
    (
        ["list"],
        {"CHROMA_DATABASE": None, "CHROMA_SYNC_URL": "http://127.0.0.1:9", "CHROMA_SYNC_RETRIES": "0"},
        2,
        "no database is named; give --database or set CHROMA_DATABASE. A key that is scoped to one database",
    ),
    (
        ["list", "--connection", "team-c"],
        {"CHROMA_API_KEY_TEAM_B": "sk-b"},
        2,
        '--connection: no setting names "team-c"; did you mean "team-b"? (known: "team-b")',
    ),
    (
        ["list", "--connection", "team-b", "--url", "ftp://example.com"],
        {"CHROMA_API_KEY_TEAM_B": "sk-b"},
        2,
        "team-b.url: give an http(s) URL such as https://sync.trychroma.com (from --url)",
    ),
    (
        ["import", "--connection", "team-b", "--database", "demo"],
        {"CHROMA_API_KEY_TEAM_B": "sk-wrong"},
        1,
        "the service refused the API key (401); check CHROMA_API_KEY_TEAM_B",
    ),
    (
        ["list", "--url", "ftp://example.com"],
        {},
        2,
        "url: give an http(s) URL such as https://sync.trychroma.com (from --url)",
    ),
    (
        ["list"],
        {"CHROMA_SYNC_URL": "http://example.com"},
        2,
        "url: plain http would send the API key readable",
    ),
    (["list"], {"CHROMA_SYNC_TIMEOUT": "soon"}, 2, "timeout: "),
    (
        ["list"],
        {"CHROMA_API_KEY": "sk-wrong"},
        1,
        "the service refused the API key (401); check CHROMA_API_KEY",
    ),
    (
        ["list", "--database", "knowlege"],
        {},
        1,
        'the service has no database "knowlege" for this API key',
    ),
    (
        ["list"],
        {"CHROMA_API_KEY": "sk-scoped"},
        1,
        'this API key may not use database "demo" (403); a key can be scoped to one database',
    ),
    (
        ["list", "--database", "knowlege", "--connection", "team-b"],
        {"CHROMA_API_KEY_TEAM_B": "sk-scoped"},
        1,
        'the API key of connection "team-b" may not use database "knowlege" (403)',
    ),
    (
        ["list", "--url", "http://127.0.0.1:9"],
        {"CHROMA_SYNC_RETRIES": "0"},
        1,
        "GET http://127.0.0.1:9/api/v1/sources: the connection was refused",
    ),
    (
        ["import", "--source", "8a6f", "--source", "9b7e"],
        {},
        1,
        'database "demo" has no source 8a6f, 9b7e. Nothing was written. '
        "To see what there is: pulumi-chroma-sync list --database demo",
    ),
    (["import"], {}, 1, 'database "demo" has no source to import. Nothing was written.'),
    (["import", "--out", "-"], {}, 2, "--out: a file is needed; stdout gets the program"),
    (["import", "--out", "no/such/import.json"], {}, 2, "--out: there is no folder no/such"),
    (["import", "--aws-keys"], {}, 2, "--aws-keys: there is no S3 source among those to import"),
]


@pytest.mark.parametrize(("arguments", "env", "code", "sentence"), FAILURES)
def test_a_failure_is_one_line_and_leaves_nothing_behind(
    run: Run,
    emu: RunningEmulator,
    tmp_path: Path,
    arguments: list[str],
    env: dict[str, str | None],
    code: int,
    sentence: str,
) -> None:
    """What is wrong and what to do, no traceback, no key; stdout is empty, and no file is there."""
    emu.control.add_tenant("default", "sk-scoped", ["other"], database="other")
    ended = run(*arguments, env=env)
    assert ended.exit_code == code, ended.output
    assert ended.stderr.startswith(f"Error: {sentence}")
    assert ended.stderr.count("\n") == 1 and ended.stdout == ""
    assert "sk-" not in ended.stderr and emu.api_key not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_failing_service_is_one_line_too(run: Run, emu: RunningEmulator, tmp_path: Path) -> None:
    """A gateway's page of HTML is told in a sentence."""
    page = "<html><title>Bad\ngateway</title></html>"
    emu.control.fault("list_sources", "respond", times=0, status=502, body=page)
    ended = run("import", env={"CHROMA_SYNC_RETRIES": "1"})
    assert (ended.exit_code, ended.stdout, list(tmp_path.iterdir())) == (1, "", [])
    assert re.fullmatch(r"Error: GET http://\S+: 502: Bad gateway\. .*\n", ended.stderr)


def test_a_key_is_no_option(run: Run) -> None:
    """What stands on a command line is readable by everybody on the machine."""
    for command in ("list", "import", "runs", "run", "collections"):
        assert "--api-key" not in run(command, "--help").stdout
        refused = run(command, "--api-key", "sk-1")
        assert refused.exit_code == 2 and "No such option" in refused.stderr


def test_the_installed_command_runs_and_documents_its_exit_codes() -> None:
    """The entry point is there, and `--help` needs neither a key nor a service."""
    ended = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True)
    codes = "Exit codes: 0 done, 1 it failed, 2 it was asked for in the wrong way, 130 stopped with Ctrl-C."
    assert codes in " ".join(ended.stdout.split())
    assert ended.stderr == ""
    commands = re.findall(r"^  (\w+)  ", ended.stdout, re.MULTILINE)
    assert commands == ["collections", "import", "list", "run", "runs"]


def _all_of(descriptor: int) -> str:
    """Everything that is written to a terminal until its other end is closed."""
    read = b""
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:  # Linux's end of file on a terminal
            part = b""
        if not part:
            os.close(descriptor)
            return read.decode()
        read += part
