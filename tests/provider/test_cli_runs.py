"""The commands ``runs`` and ``run``: what they print where, how they end, and that a run is started once."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.existing import create, upload

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync.cli import main
from pulumi_chroma_sync.core import cancelling

COMMAND = Path(sys.executable).parent / "pulumi-chroma-sync"
NOBODY = "8a6f1c1e-0000-4000-8000-000000000000"
GITHUB: dict[str, Any] = {"github": {"repository": "acme/handbook"}}
S3: dict[str, Any] = {
    "s3": {
        "bucket_name": "papers",
        "region": "eu-central-1",
        "collection_name": "papers",
        "path_prefix": "in/",
        "aws_credential_id": 7,
    }
}

Run = Callable[..., Result]


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """An emulator with the database ``demo``, whose runs are moved by hand."""
    with emulator(invocations="manual") as running:
        yield running


@pytest.fixture
def run(emu: RunningEmulator) -> Run:
    """Runs the command with the emulator's environment; ``env`` goes on top."""

    def run(*arguments: str, env: dict[str, str | None] | None = None) -> Result:
        return CliRunner(env={**emu.environment(), **(env or {})}).invoke(main, arguments)

    return run


@pytest.fixture
def handbook(emu: RunningEmulator) -> str:
    """A GitHub source."""
    return create(emu, GITHUB)[0]


@pytest.fixture
def papers(emu: RunningEmulator) -> str:
    """An S3 source."""
    return create(emu, S3)[0]


def at(sha: str) -> tuple[str, ...]:
    """Options for a run of this commit into a collection of its own."""
    return "--sha", sha, "--collection", f"handbook-{sha}"


def start(emu: RunningEmulator, source_id: str, **payload: Any) -> str:
    """Start a run by another hand; its id."""
    with emu.client() as client:
        answer = client.post(f"/api/v1/sources/{source_id}/invocations", json=payload)
        return str(answer.raise_for_status().json()["invocation_id"])


def of_commit(emu: RunningEmulator, source_id: str, sha: str) -> str:
    """The same of a commit."""
    return start(emu, source_id, target_collection_name=f"handbook-{sha}", ref_identifier={"sha": sha})


def there(emu: RunningEmulator) -> list[str]:
    """The ids of all runs, the newest first."""
    with emu.client() as client:
        return [str(each["id"]) for each in client.get("/api/v1/invocations").json()]


@contextlib.contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Do this on another thread, from now on."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join(30)


def eventually(emu: RunningEmulator, operation: str, count: int = 1) -> None:
    """Wait until the service was asked so often."""
    until = time.monotonic() + 30
    while len(emu.control.requests(operation)) < count:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_runs_shows_a_line_for_each_the_newest_first(
    run: Run, emu: RunningEmulator, handbook: str, papers: str
) -> None:
    """In a pipe each run is one line with its whole ids; what no run has, has no column."""
    first = of_commit(emu, handbook, "3f2a")
    emu.control.move_invocation(first, {"complete": {"duration_ms": 130_000}})
    second = start(emu, papers, object_key="in/a.pdf")
    emu.control.move_invocation(
        second, {"failed": {"error": "clone of https://bob:hushed@a.com/b\x1b[2J\nfailed"}}
    )
    upload(emu)
    shown = run("runs", env={"COLUMNS": "20"})
    assert (shown.exit_code, shown.stderr) == (0, "")
    heading, *lines = shown.stdout.splitlines()
    assert heading.split() == [
        *("ID", "SOURCE", "STATUS", "SYNCED", "COLLECTION", "STARTED", "TOOK", "ERROR")
    ]
    assert [line.split()[0] for line in lines] == there(emu)
    failed, complete = lines[1:]
    assert failed.split()[:5] == [second, papers, "failed", "in/a.pdf", "papers"]
    assert failed.endswith("clone of https://***@a.com/b\\x1b[2J\\nfailed")
    assert complete.split()[:6] == [first, handbook, "complete", "sha", "3f2a", "handbook-3f2a"]
    assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d +2 min 10 s$", complete)
    of_one = run("runs", handbook).stdout.splitlines()
    assert of_one[0].split() == ["ID", "STATUS", "SYNCED", "COLLECTION", "STARTED", "TOOK"]
    assert len(of_one) == 2 and first in of_one[1]


