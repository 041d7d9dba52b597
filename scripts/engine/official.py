"""The official distribution, by the installer that the Pulumi SDK brings along."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

from .engine import NoEngineError
from .found import PARTS
from .process import run, say

__all__ = ["install"]

_INSTALLER = "https://get.pulumi.com/install.sh"
_INSTALL = """
import sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]), skip_version_check=True)
"""


def install(into: Path, version: str) -> str:
    """Install this version's programs to ``into/bin`` and return how.

    Raises:
        NoEngineError: no SDK in this Python, the site is out of reach, or the installer failed.
    """
    if importlib.util.find_spec("pulumi") is None:
        raise NoEngineError("the official installer needs the Pulumi SDK (run `make venv` first)")
    if shutil.which("curl") is None and shutil.which("wget") is None:
        raise NoEngineError("the official installer needs curl or wget")
    try:
        # The SDK's installer has no time limit, so ask with a short one whether the site is there.
        with urllib.request.urlopen(_INSTALLER, timeout=8) as answer:
            answer.read(1)
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise NoEngineError(f"get.pulumi.com can't be reached ({reason})") from None
    say(f"installing the official pulumi v{version}")
    run("installing", [sys.executable, "-c", _INSTALL, str(into), version], timeout=600)
    for part in PARTS:
        if not (into / "bin" / part).is_file():
            raise NoEngineError(f"the official v{version} came without {part}")
    return "official distribution"
