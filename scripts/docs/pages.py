"""The pages of the site: which documents they are, and what becomes of the comments in them."""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import click

__all__ = ["COMMANDS", "commands_in", "documents", "lay_out", "names_in"]

_PATTERNS = ("*.md", "docs/**/*.md", "examples/**/README.md", "bench/**/*.md", "emulator/**/*.md")
_PACKAGE = "pulumi_chroma_sync"

COMMANDS = {
    "pulumi-chroma-sync": "pulumi_chroma_sync.cli",
    "python -m chroma_sync_emulator": "chroma_sync_emulator.__main__",
}
"""Command -> the module that has it as ``main``."""

_REFERENCE = re.compile(r"^<!-- reference: ([\w. ]+?) -->$", re.MULTILINE)
_COMMAND = re.compile(r"^<!-- command: ([\w. -]+?) -->$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s#]+)|\b(?:src|srcset)=\"([^\"]+)\"")


def documents(root: Path) -> list[Path]:
    """Every Markdown file that people read."""
    found = {path for pattern in _PATTERNS for path in root.glob(pattern)}
    return sorted(path for path in found if ".venv" not in path.parts)


def lay_out(root: Path, into: Path) -> None:
    """Copy the documents, and each file that one of them links to, as they lie in the checkout.

    Args:
        root: the checkout.
        into: a folder, which is made anew.
    """
    shutil.rmtree(into, ignore_errors=True)
    for document in documents(root):
        text = document.read_text(encoding="utf-8")
        page = into / document.relative_to(root)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_COMMAND.sub(_command, _REFERENCE.sub(_reference, text)), encoding="utf-8")
        for linked in _linked(document, text):
            copy = into / linked.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(linked, copy)


def names_in(text: str) -> list[str]:
    """The public names whose docstrings become a part of this document."""
    return [name for found in _REFERENCE.findall(text) for name in found.split()]


def commands_in(text: str) -> list[str]:
    """The commands that are shown in this document."""
    return _COMMAND.findall(text)


def _linked(document: Path, text: str) -> Iterator[Path]:
    """The files, other than documents, that a document links to."""
    for match in _LINK.finditer(text):
        path = (document.parent / (match[1] or match[2])).resolve()
        if path.is_file() and path.suffix != ".md":
            yield path


def _reference(match: re.Match[str]) -> str:
    names = (name if "." in name else f"{_PACKAGE}.{name}" for name in match[1].split())
    return "\n\n".join(f"::: {name}" for name in names)


def _command(match: re.Match[str]) -> str:
    """What ``--help`` says, with a heading and a table of the options."""
    name = match[1]
    program = next(program for program in COMMANDS if name.startswith(program))
    command: click.Command = importlib.import_module(COMMANDS[program]).main
    for word in name.removeprefix(program).split():
        assert isinstance(command, click.Group), name
        command = command.commands[word]
    context = click.Context(command, info_name=name, **command.context_settings)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    rows = [_row(parameter, context) for parameter in command.get_params(context)]
    text = inspect.cleandoc(command.help or "")
    return "\n".join(
        [f"## {name}", "", text, "", f"```text\n{usage}\n```", "", "| option | |", "|---|---|", *rows]
    )


def _row(parameter: click.Parameter, context: click.Context) -> str:
    options, said = parameter.get_help_record(context) or ("", "")
    return f"| `{options}` | {' '.join(said.split()).replace('|', '&#124;')} |"
