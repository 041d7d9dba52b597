"""One run: what its source names is read, chunked, embedded and written to its collection."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .buckets import read_object
from .chroma import Chroma, Record
from .chunks import chunked
from .documents import Document, read_document
from .embedding import embed
from .failures import SyncFailed, SyncStopped
from .repositories import read_repository
from .sites import read_site
from .targets import Targets

__all__ = ["Report", "Run", "Upload", "carry_out"]

_BATCH = 200
# A run of these kinds fills a collection as a whole; objects and uploads are appended for ever.
_WHOLE = ("github", "web_scrape")


@dataclass(frozen=True)
class Upload:
    """A file that was uploaded."""

    name: str
    content_type: str
    path: Path
    custom_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A run that is to be carried out.

    Args:
        id: the invocation's.
        tenant: whose it is.
        database: the source's.
        kind: the source's: ``github``, ``web_scrape``, ``s3`` or ``file_upload``.
        collection: the name of the one that it writes.
        source: the source's fields at the time of the invocation, as they are answered.
        details: what the invocation says of its kind.
        upload: of ``file_upload``.
    """

    id: str
    tenant: str
    database: str
    kind: str
    collection: str
    source: Mapping[str, Any]
    details: Any
    upload: Upload | None = None


@dataclass
class Report:
    """What a run wrote."""

    documents: int = 0
    chunks: int = 0
    chunkers: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        cut = ", ".join(f"{count} by {chunker}" for chunker, count in sorted(self.chunkers.items()))
        counts = f"{_counted(self.documents, 'document')}, {_counted(self.chunks, 'chunk')}"
        return counts + (f" ({cut})" if cut else "")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def carry_out(run: Run, targets: Targets, chroma: Chroma, wanted: Callable[[], bool]) -> Report:
    """Do it all.

    The collection is made once it is clear that there is something to read, and marked as finished once all
    of it is written. What was written of a run that fails stays, as records of ids that the next run has too.

    Args:
        run: which.
        targets: where its source is.
        chroma: where it writes.
        wanted: whether to go on; asked before each batch of chunks.

    Raises:
        SyncFailed: with a sentence for the run's ``error``.
        SyncStopped: nobody wants it any more; it can be begun anew.
    """
    documents = _documents(run, targets)
    collection = chroma.make_collection(
        run.tenant, run.database, run.collection, configuration=_configuration(run.source)
    )
    report = Report()
    records = _records(documents, run.source["chunking"], report)
    while batch := list(itertools.islice(records, _BATCH)):
        if not wanted():
            raise SyncStopped
        chroma.upsert(collection, batch)
    if run.kind in _WHOLE:
        chroma.set_metadata(collection, finished_ingest=True)
    return report


def _documents(run: Run, targets: Targets) -> Iterable[Document]:
    fields = run.source[run.kind]
    if run.kind == "github":
        # With the setting `normalise` it is an address.
        name = "/".join(str(fields["repository"]).split("/")[-2:])
        ref = run.details["git_ref_identifier"]
        return read_repository(targets.repository(name), name, ref, fields.get("include_globs"))
    if run.kind == "web_scrape":
        return read_site(*targets.site_of(fields["starting_url"]), fields)
    if run.kind == "s3":
        bucket = str(fields["bucket_name"])
        return [read_object(targets.bucket_of(bucket), bucket, run.details)]
    return [_uploaded(run.upload)]


def _uploaded(upload: Upload | None) -> Document:
    if upload is None or not upload.path.is_file():
        raise SyncFailed("the uploaded file is no longer there")
    what = f'file "{upload.name}"'
    text, name = read_document(upload.path.read_bytes(), upload.name, what, upload.content_type)
    metadata = {**upload.metadata, "filename": upload.name, "content_type": upload.content_type}
    if upload.custom_id:
        metadata["custom_id"] = upload.custom_id
    return Document(upload.name, name, text, metadata, upload.custom_id)


def _records(documents: Iterable[Document], chunking: Mapping[str, Any], report: Report) -> Iterator[Record]:
    for document in documents:
        report.documents += 1
        # Both forms of an id are the vendor's documentation's.
        prefix = document.custom_id or hashlib.sha256(document.key.encode()).hexdigest()
        for number, chunk in enumerate(chunked(document.text, document.name, chunking)):
            report.chunks += 1
            report.chunkers[chunk.chunker] += 1
            metadata = {
                **document.metadata,
                "chunk": number,
                "start_line": chunk.start_line,
                "end_line": chunk.end_line,
                "chunker": chunk.chunker,
            }
            yield Record(f"{prefix}-{number}", embed(chunk.text), chunk.text, metadata)


def _configuration(source: Mapping[str, Any]) -> dict[str, Any]:
    """With it the official client embeds a question by itself, at ``CHROMA_EMBED_URL``."""
    dense = source["embedding"]["dense"]
    task = dense.get("task") or {}
    name = task.get("task_name") or ""
    prompts = {"documents": task.get("document_prompt") or "", "query": task.get("query_prompt") or ""}
    config = {
        "model": dense["model"],
        "task": name,
        "instructions": {name: prompts} if name else {},
        "api_key_env_var": "CHROMA_API_KEY",
    }
    return {
        "hnsw": {"space": "cosine"},
        "embedding_function": {
            "type": "known",
            "name": "chroma-cloud-qwen",
            "config": config,
        },
    }
