"""What becomes of results: JSON, tables, plots, and the places for them on the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.contenders import OPERATIONS
from bench.plan import chosen
from bench.results import Imports, Machine, Measured, Operated, Results

from bench import pages

PAGE = f"before\n\n{pages.BEGIN}\nold\n{pages.END}\n\nafter\n"


def results(plan: str = "full", load: float = 0.0) -> Results:
    """Of three contenders with 1 and 100 sources, at two latencies; each figure says where it belongs."""
    machine = Machine("Linux x86_64", "a processor", 2, 8 * 2**30, load, {"Python": "3.11.7"})
    found = Results("2026-01-02 03:04", plan, machine, {"set": "there is none"}, Imports(4.0, 130.0))
    for latency in (0, 50):
        for count in (1, 100):
            for place, name in enumerate(("floor", "source", "bare")):
                seconds = count + latency + place / 10
                one = Measured(name, count, latency, 0, 0.5, state_bytes=count * 1000)
                one.operations = {
                    operation: Operated(seconds, seconds / 2, 2**28, {"list_sources": 3})
                    for operation in OPERATIONS
                }
                found.measured.append(one)
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with the two pages."""
    for page in (tmp_path / "docs" / "scale.md", tmp_path / "bench" / "README.md"):
        page.parent.mkdir()
        page.write_text(PAGE, encoding="utf-8")
    return tmp_path


def test_pages_are_written_from_json(root: Path) -> None:
    """Tables and plots come from the file alone, between the markers, and are the same each time."""
    file = root / "results.json"
    results().save(file)
    pages.write(Results.load(file), root)
    page = (root / "bench" / "README.md").read_text(encoding="utf-8")
    assert page.startswith("before\n") and page.endswith("after\n") and "old" not in page
    assert "| 100 | `Source` | 150 | 150 | 150 | 150 | 150 |" in page
    assert "| 100 | `Source` | 75.0 | 75.0 | 75.0 | 75.0 | 75.0 | 256 | 100,000 | 1,000 |" in page
    assert "| 1 | bare httpx | 3 list_sources |" in page
    assert "`SourceSet` was left out: there is none." in page
    assert "load average 0 before it began; Python 3.11.7." in page
    assert "rovisional" not in page
    headline = (root / "docs" / "scale.md").read_text(encoding="utf-8")
    assert "Seconds for 100 sources on a service 50 ms away:" in headline
    assert "| `Source` | 150 |" in headline
    plots = {path.name: path.read_bytes() for path in (root / "bench").glob("*.svg")}
    assert sorted(plots) == ["plot-dark.svg", "plot-light.svg"]
    pages.write(Results.load(file), root)
    assert (root / "bench" / "README.md").read_text(encoding="utf-8") == page
    assert {path.name: path.read_bytes() for path in (root / "bench").glob("*.svg")} == plots


@pytest.mark.parametrize(
    ("plan", "load", "why"),
    [
        ("quick", 0.0, "a quick run"),
        ("full", 1.5, "the machine had other work to do"),
        ("part", 1.5, "a part of a run, and the machine had other work to do"),
    ],
)
def test_provisional_figures_say_so(root: Path, plan: str, load: float, why: str) -> None:
    """On both pages."""
    pages.write(results(plan, load), root)
    assert f"(provisional: {why}):" in (root / "docs" / "scale.md").read_text(encoding="utf-8")
    assert f"**Provisional figures: {why}.**" in (root / "bench" / "README.md").read_text(encoding="utf-8")


def test_a_page_without_a_place_is_left_alone(root: Path) -> None:
    """Where the markers are gone, nothing is overwritten."""
    (root / "docs" / "scale.md").write_text("mine\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no place for the benchmark"):
        pages.write(results(), root)
    assert (root / "docs" / "scale.md").read_text(encoding="utf-8") == "mine\n"


def test_what_failed_is_told(root: Path) -> None:
    """A dash in the table, and the reason below."""
    found = results()
    failed = Measured("terraform", 1, 0, 0, 0.5, error="up: no such provider")
    found.measured.append(failed)
    text = pages.report(found)
    assert "| 1 | Terraform, restapi | – | – | – | – | – |" in text
    assert "Terraform, restapi, N = 1, 0 ms: `up: no such provider`" in text


def test_the_full_plan_is_what_the_page_says() -> None:
    """Three latencies; 10,000 sources for the set and for bare httpx alone."""
    cells = [*chosen().cells()]
    assert {cell.latency for cell in cells} == {0, 50, 300}
    assert {cell.contender for cell in cells if cell.count == 10_000} == {"set", "bare"}
    assert {cell.count for cell in cells if cell.contender == "source"} == {1, 100, 1000}
    assert len([c for c in cells if (c.contender, c.count, c.latency) == ("source", 100, 50)]) == 3


def test_one_cell_can_be_chosen() -> None:
    """Also one that the full plan doesn't have."""
    (cell,) = chosen(contenders=["source"], counts=[10_000], latencies=[7]).cells()
    assert (cell.contender, cell.count, cell.latency) == ("source", 10_000, 7)
