"""``POST /api/v1/add-file``: the form read as it streams in.

Of the file only its size and hash are kept, and its content (with ``--sync``) until the run has read it.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from pydantic import BaseModel, ConfigDict
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from . import data, jobs, sources
from .core import Emulator, emulator_of
from .errors import BadRequest, TooManyRequests, WrongMedia
from .names import checked_name
from .parsing import parse_json, validate
from .payloads import Chunking, Dense, Embedding, Sparse, Task, TreeSitter
from .rules import check_metadata
from .settings import MAX_UPLOAD_BYTES, Settings
from .store import Key, Store

__all__ = ["add_file"]

LENGTH_HEADER = "x-upload-content-length"
_LARGEST_FIELD = 64 * 1024
_FIELDS = (
    "database_name",
    "collection_name",
    "custom_id",
    "metadata",
    "embedding",
    "chunking",
    "content_type",
)


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    # The vendor's documentation names both models and the task; the key of the sparse vectors is a guess.
    embedding: Embedding = Embedding(
        dense=Dense(model="Qwen/Qwen3-Embedding-0.6B", task=Task(task_name="generic_retrieval")),
        sparse=Sparse(model="prithivida/Splade_PP_en_v1", key="sparse_embedding"),
    )
    chunking: Chunking = TreeSitter(type="tree_sitter")

    def document(self) -> dict[str, Any]:
        """As it is answered."""
        body = self.model_dump(exclude={"embedding": {"sparse"}})
        sparse = self.embedding.sparse
        body["embedding"]["sparse"] = sparse.model_dump(exclude_unset=True) if sparse else None
        body["embedding_model"] = body["embedding"]["dense"]
        return body


@dataclass
class Form:
    """The parts of the form, in the order in which they come.

    Args:
        boundary: from the content type.
        copy: where the file's content goes as well.
    """

    boundary: bytes
    copy: IO[bytes] | None = None
    fields: dict[str, bytes] = field(default_factory=dict)
    size: int = 0
    filename: str = ""
    part_type: str = ""
    has_file: bool = False
    ended: bool = False

    def __post_init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._name = ""
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._parser = MultipartParser(
            self.boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_end": self._end,
            },
        )

    @property
    def sha256(self) -> str:
        """Of the file's content so far."""
        return self._sha256.hexdigest()

    def feed(self, chunk: bytes) -> None:
        """Read on; raises BadRequest for a form that is broken or in the wrong order."""
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise BadRequest("the body is not valid multipart/form-data") from None

    def text(self, name: str) -> str | None:
        """A field's text, or None where it was not sent."""
        raw = self.fields.get(name)
        try:
            return None if raw is None else raw.decode()
        except UnicodeDecodeError:
            raise BadRequest(f"{name}: must be UTF-8") from None

    def _begin(self) -> None:
        self._headers = {}

    def _header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = name = options.get(b"name", b"").decode(errors="replace")
        if name == "file":
            self._file_begins(options.get(b"filename", b"").decode(errors="replace"))
        elif name not in _FIELDS:
            raise BadRequest(f"the form must have no other fields than file, {', '.join(_FIELDS)}")
        elif name in self.fields:
            raise BadRequest(f"{name}: given twice")
        else:
            self.fields[name] = b""

    def _file_begins(self, filename: str) -> None:
        if self.has_file:
            raise BadRequest("file: given twice")
        for needed in ("database_name", "collection_name"):
            if needed not in self.fields:
                raise BadRequest(f"{needed}: required, and must come before file")
        if not filename:
            raise BadRequest("file: the part must have a filename; it is the document's name")
        kind, _ = parse_options_header(self._headers.get(b"content-type", b""))
        self.has_file, self.filename, self.part_type = True, filename, kind.decode(errors="replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == "file":
            self.size += end - start
            self._sha256.update(data[start:end])
            if self.copy is not None:
                self.copy.write(data[start:end])
            return
        self.fields[self._name] += data[start:end]
        if len(self.fields[self._name]) > _LARGEST_FIELD:
            raise BadRequest(f"{self._name}: too long")

    def _end(self) -> None:
        self.ended = True


async def add_file(request: Request) -> Response:
    """``POST /api/v1/add-file``."""
    emulator = emulator_of(request)
    key = emulator.authenticate(request)
    declared = _declared(request)
    kind, options = parse_options_header(request.headers.get("content-type", "").encode())
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise WrongMedia("the body must be multipart/form-data")
    if emulator.uploads[key.tenant] >= emulator.settings.max_uploads:
        raise TooManyRequests(f"at most {emulator.settings.max_uploads} uploads at once")
    emulator.uploads[key.tenant] += 1
    try:
        with _copy(emulator) as copy:
            form = Form(options[b"boundary"], copy)

            async def authorize() -> None:
                await emulator.call(Store.require_database, key, form.text("database_name") or "")

            await _receive(request, form, declared, authorize)
            upload = _checked(form, declared, lenient=emulator.settings.integers == "lenient")
            await data.look(emulator, key.tenant, upload.database, upload.collection)
            path = None
            if copy is not None:
                # The run may begin before this request is answered.
                copy.flush()
                path = copy.name
            invocation_id = await emulator.call(_keep, key, upload, path, emulator.settings)
    finally:
        emulator.uploads[key.tenant] -= 1
    await data.over(emulator, invocation_id)
    return JSONResponse({"invocation_id": invocation_id}, 201)


@contextmanager
def _copy(emulator: Emulator) -> Iterator[IO[bytes] | None]:
    """Where the content goes that a run reads; taken away where there is none after all."""
    if emulator.syncing is None:
        yield None
        return
    with emulator.syncing.keep_upload() as copy:
        try:
            yield copy
        except BaseException:
            os.unlink(copy.name)
            raise


def _declared(request: Request) -> int:
    given = request.headers.get(LENGTH_HEADER, "")
    if not (given.isascii() and given.isdigit() and len(given) < 20 and 0 < int(given) <= MAX_UPLOAD_BYTES):
        raise BadRequest(f"{LENGTH_HEADER}: required, a whole number from 1 to {MAX_UPLOAD_BYTES}")
    return int(given)


async def _receive(
    request: Request, form: Form, declared: int, authorize: Callable[[], Awaitable[None]]
) -> None:
    allowed = False
    try:
        async for chunk in request.stream():
            form.feed(chunk)
            if form.has_file and not allowed:
                await authorize()
                allowed = True
            if form.size > declared:
                raise BadRequest(f"file: longer than {LENGTH_HEADER} says")
    except ClientDisconnect:
        raise BadRequest("the upload ended early") from None


@dataclass(frozen=True)
class _Upload:
    database: str
    collection: str
    row: tuple[str, str, int, str, str]


def _checked(form: Form, declared: int, *, lenient: bool) -> _Upload:
    if not form.ended:
        raise BadRequest("the body is not valid multipart/form-data: it ends early")
    if not form.has_file:
        raise BadRequest("file: required")
    if form.size != declared:
        raise BadRequest(f"file: shorter than {LENGTH_HEADER} says")
    collection = form.text("collection_name") or ""
    try:
        checked_name(collection)
    except ValueError as error:
        raise BadRequest(f"collection_name: {error}") from None
    given = {
        name: parse_json(form.fields[name], name) for name in ("embedding", "chunking") if name in form.fields
    }
    options = validate(_Options, given, lenient=lenient).document()
    options["custom_id"], options["metadata"] = _custom_id(form), _metadata(form)
    row = (form.filename, _content_type(form), form.size, form.sha256, json.dumps(options))
    return _Upload(form.text("database_name") or "", collection, row)


def _custom_id(form: Form) -> str | None:
    custom_id = form.text("custom_id")
    if custom_id is not None and len(form.fields["custom_id"]) > 120:
        raise BadRequest("custom_id: must be at most 120 bytes")
    return custom_id


def _metadata(form: Form) -> dict[str, Any] | None:
    raw = form.fields.get("metadata")
    if raw is None:
        return None
    if len(raw) > 16 * 1024:
        raise BadRequest("metadata: must be at most 16 KiB")
    metadata = parse_json(raw, "metadata")
    if not isinstance(metadata, dict):
        raise BadRequest("metadata: must be a JSON object")
    check_metadata(metadata, reserved=True)
    return metadata


def _content_type(form: Form) -> str:
    override = form.text("content_type")
    if override is not None and len(override) > 512:
        raise BadRequest("content_type: must be at most 512 characters")
    inferred = form.part_type if form.part_type != "application/octet-stream" else ""
    return override or inferred or mimetypes.guess_type(form.filename)[0] or "application/octet-stream"


def _keep(store: Store, key: Key, upload: _Upload, path: str | None, settings: Settings) -> str:
    options = json.loads(upload.row[-1])
    document = {"file_upload": {}, **{name: options[name] for name in ("chunking", "embedding")}}
    with store.transaction():
        store.require_database(key, upload.database)
        jobs.require_unfinished(store, key.tenant, upload.database, upload.collection)
        defaults = _Options().document()
        source_id = sources.upload_source(store, key.tenant, upload.database, defaults, settings)
        source = store.one("SELECT * FROM sources WHERE id = ?", (source_id,))
        # The contract knows no kind of its own for uploads; "Unknown" is what it has left.
        invocation_id = jobs.insert(
            store,
            source,
            upload.collection,
            {"Unknown": None},
            settings,
            document=json.dumps(document),
            upload=path,
        )
        store.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?)", (invocation_id, *upload.row))
    return invocation_id
