"""Builds the engine from the Go modules that cli/go.mod and host/go.mod pin.

The CLI and the Python language host need a module each: the host was last published with the SDK's module
v3.79.0, and the CLI needs a newer SDK. `go install pkg@version` won't do, that module has replace directives.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from . import golang
from .found import VERSION
from .process import run, say

__all__ = ["build"]

_HERE = Path(__file__).parent
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_VERSION_VARIABLE = f"{_SDK}/go/common/version.Version"
_SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")


def build(into: Path, version: str) -> str:
    """Build the programs to ``into/bin`` and return how.

    Args:
        into: an empty folder.
        version: of the CLI; the modules build :data:`.found.VERSION` and no other.

    Raises:
        NoEngineError: no Go and none to be had, a module can't be downloaded, or the build failed.
        ValueError: another version.
    """
    if version != VERSION:
        raise ValueError(f"the Go modules build v{VERSION}, not v{version}")
    go = golang.find()
    say(f"building pulumi v{version} from Go modules with {go}: 4 to 8 minutes where Go has nothing cached")
    binaries = into / "bin"
    binaries.mkdir()
    environment = _environment(binaries)
    for what, module, flags in (
        ("the Python host", "host", "-s -w"),
        ("the engine", "cli", f"-s -w -X {_VERSION_VARIABLE}=v{version}"),
    ):
        command = [go.command, "install", "-trimpath", "-ldflags", flags, "tool"]
        run(f"building {what}", command, cwd=_HERE / module, environment=environment)
    list_sdk = [go.command, "list", "-m", "-f", "{{.Dir}}", _SDK]
    sdk = run("finding the SDK's scripts", list_sdk, cwd=_HERE / "cli", environment=environment).strip()
    for script in _SCRIPTS:
        copy = binaries / Path(script).name
        shutil.copyfile(Path(sdk) / script, copy)
        copy.chmod(0o755)
    return "built from Go modules"


def _environment(binaries: Path) -> dict[str, str]:
    """The user's environment, so Go's caches stay where they are, less what would build something else."""
    # GOBIN refuses to take what was built for another machine.
    dropped = ("GOOS", "GOARCH", "GOWORK", "GOTOOLCHAIN")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    # Without HOME Go knows no place for its caches.
    kept.setdefault("HOME", str(Path.home()))
    return {**kept, "GOBIN": str(binaries), "GOWORK": "off", "GOTOOLCHAIN": "local"}
