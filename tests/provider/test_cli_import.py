"""``pulumi-chroma-sync import``: the file, who may read it, and what is said about it."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.existing import create, upload

from chroma_sync_emulator.testing import RunningEmulator, emulator

DOCS = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
COMMAND = Path(sys.executable).parent / "pulumi-chroma-sync"
KEY, SECRET = "AKIAEXAMPLE00000001", "word/that+is'secret"
AWS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
BUCKET = {"bucket_name": "papers", "region": "us-east-1", "collection_name": "papers"}
SOURCES: list[dict[str, Any]] = [
    {"github": {"repository": "acme/handbook"}},
    {"web_scrape": {"starting_url": "https://docs.acme.com/"}},
    {"s3": {**BUCKET, "aws_credential_id": 7}},
]


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """An emulator whose database ``demo`` holds one source of each kind."""
    with emulator() as running:
        create(running, *SOURCES)
        yield running


def environment(emu: RunningEmulator, **more: str) -> dict[str, str]:
    """This process's environment without AWS keys, pointed at the emulator."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, **emu.environment(), **more}


def run_import(
    emu: RunningEmulator, folder: Path, *options: str, before: str = "umask 000", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a shell, after what ``before`` sets for its process."""
    command = shlex.join([str(COMMAND), "import", *options])
    return subprocess.run(
        ["bash", "-c", f"{before} && exec {command}"],
        cwd=folder,
        env=environment(emu, **env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def entries(file: Path) -> list[dict[str, Any]]:
    """The resources in an import file."""
    resources: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["resources"]
    return resources


def test_an_import_says_what_it_wrote_and_what_to_do_next(emu: RunningEmulator, tmp_path: Path) -> None:
    """The program alone is on stdout, so that it can be redirected; all else is on stderr."""
    ended = run_import(emu, tmp_path)
    assert ended.returncode == 0
    assert ended.stderr.splitlines() == [
        "3 sources: 1 github, 1 web_scrape, 1 s3 (uses credential 7; no secret needed)",
        "next       pulumi import --file import.json --generate-code=false",
        "           put the code into your program: `pulumi preview` then shows no changes",
    ]
    assert ended.stderr in DOCS
    compile(ended.stdout, "sources.py", "exec")
    assert [entry["name"] for entry in entries(tmp_path / "import.json")] == [
        "acme-handbook",
        "docs-acme-com",
        "papers",
    ]
    assert ended.stdout.count("chroma_sync.Source(") == 3


def test_the_database_is_imported_before_its_sources(emu: RunningEmulator, tmp_path: Path) -> None:
    """As a resource that passes its name on; of an empty one it is all that is there."""
    emu.control.add_database("empty")
    ended = run_import(emu, tmp_path, "--with-database")
    assert ended.stderr.startswith('database "demo"; 3 sources: 1 github')
    first, *rest = entries(tmp_path / "import.json")
    assert (first["type"], first["id"]) == ("pulumi-python:dynamic/chroma-sync:Database", "default/demo")
    assert first["outputs"]["database_id"] and first["inputs"]["protected"] is True
    assert [entry["inputs"]["database_name"] for entry in rest] == ["demo"] * 3
    assert ended.stdout.count("database_name=demo.name,") == 3
    assert 'demo = chroma_sync.Database(\n    "demo",\n    name="demo",\n' in ended.stdout
    ended = run_import(emu, tmp_path, "--with-database", "--database", "empty", "--force")
    assert ended.returncode == 0 and ended.stderr.startswith('database "empty"\n')
    assert len(entries(tmp_path / "import.json")) == 1
    ended = run_import(emu, tmp_path, "--with-database", "--as-set", "demo", "--force")
    assert "demo_database = chroma_sync.Database(" in ended.stdout
    assert "database_name=demo_database.name" in ended.stdout and ended.returncode == 0
    compile(ended.stdout, "sources.py", "exec")


def test_the_file_is_its_owners_alone(emu: RunningEmulator, tmp_path: Path) -> None:
    """Whatever the umask; and one that was readable by all is replaced, not written into."""
    file = tmp_path / "import.json"
    assert run_import(emu, tmp_path).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o666)
    opened_before = file.open(encoding="utf-8")
    with opened_before:
        file.write_text("old", encoding="utf-8")
        assert run_import(emu, tmp_path, "--force").returncode == 0
        assert opened_before.read() == "old"
    assert file.stat().st_mode & 0o777 == 0o600 and len(entries(file)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["import.json"]


def test_a_file_that_is_there_is_kept(emu: RunningEmulator, tmp_path: Path) -> None:
    """Also where it is a link to nowhere. --force replaces the link and leaves its target alone."""
    file, target = tmp_path / "import.json", tmp_path / "elsewhere.json"
    file.symlink_to(target)
    refused = run_import(emu, tmp_path)
    assert refused.returncode == 2
    assert refused.stderr == "Error: --out: import.json is there already; --force overwrites it\n"
    assert not target.exists() and refused.stdout == ""
    assert run_import(emu, tmp_path, "--force").returncode == 0
    assert not target.exists() and not file.is_symlink() and len(entries(file)) == 3


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_a_file_that_can_not_be_written_whole_is_not_there(
    emu: RunningEmulator, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """No half of a file is left, and with --force the old one stays."""
    file = tmp_path / "import.json"
    if options:
        file.write_text("old", encoding="utf-8")
    ended = run_import(emu, tmp_path, *options, before="ulimit -f 1")
    assert ended.returncode == 1
    assert ended.stderr == "Error: --out: can't write import.json: File too large\n"
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == (["old"] if options else [])


@pytest.mark.parametrize("buffered", ["unset PYTHONUNBUFFERED", "export PYTHONUNBUFFERED=1"])
def test_a_program_that_can_not_be_printed_leaves_no_file(
    emu: RunningEmulator, tmp_path: Path, buffered: str
) -> None:
    """A file with a secret isn't left behind by a run that failed."""
    ended = run_import(emu, tmp_path, before=f"{buffered}; exec > /dev/full")
    assert (ended.returncode, ended.stderr) == (1, "Error: can't write to stdout: No space left on device\n")
    assert list(tmp_path.iterdir()) == []


def test_chosen_sources_alone_are_imported(emu: RunningEmulator, tmp_path: Path) -> None:
    """--source may be repeated, and the file may be called what one likes."""
    first, second = create(emu, {"github": {"repository": "a/b"}}, {"github": {"repository": "c/d"}})
    name = "what I like.json"
    ended = run_import(emu, tmp_path, "--source", second, "--source", first, "--source", first, "--out", name)
    assert [entry["id"] for entry in entries(tmp_path / name)] == [first, second]
    assert ended.stderr.splitlines()[:2] == [
        "2 sources: 2 github",
        "next       pulumi import --file 'what I like.json' --generate-code=false",
    ]


def test_what_can_not_be_imported_is_said(emu: RunningEmulator, tmp_path: Path) -> None:
    """Uploads are left out of an import of all, and refused where one is asked for by its id."""
    uploaded = upload(emu)
    refused = run_import(emu, tmp_path, "--source", uploaded)
    assert refused.returncode == 1 and list(tmp_path.iterdir()) == []
    assert refused.stderr == (
        f"Error: source {uploaded}: file_upload, which can't be declared. Nothing was written.\n"
    )
    ended = run_import(emu, tmp_path)
    assert ended.stderr.splitlines()[0] == f"left out   {uploaded}: file_upload, which can't be declared"
    assert len(entries(tmp_path / "import.json")) == 3


def test_aws_keys_come_from_the_environment_and_are_never_shown(emu: RunningEmulator, tmp_path: Path) -> None:
    """They are in the file, marked as secrets; the report says so, and how to give them to the stack."""
    with emu.client() as client:
        (source,) = client.get("/api/v1/sources", params={"source_type": "s3"}).json()
    ended = run_import(emu, tmp_path, "--aws-keys", "--source", source["id"], **AWS)
    assert ended.stderr in DOCS
    assert ended.stderr.splitlines() == [
        "1 source: 1 s3 (inline AWS keys)",
        "secret     import.json holds the AWS keys in plain text, readable by you alone: delete it later",
        "next       pulumi config set --secret awsAccessKeyId7",
        "           pulumi config set --secret awsSecretAccessKey7",
        "           pulumi import --file import.json --generate-code=false",
        "           put the code into your program: `pulumi preview` then shows no changes",
        "           rm import.json",
    ]
    assert KEY not in ended.stdout and SECRET not in ended.stdout
    assert (tmp_path / "import.json").stat().st_mode & 0o777 == 0o600
    s3 = entries(tmp_path / "import.json")[0]["inputs"]["s3"]
    assert [json.loads(s3[name.lower()]["plaintext"]) for name in AWS] == [KEY, SECRET]


def test_aws_keys_that_are_missing_are_asked_for_without_an_echo(
    emu: RunningEmulator, tmp_path: Path
) -> None:
    """In a terminal the command asks, and what is typed is not shown; the program still goes to stdout."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "import", "--aws-keys"],
        cwd=tmp_path,
        env=environment(emu),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = ""
    for name, value in AWS.items():
        while f"{name}: " not in shown:
            shown += os.read(ours, 1024).decode()
        os.write(ours, f"{value}\n".encode())
    program, _ = process.communicate()
    while "rm import.json" not in shown:
        shown += os.read(ours, 1024).decode()
    os.close(ours)
    assert process.returncode == 0
    assert KEY not in shown and SECRET not in shown and SECRET.encode() not in program
    assert b'config.require_secret("awsSecretAccessKey7")' in program
    s3 = entries(tmp_path / "import.json")[2]["inputs"]["s3"]
    assert json.loads(s3["aws_secret_access_key"]["plaintext"]) == SECRET


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({}, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run this in a terminal to be asked"),
        ({"AWS_ACCESS_KEY_ID": KEY}, "set AWS_SECRET_ACCESS_KEY, or run this in a terminal to be asked"),
    ],
)
def test_aws_keys_that_nobody_can_be_asked_for_are_an_error(
    emu: RunningEmulator, tmp_path: Path, env: dict[str, str], sentence: str
) -> None:
    """Half a pair is none; nothing is written."""
    ended = run_import(emu, tmp_path, "--aws-keys", **env)
    assert (ended.returncode, ended.stderr) == (2, f"Error: --aws-keys: {sentence}\n")
    assert list(tmp_path.iterdir()) == []


def test_one_pair_of_keys_is_not_taken_for_two_credentials(emu: RunningEmulator, tmp_path: Path) -> None:
    """The wrong keys would stand in the state unseen, and be sent when the source is replaced."""
    (other,) = create(emu, {"s3": {**BUCKET, "path_prefix": "b/", "aws_credential_id": 8}})
    refused = run_import(emu, tmp_path, "--aws-keys", **AWS)
    assert refused.returncode == 2 and list(tmp_path.iterdir()) == []
    assert "different credentials (7, 8)" in refused.stderr
    ended = run_import(emu, tmp_path, "--aws-keys", "--source", other, **AWS)
    assert ended.returncode == 0 and "awsSecretAccessKey8" in ended.stdout


def words(text: str) -> str:
    """A text's words alone, so that quotes and line ends in a source file don't matter."""
    return " ".join(re.findall(r"[a-z]+", re.sub(r'"\s+f?["\']', "", text).lower()))


def test_the_documented_messages_are_those_that_are_said() -> None:
    """Whoever searches the page for a message of ours finds its very words."""
    package = Path(__file__).parents[2] / "provider" / "pulumi_chroma_sync"
    said = words("".join(path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py"))))
    table = DOCS.partition("## When something goes wrong")[2].partition("`GetSchema")[0]
    messages = re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    assert len(messages) == 10
    for message in messages:
        for part in re.split(r"\.\.\.|import\.json|file_upload,", message):
            assert words(part) in said, message


def test_every_option_is_documented() -> None:
    """What `--help` lists is on the page."""
    shown = subprocess.run([COMMAND, "import", "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^  (--[a-z-]+) ", shown, re.MULTILINE))
    assert len(options) > 5 and {option for option in options if f"`{option}" not in DOCS} == set()
