"""Lines of resources that run side by side are not glued together."""

from __future__ import annotations

import os
import subprocess
import sys

SAY = """
import threading
from pulumi_chroma_sync.core.terminal import inform
threads = [threading.Thread(target=lambda: [inform("a" * 80) for _ in range(200)]) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_each_sentence_is_a_line_of_its_own_whoever_speaks_beside_it() -> None:
    """Eight threads in a plugin's unbuffered process: print would write each line in two pieces."""
    said = subprocess.run(
        [sys.executable, "-u", "-c", SAY], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert said.stdout.splitlines() == ["a" * 80] * 1600
