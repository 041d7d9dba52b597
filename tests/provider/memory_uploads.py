"""The service in memory, with uploads: each that arrived whole is a run, and what was in it is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx

from chroma_sync_emulator import errors
from chroma_sync_emulator.uploads import Form
from pulumi_chroma_sync import FileUploadProvider
from pulumi_chroma_sync.core.provider import Provider

from .memory import Seen
from .memory_runs import RunsMemory
from .plugin import Process

__all__ = ["Uploaded", "UploadsMemory"]

SOURCE = "00000000-0000-4000-8000-0000000000f0"
"""The one source of all uploads."""


@dataclass(frozen=True)
class Uploaded:
    """One upload as it arrived.

    Attributes:
        filename: the document's name.
        sha256: of the content.
        size: of the content.
        fields: of the form, in their order.
    """

    filename: str
    sha256: str
    size: int
    fields: dict[str, str]


class UploadsMemory(RunsMemory):
    """A service with runs, some of which uploads have started.

    Attributes:
        uploads: every upload that arrived, by the id of its run, the oldest first.
    """

    def __init__(self, **chosen: Any) -> None:
        super().__init__(**chosen)
        self.uploads: dict[str, Uploaded] = {}

    def process(self, *, provider: type[Provider] = FileUploadProvider, **config: Any) -> Process:
        """One run of the plugin, for uploads."""
        return super().process(provider=provider, **config)

    def upload(self, content: bytes, **fields: str) -> str:
        """Upload a file by another hand; the id of its run."""
        names = {"database_name": "demo", "collection_name": "files", **fields}
        request = httpx.Request("POST", "http://memory", data=names, files={"file": ("other.txt", content)})
        with self._lock:
            return self._take_in(request.read(), self.time.now)

    def _operation_of(self, request: httpx.Request) -> tuple[str, str | None]:
        if (request.method, request.url.path) == ("POST", "/api/v1/add-file"):
            return "add_file", None
        return super()._operation_of(request)

    def _body_of(self, operation: str, raw: bytes) -> Any:
        return None if operation == "add_file" else super()._body_of(operation, raw)

    def _done(self, key: str, seen: Seen, now: float) -> tuple[int, Any]:
        if seen.operation != "add_file":
            return super()._done(key, seen, now)
        if key not in self.keys:
            raise errors.Unauthorized("no such API key")
        return 201, {"invocation_id": self._take_in(seen.raw, now)}

    def _take_in(self, raw: bytes, now: float) -> str:
        boundary = re.match(rb"--([^\r]+)\r\n", raw)
        assert boundary is not None
        form = Form(boundary[1])
        form.feed(raw)
        if not form.ended:
            raise errors.BadRequest("the body ends early")
        fields = {name: value.decode() for name, value in form.fields.items()}
        names = {name: fields[name] for name in ("database_name", "collection_name")}
        run_id = self._begin(SOURCE, "file_upload", {"Unknown": None, **names}, None, now)
        self.uploads[run_id] = Uploaded(form.filename, form.sha256, form.size, fields)
        return run_id
