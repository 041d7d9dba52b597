"""The answers that are not a success.

Every one has the contract's body ``{"error": <name>, "message": <sentence>}``. The statuses are the
contract's; with the setting ``statuses="strict"`` some are those of the vendor's other services::

    ApiError                  contract  strict
    ├── BadRequest            400       400     a rule is broken, or the JSON is
    │   ├── BadShape          400       422     a field is missing, of another type, or not known
    │   ├── QuotaExceeded     400       422
    │   ├── WrongMedia        400       415
    │   └── TooLarge          400       413
    ├── Unauthorized          401       401
    ├── Forbidden             403       403
    ├── NotFound              404       404
    ├── Conflict              409       409
    ├── PreconditionFailed    412       412
    ├── TooManyRequests       429       429
    └── BadGateway            502       502     the Chroma server behind ``--sync``
"""

from __future__ import annotations

from starlette.responses import JSONResponse

__all__ = [
    "ApiError",
    "BadGateway",
    "BadRequest",
    "BadShape",
    "Conflict",
    "Forbidden",
    "NotFound",
    "PreconditionFailed",
    "QuotaExceeded",
    "TooLarge",
    "TooManyRequests",
    "Unauthorized",
    "WrongMedia",
    "error_response",
]

# Those of the vendor's stack (chroma-core/chroma, rust/error); whatever has no name there has the last one.
_NAMES = {400: "InvalidArgumentError", 404: "NotFoundError", 500: "InternalError"}
_ANY_OTHER = "ChromaError"


class ApiError(Exception):
    """An answer that is not a success.

    Args:
        message: one sentence for the caller; never holds the value of a secret.
    """

    status = 500
    strict: int | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def status_by(self, statuses: str) -> int:
        """Its status.

        Args:
            statuses: ``contract`` or ``strict``, as in :class:`.settings.Settings`.
        """
        return self.strict if statuses == "strict" and self.strict is not None else self.status


class BadRequest(ApiError):
    """The request breaks a rule that it could have known."""

    status = 400


class BadShape(BadRequest):
    """A field of the body is missing, of another type, or not known."""

    strict = 422


class QuotaExceeded(BadRequest):
    """The tenant may have no more of these."""

    strict = 422

    def __init__(self, message: str) -> None:
        super().__init__(f"Quota exceeded: {message}")


class WrongMedia(BadRequest):
    """The body is of another content type."""

    strict = 415


class TooLarge(BadRequest):
    """The body is larger than is read."""

    strict = 413


class Unauthorized(ApiError):
    """No API key, or one that nobody has."""

    status = 401


class Forbidden(ApiError):
    """The API key is right, but not good for this."""

    status = 403


class NotFound(ApiError):
    """Nothing of that name or id belongs to the tenant."""

    status = 404


class Conflict(ApiError):
    """Something equal is there already, or something under way is in the way."""

    status = 409


class PreconditionFailed(ApiError):
    """An invocation that is not pending can't be cancelled."""

    status = 412


class TooManyRequests(ApiError):
    """More uploads at once than the settings allow."""

    status = 429


class BadGateway(ApiError):
    """The Chroma server doesn't answer, or refuses."""

    status = 502


def error_response(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The contract's ``ErrorResponse``; its name follows from the status."""
    return JSONResponse({"error": _NAMES.get(status, _ANY_OTHER), "message": message}, status, headers)
