"""``python -m scripts.docs``: lays out the pages and has MkDocs make a site of them; warnings fail it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .pages import lay_out

_ROOT = Path(__file__).resolve().parents[2]


def main(build: Path = _ROOT / "build") -> int:
    """Build ``site`` beside ``pages`` in this folder.

    Returns:
        The exit code of MkDocs; its warnings are on stderr.
    """
    pages, site = build / "pages", build / "site"
    lay_out(_ROOT, pages)
    environment = {
        **os.environ,
        "DOCS_PAGES": str(pages),
        # The theme's notice about another major version of MkDocs, which this project doesn't use.
        "NO_MKDOCS_2_WARNING": "1",
    }
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    ended = subprocess.run(
        command, cwd=_ROOT, env=environment, stderr=subprocess.PIPE, text=True, check=False
    )
    # Not by --quiet, with which warnings would count for nothing.
    said = [line for line in ended.stderr.splitlines() if not line.startswith("INFO ")]
    print(*said, sep="\n", end="\n" if said else "", file=sys.stderr)
    if ended.returncode == 0:
        print(f"docs       {site / 'index.html'}")
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main(*(Path(argument) for argument in sys.argv[1:2])))
