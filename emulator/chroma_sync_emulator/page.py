"""The page for people, ``/``: sources, invocations and the last requests, as they are now.

It is HTML from the server, whole without a script; ``templates/page.js`` only saves reloading it. Every value
is escaped, nothing comes from another host, and no key, secret or password of an address is shown.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from . import jobs, sources, work
from .core import emulator_of
from .page_collections import shown_collections
from .payloads import KINDS
from .sources import Page
from .store import Store

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["ROUTES"]

ROWS = 50
"""How many rows of each table are shown, the newest first."""

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_FOLDER = Path(__file__).with_name("templates")
_PARTS = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_USERINFO = re.compile(r"(?<=://)[^/?#\s]*@")


async def index(request: Request) -> Response:
    """``GET /``; 304 where the caller has it already."""
    emulator = emulator_of(request)
    found = await emulator.call(_look, ROWS)
    seen = emulator.traffic.last(ROWS)
    found["counts"]["requests"] = emulator.traffic.count
    found["collections"] = await shown_collections(emulator, request)
    shown = _without_userinfo(
        {
            **found,
            "settings": emulator.settings.model_dump(),
            "faults": [fault for fault in emulator.faults.describe() if fault["remaining"] != 0],
            "requests": [_request(entry) for entry in reversed(seen)],
        }
    )
    html = _template().render(shown)
    etag = f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={**HEADERS, "etag": etag})
    return HTMLResponse(html, headers={**HEADERS, "etag": etag})


async def part(request: Request) -> Response:
    """The page's style, script and icon."""
    name = request.path_params["name"]
    if name not in _PARTS:
        raise HTTPException(404)
    return Response((_FOLDER / name).read_bytes(), media_type=_PARTS[name], headers=HEADERS)


ROUTES = (Route("/", index), Route("/_emulator/page/{name}", part))


@cache
def _template() -> Template:
    # Loaded when the first person looks: tests that never do start faster.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html")


def _look(store: Store, rows: int) -> dict[str, Any]:
    """What the store has; in its thread."""
    newest = Page(limit=rows)
    runs = jobs.list_all(store, newest)
    counts = {
        table: store.one(f"SELECT count(*) AS n FROM {table}")["n"] for table in ("sources", "invocations")
    }
    return {
        "store": "in memory" if store.path == ":memory:" else Path(store.path).name,
        "tenants": store.tenants(),
        "counts": counts,
        "sources": [_source(source) for source in sources.list_all(store, newest)],
        "invocations": [_invocation(store, run) for run in runs],
    }


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    kind = next(kind for kind in KINDS if kind in source)
    chunking = source["chunking"] or {}
    shown = {kind: source[kind], "chunking": chunking, "embedding": source["embedding"]}
    return {
        "id": source["id"],
        "kind": kind,
        "target": _target(kind, source[kind]),
        "tenant": source["tenant"],
        "database": source["database_name"],
        "chunking": " · ".join(str(value) for value in chunking.values()),
        "created_at": source["created_at"],
        "json": json.dumps(shown, indent=2, ensure_ascii=False),
    }


def _target(kind: str, fields: Mapping[str, Any]) -> str:
    if kind == "s3":
        return f"s3://{fields.get('bucket_name')}/{fields.get('path_prefix') or ''}"
    return str(fields.get("repository") or fields.get("starting_url") or "uploaded files")


def _invocation(store: Store, run: Mapping[str, Any]) -> dict[str, Any]:
    status, metadata = run["status"], run["metadata"]
    state, outcome = status, ""
    if isinstance(status, dict):
        [(state, details)] = status.items()
        outcome = details["error"] if state == "failed" else f"{details['duration_ms']} ms"
    did = work.report_of(store, run["id"])
    row = store.first("SELECT kind, document FROM sources WHERE id = ?", (run["source_id"],))
    of = "a deleted source"
    if row is not None:
        of = _target(row["kind"], json.loads(row["document"])[row["kind"]])
    object_key = (metadata.get("s3") or {}).get("object_key")
    return {
        "id": run["id"],
        "state": state,
        "outcome": ", ".join(filter(None, [outcome, did])),
        "collection": metadata["collection_name"],
        "of": f"{of} · {object_key}" if object_key else of,
        "tenant": run["tenant"],
        "database": metadata["database_name"],
        "created_at": run["created_at"],
    }


def _request(seen: Mapping[str, Any]) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in seen["query"].items())
    status = seen["status"]
    tone = "failed" if status is None or status >= 500 else "cancelled" if status >= 400 else "complete"
    return {**seen, "target": f"{seen['path']}?{query}" if query else seen["path"], "tone": tone}


def _without_userinfo(value: Any) -> Any:
    """The same without user names and passwords of addresses (``https://user:password@host/``)."""
    if isinstance(value, str):
        return _USERINFO.sub("", value)
    if isinstance(value, dict):
        return {name: _without_userinfo(item) for name, item in value.items()}
    return [_without_userinfo(item) for item in value] if isinstance(value, list) else value
