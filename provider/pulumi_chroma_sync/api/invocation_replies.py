"""What the service answers about invocations (one sync run each): as it came, and what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .replies import Answer, WrongShape, is_usable_id, moment_of, text_of_moment
from .secrecy import without_users

__all__ = [
    "OVER",
    "STATUSES",
    "InvocationReply",
    "invocation_from",
    "invocation_id_from",
    "invocations_by_key",
    "invocations_from",
]

STATUSES = ("pending", "processing", "complete", "failed", "cancelled")
"""The states of a run (API contract)."""

OVER = frozenset(("complete", "failed", "cancelled"))
"""Those that are final."""


@dataclass(frozen=True)
class InvocationReply:
    """One sync run as the service answered it.

    Attributes:
        id: its id; "" in a list's item that has none.
        source_id: "" where the service doesn't say, as after the source was deleted.
        status: one of :data:`STATUSES`, or another word that a newer service has.
        error: why it failed, users and passwords of addresses taken out; "" otherwise.
        finished_at: RFC 3339 text of a complete run, or "".
        duration_ms: of a complete run, in milliseconds.
        created_at: RFC 3339 text, or "".
        database_name: "" where the service doesn't say.
        collection_name: the collection that it writes; "" where the service doesn't say.
        kind: ``github``, ``web_scrape``, ``s3``, or ``Unknown`` (uploads, by what was tried).
        ref: of a GitHub run, ``{"branch": ...}`` or ``{"sha": ...}``.
        object_key: of an S3 run, or "".
        custom_id: likewise.
        metadata: what an S3 run adds to each chunk.
        body: the object as the service answered it, untouched.
        problem: why it is not of a shape that this version understands; None where it is.
    """

    id: str
    source_id: str
    status: str
    created_at: str
    body: Mapping[str, Any] = field(repr=False, hash=False)
    error: str = ""
    finished_at: str = ""
    duration_ms: int | None = None
    database_name: str = ""
    collection_name: str = ""
    kind: str = ""
    ref: Mapping[str, str] | None = field(default=None, hash=False)
    object_key: str = ""
    custom_id: str = ""
    metadata: Mapping[str, Any] | None = field(default=None, hash=False)
    problem: str | None = None

    @property
    def moment(self) -> datetime | None:
        """When it was created, with a time zone; None where the service doesn't say so readably."""
        return moment_of(self.created_at)

    @property
    def is_over(self) -> bool:
        """Whether its status is final."""
        return self.status in OVER


def invocation_id_from(answer: Answer) -> str:
    """The answer to a create or an upload; raises :class:`WrongShape` where it has no usable id."""
    value = answer.json()
    found = value.get("invocation_id") if isinstance(value, dict) else None
    if not isinstance(found, str) or not is_usable_id(found):
        raise WrongShape("invocation_id must be the id of an invocation")
    return found


def invocation_from(answer: Answer) -> InvocationReply:
    """The answer to a question for one run; raises :class:`WrongShape` where it has no usable id."""
    found = _invocation(answer.json())
    if not found.id:
        raise WrongShape(found.problem or "id must be the id of an invocation")
    return found


def invocations_from(answer: Answer) -> tuple[InvocationReply, ...]:
    """The items of a list, each by itself; raises :class:`WrongShape` where it is no list."""
    value = answer.json()
    if not isinstance(value, list):
        raise WrongShape("the body must be a list")
    return tuple(map(_invocation, value))


def invocations_by_key(answer: Answer) -> dict[str, InvocationReply]:
    """The answer of latest-by-keys: object key -> its newest run; raises :class:`WrongShape`."""
    value = answer.json()
    if not isinstance(value, dict):
        raise WrongShape("the body must be an object")
    return {key: _invocation(item) for key, item in value.items() if item is not None}


def _invocation(value: object) -> InvocationReply:
    if not isinstance(value, dict):
        return InvocationReply("", "", "unknown", "", {"": value}, problem="must be an object")
    problems: list[str] = []
    invocation_id = value.get("id")
    if not isinstance(invocation_id, str) or not is_usable_id(invocation_id):
        invocation_id = ""
        problems.append("id: must be the id of an invocation")
    created_at, problem = text_of_moment(value.get("created_at"))
    if problem:
        problems.append(f"created_at: {problem}")
    status, details = _status(value.get("status"))
    if status == "unknown":
        problems.append("status: must be a word or an object with one")
    finished_at, _ = text_of_moment(details.get("finished_at"))
    duration, error = details.get("duration_ms"), details.get("error")
    given = value.get("metadata")
    metadata: Mapping[str, Any] = given if isinstance(given, dict) else {}
    if not isinstance(given, dict):
        problems.append("metadata: must be an object")
    s3 = metadata.get("s3") if isinstance(metadata.get("s3"), dict) else {}
    assert isinstance(s3, dict)
    more = s3.get("additional_metadata")
    return InvocationReply(
        invocation_id,
        _text(value.get("source_id")),
        status,
        created_at,
        value,
        error=without_users(error if isinstance(error, str) else "" if error is None else json.dumps(error)),
        finished_at=finished_at,
        duration_ms=int(duration) if isinstance(duration, (int, float)) and duration == duration else None,
        database_name=_text(metadata.get("database_name")),
        collection_name=_text(metadata.get("collection_name")),
        kind=next((kind for kind in ("github", "web_scrape", "s3", "Unknown") if kind in metadata), ""),
        ref=_ref(metadata.get("github")),
        object_key=_text(s3.get("object_key")),
        custom_id=_text(s3.get("custom_id")),
        metadata=more if isinstance(more, dict) and more else None,
        problem=problems[0] if problems else None,
    )


def _status(value: object) -> tuple[str, Mapping[str, Any]]:
    """The one word, and what comes with it."""
    if isinstance(value, str) and value:
        return value.lower(), {}
    if isinstance(value, dict) and len(value) == 1:
        [(word, details)] = value.items()
        return str(word).lower(), details if isinstance(details, dict) else {}
    return "unknown", {}


def _ref(github: object) -> Mapping[str, str] | None:
    ref = github.get("git_ref_identifier") if isinstance(github, dict) else None
    if not isinstance(ref, dict):
        return None
    return {name: str(ref[name]) for name in ("branch", "sha") if ref.get(name)} or None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