def test_runs_takes_the_newest_and_says_that_there_are_more(
    run: Run, emu: RunningEmulator, handbook: str
) -> None:
    """Twenty by default; --limit 0 is all. What is said about them is not among them."""
    ids = [of_commit(emu, handbook, str(number)) for number in range(21)]
    shown = run("runs", handbook)
    assert [line.split()[0] for line in shown.stdout.splitlines()[1:]] == ids[:0:-1]
    assert shown.stderr == "the newest 20; --limit 0 shows all\n"
    for limit in ("0", "21", "500"):
        shown = run("runs", "--limit", limit)
        assert (len(shown.stdout.splitlines()), shown.stderr) == (22, "")
    emu.control.move_invocation(ids[3], "processing")
    assert [line.split()[0] for line in run("runs", "--status", "processing").stdout.splitlines()[1:]] == [
        ids[3]
    ]


def test_runs_json_is_what_the_api_answers(run: Run, emu: RunningEmulator, papers: str) -> None:
    """With the API's own fields, but for what must not be shown; and an empty array for none."""
    assert json.loads(run("runs", "--json").stdout) == []
    start(
        emu, papers, object_key="in/a.pdf", custom_id="a", metadata={"page": 3, "from": "https://u:hushed@a"}
    )
    with emu.client() as client:
        [answered] = client.get("/api/v1/invocations").json()
    answered["metadata"]["s3"]["additional_metadata"]["from"] = "https://***@a"
    assert json.loads(run("runs", "--json").stdout) == [answered]


def test_no_runs_are_said_and_are_no_failure(run: Run, handbook: str) -> None:
    """Of what there are none."""
    assert run("runs").stderr == 'no runs of database "demo"\n'
    ended = run("runs", handbook, "--status", "failed")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == f"no failed runs of source {handbook}\n"


def test_watch_ends_when_all_that_it_shows_are_over(run: Run, emu: RunningEmulator, handbook: str) -> None:
    """Without a terminal each change is a line on stderr; the table, or the JSON, comes at the end. An outage
    is told and waited out; runs that come later are not waited for."""
    ids = [of_commit(emu, handbook, str(number)) for number in range(3)]
    emu.control.move_invocation(ids[0], {"complete": {"duration_ms": 1000}})

    def move() -> None:
        eventually(emu, "list_invocations", 3)
        of_commit(emu, handbook, "later")
        emu.control.move_invocation(ids[1], {"failed": {"error": "no such ref"}})
        emu.control.fault("list_invocations", "respond", times=1, status=503)
        eventually(emu, "list_invocations", 5)
        emu.control.move_invocation(ids[2], {"complete": {"duration_ms": 2000}})

    with meanwhile(move):
        ended = run("runs", handbook, "--watch", env={"CHROMA_SYNC_RETRIES": "0"})
    assert ended.exit_code == 0
    said = ended.stderr.splitlines()
    assert said[0] == f"2 of 3 runs of source {handbook} not over yet"
    assert f"{ids[1]}: failed, no such ref" in said and f"{ids[2]}: complete, 2 s" in said
    assert sum(line.startswith("how they are can't be asked at the moment: ") for line in said) == 1
    lines = ended.stdout.splitlines()[1:]
    assert [line.split()[:2] for line in lines] == [
        [ids[2], "complete"],
        [ids[1], "failed"],
        [ids[0], "complete"],
    ]

    emu.control.move_invocation(ids[2], "processing")

    def cancel() -> None:
        eventually(emu, "get_invocation")
        emu.control.move_invocation(ids[2], "cancelled")

    # Those with a status at first are followed, whatever becomes of them.
    emu.control.clear_requests()
    of_commit(emu, handbook, "newer")
    with meanwhile(cancel):
        ended = run("runs", handbook, "--watch", "--json", "--status", "processing", "--limit", "1")
    assert [each["status"] for each in json.loads(ended.stdout)] == ["cancelled"]


def test_watch_of_what_is_over_is_what_runs_shows(run: Run, emu: RunningEmulator, handbook: str) -> None:
    """At once."""
    emu.control.move_invocation(of_commit(emu, handbook, "a"), "cancelled")
    assert run("runs", "--watch").output == run("runs").output


