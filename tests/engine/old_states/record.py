"""Records states as the code of commit 773af6d wrote them: ``python -m tests.engine.old_states.record``.

The files beside this one are what it left there. Run it at that commit and no other: later code writes later
states. Each file holds the program, the deployment as ``pulumi stack export`` gave it (passphrase ``of the
tests``), and the source as the service answered it. Where a program stood in a file system is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.engine.harness import Project, engine_folder
from tests.engine.programs import GITHUB, KINDS, S3_KEYS, program
from tests.existing import create

from chroma_sync_emulator.testing import RunningEmulator, emulator

HERE = Path(__file__).parent
HANDBOOK = {"github": {"repository": "acme/handbook"}}
ADOPTING = 'chroma_sync.Source("docs", github={"repository": "acme/handbook"}, on_conflict="adopt")'
WEB = 'chroma_sync.Source("docs", web_scrape={"starting_url": "https://docs.acme.com/"})'
FILLED = {"page_limit": 100, "max_depth": 5, "include_path_regexes": ["^/"]}
RENAMED = ADOPTING.replace('"docs"', 'os.environ["N"]')


def sources(emu: RunningEmulator) -> list[dict[str, Any]]:
    """What the service holds."""
    with emu.client() as client:
        answer = client.get("/api/v1/sources", params={"database_name": "demo"}).raise_for_status()
        found: list[dict[str, Any]] = answer.json()
    return found


def up(_emu: RunningEmulator, stack: Project) -> None:
    """As a user would, on a service where nothing goes wrong."""
    stack.up()


def adopt(emu: RunningEmulator, stack: Project) -> None:
    """A source that somebody else made."""
    create(emu, HANDBOOK)
    stack.up()


def bring_in(emu: RunningEmulator, stack: Project) -> None:
    """A source that somebody else made, by ``pulumi-chroma-sync import``."""
    create(emu, GITHUB.fields)
    command = [str(Path(sys.executable).parent / "pulumi-chroma-sync"), "import"]
    printed = subprocess.run(
        command, cwd=stack.folder, env=stack.environment, capture_output=True, text=True, check=True
    )
    [line] = [line for line in printed.stderr.splitlines() if "pulumi import" in line]
    stack.pulumi("import", *line.partition("pulumi import")[2].split(), "--yes", check=True)
    stack.program(printed.stdout)


def fill(emu: RunningEmulator, stack: Project) -> None:
    """The service has filled fields by the time that the create reads the source back."""
    emu.control.fault("get_source", "delay", delay=5)
    run = stack.start("up", "--yes", "--skip-preview")
    while not (found := sources(emu)):
        time.sleep(0.1)
    emu.control.patch_source(found[0]["id"], web_scrape=FILLED)
    run.communicate()


def lose_the_read_back(emu: RunningEmulator, stack: Project) -> None:
    """The create could not read the source back; then the service filled fields."""
    emu.control.fault("get_source", "respond", status=404, body={"error": "NotFoundError", "message": "no"})
    stack.up()
    emu.control.patch_source(sources(emu)[0]["id"], web_scrape=FILLED)


def double(_emu: RunningEmulator, stack: Project) -> None:
    """A rename with adoption and ``--target`` leaves one source in two entries."""
    stack.set_env({"N": "old"})
    stack.up()
    stack.set_env({"N": "new"})
    stack.up("--target", "**new")


PLAYS: dict[str, tuple[str, Callable[[RunningEmulator, Project], None]]] = {
    **{kind.name: (kind.text, up) for kind in KINDS},
    "s3_inline_keys": (program(S3_KEYS.replace("SECRET", '"wordEXAMPLE"')), up),
    "adopted": (program(ADOPTING), adopt),
    "imported": ("", bring_in),
    "server_defaults": (program(WEB), fill),
    "not_read_back": (program(WEB), lose_the_read_back),
    "doubled": (program("import os", RENAMED), double),
}
"""File -> the program, and what happened to it."""


def main() -> None:
    """Write every file."""
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), str(engine_folder()), os.environ["PATH"]]
    )
    for name, (text, play) in PLAYS.items():
        with tempfile.TemporaryDirectory() as folder, emulator() as emu:
            home = Path(folder) / "home"
            stack = Project(Path(folder), text, env=emu.environment(), pulumi_home=home)
            play(emu, stack)
            deployment = stack.export()
            for resource in deployment["resources"]:
                resource.pop("sourcePosition", None)
                resource.pop("stackTrace", None)
            [source] = sources(emu)
            written = (stack.folder / "__main__.py").read_text(encoding="utf-8")
            recorded = {"program": written.splitlines(), "source": source, "deployment": deployment}
        text = json.dumps(recorded, indent=1, ensure_ascii=False)
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
