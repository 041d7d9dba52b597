"""`make up` and its like, for real: a copy of the checkout, the real engine, the emulator as a process."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chroma_sync_emulator.testing import emulator

ROOT = Path(__file__).parents[2]
CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")


class Checkout:
    """A copy of what the quickstart needs of the checkout, in a home without anything in it.

    It shares the virtual environment and the engine, which take minutes to make.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        for name in ("Makefile", "Pulumi.yaml", "__main__.py", "pyproject.toml"):
            shutil.copy(ROOT / name, self.folder / name)
        shutil.copytree(
            ROOT / "scripts", self.folder / "scripts", ignore=shutil.ignore_patterns("__pycache__")
        )
        (self.folder / ".venv").symlink_to(sys.prefix)
        self.local = self.folder / ".local"
        home = folder / "home"
        home.mkdir()
        # `make test ARGS=...` hands its own variables down to everything below it.
        ours = ("PULUMI_", "CHROMA_", "MAKE", "ARGS", "JOBS", "LIVE")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        self.env = {**kept, "HOME": str(home), "XDG_CACHE_HOME": CACHE}

    def make(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run make to its end; stdout and stderr come as one text, as a terminal shows them."""
        return subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def head(self) -> str:
        """The newest commit of the repository that is synced."""
        return self._git("rev-parse", "HEAD")

    def commit(self) -> None:
        """Commit what was changed there."""
        self._git("-c", "user.name=a", "-c", "user.email=a@acme.example", "commit", "-qam", "A change")

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.local / "handbook"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    @property
    def emulator(self) -> dict[str, object]:
        """What is noted of the emulator: ``pid`` and ``url``."""
        noted: dict[str, object] = json.loads((self.local / "emulator.json").read_text())
        return noted

    def emulator_ended(self) -> bool:
        """Whether the emulator's process is gone; it may need an instant, and init another to take notice."""
        pid = str(self.emulator["pid"])
        for _ in range(100):
            state = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True).stdout
            if state.strip() == "" or state.startswith("Z"):
                return True
            time.sleep(0.1)
        return False

    def get(self, path: str) -> httpx.Response:
        """Ask the emulator."""
        headers = {"x-chroma-token": "emulator-demo-key"}
        return httpx.get(f"{self.emulator['url']}{path}", headers=headers, trust_env=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A copy of the test's own; whatever the test does, its emulator ends with it."""
    copy = Checkout(tmp_path)
    yield copy
    subprocess.run(
        [sys.executable, "-c", "from scripts.quickstart import emulator; emulator.stop()"], cwd=copy.folder
    )


@pytest.fixture
def forbidden() -> Iterator[tuple[str, list[object]]]:
    """A server that nobody may talk to: its URL, and who did all the same."""
    came: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                came.append(address)
                connection.close()

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", came
        server.shutdown(socket.SHUT_RDWR)


def test_up_creates_and_shows_the_source_and_a_second_up_changes_nothing(
    checkout: Checkout, forbidden: tuple[str, list[object]]
) -> None:
    """The newcomer's first minutes, to the end: up, up again after the emulator died, an edit, refresh, a
    mistake (whose exit code is passed on), clean (refused while the state knows resources), down, clean.

    The first up is beside the user's own keys, URLs, tokens and backends: none is sent, shown or written.
    """
    url, came = forbidden
    up = checkout.make(
        "up",
        CHROMA_API_KEY="ck-of-the-real-service",
        CHROMA_SYNC_URL=url,
        CHROMA_DATABASE="production",
        PULUMI_BACKEND_URL=url,
        PULUMI_ACCESS_TOKEN="pul-of-the-user",
        PULUMI_CONFIG_PASSPHRASE="of-the-user",
    )
    assert up.returncode == 0, up.stdout
    assert came == []
    written = "".join(
        path.read_text(errors="replace")
        for path in [*checkout.folder.glob("Pulumi.*"), *checkout.local.rglob("*")]
        if path.is_file()
    )
    for text in (up.stdout, written):
        assert "of-the-real-service" not in text and "of-the-user" not in text and "production" not in text
    assert {request["status"] for request in checkout.get("/_emulator/requests").json()} <= {200, 201, 404}
    assert "Previewing update" in up.stdout and "+ 4 created" in up.stdout
    order = [
        up.stdout.index(f"\n{word:<10} ") for word in ("emulator", "source", "question", "answer", "next")
    ]
    assert up.stdout.startswith("engine     pulumi v") and order == sorted(order)

    [source_id] = re.findall(r"^source     (\S+)  github acme/handbook  quickstart$", up.stdout, re.MULTILINE)
    assert f'source_id : "{source_id}"' in up.stdout
    stored = checkout.get(f"/api/v1/sources/{source_id}").json()
    assert stored["github"]["repository"] == "acme/handbook"
    assert stored["github"]["include_globs"] == ["**/*.md"]
    assert (stored["chunking"]["type"], stored["chunking"]["max_size_bytes"]) == ("tree_sitter", 8192)
    shown = up.stdout[up.stdout.index("{\n") : up.stdout.rindex("}\n") + 2]
    assert json.loads(shown) == stored

    # The question is answered from the collection of the repository's newest commit.
    first = checkout.head()
    assert f"When do I ask for vacation?  (collection handbook-{first[:12]})" in up.stdout
    assert re.search(r"^answer     .*two weeks before you leave.*\(vacation.md\)$", up.stdout, re.MULTILINE)

    # It comes back where it was, with what it held, so the state still fits.
    before = checkout.emulator
    os.kill(int(str(before["pid"])), signal.SIGKILL)
    again = checkout.make("up")
    assert again.returncode == 0 and "4 unchanged" in again.stdout, again.stdout
    assert " created" not in again.stdout and " create " not in again.stdout
    assert f"emulator   {before['url']}  " in again.stdout
    revived = checkout.emulator
    assert revived["url"] == before["url"] and revived["pid"] != before["pid"]
    assert len(checkout.get("/api/v1/sources?database_name=quickstart").json()) == 1

    # A changed page and a commit are another collection; the old one is still there.
    page = checkout.local / "handbook" / "vacation.md"
    page.write_text(page.read_text().replace("two weeks", "three weeks"))
    checkout.commit()
    changed = checkout.make("up")
    assert changed.returncode == 0 and "+-1 replaced" in changed.stdout, changed.stdout
    assert "three weeks before you leave" in changed.stdout
    names = [collection["name"] for collection in checkout.get("/_emulator/collections").json()]
    assert sorted(names) == sorted(f"handbook-{sha[:12]}" for sha in (first, checkout.head()))
    assert checkout.emulator == revived  # one that lives is not started twice

    program = checkout.folder / "__main__.py"
    program.write_text(program.read_text().replace("acme/handbook", "acme/other"))
    preview = checkout.make("preview", "ARGS=--diff")
    assert preview.returncode == 0 and '"acme/handbook" => "acme/other"' in preview.stdout
    assert len(checkout.get("/api/v1/sources?database_name=quickstart").json()) == 1

    refresh = checkout.make("refresh")
    assert refresh.returncode == 0 and "4 unchanged" in refresh.stdout

    program.write_text(program.read_text().replace("repository", "repo"))
    bad = checkout.make("up")
    assert bad.returncode != 0 and "\nsource " not in bad.stdout and "Traceback" not in bad.stdout
    assert "repository" in bad.stdout

    refused = checkout.make("clean")
    assert refused.returncode != 0 and "make down" in refused.stdout
    assert checkout.local.exists()

    down = checkout.make("down")
    assert down.returncode == 0 and "- 4 deleted" in down.stdout, down.stdout
    assert checkout.emulator_ended()
    assert checkout.make("clean").returncode == 0
    assert not checkout.local.exists() and not (checkout.folder / "Pulumi.dev.yaml").exists()


def test_without_chromas_server_it_works_and_says_what_is_missing(checkout: Checkout, tmp_path: Path) -> None:
    """No collection is filled, no run is started, and the rest is as ever."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['chromadb_rust_bindings'] = None\n")
    up = checkout.make("up", PYTHONPATH=str(hidden))
    assert up.returncode == 0 and "+ 3 created" in up.stdout, up.stdout
    assert (
        "\ndata       no collection is filled, for Chroma's own server: the wheel `chromadb` is missing\n"
        in (up.stdout)
    )
    assert "\nanswer " not in up.stdout and "\nquestion " not in up.stdout


def test_live_without_a_key_is_one_sentence_and_starts_nothing(checkout: Checkout) -> None:
    """It says what to set."""
    up = checkout.make("up", "LIVE=1")
    assert up.returncode != 0
    assert "LIVE=1 works on the real service and needs its key: set CHROMA_API_KEY" in up.stdout
    assert not (checkout.local / "emulator.json").exists()


def test_live_works_on_the_service_that_the_user_has_set(checkout: Checkout) -> None:
    """With LIVE=1 the user's key and URL are used, on a stack of its own, without an emulator."""
    with emulator(databases=["knowledge"], api_key="ck-of-the-user") as live:
        up = checkout.make("up", "LIVE=1", **live.environment())
        assert up.returncode == 0 and "+ 3 created" in up.stdout, up.stdout
        assert "github acme/handbook  quickstart" in up.stdout
        assert not (checkout.local / "emulator.json").exists()
        assert "ck-of-the-user" not in up.stdout + (checkout.local / "env").read_text()
        down = checkout.make("down", "LIVE=1", **live.environment())
        assert down.returncode == 0, down.stdout
        assert len(live.control.requests("create_source")) == len(live.control.requests("delete_source")) == 1


def test_help_names_every_target(checkout: Checkout) -> None:
    """`make` alone lists them, each with a line."""
    text = (checkout.folder / "Makefile").read_text()
    targets = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)[0].split()
    listed = checkout.make()
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == targets