@pytest.mark.parametrize("columns", [80, 160])
def test_watch_in_a_terminal_draws_the_table_anew(emu: RunningEmulator, handbook: str, columns: int) -> None:
    """And leaves it there as it is at the end. A narrow one does without the source, which needs room."""
    run_id = of_commit(emu, handbook, "3f2a")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [COMMAND, "runs", "--watch"],
        env={**kept, **emu.environment(), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    eventually(emu, "list_invocations", 4)
    emu.control.move_invocation(run_id, {"complete": {"duration_ms": 1000}})
    shown = b""
    with contextlib.suppress(OSError):  # Linux's end of file on a terminal
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert (process.communicate(timeout=30)[1], process.returncode) == ("", 0)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert text.count("complete") >= 2 and -1 < text.index("pending") < text.index("complete")
    last = next(line.split() for line in reversed(text.splitlines()) if run_id in line)
    assert last[:3] == ([run_id, handbook, "complete"] if columns == 160 else [run_id, "complete", "sha"])
    assert "…" not in text


def test_run_starts_one_run_and_waits_for_it(run: Run, emu: RunningEmulator, handbook: str) -> None:
    """Its id is all of stdout; how it goes is on stderr."""
    emu.control.settings(invocations="timed", pending_seconds=0.1, processing_seconds=0.1)
    ended = run("run", handbook, *at("3f2a"))
    assert ended.exit_code == 0
    [run_id] = there(emu)
    assert ended.stdout == f"{run_id}\n"
    assert ended.stderr.splitlines() == [
        f"handbook-3f2a: pending, 0 s, run {run_id}",
        'complete in 0 s, collection "handbook-3f2a"',
    ]
    again = run("run", handbook, *at("3f2a"))
    assert (again.exit_code, again.stdout, there(emu)) == (0, f"{run_id}\n", [run_id])
    assert "it is taken over, and no second one started" in again.stderr


def test_run_passes_on_what_it_is_given(run: Run, emu: RunningEmulator, papers: str) -> None:
    """A value that is JSON is what it says, any other is a text; and --no-wait waits for nothing."""
    metadata = ["page=3", "draft=null", 'tags=["a","b"]', "name=Ada = Lovelace", 'year="1843"', "nan=NaN"]
    options = [option for pair in metadata for option in ("--metadata", pair)]
    ended = run("run", papers, "--object-key", "in/a.pdf", "--custom-id", "a", *options, "--no-wait")
    [run_id] = there(emu)
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, f"{run_id}\n", "")
    [request] = emu.control.requests("create_invocation")
    assert request["body"] == {
        "object_key": "in/a.pdf",
        "custom_id": "a",
        "metadata": {
            "page": 3,
            "draft": None,
            "tags": ["a", "b"],
            "name": "Ada = Lovelace",
            "year": "1843",
            "nan": "NaN",
        },
    }


def test_run_of_a_run_that_is_under_way_continues_it(run: Run, emu: RunningEmulator, handbook: str) -> None:
    """Also where the answer to its start is lost: exactly one run is started."""
    emu.control.fault("create_invocation", "drop_after")
    ended = run("run", handbook, *at("3f2a"), "--no-wait")
    assert ended.exit_code == 0 and "started since" in ended.stderr
    again = run("run", handbook, *at("3f2a"), "--no-wait")
    assert again.stdout == ended.stdout and "it is continued" in again.stderr
    assert len(there(emu)) == 1 and len(emu.control.requests("create_invocation")) == 1


REFUSED: list[tuple[list[str], int, str]] = [
    (
        ["--sha", "a", "--branch", "b", "--collection", "docs"],
        2,
        "--sha, --branch: give a sha or a branch, not both",
    ),
    (["--sha", "a"], 2, "--collection: required: this source is a GitHub repository"),
    (["--collection", "x"], 2, "--collection: must have 3 to 512 characters"),
    (["--collection", "docs", "--deadline", "0"], 2, "--deadline: must be 1 or more"),
    (["--collection", "docs", "--object-key", "a"], 2, "--object-key: is for sources of kind s3"),
    (["--collection", "docs", "--metadata", "a"], 2, "--metadata: give KEY=VALUE"),
    (["--collection", "docs", "--metadata", "a=1", "--metadata", "a=2"], 2, "--metadata: a is given twice"),
    (
        ["--collection", "docs", "--metadata", 'a=["b",1]'],
        2,
        "--metadata a: the items of a list must be of one type",
    ),
]


