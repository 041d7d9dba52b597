"""What is said to a person about an upload: which one, how far it is, why it ended so, and the ways out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_chroma_sync.errors import RunExistsError
from pulumi_chroma_sync.kinds.invocation.runs import words_for
from pulumi_chroma_sync.kinds.invocation.sentences import name_in
from pulumi_chroma_sync.settings import option_of

from .content import size_in_words

__all__ = [
    "coming",
    "finished_already",
    "how_to_look",
    "progress",
    "remains",
    "replaced",
    "same_document",
    "taken",
    "uploading",
    "waiting_for_a_place",
]


def uploading(inputs: Mapping[str, Any]) -> str:
    """``upload "guide" (guide.pdf) into collection "guides" of database "demo"``."""
    return (
        f'upload "{name_in(inputs)}" ({inputs.get("filename")}) into collection '
        f'"{inputs.get("collection_name")}" of database "{inputs.get("database_name")}"'
    )


def coming(inputs: Mapping[str, Any], why: str = "") -> str:
    """What an up will do, in a sentence for the preview."""
    filename, size, collection = (inputs.get(name) for name in ("filename", "size", "collection_name"))
    what = f"uploads {filename}" if isinstance(filename, str) else "uploads its file"
    if isinstance(size, int):
        what += f" ({size_in_words(size)})"
    if isinstance(collection, str):
        what += f' into collection "{collection}"'
    waits = ""
    if inputs.get("wait", True):
        waits = f", and waits for its run for up to {words_for(float(inputs.get('deadline') or 3600))}"
    return f"{name_in(inputs)}: {why}an up {what}{waits}"


def replaced(changed: Sequence[str]) -> str:
    """Why it is uploaded again, for :func:`coming`."""
    words = {"sha256": "the content", "file": "the file (not known yet)", "filename": "the document's name"}
    return f"{', '.join(words.get(name, name) for name in changed)} changed; "


def progress(name: str, path: str, read: int, size: int, seconds: float) -> str:
    """``guide: uploading guide.pdf, 48 MiB of 200 MiB, 12 s``."""
    how_far = f"{size_in_words(read)} of {size_in_words(size)}"
    return f"{name}: uploading {os.path.basename(path)}, {how_far}, {words_for(seconds)}"


def waiting_for_a_place(name: str) -> str:
    """What is said once where the service takes no further upload for now."""
    return f"{name}: the service takes no more uploads at the moment (429); waiting for others to end"


def same_document(inputs: Mapping[str, Any], other: str) -> str:
    """The warning about two files that write over each other."""
    what = f'custom_id "{inputs["custom_id"]}"' if inputs.get("custom_id") else str(inputs.get("filename"))
    return (
        f'warning: {name_in(inputs)}: "{other}" uploads a document of the same name ({what}) into collection '
        f'"{inputs.get("collection_name")}", and chunks with the same ids write over each other. Give them '
        "names of their own: filename, or custom_id"
    )


def how_to_look(inputs: Mapping[str, Any]) -> str:
    """What to do where an upload may have arrived that the state doesn't know."""
    return (
        "Run `pulumi up` again: where exactly\n"
        "  one run into this collection has appeared by then, it is taken; else the file is uploaded again,\n"
        "  and its chunks have the same ids.\n"
        f"  To look: pulumi-chroma-sync runs --database {inputs.get('database_name')}"
        f"{option_of(inputs.get('connection'))}"
    )


def taken(inputs: Mapping[str, Any], run_id: str, status: str) -> str:
    """What is said where the upload of an up that was ended by force is taken, and none is begun."""
    return (
        f"{uploading(inputs)}: an up that was ended by force has uploaded it; its run {run_id} is {status} "
        "and is taken, and nothing is uploaded again"
    )


def finished_already(inputs: Mapping[str, Any], detail: str) -> RunExistsError:
    """The error for a collection whose ingest is finished (409)."""
    return RunExistsError(
        f'the ingest of collection "{inputs.get("collection_name")}" is finished, so it takes no upload '
        f"(409: {detail})",
        None,
        step=uploading(inputs),
        outcome="Nothing was uploaded. Name another collection; one that a GitHub or web source fills takes "
        "no files.",
    )


def remains(props: Mapping[str, Any]) -> str:
    """What is said once of a collection when an upload is deleted."""
    return (
        f'what was uploaded into collection "{props.get("collection_name")}" of database '
        f'"{props.get("database_name")}" stays there: the Sync API takes no upload back. To take it out, '
        "delete its chunks, or the collection, with Chroma's own client"
    )
