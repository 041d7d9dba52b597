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
    │   ├── RateLimitError          429
    │   └── ServerError             5xx
    ├── SourceExistsError         a source to be created is there already, and was not taken over
    ├── SourceClaimedError        two resources ended up with one source
    └── OutcomeUnknownError       a create may or may not have been carried out; nothing was sent twice

Messages are written for the person at the terminal: what happened, to which source, what to do.
None of them ever contains an API key or an AWS secret key.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

__all__ = [
    "ApiError",
    "AuthorizationError",
    "BadRequestError",
    "ChromaSyncError",
    "ConfigError",
    "NoAnswerError",
    "NotFoundError",
    "OutcomeUnknownError",
    "RateLimitError",
    "ServerError",
    "SourceClaimedError",
    "SourceExistsError",
    "UniqueConstraintError",
    "UnreachableError",
]


_E = TypeVar("_E", bound="ChromaSyncError")


class ChromaSyncError(Exception):
    """Base of every error of this package.

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
        setting: the setting's name as in stack configuration, without its namespace, such as ``apiKey``.
        reason: what is wrong and what to set.
    """

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"chroma-sync:{setting}: {reason}")
        self.setting = setting
        self.reason = reason


class UnreachableError(ChromaSyncError):
    """The request never reached the service, so it had no effect.

    Attributes:
        may_pass: whether the same request may get through a moment later; a refused certificate won't.
    """

    def __init__(self, message: str, *, may_pass: bool = True) -> None:
        super().__init__(message)
        self.may_pass = may_pass


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
    """404 or 410: there is no such source or database for this key.

    Attributes:
        after_doubt: whether an earlier try of this very request may have been carried out: of a delete, that
            is why nothing is there any more.
    """

    after_doubt = False


class UniqueConstraintError(ApiError):
    """409: an equal thing exists."""


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


class OutcomeUnknownError(ChromaSyncError):
    """A create may or may not have been carried out. Nothing was sent twice."""