@pytest.mark.parametrize(("options", "code", "sentence"), REFUSED)
def test_a_mistake_is_told_by_its_option_and_starts_nothing(
    run: Run, emu: RunningEmulator, handbook: str, options: list[str], code: int, sentence: str
) -> None:
    """A line for each, and nothing on stdout."""
    ended = run("run", handbook, *options)
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert ended.stderr.startswith(f"Error: {sentence}")
    assert there(emu) == []


FAILURES: list[tuple[list[str], dict[str, str | None], int, str]] = [
    (["runs", NOBODY], {}, 1, f"look up the runs of source {NOBODY}: the service has no such source"),
    (
        ["runs", "--database", "knowlege"],
        {},
        1,
        'look up the runs of database "knowlege": the service has no database "knowlege" for this API key.',
    ),
    (["runs", NOBODY, "--database", "demo"], {}, 2, "give SOURCE or --database, not both"),
    (["runs"], {"CHROMA_API_KEY": None}, 2, "no API key is set; set CHROMA_API_KEY"),
    (["runs", "--url", "ftp://a"], {}, 2, "url: give an http(s) URL such as https://sync.trychroma.com"),
    (["run", NOBODY, *at("a")], {}, 1, f"source {NOBODY}: the service has no such source, or not for this"),
    (["run", NOBODY, *at("a")], {"CHROMA_API_KEY": "sk-wrong"}, 1, "the service refused the API key (401)."),
    (["run", NOBODY, *at("a")], {"CHROMA_API_KEY": None}, 2, "no API key is set; set CHROMA_API_KEY"),
]


@pytest.mark.parametrize(("arguments", "env", "code", "sentence"), FAILURES)
def test_a_failure_is_one_line(
    run: Run, arguments: list[str], env: dict[str, str | None], code: int, sentence: str
) -> None:
    """What is wrong and what to do, no traceback, no key."""
    ended = run(*arguments, env=env)
    assert (ended.exit_code, ended.stdout) == (code, ""), ended.output
    assert ended.stderr.startswith(f"Error: {sentence}")
    assert ended.stderr.count("\n") == 1 and "sk-" not in ended.stderr


def test_a_run_that_fails_is_an_exit_code_of_its_own(run: Run, emu: RunningEmulator, handbook: str) -> None:
    """With the service's words and how to look; the same command again starts a new one."""

    def fail() -> None:
        eventually(emu, "get_invocation")
        emu.control.move_invocation(
            there(emu)[0], {"failed": {"error": "no such ref at https://bob:hushed@a/b"}}
        )

    with meanwhile(fail):
        ended = run("run", handbook, *at("3f2a"))
    [failed] = there(emu)
    assert (ended.exit_code, ended.stdout) == (1, f"{failed}\n")
    assert ended.stderr.splitlines()[1:] == [
        f'Error: handbook-3f2a: run {failed} into collection "handbook-3f2a" failed: '
        "no such ref at https://***@a/b",
        f"  The same command again starts a new run. To look: pulumi-chroma-sync runs {handbook}",
    ]
    assert run("run", handbook, *at("3f2a"), "--no-wait").exit_code == 0
    assert len(there(emu)) == 2


def test_a_run_that_takes_too_long_goes_on(run: Run, emu: RunningEmulator, handbook: str) -> None:
    """The command ends with an error, and the same again continues with it."""
    ended = run("run", handbook, *at("3f2a"), "--deadline", "1")
    [run_id] = there(emu)
    assert (ended.exit_code, ended.stdout) == (1, f"{run_id}\n")
    assert ended.stderr.splitlines()[1:] == [
        f"Error: handbook-3f2a: run {run_id} is still pending after 1 s, its deadline",
        "  It goes on. The same command again continues with it. To follow it: "
        f"pulumi-chroma-sync runs {handbook} --watch",
    ]


