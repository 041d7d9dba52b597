"""What the service answers: bytes as they came, and what they say of sources.

A service may be newer than this version, and one source of a database must not hide the others. So a source
whose shape isn't understood is kept, with its id and with the reason; only an answer that can't be what was
asked for is none.
"""

from __future__ import annotations

import email.utils
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

__all__ = [
    "Answer",
    "Created",
    "Listed",
    "SourceReply",
    "WrongShape",
    "created_from",
    "is_usable_id",
    "moment_of",
    "service_error_in",
    "source_from",
    "sources_from",
    "text_of_moment",
]

_KINDS = ("github", "web_scrape", "s3")
_OBJECTS = (*_KINDS, "chunking", "embedding", "embedding_model")
_MOMENT = TypeAdapter(datetime)
_T = TypeVar("_T")

_MILLISECONDS = 1e11
"""From here on a number is milliseconds since the epoch: as seconds it would be the year 5138."""


class WrongShape(ValueError):
    """An answer that can't be what was asked for; the text says why, and quotes nothing of it.

    Attributes:
        is_json: whether it is JSON at all. What isn't may be a gateway's page, and pass.
    """

    def __init__(self, reason: str, *, is_json: bool = True) -> None:
        super().__init__(reason)
        self.is_json = is_json


@dataclass(frozen=True)
class Answer:
    """One answer as it came in.

    Attributes:
        request: what was asked: method and URL.
        status: HTTP status.
        headers: by name, in any case.
        body: decoded as its content encoding says, where that is one that was asked for.
        unasked_encoding: the content encoding, where it is one that nobody asked for; "" otherwise.
    """

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    unasked_encoding: str = ""

    @property
    def served_at(self) -> datetime | None:
        """The service's clock when it answered: the header ``Date``, where it can be read."""
        try:
            moment = email.utils.parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, TypeError, OverflowError):
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)

    def json(self) -> Any:
        """The body's value; a byte order mark before it doesn't matter.

        Raises:
            WrongShape: it is not JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise WrongShape("it is not JSON", is_json=False) from None


@dataclass(frozen=True)
class SourceReply:
    """A source as the service answered it.

    Attributes:
        id: its id; "" in a list's item that has none.
        database_name: "" where the service doesn't say.
        created_at: RFC 3339 text, or "". A number, which the contract doesn't have, is taken as seconds or
            milliseconds since the epoch and turned into that text.
        body: the object as the service answered it, untouched; a list's item that is no object is kept under
            the name ``""``.
        problem: why it is not of a shape that this version understands, such as
            ``embedding: must be an object``; None where it is. What has a problem is equal to nothing.
    """

    id: str
    database_name: str
    created_at: str
    body: Mapping[str, Any] = field(repr=False, hash=False)
    problem: str | None = None

    @property
    def moment(self) -> datetime | None:
        """When it was created, with a time zone; None where the service doesn't say so readably."""
        return moment_of(self.created_at)

    @property
    def kind(self) -> str | None:
        """``github``, ``web_scrape`` or ``s3``; None for a kind that can't be declared."""
        return next((kind for kind in _KINDS if isinstance(self.body.get(kind), Mapping)), None)

    @property
    def kind_name(self) -> str:
        """Like ``kind``; else ``file_upload``, made by uploads alone, or ``unknown``."""
        upload = "unknown" if self.body.get("file_upload") is None else "file_upload"
        return self.kind or upload


@dataclass(frozen=True)
class Created:
    """The answer to a create.

    Attributes:
        source_id: the new source's id.
        served_at: the service's clock when it answered, where it said so.
    """

    source_id: str
    served_at: datetime | None


@dataclass(frozen=True)
class Listed(Generic[_T]):
    """A list, or a page of one.

    Attributes:
        items: in the order of the answer.
        served_at: the service's clock when it answered the first page, where it said so.
        complete: whether this is all that the list has; False where that isn't known.
    """

    items: tuple[_T, ...]
    served_at: datetime | None
    complete: bool


def moment_of(text: str) -> datetime | None:
    """A moment with a time zone; None where the text names none."""
    try:
        moment = _MOMENT.validate_python(text)
    except ValidationError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def is_usable_id(value: object) -> bool:
    """Whether this can be a source's id: one segment of a path, in text that can be sent."""
    if not isinstance(value, str) or value in ("", ".", ".."):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell
        return False
    return True


def created_from(answer: Answer) -> Created:
    """The answer to a create; raises :class:`WrongShape` where it has no usable id."""
    value = answer.json()
    source_id = value.get("source_id") if isinstance(value, dict) else None
    if not isinstance(source_id, str) or not is_usable_id(source_id):
        raise WrongShape("source_id must be the id of a source")
    return Created(source_id, answer.served_at)


def source_from(answer: Answer) -> SourceReply:
    """The answer to a question for one source; raises :class:`WrongShape` where it has no usable id."""
    found = _source(answer.json())
    if not found.id:
        raise WrongShape(found.problem or "id must be the id of a source")
    return found


def sources_from(answer: Answer) -> tuple[SourceReply, ...]:
    """The items of a list, each by itself; raises :class:`WrongShape` where it is no list."""
    value = answer.json()
    if not isinstance(value, list):
        raise WrongShape("the body must be a list")
    return tuple(map(_source, value))


def service_error_in(answer: Answer) -> tuple[str, str] | None:
    """The API's own ``error`` and ``message``, whatever the status; None where the body is anything else."""
    try:
        value = answer.json()
    except WrongShape:
        return None
    if isinstance(value, dict) and isinstance(value.get("error"), str):
        message = value.get("message")
        return (value["error"], message) if isinstance(message, str) else None
    return None


def _source(value: object) -> SourceReply:
    if not isinstance(value, dict):
        return SourceReply("", "", "", {"": value}, "must be an object")
    problems = [
        f"{name}: must be an object"
        for name in _OBJECTS
        # "" is how some services say that there is none; a model's bare name is in the vendor's own example.
        if not (value.get(name) in (None, "") or isinstance(value[name], dict))
        and not (name == "embedding_model" and isinstance(value[name], str))
    ]
    source_id, database = value.get("id"), value.get("database_name")
    if not isinstance(source_id, str) or not is_usable_id(source_id):
        source_id = ""
        problems.append("id: must be the id of a source")
    if not isinstance(database, str):
        if database is not None:
            problems.append("database_name: must be text")
        database = ""
    created_at, problem = text_of_moment(value.get("created_at"))
    if problem:
        problems.append(f"created_at: {problem}")
    return SourceReply(source_id, database, created_at, value, problems[0] if problems else None)


def text_of_moment(value: object) -> tuple[str, str]:
    """A moment as RFC 3339 text, or "", and what is wrong with it, or ""."""
    if isinstance(value, str):
        return value, ""
    wrong = value is not None and not _is_number(value)
    return _moment_text(value), "must be a moment" if wrong else ""


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _moment_text(number: Any) -> str:
    if not _is_number(number):
        return ""
    try:
        moment = datetime.fromtimestamp(number / (1000 if abs(number) >= _MILLISECONDS else 1), timezone.utc)
    except (ValueError, OverflowError, OSError):
        return ""
    return moment.isoformat().replace("+00:00", "Z")
