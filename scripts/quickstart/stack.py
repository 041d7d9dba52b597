"""The quickstart's stack: a local backend and a passphrase of its own, whatever else the user has set."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.engine.environment import environment

from .place import LOCAL, ROOT, shown

__all__ = ["Stack", "StackError", "exists", "named"]

_STATE = LOCAL / "state"
_PASSPHRASE = LOCAL / "passphrase"
_HANDMADE = LOCAL / "env"


class StackError(Exception):
    """The stack can't be used; the message says why in one sentence."""


@dataclass(frozen=True)
class Stack:
    """A stack of the root program.

    Attributes:
        name: ``dev`` on the emulator, ``live`` on the real service.
        environment: whole environment of the engine's processes.
    """

    name: str
    environment: Mapping[str, str]

    def run(self, command: str, *arguments: str) -> int:
        """Run a command of the engine on the user's terminal, and return its exit code."""
        child = subprocess.Popen(self._command(command, arguments), cwd=ROOT, env=self.environment)
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # The engine got the Ctrl-C too and ends in order; killing it now would lose what it knows.
                continue

    def quietly(self, command: str, *arguments: str) -> str:
        """Run a command and return what it wrote to stdout.

        Raises:
            StackError: it failed; with what it said.
        """
        done = subprocess.run(
            self._command(command, arguments), cwd=ROOT, env=self.environment, capture_output=True, text=True
        )
        if done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())
            raise StackError(f"pulumi {command} failed: {said}")
        return done.stdout

    def select(self) -> None:
        """Make the stack if there is none.

        Raises:
            StackError: it can't be made, or its settings belong to another passphrase.
        """
        settings = ROOT / f"Pulumi.{self.name}.yaml"
        if not _STATE.exists() and settings.exists() and "encryptionsalt" in settings.read_text():
            raise StackError(
                f"{settings.name} is left from a stack whose passphrase is gone with .local; remove that file"
            )
        _STATE.mkdir(parents=True, exist_ok=True)
        if not _PASSPHRASE.exists():
            _write_private(_PASSPHRASE, secrets.token_urlsafe(24) + "\n")
        _write_private(_HANDMADE, _as_shell(self.environment))
        self.quietly("stack select", "--create")

    def set(self, name: str, value: str) -> None:
        """Set a value of the program's configuration, where it isn't so already."""
        settings = ROOT / f"Pulumi.{self.name}.yaml"
        if not settings.exists() or f":{name}: {value}\n" not in settings.read_text():
            self.quietly("config set", name, value)

    def output(self, name: str) -> str | None:
        """An output of the program, if it is a text."""
        outputs = json.loads(self.quietly("stack output", "--json"))
        return value if isinstance(value := outputs.get(name), str) else None

    def sources(self) -> list[str]:
        """The ids of the sources that the state knows, in its order."""
        deployment: dict[str, Any] = json.loads(self.quietly("stack export"))["deployment"]
        return [
            resource["id"]
            for resource in deployment.get("resources") or []
            if resource["type"].endswith("chroma-sync:Source") and resource.get("id")
        ]

    def _command(self, command: str, arguments: Sequence[str]) -> list[str]:
        return ["pulumi", *command.split(), "--stack", self.name, *arguments]


def exists() -> bool:
    """Whether there may be a stack of this checkout."""
    return _STATE.exists()


def named(name: str, engine: Path, service: Mapping[str, str]) -> Stack:
    """A stack, without making it.

    Args:
        name: its name.
        engine: folder with the engine's programs.
        service: the environment variables of the service to work with: of the emulator, or the user's own.
    """
    alone = environment(engine, state=_STATE, home=LOCAL / "pulumi")
    return Stack(name, {**alone, "PULUMI_CONFIG_PASSPHRASE_FILE": str(_PASSPHRASE), **service})


def _as_shell(environment: Mapping[str, str]) -> str:
    """Lines for ``. .local/env``, after which `pulumi` in a shell works on the same stack."""
    lines = [f"# . {shown(_HANDMADE)}, and `pulumi stack export` and the like work on this checkout's stack."]
    for name, value in sorted(environment.items()):
        ours = name.startswith("PULUMI_") or (name.startswith("CHROMA_") and os.environ.get(name) != value)
        if ours:
            lines.append(f"export {name}={shlex.quote(value)}")
    folders = environment["PATH"].split(os.pathsep)[:2]
    lines.append(f"export PATH={shlex.quote(os.pathsep.join(folders))}:$PATH")
    return "\n".join(lines) + "\n"


def _write_private(path: Path, text: str) -> None:
    """For its owner alone, from the first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
