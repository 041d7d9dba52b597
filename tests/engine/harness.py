"""Projects on the real engine: what the tests of this ring work with.

Built on ``pulumi.automation``: its workspace makes the first stack and the settings, its event types read
what the engine did, on a program file as users write it. The operations themselves are plain commands with an
event log: ``Stack.up()`` and its like start three more processes a run, and tell of a failure nothing but its
text.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pulumi import automation as auto
from pulumi.automation.events import EngineEvent

from .key_service import PROVIDER

__all__ = ["Diagnostic", "Project", "Result", "Step", "engine_folder"]

ROOT = Path(__file__).resolve().parents[2]
STACK = "dev"
PASSPHRASE = "of the tests"
"""Of recorded states; the stacks that are made here have a key service."""

_OF_THE_ENGINE = ("pulumi:pulumi:Stack", "pulumi:providers:")


def engine_folder() -> Path:
    """The folder of the engine's programs.

    Raises:
        RuntimeError: there is none, in the one sentence of ``scripts/engine/path``.
    """
    found = subprocess.run(
        [ROOT / "scripts" / "engine" / "path"],
        capture_output=True,
        text=True,
    )
    if found.returncode != 0:
        raise RuntimeError(found.stderr.strip())
    return Path(found.stdout.strip())


@dataclass(frozen=True)
class Diagnostic:
    """What the engine told the user: ``severity`` is ``info``, ``info#err``, ``warning`` or ``error``."""

    severity: str
    message: str
    urn: str


@dataclass(frozen=True)
class Step:
    """What the engine did, or in a preview would do, with one resource.

    Attributes:
        op: such as ``create``, ``same``, ``replace``, ``delete-replaced``.
        name: of the resource in the program.
        type: its type token.
        diffs: top-level properties that differ.
        keys: those that cause a replacement.
        inputs: the new inputs; None where it is deleted. Secrets are masked.
    """

    op: str
    name: str
    type: str
    diffs: tuple[str, ...]
    keys: tuple[str, ...]
    inputs: Mapping[str, Any] | None


@dataclass(frozen=True)
class Result:
    """One run of the engine.

    Attributes:
        command: what was run, without its options.
        code: its exit code.
        stdout: all that it wrote there, without colours.
        stderr: likewise.
        events: what it logged, in order; none for commands without an event log.
    """

    command: str
    code: int
    stdout: str
    stderr: str
    events: tuple[EngineEvent, ...] = field(default=(), repr=False)

    @property
    def ok(self) -> bool:
        """Whether the exit code is 0."""
        return self.code == 0

    @property
    def output(self) -> str:
        """All that the user saw."""
        return f"{self.stdout}\n{self.stderr}"

    @property
    def summary(self) -> dict[str, int]:
        """How many resources by operation, such as ``{"create": 2}``; the stack itself counts as one."""
        for event in reversed(self.events):
            if event.summary_event is not None:
                return {str(op): count for op, count in event.summary_event.resource_changes.items() if count}
        return {}

    @property
    def unchanged(self) -> bool:
        """Whether it succeeded and nothing was, or would be, changed."""
        return self.ok and set(self.summary) == {"same"}

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What the user was told, in order, less what only passes by while it runs."""
        return [
            Diagnostic(told.severity, told.message.strip(), told.urn or "")
            for event in self.events
            if (told := event.diagnostic_event) is not None and not told.ephemeral
        ]

    @property
    def errors(self) -> list[str]:
        """The messages of the errors."""
        return [told.message for told in self.diagnostics if told.severity == "error"]

    @property
    def steps(self) -> list[Step]:
        """What was begun with each of the program's resources, in order."""
        return list(self._steps())

    def _steps(self) -> Iterator[Step]:
        for event in self.events:
            if event.resource_pre_event is None:
                continue
            data = event.resource_pre_event.metadata
            if data.type.startswith(_OF_THE_ENGINE):
                continue
            yield Step(
                op=str(getattr(data.op, "value", data.op)),
                name=data.urn.rpartition("::")[2],
                type=data.type,
                diffs=tuple(data.diffs or ()),
                keys=tuple(data.keys or ()),
                inputs=data.new.inputs if data.new is not None else None,
            )


