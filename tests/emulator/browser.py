"""Debian's chromium, driven by Playwright.

``python -m tests.emulator.browser`` renews the screenshot in the documentation.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from chroma_sync_emulator.testing import RunningEmulator, emulator

__all__ = ["CHROMIUM", "chromium", "fill"]

SCREENSHOT = Path(__file__).parents[2] / "docs" / "emulator-page.png"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
"""The browser's path, or None where there is none."""

# The sandbox can't be had as root, which CI is; and a test needs none of what a browser does by itself.
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


def fill(emu: RunningEmulator) -> list[str]:
    """A bit of everything: a source and runs of each kind; answers the ids of the runs."""
    s3 = {"bucket_name": "papers", "region": "us-east-1", "collection_name": "papers", "path_prefix": "2026/"}
    sources: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        (
            {"github": {"repository": "acme/handbook", "include_globs": ["**/*.md"]}},
            [{"target_collection_name": "handbook-1"}, {"target_collection_name": "handbook-2"}],
        ),
        (
            {"web_scrape": {"starting_url": "https://docs.acme.com/", "max_depth": 3}},
            [{"target_collection_name": "docs"}],
        ),
        (
            {"s3": {**s3, "aws_credential_id": 7}, "chunking": {"type": "lines", "max_lines": 20}},
            [{"object_key": "2026/a.pdf"}, {"object_key": "2026/b.pdf"}],
        ),
    ]
    runs = []
    with emu.client() as client:
        client.headers["user-agent"] = "pulumi-chroma-sync/0.1.0"
        for source, bodies in sources:
            created = client.post("/api/v1/sources", json={"database_name": "demo", **source})
            path = f"/api/v1/sources/{created.json()['source_id']}"
            for body in bodies:
                runs.append(client.post(f"{path}/invocations", json=body).json()["invocation_id"])
            client.get(path)
        client.get("/api/v1/sources?database_name=nope")
        emu.control.fault("list_sources", "respond", status=503)
        client.get("/api/v1/sources")
    states: list[Any] = [{"complete": {"duration_ms": 1840}}, "processing", {"failed": {"error": "no page"}}]
    for run, state in zip(runs, [*states, "cancelled"], strict=False):
        emu.control.move_invocation(run, state)
    emu.control.fault("create_source", "drop_after", times=2)
    return runs


def _screenshot() -> None:
    with emulator(invocations="manual") as emu, chromium() as browser:
        fill(emu)
        page = browser.new_page(viewport={"width": 1240, "height": 960}, device_scale_factor=1)
        page.goto(emu.url)
        page.get_by_text("live").wait_for()
        SCREENSHOT.parent.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOT)
        print(f"{SCREENSHOT}  {SCREENSHOT.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    _screenshot()
