"""What the fields of a run may hold together, and what each kind of source demands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pulumi_chroma_sync.core.validation import Path
from pulumi_chroma_sync.kinds.source.model import LARGEST

__all__ = ["broken_metadata", "broken_rules", "unfit_for"]

Known = Callable[[object], bool]

_OF_S3 = ("object_key", "custom_id", "metadata")
_IS = {
    "github": "a GitHub repository",
    "web_scrape": "a web site",
    "s3": "an S3 bucket",
    "file_upload": "for uploads",
}


def broken_rules(inputs: Mapping[str, Any], known: Known) -> Iterator[tuple[Path, str]]:
    """The rules between fields that these inputs break whatever the source is, as (path, sentence).

    Args:
        inputs: what the program passed, without None values.
        known: False for a value that isn't known yet; nothing is concluded from such a value.
    """
    ref = inputs.get("ref_identifier")
    if isinstance(ref, Mapping):
        given = [name for name in ("sha", "branch") if name in ref]
        if len(given) > 1:
            yield ("ref_identifier",), "give a sha or a branch, not both"
        elif not ref:
            yield ("ref_identifier",), 'give {"sha": ...} or {"branch": ...}'
        for name in _OF_S3:
            if name in inputs and known(inputs[name]):
                yield (name,), "is for sources of kind s3, and ref_identifier for those of kind github"
    yield from broken_metadata(inputs.get("metadata"), known)


def unfit_for(
    kind: str, fields: Mapping[str, Any], inputs: Mapping[str, Any], known: Known
) -> Iterator[tuple[Path, str]]:
    """What a source of this kind demands and these inputs don't give, as (path, sentence).

    Args:
        kind: of the source.
        fields: of that kind, as the service answers them.
        inputs: what the program passed, without None values.
        known: as in :func:`broken_rules`.
    """
    what = f"this source is {_IS.get(kind, kind)}"
    if kind == "file_upload":
        yield ("source_id",), f"{what}: its runs are started by uploads alone (FileUpload)"
        return
    if kind != "github" and "ref_identifier" in inputs and known(inputs["ref_identifier"]):
        yield ("ref_identifier",), f"is for sources of kind github; {what}"
    if kind != "s3":
        if "target_collection_name" not in inputs:
            yield (
                ("target_collection_name",),
                f"required: {what}, and its runs have no collection of their own",
            )
        for name in _OF_S3:
            if name in inputs and known(inputs[name]):
                yield (name,), f"is for sources of kind s3; {what}"
        return
    if inputs.get("delete_superseded_collection") is True:
        yield (
            ("delete_superseded_collection",),
            f"is for sources of kind github or web_scrape; {what}, and all of its runs write one collection",
        )
    key = inputs.get("object_key")
    prefix = fields.get("path_prefix") or ""
    if "object_key" not in inputs:
        yield ("object_key",), f"required: {what}, and a run syncs one object (Invocations runs many)"
    elif isinstance(key, str) and isinstance(prefix, str) and not key.startswith(prefix):
        yield (
            ("object_key",),
            f'must begin with "{prefix}", the path_prefix of the source: it is the whole key of the object',
        )


def broken_metadata(metadata: object, known: Known, at: Path = ("metadata",)) -> Iterator[tuple[Path, str]]:
    """Metadata is scalars, null, or arrays of scalars of one type (vendor's documentation).

    Args:
        metadata: what the program passed.
        known: as in :func:`broken_rules`.
        at: its path.
    """
    if not isinstance(metadata, Mapping):
        return
    for name, value in metadata.items():
        items = value if isinstance(value, (list, tuple)) else [value]
        found = [item for item in items if known(item) and item is not None]
        if not all(isinstance(item, (str, int, float, bool)) for item in found):
            yield (*at, name), "must be a text, a number, true, false, null, or a list of one of these"
        elif len({_type_of(item) for item in found}) > 1:
            yield (*at, name), "the items of a list must be of one type"
        elif any(isinstance(item, (int, float)) and abs(item) > LARGEST for item in found):
            yield (*at, name), f"must be {-LARGEST} to {LARGEST}: larger numbers are not exact"


def _type_of(value: object) -> str:
    # The engine passes 3.0 for 3: whole numbers and others are one type here.
    return (
        "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    )
