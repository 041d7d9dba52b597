"""What the fields of a source may hold together, and what deserves a warning.

They work on plain dicts, so that a value which isn't known yet can be passed over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pulumi_chroma_sync.core.validation import Path

from .model import KINDS, LARGEST, PAYLOAD

__all__ = ["broken_rules", "warnings_of"]

_UNIQUE = {
    "github": ("include_globs",),
    "web_scrape": ("include_path_regexes", "exclude_path_regexes"),
}
_LARGEST_CHUNK = 16_384
_LONGEST_KEY = 36
_MANY_PAGES = 10_000
"""No quota of the service: so many that they were perhaps not meant."""

Known = Callable[[object], bool]


def broken_rules(inputs: Mapping[str, Any], known: Known) -> Iterator[tuple[Path, str]]:
    """The rules between fields that these inputs break, as (path, sentence).

    Args:
        inputs: what the program passed, without None values.
        known: False for a value that isn't known yet; nothing is concluded from such a value.
    """
    yield from _one_kind(inputs, known)
    s3 = inputs.get("s3")
    if isinstance(s3, Mapping):
        yield from _one_credential(s3, known)
    chunking = inputs.get("chunking")
    # The contract has no such field for tree_sitter, and leaves open what becomes of it.
    if (
        isinstance(chunking, Mapping)
        and chunking.get("type") == "tree_sitter"
        and "max_lines" in chunking
        and known(chunking["max_lines"])
    ):
        yield ("chunking", "max_lines"), 'belongs to type "lines"; this is "tree_sitter"'
    for kind, names in _UNIQUE.items():
        fields = inputs.get(kind)
        if isinstance(fields, Mapping):
            for name in names:
                yield from _repeated(fields.get(name), (kind, name))
    yield from _extra(inputs.get("extra"))


def warnings_of(inputs: Mapping[str, Any], known: Known) -> Iterator[str]:
    """What the service takes, and what its published quotas or prices make of it at the first run.

    Args:
        inputs: checked inputs.
        known: False for a value that isn't known yet; nothing is concluded from such a value.
    """
    yield from _over_quota(inputs)
    yield from _open_bill(inputs, known)


def _over_quota(inputs: Mapping[str, Any]) -> Iterator[str]:
    size = _at(inputs, "chunking", "max_size_bytes")
    if isinstance(size, int) and size > _LARGEST_CHUNK:
        yield (
            f"chunking.max_size_bytes is {size}, and Chroma's quota for one document is "
            f"{_LARGEST_CHUNK} bytes: runs may fail with larger chunks"
        )
    key = _at(inputs, "embedding", "sparse", "key")
    if isinstance(key, str) and len(key.encode()) > _LONGEST_KEY:
        yield (
            f"embedding.sparse.key has {len(key.encode())} bytes, and Chroma's quota for a metadata key is "
            f"{_LONGEST_KEY}: runs may fail"
        )


def _open_bill(inputs: Mapping[str, Any], known: Known) -> Iterator[str]:
    """Web pages are charged each, and nobody knows how many a site has.

    Source: the price list of Chroma Cloud. What the service does without a limit isn't documented, nor what 0
    means.
    """
    web, extra = inputs.get("web_scrape"), inputs.get("extra")
    over = extra.get("web_scrape") if isinstance(extra, Mapping) else None
    if not isinstance(web, Mapping) or not known(extra) or not known(over):
        return
    limit = (over if isinstance(over, Mapping) and "page_limit" in over else web).get("page_limit")
    if limit is None:
        yield (
            "web_scrape.page_limit is left out, and each page that a run reads is charged: set it to what "
            "you would pay for"
        )
    elif limit == 0:
        yield (
            "web_scrape.page_limit is 0, which may mean no limit (the API doesn't say), and each page that a "
            "run reads is charged"
        )
    elif isinstance(limit, (int, float)) and limit > _MANY_PAGES:
        yield f"web_scrape.page_limit is {limit:,.0f}, and each page that a run reads is charged"


def _at(value: Any, *path: str) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _one_kind(inputs: Mapping[str, Any], known: Known) -> Iterator[tuple[Path, str]]:
    present = [kind for kind in KINDS if kind in inputs and known(inputs[kind])]
    perhaps = [kind for kind in KINDS if kind in inputs and not known(inputs[kind])]
    extra = inputs.get("extra")
    if "file_upload" in inputs or (isinstance(extra, Mapping) and "file_upload" in extra):
        yield (
            ("file_upload",) if "file_upload" in inputs else ("extra", "file_upload"),
            "can't be declared: the service makes file_upload sources itself when a file is uploaded "
            "(POST /api/v1/add-file); declare github, web_scrape or s3",
        )
    elif len(present) > 1:
        yield (present[0],), f"give exactly one of {', '.join(KINDS)} (got {' and '.join(present)})"
    elif not present and not perhaps:
        # A kind that is newer than this version can only be said through `extra`.
        if extra is not None and (
            not isinstance(extra, Mapping) or extra.keys() - {*PAYLOAD} or extra.keys() & {*KINDS}
        ):
            return
        yield (
            ("github",),
            f"give exactly one of {', '.join(KINDS)} (got none)",
        )


def _one_credential(s3: Mapping[str, Any], known: Known) -> Iterator[tuple[Path, str]]:
    # An unknown value may turn out to be None, so only what is surely there, or surely isn't, is refused.
    key, secret = "aws_access_key_id", "aws_secret_access_key"
    if "aws_credential_id" in s3:
        if known(s3["aws_credential_id"]) and any(known(s3[name]) for name in (key, secret) if name in s3):
            yield (
                ("s3", "aws_credential_id"),
                f"give either aws_credential_id or both {key} and {secret}, not both ways at once",
            )
        return
    for name, other in ((key, secret), (secret, key)):
        if name not in s3 and other in s3 and known(s3[other]):
            yield ("s3", name), f"required together with s3.{other}; or give s3.aws_credential_id alone"
    if key not in s3 and secret not in s3:
        yield (
            ("s3", "aws_credential_id"),
            f"required; or give both s3.{key} and s3.{secret}",
        )


def _repeated(items: object, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(items, (list, tuple)):
        return
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        if isinstance(item, str):
            if item in seen:
                yield (*path, index), f"is the same as [{seen[item]}]; each may be given once"
            seen.setdefault(item, index)


def _extra(extra: object) -> Iterator[tuple[Path, str]]:
    if isinstance(extra, Mapping) and "database_name" in extra:
        yield ("extra", "database_name"), "is an argument of its own; give database_name"
    yield from _inexact(extra, ("extra",))


def _inexact(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Numbers that don't reach the service as they were written."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _inexact(item, (*path, name))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _inexact(item, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "must be a number that JSON has"
    elif isinstance(value, (int, float)) and abs(value) > LARGEST:
        yield path, f"must be {-LARGEST} to {LARGEST}: larger numbers are not exact; pass it as a text"
