"""The answers that are not a success.

Every one has the contract's body ``{"error": <name>, "message": <sentence>}``. The statuses are the
contract's; the names are those of Chroma's own Python client, a guess for this service::

    ApiError
    ├── BadRequest            400  InvalidArgumentError
    ├── Unauthorized          401  AuthorizationError
    ├── Forbidden             403  ChromaAuthError
    ├── NotFound              404  NotFoundError
    ├── Conflict              409  UniqueConstraintError
    ├── PreconditionFailed    412  PreconditionFailedError
    ├── TooManyRequests       429  RateLimitError
    └── Unavailable           503  UnavailableError
"""

from __future__ import annotations

from starlette.responses import JSONResponse

__all__ = [
    "ApiError",
    "BadRequest",
    "Conflict",
    "Forbidden",
    "NotFound",
    "PreconditionFailed",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "error_response",
]


class ApiError(Exception):
    """An answer that is not a success.

    Args:
        message: one sentence for the caller; never holds the value of a secret.
    """

    status = 500
    error = "InternalError"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadRequest(ApiError):
    """The request breaks a rule that it could have known."""

    status = 400
    error = "InvalidArgumentError"


class Unauthorized(ApiError):
    """No API key, or one that nobody has."""

    status = 401
    error = "AuthorizationError"


class Forbidden(ApiError):
    """The API key is right, but scoped to another database."""

    status = 403
    error = "ChromaAuthError"


class NotFound(ApiError):
    """Nothing of that name or id belongs to the tenant."""

    status = 404
    error = "NotFoundError"


class Conflict(ApiError):
    """Something equal is there already."""

    status = 409
    error = "UniqueConstraintError"


class PreconditionFailed(ApiError):
    """An invocation that is over can't be cancelled."""

    status = 412
    error = "PreconditionFailedError"


class TooManyRequests(ApiError):
    """More uploads at once than the settings allow."""

    status = 429
    error = "RateLimitError"


class Unavailable(ApiError):
    """The store can't be read."""

    status = 503
    error = "UnavailableError"


def error_response(
    status: int, error: str, message: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """The contract's ``ErrorResponse``."""
    return JSONResponse({"error": error, "message": message}, status, headers)
