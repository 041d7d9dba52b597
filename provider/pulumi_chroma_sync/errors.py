"""Every error that this package raises.

The tree::

    ChromaSyncError
    ├── ConfigError               a setting is missing or malformed; nothing was sent
    ├── UnreachableError          the request never reached the service (refused, DNS, TLS, proxy)
    ├── NoAnswerError             the request left, no usable answer came: it may have been carried out
    ├── ApiError                  the service answered with an error
    │   ├── BadRequestError         400, 413, 415, 422
    │   ├── AuthorizationError      401, 403
    │   ├── NotFoundError           404, 410
    │   ├── UniqueConstraintError   409
    │   ├── PreconditionError       412
    │   ├── RateLimitError          429
    │   └── ServerError             5xx
    ├── SourceExistsError         a source to be created is there already, and was not taken over
    ├── SourceClaimedError        two resources ended up with one source
    ├── DatabaseExistsError       a database to be created is there already, and was not taken over
    ├── DatabaseNotEmptyError     a database to be deleted has collections, and was kept
    ├── RunExistsError            a run to be started can't be: its collection is finished
    ├── RunFailedError            a run failed, was cancelled, or took longer than its deadline
    └── OutcomeUnknownError       a create may or may not have been carried out; nothing was sent twice

Messages are written for the person at the terminal: what happened, to which source, what to do.
None of them ever contains an API key or an AWS secret key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import pulumi

__all__ = [
    "ApiError",
    "AuthorizationError",
    "BadRequestError",
    "ChromaSyncError",
    "ConfigError",
    "DatabaseExistsError",
    "DatabaseNotEmptyError",
    "NoAnswerError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PreconditionError",
    "RateLimitError",
    "RunExistsError",
    "RunFailedError",
    "ServerError",
    "SourceClaimedError",
    "SourceExistsError",
    "UniqueConstraintError",
    "UnreachableError",
]


_E = TypeVar("_E", bound="ChromaSyncError")


class ChromaSyncError(pulumi.RunError):
    """Base of every error of this package. A Pulumi program that ends with one shows its message alone.

    Attributes:
        message: what happened.
        step: what was being done, and to which source; None where nobody has said so yet.
        outcome: what is so now, and what to do; may have several lines.
    """

    def __init__(self, message: str, *, step: str | None = None, outcome: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.step = step
        self.outcome = outcome

    def __str__(self) -> str:
        text = f"{self.step}: {self.message}" if self.step else self.message
        return f"{text}\n  {self.outcome}" if self.outcome else text

    def __copy__(self: _E) -> _E:
        twin = type(self).__new__(type(self))
        twin.args = self.args
        vars(twin).update(vars(self))
        return twin

    def during(self: _E, step: str, outcome: str = "") -> _E:
        """The same error, told of one step; who said it first, from nearer by, is not overruled.

        Args:
            step: such as ``create source "github acme/handbook" in database "knowledge"``.
            outcome: what is so now, and what to do.
        """
        self.step = self.step or step
        self.outcome = self.outcome or outcome
        return self


class ConfigError(ChromaSyncError):
    """A setting is missing or malformed.

    Attributes:
        setting: the setting's name as in stack configuration, without its namespace, such as ``apiKey`` or
            ``team-b.apiKey``; ``connection`` where it is the name of a connection that is wrong.
        reason: what is wrong and what to set.
    """

    def __init__(self, setting: str, reason: str) -> None:
        named = setting if setting == "connection" else f"chroma-sync:{setting}"
        super().__init__(f"{named}: {reason}")
        self.setting = setting
        self.reason = reason


class UnreachableError(ChromaSyncError):
    """The request never reached the service, or not as a whole, so it had no effect.

    Attributes:
        may_pass: whether the same request may get through a moment later; a refused certificate won't.
        retry_after: seconds that the service asked to wait, where it did so before all was sent.
    """

    def __init__(self, message: str, *, may_pass: bool = True, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.may_pass = may_pass
        self.retry_after = retry_after


class NoAnswerError(ChromaSyncError):
    """The request left, but no usable answer came back: it may have been carried out.

    Attributes:
        may_pass: whether the same question may be answered a moment later; an answer of the wrong shape
            stays one.
    """

    def __init__(self, message: str, *, may_pass: bool = True) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class ApiError(ChromaSyncError):
    """The service answered with an error.

    Attributes:
        status: HTTP status.
        code: the ``error`` field of the reply, or None where the body was not the API's own.
        detail: the ``message`` field of the reply, or a short form of whatever was there.
        trace_id: the service's id of this request, where it gave one.
        retry_after: seconds that the service asked to wait, where it did.
        served_at: the service's clock when it answered (the header ``Date``), where it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str | None = None,
        detail: str = "",
        trace_id: str | None = None,
        retry_after: float | None = None,
        served_at: datetime | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.detail = detail
        self.trace_id = trace_id
        self.retry_after = retry_after
        self.served_at = served_at

    @property
    def is_the_services_own(self) -> bool:
        """Whether the body was the API's own, and not that of a gateway, a proxy or another service."""
        return self.code is not None


class BadRequestError(ApiError):
    """400, 413, 415 or 422: the service refused what was sent."""


class AuthorizationError(ApiError):
    """401 or 403: the service refused the API key, or the key may not do this."""


class NotFoundError(ApiError):
    """404 or 410: there is no such thing for this key: no source, run, database or collection.

    Attributes:
        after_doubt: whether an earlier try of this very request may have been carried out: of a delete, that
            is why nothing is there any more.
    """

    after_doubt = False


class UniqueConstraintError(ApiError):
    """409: an equal thing exists."""


class PreconditionError(ApiError):
    """412: it is not in a state in which this can be done, such as cancelling a run that is not pending."""


class RateLimitError(ApiError):
    """429: too many requests; nothing was done."""


class ServerError(ApiError):
    """5xx: the service, or a gateway before it, failed."""


class SourceExistsError(ChromaSyncError):
    """A source to be created exists already and was not taken over.

    Attributes:
        source_id: the existing source's id, or None where the service didn't say which it is.
    """

    def __init__(
        self, message: str, source_id: str | None, *, step: str | None = None, outcome: str = ""
    ) -> None:
        super().__init__(message, step=step, outcome=outcome)
        self.source_id = source_id


class SourceClaimedError(ChromaSyncError):
    """Two resources of one program ended up with the same source."""


class DatabaseExistsError(ChromaSyncError):
    """A database to be created exists already and was not taken over."""


class DatabaseNotEmptyError(ChromaSyncError):
    """A database to be deleted has collections, or may have some: nothing was deleted.

    Attributes:
        collections: their names, as many as were asked for.
        count: how many there are.
    """

    def __init__(
        self,
        message: str,
        collections: Sequence[str],
        count: int,
        *,
        step: str | None = None,
        outcome: str = "",
    ) -> None:
        super().__init__(message, step=step, outcome=outcome)
        self.collections = tuple(collections)
        self.count = count


class OutcomeUnknownError(ChromaSyncError):
    """A create may or may not have been carried out. Nothing was sent twice."""


class RunExistsError(ChromaSyncError):
    """A run can't be started: the ingest of its collection is finished.

    Attributes:
        invocation_id: of an equal run that is complete, or None.
    """

    def __init__(
        self, message: str, invocation_id: str | None, *, step: str | None = None, outcome: str = ""
    ) -> None:
        super().__init__(message, step=step, outcome=outcome)
        self.invocation_id = invocation_id


class RunFailedError(ChromaSyncError):
    """A run failed, was cancelled, or is not over at its deadline."""
