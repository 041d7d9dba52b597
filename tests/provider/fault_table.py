"""What the fault matrix shows, in people's words: ``make faults`` writes ``docs/faults.md`` with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pulumi_chroma_sync.errors import OutcomeUnknownError

from . import run_faults, set_faults, upload_faults
from .fault_cases import API_KEY, AWS_SECRET, CALLS, Call, Fault, lines
from .fault_runs import Outcome, observe
from .memory import MANNERS

__all__ = ["HEAD", "PAGE", "broken", "section", "words"]

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"

HEAD = """# What happens under faults

`make faults` writes this page, and `make test` fails where it doesn't say what the tests see. Every line is
runs of the provider on the service in memory, with the fault played on the connection: on the first such
request of a command, or on each of them. A line with *service* is a service that is difficult at every
request. Every cell is nine runs: the service refuses a source of the same identity, one of the same content,
or none; and it answers what it was sent, or with its own defaults filled in, or in its own spelling. Then
everything that is still under way lands, and where the command ended in an error, the next one runs without a
fault. The runs retry once; the default is four times. "Soon" is within the settle window, "long" after it.
Each fault is also played over a real connection, to the emulator (`tests/provider/test_wire.py`).

Below "Set" stands the same of a `SourceSet` of four sources. A fault meets the first request, two, or each,
so that one of the four, some or all meet it; the services take turns. What fails is told key by key and ends
the `up` with an error; the state has all the rest.
Below "Run" stands the same of invocations, which cost money: one of a GitHub source and one of an S3 object
for each cell, and a service that takes 5 s to begin with a run and 20 s to carry it out.
Below "Upload" stands the same of a file.
"""


def words(outcome: Outcome) -> str:
    """What became of a run, in a few words."""
    if outcome.error is None:
        text = _went_well(outcome)
    elif isinstance(outcome.error, OutcomeUnknownError):
        text = "*error*: it may exist or appear, nothing was sent twice, how to look"
    elif outcome.call.step == "check":
        text = "*error*: the preview says what to set"
    elif outcome.call.step == "create":
        text = "*error*: nothing was created"
    else:
        text = "*error*: the state keeps it"
    return text + (f"; the next command {outcome.next_up}" if outcome.next_up else "")


def _went_well(outcome: Outcome) -> str:
    told, step = outcome.told, outcome.call.step
    if step == "check":
        if "not checked yet" in told:
            return "a warning: not checked yet"
        return "answered" + _again(outcome)
    if step == "create":
        text = "created"
        if outcome.posts > 1:
            text += " by a second request"
        if "took source" in told:
            text += "; found in the list, with its id told"
        elif "could not read it back" in told:
            text += "; what the service decided is read by the next refresh"
        elif outcome.call.operation != "create_source":
            text += _again(outcome)
        return text
    if step == "read":
        if not outcome.known:
            return "gone, so the state drops it"
        listed = outcome.call.operation == "list_sources" and not outcome.listed and outcome.fault.action
        if outcome.call.name == "read-gone":
            return "still shown, so it is read"
        return "read by its id instead" if listed else "read" + _again(outcome)
    return (
        "found gone by a second request"
        if "was already gone" in told
        else ("deleted" + (" by a second request" if outcome.sent > 1 else ""))
    )


def _again(outcome: Outcome) -> str:
    return ", after a second try" if outcome.fault.action else ""


def broken(outcome: Outcome) -> dict[str, list[str]]:
    """The promises that this run broke, each with what shows it."""
    found: dict[str, list[str]] = {"duplicates": [], "unknown": [], "lost": [], "secrets": []}
    if outcome.posts > 1 and outcome.sent > 1 and outcome.fault.does:
        found["duplicates"].append(f"{outcome.posts} requests to create")
    for ids in (outcome.there, outcome.finally_there):
        found["duplicates"] += ids[1:]
    if not _says_how_to_look(outcome):
        found["unknown"] += [source for source in outcome.there if source not in outcome.known]
    found["unknown"] += [source for source in outcome.finally_there if source not in outcome.finally_known]
    if outcome.call.step == "create":
        found["lost"] += [] if len(outcome.finally_known) == 1 else ["not in the state in the end"]
    elif outcome.call.step != "check":
        found["lost"] += [source for source in outcome.there if source not in outcome.known]
    found["secrets"] += [name for name in (API_KEY, AWS_SECRET) if name in outcome.told]
    return found


def _says_how_to_look(outcome: Outcome) -> bool:
    return isinstance(outcome.error, OutcomeUnknownError) and all(
        part in outcome.told
        for part in (
            'create source "s3 papers" in database "demo"',
            "pulumi-chroma-sync list --database demo",
            "may still appear",
            'on_conflict="adopt"',
        )
    )


def section(call: Call, outcomes: Sequence[Outcome]) -> str:
    """This call's part of the page."""

    def cell(fault: Fault, lasting: bool) -> str:
        return _cell([each for each in outcomes if (each.fault, each.lasting) == (fault, lasting)])

    counted = [broken(outcome) for outcome in outcomes]
    counts = {name: sum(bool(promises[name]) for promises in counted) for name in counted[0]}
    return "\n".join(
        [
            *lines(call, call.faults, cell),
            f"{len(outcomes)} runs: {counts['duplicates']} with a duplicate, {counts['unknown']} with a "
            f"source that neither the state nor the user knows, {counts['lost']} with a source lost from "
            f"the state, {counts['secrets']} with a secret in plain text.",
            "",
        ]
    )


def _cell(outcomes: Sequence[Outcome]) -> str:
    by_words: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_words.setdefault(words(outcome), []).append(outcome)
    if len(by_words) == 1:
        return next(iter(by_words))
    return "; ".join(f"{_where(each)}: {text}" for text, each in by_words.items())


def _where(outcomes: Sequence[Outcome]) -> str:
    """Under which rules, and in which manners where it isn't all of them."""
    found: dict[str, list[str]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.rule, []).append(outcome.manner)
    return " and ".join(
        rule if len(manners) == len(MANNERS) else f"{rule} ({', '.join(manners)})"
        for rule, manners in found.items()
    )


def main() -> None:
    """Write the page."""
    sections = []
    for call in CALLS:
        outcomes = list(observe(call))
        print(f"{call.words} ({len(outcomes)} runs)", file=sys.stderr)
        sections.append(section(call, outcomes))
    for call in set_faults.CALLS:
        sets = list(set_faults.observe(call))
        print(f"{call.words} ({len(sets)} runs)", file=sys.stderr)
        sections.append(set_faults.section(call, sets))
    for call in run_faults.CALLS:
        runs = list(run_faults.observe(call))
        print(f"{call.words} ({len(runs)} runs)", file=sys.stderr)
        sections.append(run_faults.section(call, runs))
    for call in upload_faults.CALLS:
        uploads = list(upload_faults.observe(call))
        print(f"{call.words} ({len(uploads)} runs)", file=sys.stderr)
        sections.append(upload_faults.section(call, uploads))
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n".join([HEAD, *sections]))


if __name__ == "__main__":
    main()
