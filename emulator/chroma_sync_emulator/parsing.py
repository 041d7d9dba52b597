"""JSON and models of it, and what is said where a body is neither."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from .errors import BadRequest, BadShape

__all__ = ["parse_body", "parse_json", "validate"]

_Model = TypeVar("_Model", bound=BaseModel)


def parse_json(raw: bytes | str, what: str = "the body") -> Any:
    """JSON, or :class:`.errors.BadRequest`. NaN, broken UTF-8 and lone surrogates are not JSON."""
    try:
        return from_json(raw, allow_inf_nan=False)
    except ValueError:
        raise BadRequest(f"{what} is not valid JSON") from None


# What pydantic calls a broken rule; all else is a shape: a field is missing, not known, or of another type. A
# number out of range is one of the latter, as it is where an int32 is read into 32 bits.
_RULES = ("value_error", "string_too_short", "string_too_long")


def parse_body(model: type[_Model], raw: bytes, *, lenient: bool = False) -> _Model:
    """A request's body as a model, or :class:`.errors.BadRequest` with the first rule that it breaks."""
    return validate(model, parse_json(raw), lenient=lenient)


def validate(model: type[_Model], value: Any, what: str = "body", *, lenient: bool = False) -> _Model:
    """A JSON value as a model; no value is repeated in a message.

    Args:
        model: the model.
        value: what :func:`parse_json` gave.
        what: what a message calls the whole.
        lenient: whether 8192.0 is an integer.

    Raises:
        BadShape: a field is missing, not known, or of another type.
        BadRequest: any other rule is broken.
    """
    try:
        return model.model_validate(value, context={"lenient": lenient})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or what
        refusal = BadRequest if first["type"] in _RULES else BadShape
        raise refusal(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None
