"""The page in a real browser: it stays as it is now by itself, and nothing in it is ever executed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tests.emulator.browser import CHROMIUM, chromium, fill

from chroma_sync_emulator.testing import RunningEmulator, emulator

# A busy machine may take its time.
expect.set_options(timeout=30_000)


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Debian's chromium; CI always has it."""
    if CHROMIUM is None:
        pytest.skip("left out: this machine has no chromium (Debian: apt-get install chromium)")
    with chromium() as running:
        yield running


@pytest.fixture
def emu() -> Iterator[RunningEmulator]:
    """Invocations move by hand alone."""
    with emulator(invocations="manual") as running:
        yield running


def test_the_page_is_live_in_a_browser_and_executes_nothing(browser: Browser, emu: RunningEmulator) -> None:
    """Changes appear without a reload, can be paused, and hostile names stay text; also without a script."""
    [_, _, _, _, run] = fill(emu)
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(emu.url)
    expect(page.get_by_role("status")).to_have_text("live")
    row = page.get_by_role("region", name="Invocations").get_by_role("row").filter(has_text=run)
    expect(row).to_contain_text("pending")
    sources = page.get_by_role("region", name="Sources")
    sources.get_by_text("acme/handbook", exact=True).click()
    expect(sources.get_by_text('"**/*.md"')).to_be_visible()

    emu.control.move_invocation(run, {"complete": {}})
    expect(row).to_contain_text("complete")
    repository = "acme/<img\tsrc=x\tonerror=alert(1)>".replace("\t", "\u00a0")
    with emu.client() as client:
        body = {"database_name": "demo", "github": {"repository": repository}}
        emu.control.clear_faults()
        assert client.post("/api/v1/sources", json=body).status_code == 201
        expect(sources.get_by_text(repository, exact=True)).to_be_visible()
        # What somebody opened stays open.
        expect(sources.get_by_text('"**/*.md"')).to_be_visible()

        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("status")).to_have_text("paused")
        body["github"] = {"repository": "acme/later"}
        client.post("/api/v1/sources", json=body)
        page.wait_for_timeout(1500)
        expect(sources.get_by_text("acme/later", exact=True)).to_have_count(0)
        page.get_by_role("button", name="Go on").click()
        expect(sources.get_by_text("acme/later", exact=True)).to_be_visible()

    backgrounds = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(backgrounds) == 2
    assert said == []
    assert {url.split("/")[2] for url in asked} == {emu.url.split("/")[2]}

    plain = browser.new_page(java_script_enabled=False)
    plain.goto(emu.url)
    expect(plain.get_by_role("region", name="Sources").get_by_text(repository, exact=True)).to_be_visible()
    expect(plain.get_by_role("button")).to_have_count(0)
    with emu.client() as client:
        client.post("/api/v1/sources", json={"database_name": "demo", "github": {"repository": "acme/last"}})
    expect(plain.get_by_text("acme/last", exact=True)).to_be_visible()
