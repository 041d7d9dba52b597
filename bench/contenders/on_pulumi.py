"""What contenders on Pulumi's engine share: a project with a state of its own, and five commands."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from scripts.engine.environment import environment
from scripts.engine.ways import find

from .contender import AT_ONCE, ROOT, Contender, Operation

__all__ = ["OnPulumi"]

STACK = "bench"
COMMANDS: Mapping[Operation, Sequence[str]] = {
    "up": ("up", "--yes", "--skip-preview"),
    "preview": ("preview", "--expect-no-changes"),
    "refresh": ("refresh", "--yes", "--skip-preview", "--expect-no-changes"),
    "change": ("up", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}


class OnPulumi(Contender):
    """A program for the engine; a class that derives from it names a file of ``bench/programs``."""

    program: ClassVar[str]

    @classmethod
    def missing(cls) -> str | None:
        """Where there is no engine."""
        return None if _engine() else "there is no Pulumi engine: run `make engine`"

    @classmethod
    def versions(cls) -> Mapping[str, str]:
        """The engine's and the SDK's."""
        engine = find()
        return {"Pulumi engine": engine.version if engine else "none", "Pulumi SDK": version("pulumi")}

    @property
    def environment(self) -> Mapping[str, str]:
        """The engine on PATH, a backend in the folder, and the way to the service."""
        engine = _engine()
        assert engine is not None, "missing() was not asked"
        return {
            **environment(engine, state=self.folder / "state", home=self.folder / "home"),
            **self.service,
            "PULUMI_CONFIG_PASSPHRASE": "of the benchmark",
            # No contender has a plugin; to look for one in vain would be measured too.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PYTHONPATH": str(ROOT),
            "BENCH_LATENCY": str(self.latency),
        }

    def prepare(self) -> None:
        """Make the project and its stack."""
        (self.folder / "state").mkdir()
        (self.folder / "Pulumi.yaml").write_text("name: bench\nruntime: python\n", encoding="utf-8")
        shutil.copyfile(ROOT / "bench" / "programs" / self.program, self.folder / "__main__.py")
        subprocess.run(
            ["pulumi", "stack", "init", STACK, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            check=True,
            capture_output=True,
        )

    def command(self, operation: Operation) -> Sequence[str]:
        """A command of the engine."""
        options = ("--stack", STACK, "--non-interactive", "--color", "never", "--parallel", str(AT_ONCE))
        return ["pulumi", *COMMANDS[operation], *options]

    def state(self) -> Path:
        """The checkpoint, as the engine writes it at every step."""
        (checkpoint,) = (self.folder / "state" / ".pulumi" / "stacks").rglob(f"{STACK}.json")
        return checkpoint


@functools.cache
def _engine() -> Path | None:
    engine = find()
    return engine.folder if engine else None
