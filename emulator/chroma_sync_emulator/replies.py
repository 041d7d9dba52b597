"""What a service makes of a source's fields: defaults where they were left out, spellings of its own.

Both are modes for tests of clients, which must not take either for a change; all of it is made up, but for
``include_globs`` (left out, the vendor's documentation says, it means ``"*"``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .settings import Settings

__all__ = ["answered", "kept"]

_TASK = {
    "task_name": "generic_retrieval",
    "document_prompt": "",
    "query_prompt": "Given a question, find the passages that answer it",
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "github": {"include_globs": ["*"], "app_id": ""},
    "web_scrape": {
        "page_limit": 100,
        "max_depth": 10,
        "include_path_regexes": [],
        "exclude_path_regexes": [],
    },
    "s3": {"path_prefix": ""},
}
_CHUNKING = {
    "tree_sitter": {"max_size_bytes": 4096},
    "lines": {"max_lines": 10, "max_size_bytes": 4096},
}


def kept(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """A source as it is stored."""
    return _normalised(document) if settings.normalise == "on" else document


def answered(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """A source as it is answered."""
    return kept(_filled(document) if settings.defaults == "filled" else document, settings)


def _filled(document: dict[str, Any]) -> dict[str, Any]:
    filled = dict(document)
    for kind, defaults in _DEFAULTS.items():
        if kind in document:
            filled[kind] = _over(defaults, document[kind])
    chunking = document.get("chunking") or {"type": "tree_sitter"}
    filled["chunking"] = _over(_CHUNKING.get(str(chunking.get("type")), {}), chunking)
    embedding = document.get("embedding")
    if isinstance(embedding, Mapping):
        filled["embedding"] = {**embedding, "dense": _over({"task": _TASK}, embedding.get("dense"))}
    filled["embedding_model"] = _over({"task": _TASK}, document.get("embedding_model"))
    return filled


def _over(defaults: Mapping[str, Any], fields: Any) -> Any:
    """The fields with defaults for what they lack; what the control API made no object stays what it is."""
    if not isinstance(fields, Mapping):
        return fields
    given = {name: value for name, value in fields.items() if value is not None or name not in defaults}
    return {**given, **{name: value for name, value in defaults.items() if name not in given}}


def _normalised(value: Any) -> Any:
    """The value with each field in its normal form; of what is in it already, the same again."""
    if not isinstance(value, Mapping):
        return value
    return {name: _FORMS[name](item) if name in _FORMS else _normalised(item) for name, item in value.items()}


def _address(value: Any) -> Any:
    """As ``new URL(value).toString()`` has it: what a web browser's parser makes of a usual address."""
    # Here, since it is slow to load, and this is a mode for few tests.
    import httpx

    try:
        url = httpx.URL(value)
        # The path alone is also the one of an address that has none.
        return str(url.copy_with(raw_path=url.raw_path))
    except (httpx.InvalidURL, TypeError):
        return value


def _repository(value: Any) -> Any:
    return f"https://github.com/{value}" if isinstance(value, str) and "://" not in value else value


def _text(value: Any) -> Any:
    return "" if value is None else value


def _number_as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


def _text_as_number(value: Any) -> Any:
    # Not what would lose a digit on the way: a zero in front, and more than every reader of JSON keeps.
    return (
        int(value) if isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,14}", value) else _text(value)
    )


def _without_slashes(value: Any) -> Any:
    # One at each end: a second one is a part of the name.
    return value.removeprefix("/").removesuffix("/") if isinstance(value, str) else _text(value)


_FORMS: dict[str, Callable[[Any], Any]] = {
    "repository": _repository,
    "app_id": _text_as_number,
    "starting_url": _address,
    "page_limit": _number_as_text,
    "max_depth": _number_as_text,
    "path_prefix": _without_slashes,
    "aws_credential_id": _number_as_text,
    "aws_access_key_id": _text,
    "aws_secret_access_key": _text,
    "document_prompt": _text,
    "query_prompt": _text,
    "max_size_bytes": _number_as_text,
    "max_lines": _number_as_text,
}