class Project:
    """A Pulumi project of its own: folder, local backend and the stack ``dev``.

    Args:
        folder: an empty folder for all of it.
        program: text of ``__main__.py``; common indentation is taken off.
        config: stack configuration, such as ``{"chroma-sync:url": ...}``; secrets as
            ``auto.ConfigValue(..., secret=True)``.
        env: environment variables on top of this process's; None takes one away.
        pulumi_home: folder for the engine's own settings, which projects may share.
    """

    def __init__(
        self,
        folder: Path,
        program: str,
        *,
        config: Mapping[str, str | auto.ConfigValue] | None = None,
        env: Mapping[str, str | None] | None = None,
        pulumi_home: Path,
    ) -> None:
        self.folder = folder / "project"
        self.backend = folder / "backend"
        self._events = folder / "events"
        shutil.copytree(_empty(pulumi_home), folder, dirs_exist_ok=True)
        self._events.mkdir()
        self.program(program)
        self._runs = 0
        self._home = str(pulumi_home)
        self._env: dict[str, str | None] = {
            "PULUMI_BACKEND_URL": self.backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # No test needs a plugin; looking for one in vain would cost each run 2.5 s (measured).
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        self.set_env(env or {})
        if config:
            values = {
                key: value if isinstance(value, auto.ConfigValue) else auto.ConfigValue(value)
                for key, value in config.items()
            }
            _workspace(self.folder, self._home, self._present()).set_all_config(STACK, values)

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of the engine's processes, for running one by hand."""
        kept = {name: value for name, value in os.environ.items() if name not in self._env}
        # `--event-log` is one of the commands' hidden options, which need PULUMI_DEBUG_COMMANDS.
        return {**kept, "PULUMI_HOME": self._home, "PULUMI_DEBUG_COMMANDS": "true", **self._present()}

    def program(self, text: str) -> None:
        """Change the program."""
        (self.folder / "__main__.py").write_text(textwrap.dedent(text), encoding="utf-8")

    def set_env(self, changes: Mapping[str, str | None]) -> None:
        """Change environment variables for the runs to come; None takes one away."""
        self._env.update(changes)

    def preview(self, *options: str, check: bool = True) -> Result:
        """``pulumi preview``."""
        return self._operation("preview", options, check)

    def up(self, *options: str, check: bool = True) -> Result:
        """``pulumi up``, without its preview."""
        return self._operation("up", ("--yes", "--skip-preview", *options), check)

    def refresh(self, *options: str, check: bool = True) -> Result:
        """``pulumi refresh``, without its preview."""
        return self._operation("refresh", ("--yes", "--skip-preview", *options), check)

    def destroy(self, *options: str, check: bool = True) -> Result:
        """``pulumi destroy``, without its preview."""
        return self._operation("destroy", ("--yes", "--skip-preview", *options), check)

    def pulumi(self, *arguments: str, check: bool = False, stdin: str = "") -> Result:
        """Any command of the engine, such as ``project.pulumi("import", "--file", "f.json", "--yes")``."""
        ended = subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            input=stdin,
        )
        result = Result(" ".join(arguments[:2]), ended.returncode, ended.stdout, ended.stderr)
        return _checked(result, check)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a session of its own and don't wait: for tests that kill it.

        :mod:`.killing` does that. Both streams are in ``process.stdout``.
        """
        return subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def export(self) -> dict[str, Any]:
        """The deployment as ``pulumi stack export`` gives it, secrets encrypted."""
        deployment: dict[str, Any] = json.loads(self.pulumi("stack", "export", check=True).stdout)[
            "deployment"
        ]
        return deployment

    def resources(self, type_ends_with: str = "") -> list[dict[str, Any]]:
        """The program's resources in the state, in order; those of one type with ``"chroma-sync:Source"``.

        As the backend's file has them, secrets encrypted.
        """
        [checkpoint] = (self.backend / ".pulumi" / "stacks").rglob("*.json")
        deployment = json.loads(checkpoint.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
        return [
            resource
            for resource in deployment.get("resources") or []
            if not resource["type"].startswith(_OF_THE_ENGINE) and resource["type"].endswith(type_ends_with)
        ]

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in plain text."""
        text = self.pulumi("stack", "output", "--json", "--show-secrets", check=True).stdout
        outputs: dict[str, Any] = json.loads(text)
        return outputs

    def state_text(self) -> str:
        """The text of every file that the engine keeps: checkpoints, backups, history, and the settings."""
        files = [*self.backend.rglob("*"), *self.folder.glob("Pulumi*.yaml")]
        return "\n".join(
            f"== {file.name}\n{file.read_text(encoding='utf-8', errors='replace')}"
            for file in sorted(files)
            if file.is_file()
        )

    def _operation(self, command: str, options: tuple[str, ...], check: bool) -> Result:
        self._runs += 1
        log = self._events / f"{self._runs}-{command}.jsonl"
        ended = self.pulumi(command, *options, "--color", "never", "--event-log", str(log))
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        events = tuple(EngineEvent.from_json(json.loads(line)) for line in lines)
        return _checked(replace(ended, command=command, events=events), check)

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return ["pulumi", "--non-interactive", *arguments, "--stack", STACK]

    def _present(self) -> dict[str, str]:
        return {name: value for name, value in self._env.items() if value is not None}


def _workspace(folder: Path, home: str, env: Mapping[str, str]) -> auto.LocalWorkspace:
    return auto.LocalWorkspace(
        work_dir=str(folder), pulumi_home=home, env_vars=dict(env), secrets_provider=PROVIDER
    )


@cache
def _empty(home: Path) -> Path:
    """A project whose stack has no resources yet, made once: its files are what every project begins with."""
    folder = home / "empty"
    project, backend = folder / "project", folder / "backend"
    project.mkdir(parents=True)
    backend.mkdir()
    (project / "Pulumi.yaml").write_text("name: test\nruntime: python\n", encoding="utf-8")
    _workspace(project, str(home), {"PULUMI_BACKEND_URL": backend.as_uri()}).create_stack(STACK)
    return folder


def _checked(result: Result, check: bool) -> Result:
    if check and not result.ok:
        raise AssertionError(f"pulumi {result.command} ended with {result.code}:\n{result.output}")
    return result
