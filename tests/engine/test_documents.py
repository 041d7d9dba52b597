"""What the documents tell people to type exists in the real engine."""

from __future__ import annotations

import re
import shlex
import subprocess
from functools import cache

import pytest
from tests.docs.reading import Document, documents

GROUPS = {"config", "stack", "state"}
"""Commands that have subcommands, which may be left out."""


def commands(document: Document) -> set[tuple[str, str]]:
    """Each command and option of ``pulumi`` that is named, such as ``("stack rm", "--yes")``."""
    found = set()
    for line in re.findall(r"(?<![\w./-])pulumi ((?:[a-z]+\b|--\w).*)", document.code()):
        words = shlex.split(re.split(r"[`|;&<>()]", line)[0].replace("'", "").replace('"', ""), comments=True)
        name = [word for word in words if re.fullmatch(r"[a-z]+", word)]
        name = name[: 2 if words[0] in GROUPS and len(words) > 1 and words[1] in name else 1]
        found |= {(" ".join(name), option.partition("=")[0]) for option in words if option.startswith("--")}
        found.add((" ".join(name), ""))
    return found


@cache
def help_of(command: str) -> str | None:
    """What the engine says of a command; None where it knows none of this name."""
    ended = subprocess.run(["pulumi", *command.split(), "--help"], capture_output=True, text=True)
    *_, name = command.split()
    # Of a command that there isn't it shows the help of what is above it.
    own = re.search(rf"^(?:  pulumi .*\b{name}\b|  (?:[\w, -]*\b)?{name}\b.*)$", ended.stdout, re.MULTILINE)
    return ended.stdout if ended.returncode == 0 and own else None


@pytest.mark.usefixtures("engine")
def test_commands_of_pulumi_and_their_options_exist() -> None:
    """In every document, in blocks for a shell and within lines."""
    unknown = []
    for document in documents():
        for command, option in sorted(commands(document)):
            said = help_of(command)
            there = said is not None and (not option or re.search(rf"{re.escape(option)}(?![\w-])", said))
            if not there:
                unknown.append(f"{document}: pulumi {command} {option}")
    assert unknown == []
