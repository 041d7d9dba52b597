"""What a plugin's process loads, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

COMMAND_LINE = ("rich", "pygments", "click")
"""What httpx's own command would load."""


def loaded_by(program: str) -> list[str]:
    """Which of them a program has loaded, after its own assertions."""
    tell = f"import json, sys; print(json.dumps([n for n in {COMMAND_LINE} if n in sys.modules]))"
    ended = subprocess.run(
        [sys.executable, "-c", f"{program}\n{tell}"], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    loaded: list[str] = json.loads(ended.stdout)
    return loaded


def test_a_plugin_works_without_httpxs_command_line() -> None:
    """The SDK's server as the main module is a plugin; a process that isn't one is left as it is."""
    configured = (
        "from pulumi import dynamic; from pulumi_chroma_sync import SourceProvider\n"
        "SourceProvider().configure(dynamic.ConfigureRequest(dynamic.Config({}, 'project')))\n"
        "import httpx; httpx.Client().close()\n"
    )
    assert loaded_by(configured) == list(COMMAND_LINE)
    server = "class DynamicResourceProviderServicer:\n    def Cancel(self, request, context): ...\n"
    assert loaded_by(server + configured) == []


def test_what_was_left_out_can_be_had_all_the_same() -> None:
    """Nothing stays behind that would hide it; and who has httpx already keeps it."""
    load = "from pulumi_chroma_sync.core.starting import load_httpx\nload_httpx()\n"
    assert loaded_by(f"{load}import httpx._main; load_httpx(); httpx._main.main") == list(COMMAND_LINE)
    kept = f"import httpx\nmain = httpx.main\n{load}assert httpx.main is main"
    assert loaded_by(kept) == list(COMMAND_LINE)


def test_an_httpx_that_needs_it_is_loaded_as_it_is() -> None:
    """Where a later version can't do without."""
    needs_it = (
        "import importlib.abc, importlib.util, sys\n"
        "class Later(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'httpx' and sys.modules.get('httpx._main', 0) is None:\n"
        "            raise ImportError('its command line is missing')\n"
        "sys.meta_path.insert(0, Later())\n"
        "from pulumi_chroma_sync.core.starting import load_httpx\n"
        "load_httpx()\n"
        "import httpx\n"
    )
    assert loaded_by(needs_it) == list(COMMAND_LINE)