def test_a_collection_that_is_finished_is_explained(run: Run, emu: RunningEmulator, handbook: str) -> None:
    """What to do in the command's own words."""
    emu.control.add_collection("handbook-3f2a", "demo", finished_ingest=True)
    ended = run("run", handbook, *at("3f2a"))
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert (
        'the ingest of collection "handbook-3f2a" is finished, so it takes no further run (409'
        in ended.stderr
    )
    assert ended.stderr.endswith("\n  Nothing was started. A new version wants a new --collection.\n")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"action": "respond", "status": 429}, "Nothing was started. Run the same command again later."),
        ({"action": "respond", "status": 403}, "Nothing was started."),
        (
            {"action": "respond", "status": 500},
            "As far as is known nothing was started. Run the same command",
        ),
        (
            {"action": "drop_before"},
            "It may exist, or may still appear. Nothing was sent twice. Run the same",
        ),
    ],
)
def test_a_start_that_fails_says_what_is_so_now(
    run: Run, emu: RunningEmulator, handbook: str, fault: dict[str, Any], said: str
) -> None:
    """Of no error is it left open whether to try again; a stack is never spoken of."""
    emu.control.fault("create_invocation", times=0, **fault)
    env: dict[str, str | None] = {
        "CHROMA_SYNC_RETRIES": "1",
        "CHROMA_SYNC_SETTLE": "0.2",
        "CHROMA_SYNC_DEADLINE": "3",
    }
    ended = run("run", handbook, *at("3f2a"), env=env)
    assert (ended.exit_code, ended.stdout, there(emu)) == (1, "", [])
    assert f"\n  {said}" in ended.stderr and "pulumi up" not in ended.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_says_what_goes_on(
    emu: RunningEmulator, handbook: str, number: int, code: int
) -> None:
    """Within a second, without a traceback, whether it waits or watches; the run is left alone."""
    for command in (("run", handbook, *at("3f2a")), ("runs", handbook, "--watch")):
        emu.control.clear_requests()
        process = subprocess.Popen(
            [COMMAND, *command],
            env={**os.environ, **emu.environment()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # The end of the first list is found by a second request.
        eventually(emu, *(("get_invocation", 1) if command[0] == "run" else ("list_invocations", 3)))
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
        assert process.returncode == code, stderr
        [run_id] = there(emu)
        if command[0] == "run":
            assert stdout == f"{run_id}\n"
            assert stderr.splitlines()[1:] == [
                f"stopped waiting; run {run_id} goes on. The same command again continues with it. "
                f"To follow it: pulumi-chroma-sync runs {handbook} --watch"
            ]
        else:
            assert stderr.endswith("stopped watching; 1 of 1 not over, and going on\n")
            assert run_id in stdout
    assert emu.control.requests("cancel_invocation") == []


def test_a_second_ctrl_c_ends_even_a_start(emu: RunningEmulator, handbook: str) -> None:
    """The first one waits until it is known whether the run was started; the second says that it may be."""
    emu.control.fault("create_invocation", "delay", delay=5.0)
    process = subprocess.Popen(
        [COMMAND, "run", handbook, *at("3f2a")],
        env={**os.environ, **emu.environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(emu, "create_invocation")
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    assert stderr == (
        "stopped while the run was being started: it may have been. To look: "
        f"pulumi-chroma-sync runs {handbook}\n"
    )


def test_how_to_look_names_the_connection(run: Run, emu: RunningEmulator) -> None:
    """Or the command that is told would ask another account."""
    emu.control.add_tenant("b", "sk-of-b", ["knowledge"])
    env: dict[str, str | None] = {"CHROMA_API_KEY_TEAM_B": "sk-of-b"}
    with emu.client("sk-of-b") as client:
        body = {"database_name": "knowledge", **GITHUB}
        source = str(client.post("/api/v1/sources", json=body).json()["source_id"])
    ended = run("run", source, *at("3f2a"), "--connection", "team-b", "--deadline", "1", env=env)
    assert ended.exit_code == 1
    assert ended.stderr.endswith(f"pulumi-chroma-sync runs {source} --connection team-b --watch\n")
    shown = run("runs", source, "--connection", "team-b", env=env)
    assert (shown.exit_code, shown.stdout.split()[6]) == (0, ended.stdout.strip())


def test_what_hears_ctrl_c_is_as_before_after_a_command(
    run: Run, emu: RunningEmulator, handbook: str
) -> None:
    """A command that ended leaves nothing behind in its process."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def stop() -> None:
        eventually(emu, "get_invocation")
        os.kill(os.getpid(), signal.SIGINT)

    with meanwhile(stop):
        assert run("run", handbook, *at("3f2a")).exit_code == 130
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert not cancelling.is_cancelled()
