"""What the documents say is so: links lead somewhere, commands and settings exist, programs are right."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from bench.__main__ import main as bench_command

import pulumi_chroma_sync.settings as provider_settings
from chroma_sync_emulator.__main__ import main as emulator_command
from pulumi_chroma_sync.cli import main as provider_command

from .reading import ROOT, Document, documents

DOCUMENTS = documents()
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=str)

NAME = re.compile(r"\b(?:CHROMA|PULUMI)_[A-Z_]*[A-Z]\b")
SETTING = re.compile(r"\bchroma-sync:(?!index:)(?:[a-z0-9-]+\.(?=[a-z]))?([a-z]\w*)")
PLACES = ("provider", "emulator", "scripts", "tests", "examples", "bench", "docs")


def in_code(pattern: re.Pattern[str]) -> set[str]:
    """What the project's own files, other than documents, have of it."""
    files = [ROOT / "Makefile", ROOT / "__main__.py"]
    for place in ("provider", "emulator", "scripts", "tests", "bench"):
        files += (ROOT / place).rglob("*.py")
    return {found for file in files for found in pattern.findall(file.read_text(encoding="utf-8"))}


def settings(table: str) -> dict[str, tuple[str, str]]:
    """Setting -> environment variable and default, of the rows of a Markdown table that begin with one."""
    rows = re.findall(
        r"^\| *`+chroma-sync:(\w+)`+([^|]*)\| *`+(\w+)`+ *\| *([^|]*?) *\|", table, re.MULTILINE
    )
    return {name: (variable, default.strip("`")) for name, _, variable, default in rows}


def as_they_are() -> dict[str, tuple[str, str]]:
    """The same of the code."""
    defaults = provider_settings.load_settings(environ={}).model_dump(by_alias=True)
    return {
        name: (variable, shown(defaults[name])) for name, variable in provider_settings._ENVIRONMENT.items()
    }


def shown(default: object) -> str:
    """A default as a table shows it: none, true, 30, a text as it is."""
    if default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


@each_document
def test_links_lead_somewhere(document: Document) -> None:
    """A file that is linked is there, and has the heading that is named."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", document.prose):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (document.path.parent / file) if file else document.path
        if not path.exists() or (anchor and anchor not in Document(path).anchors()):
            broken.append(target)
    assert broken == []


@each_document
def test_paths_are_there(document: Document) -> None:
    """A path in code within a line exists in the checkout, or beside the document."""
    named = re.findall(rf"`((?:{'|'.join(PLACES)})/[\w./-]*)`", document.prose)
    there = (ROOT, document.path.parent)
    assert [path for path in named if not any((folder / path).exists() for folder in there)] == []


@each_document
def test_snippets_are_python(document: Document) -> None:
    """Each compiles."""
    for block in document.blocks("python", "py"):
        compile(block.text, block.place, "exec")


@each_document
def test_shell_blocks_are_shell(document: Document) -> None:
    """The shell can read each."""
    for block in document.blocks("sh", "shell"):
        ended = subprocess.run(["sh", "-n"], input=block.text, capture_output=True, text=True)
        assert ended.returncode == 0, f"{block.place}: {ended.stderr}"


def test_programs_have_the_types_they_need(tmp_path: Path) -> None:
    """mypy takes each snippet that imports the package or the emulator, and each example."""
    programs = {
        block.place: block.text
        for document in DOCUMENTS
        for block in document.blocks("python", "py")
        if re.search(
            r"^(?:import|from) (?:pulumi_chroma_sync|chroma_sync_emulator)", block.text, re.MULTILINE
        )
    }
    programs |= {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in [
            *ROOT.glob("examples/*/__main__.py"),
            *ROOT.glob("templates/*/__main__.py"),
            ROOT / "__main__.py",
        ]
    }
    names = {}
    for place, text in programs.items():
        if re.search(r"^(?:import|from) pulumi_(?:policy|aws)", text, re.MULTILINE):
            continue  # packages that this environment is better without; these have tests of their own
        name = re.sub(r"\W", "_", place) + ".py"
        names[name] = place
        (tmp_path / name).write_text(text, encoding="utf-8")
    cache = ROOT / ".mypy_cache" / "documents"
    options = ["--check-untyped-defs", "--config-file=", "--no-error-summary", "--cache-dir", str(cache)]
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *names], cwd=tmp_path, capture_output=True, text=True
    )
    said = re.sub(r"^\w+\.py(?=:)", lambda match: names[match[0]], ended.stdout, flags=re.MULTILINE)
    assert ended.returncode == 0, said + ended.stderr


@each_document
def test_targets_of_make_exist(document: Document) -> None:
    """`make` has every target that is named."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = re.findall(
        r"(?:^|[\s·]|&& )make (?:-C \S+ |[A-Z]+=(?:\"[^\"]*\"|\S+) )*([a-z]+)", document.code(), re.MULTILINE
    )
    assert [target for target in named if target not in targets] == []


@each_document
def test_commands_and_their_options_exist(document: Document) -> None:
    """Every subcommand of `pulumi-chroma-sync`, and every option of it, the emulator, the benchmark."""
    unknown = []
    commands = r"(pulumi-chroma-sync|-m chroma_sync_emulator|-m bench(?!\.))\b(.*)"
    for command, rest in re.findall(commands, document.code()):
        chosen: click.Command = bench_command if "bench" in command else emulator_command
        if command == "pulumi-chroma-sync":
            if (named := re.match(r" ([a-z]+)", rest)) is None:
                continue
            if named[1] not in provider_command.commands:
                unknown.append(named[1])
                continue
            chosen = provider_command.commands[named[1]]
        known = {"--help"}
        for parameter in chosen.params:
            known |= {*parameter.opts, *parameter.secondary_opts}
        unknown += [option for option in re.findall(r"(?<!\S)--[\w-]+", rest) if option not in known]
    assert unknown == []


OTHERS = {"PULUMI_SKIP_CHECKPOINTS", "GITHUB_SHA"}
"""Variables of the engine and of a pipeline, which nothing here reads."""

OF_TEAM_B = {
    provider_settings.variable_of(name, "team-b"): provider_settings.setting_of(name, "team-b")
    for name in provider_settings.OF_A_CONNECTION
}
"""Variable -> setting of the connection that the documents speak of."""


@each_document
def test_settings_and_variables_exist(document: Document) -> None:
    """A setting or an environment variable that is named is one that something reads."""
    assert set(SETTING.findall(document.text)) <= set(provider_settings._ENVIRONMENT)
    assert set(NAME.findall(document.text)) <= in_code(NAME) | OTHERS | OF_TEAM_B.keys()


@each_document
def test_a_table_of_settings_is_the_codes_own(document: Document) -> None:
    """Where settings stand in a table, all do, with their variables and defaults."""
    assert settings(document.text) in ({}, as_they_are())


def test_the_table_of_a_connections_settings_is_whole() -> None:
    """Each that a connection may have of its own, with its variable."""
    text = (ROOT / "docs" / "accounts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(chroma-sync:\S+)` \| `(\w+)` \|", text, re.MULTILINE)
    assert {variable: setting for setting, variable in rows} == OF_TEAM_B


def test_the_settings_module_says_what_it_reads() -> None:
    """The table in its own docstring is whole."""
    assert settings(provider_settings.__doc__ or "") == as_they_are()


def test_every_example_is_listed() -> None:
    """The list of examples has each folder."""
    listed = re.findall(r"\]\(([\w-]+)/README\.md\)", (ROOT / "examples" / "README.md").read_text("utf-8"))
    assert sorted(listed) == sorted(path.parent.name for path in ROOT.glob("examples/*/__main__.py"))
