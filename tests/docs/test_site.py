"""The site that `make docs` makes of the documents and docstrings."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest
from scripts.docs import pages

import pulumi_chroma_sync
from pulumi_chroma_sync.cli import main as command

from .reading import ROOT, documents


@dataclass
class Page(HTMLParser):
    """What a page of the site links to, and what may be linked to on it."""

    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        found = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := found.get(name))}
        self.links += [value for name in ("href", "src") if (value := found.get(name))]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What `make docs` does, in a folder of its own, which is its last argument."""
    folder = tmp_path_factory.mktemp("docs")
    return subprocess.run(
        [sys.executable, "-m", "scripts.docs", str(folder)], cwd=ROOT, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def site(built: subprocess.CompletedProcess[str]) -> dict[Path, Page]:
    """Every page of the site by its place."""
    folder = Path(built.args[-1]) / "site"
    found = {}
    for path in sorted(folder.rglob("*.html")):
        found[path] = Page()
        found[path].feed(path.read_text(encoding="utf-8"))
    return found


def test_the_site_is_built_without_a_warning(built: subprocess.CompletedProcess[str]) -> None:
    """Every page is in the navigation, every link and heading is there, every docstring is understood."""
    assert (built.returncode, built.stderr) == (0, "")


def test_links_of_the_site_lead_somewhere(site: dict[Path, Page]) -> None:
    """Those that the theme and the reference make, too."""
    assert len(site) > len(documents())
    broken = []
    for path, page in site.items():
        if path.name == "404.html":
            continue  # its links are those of a server's root
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or (
                parts.fragment and unquote(parts.fragment) not in site[target].anchors
            ):
                broken.append(f"{path.name}: {link}")
    assert broken == []


def test_nothing_of_the_docstrings_is_left_as_it_was(site: dict[Path, Page]) -> None:
    """Roles are links and double colons are code."""
    for path in site:
        text = path.read_text(encoding="utf-8")
        assert ":class:" not in text and "Usage::" not in text, path


def test_every_public_name_is_explained_once() -> None:
    """What a program may use is on a page; the providers are the engine's alone."""
    shown = [name for document in documents() for name in pages.names_in(document.text) if "." not in name]
    public = [name for name in pulumi_chroma_sync.__all__ if not name.endswith("Provider")]
    assert sorted(shown) == sorted(public)


def test_every_command_is_explained_once() -> None:
    """The groups, too."""
    shown = [name for document in documents() for name in pages.commands_in(document.text)]
    assert sorted(shown) == sorted(["python -m chroma_sync_emulator", *words("pulumi-chroma-sync", command)])


def words(name: str, of: click.Command) -> list[str]:
    """A command and its subcommands, as they are typed."""
    below = of.commands.items() if isinstance(of, click.Group) else ()
    return [name, *(word for sub, each in below for word in words(f"{name} {sub}", each))]
