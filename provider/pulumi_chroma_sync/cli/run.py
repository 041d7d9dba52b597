"""The command ``run``: one sync run of a source, started exactly once and waited for, without a stack.

It is started and waited for as the resource ``Invocation`` does it. What stands in a state there is on the
service alone here, so the same command again finds a run that is under way and continues with it.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from pulumi_chroma_sync.api.invocation_replies import OVER
from pulumi_chroma_sync.core.answer import UnfinishedError
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.terminal import inform
from pulumi_chroma_sync.errors import (
    ChromaSyncError,
    NoAnswerError,
    OutcomeUnknownError,
    RateLimitError,
    RunExistsError,
    ServerError,
    UnreachableError,
)
from pulumi_chroma_sync.kinds.invocation.check import check_inputs, unfit
from pulumi_chroma_sync.kinds.invocation.runs import Runs, words_for
from pulumi_chroma_sync.kinds.invocation.starting import RunStart
from pulumi_chroma_sync.kinds.invocation.state import outputs_of
from pulumi_chroma_sync.kinds.invocation.watching import watch
from pulumi_chroma_sync.settings import option_of

from .common import Misused
from .stopping import Stop, stoppable

__all__ = ["metadata_in", "run_source"]

_OPTIONS = {
    "source_id": "SOURCE",
    "target_collection_name": "--collection",
    "ref_identifier": "--sha, --branch",
    "object_key": "--object-key",
    "custom_id": "--custom-id",
    "metadata": "--metadata",
    "deadline": "--deadline",
}
"""What each input of a run is called here."""

_PASSING = (UnreachableError, NoAnswerError, RateLimitError, ServerError)


def metadata_in(pairs: Sequence[str]) -> dict[str, Any]:
    """The metadata of ``KEY=VALUE`` texts: a value that is JSON is what it says, any other is a text.

    Raises:
        Misused: one is not of that form, or a key is given twice.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, given, text = pair.partition("=")
        if not (key and given):
            raise Misused("--metadata: give KEY=VALUE")
        if key in found:
            raise Misused(f"--metadata: {key} is given twice")
        found[key] = _value(text)
    return found


def run_source(session: Session, inputs: Mapping[str, Any]) -> int:
    """Start a run and wait for it; its id goes to stdout as soon as it is known, all else to stderr.

    Args:
        session: the process's view of the service.
        inputs: as those of the resource.

    Returns:
        The exit code: 0 where it is complete, or was not to be waited for; or that of a signal.

    Raises:
        Misused: it can't be run as it is asked for.
        ChromaSyncError: it was not started, is not complete, or nobody knows.
    """
    checked = _checked(session, inputs)
    look = f"pulumi-chroma-sync runs {checked['source_id']}{option_of(session.settings.connection)}"
    with stoppable() as stop:
        try:
            with _told_on_stderr():
                start = RunStart(session, checked)
                run_id = start.run()
        except KeyboardInterrupt:
            click.echo(
                f"stopped while the run was being started: it may have been. To look: {look}", err=True
            )
            return stop.code
        except ChromaSyncError as error:
            raise _told(error, look) from None
        click.echo(run_id)
        outputs = outputs_of(checked, run_id, None, start.entry)
        if not checked["wait"]:
            return 0
        try:
            with _told_on_stderr():
                outputs = watch(session, checked, run_id, outputs)
        except KeyboardInterrupt:
            return _stopped(stop, run_id, look)
        except ChromaSyncError as error:
            if stop.signal and not _is_over(error):
                return _stopped(stop, run_id, look)
            raise _told(error, look) from None
    took = f" in {words_for(outputs['duration_ms'] / 1000)}" if "duration_ms" in outputs else ""
    collection = outputs.get("collection_name")
    click.echo(f"complete{took}" + (f', collection "{collection}"' if collection else ""), err=True)
    return 0


def _checked(session: Session, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs, as far as they and their source can be checked before anything is started."""
    checked, failures = check_inputs(inputs)
    if not failures and session.settings.preflight:
        with _told_on_stderr():
            asked = session.part(Runs).source(str(checked["source_id"]), inform)
        if asked.property:
            whose = f"source {checked['source_id']}: " if asked.property == "source_id" else ""
            raise ChromaSyncError(f"{whose}{asked.reason}")
        if asked.source is not None and asked.source.problem is None:
            failures = unfit(asked.source, checked)
    if failures:
        raise Misused("\n".join(f"{_option(each.property)}: {each.reason}" for each in failures))
    return checked


def _option(path: str) -> str:
    """How a property is called here: ``--metadata``, ``--metadata tags``."""
    name, *rest = re.split(r"[.\[]", path, maxsplit=1)
    inner = rest[0].rstrip("]") if rest and name == "metadata" else ""
    return f"{_OPTIONS.get(name, name)} {inner}".rstrip(" *")


def _value(text: str) -> Any:
    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return text


@contextlib.contextmanager
def _told_on_stderr() -> Iterator[None]:
    """What is told as it is told to the engine: that reads stdout, which is for results here."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def _stopped(stop: Stop, run_id: str, look: str) -> int:
    click.echo(
        f"stopped waiting; run {run_id} goes on. The same command again continues with it. To follow it: "
        f"{look} --watch",
        err=True,
    )
    return stop.code


def _is_over(error: ChromaSyncError) -> bool:
    return isinstance(error, UnfinishedError) and error.outputs.get("status") in OVER


def _told(error: ChromaSyncError, look: str) -> ChromaSyncError:
    """The same error with what is so now for somebody without a stack, and what to do."""
    if _is_over(error):
        error.outcome = f"The same command again starts a new run. To look: {look}"
    elif isinstance(error, UnfinishedError):
        error.outcome = f"It goes on. The same command again continues with it. To follow it: {look} --watch"
    elif isinstance(error, OutcomeUnknownError):
        error.outcome = (
            "It may exist, or may still appear. Nothing was sent twice. Run the same command again: a run of "
            f"this kind that is under way by then is continued. To look: {look}"
        )
    elif isinstance(error, RunExistsError):
        error.outcome = "Nothing was started. A new version wants a new --collection."
        if error.invocation_id:
            error.outcome += (
                f" Run {error.invocation_id} is the very same and complete; to take it for this one: "
                "--on-conflict adopt"
            )
    elif error.outcome.startswith(RunStart.nothing):
        later = " Run the same command again later." if isinstance(error, _PASSING) else ""
        error.outcome = f"{RunStart.nothing}.{later}"
    else:
        error.outcome = (
            "As far as is known nothing was started. Run the same command again: a run of this kind that is "
            f"under way by then is continued. To look: {look}"
        )
    return error
