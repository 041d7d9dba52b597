"""The page's part of ``--sync``: the collections with their counts, and a search in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from . import data
from .core import Emulator
from .errors import BadGateway

__all__ = ["shown_collections"]

HITS = 5
"""How many chunks a search shows."""

_LONGEST_TEXT = 400
_PLACES = ("path", "url", "object_key", "filename")


async def shown_collections(emulator: Emulator, request: Request) -> dict[str, Any] | None:
    """What the template needs of it; None without ``--sync``.

    The query has ``collection``, the collection's place, and ``query``, the text.
    """
    if emulator.syncing is None:
        return None
    chosen, text = request.query_params.get("collection", ""), request.query_params.get("query", "").strip()
    shown: dict[str, Any] = {
        "server": emulator.syncing.chroma.url,
        "rows": [],
        "chosen": chosen,
        "text": text,
        "hits": [],
        "trouble": "",
    }
    try:
        rows = await data.collections(emulator) or []
        shown["rows"] = [{**row, "place": _place(row)} for row in rows]
        found = next((row for row in shown["rows"] if row["place"] == chosen), None)
        if text and found is not None:
            shown["hits"] = [_hit(hit) for hit in await data.search(emulator, found, text, HITS)]
    except BadGateway as failure:
        shown["trouble"] = failure.message
    return shown


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['tenant']}/{row['database']}/{row['name']}"


def _hit(hit: Mapping[str, Any]) -> dict[str, Any]:
    metadata, text = hit["metadata"] or {}, hit["document"] or ""
    lines = f", lines {metadata['start_line']} to {metadata['end_line']}" if "start_line" in metadata else ""
    return {
        "from": next((str(metadata[name]) for name in _PLACES if name in metadata), hit["id"]) + lines,
        "distance": f"{hit['distance']:.3f}",
        "text": text[:_LONGEST_TEXT] + ("…" if len(text) > _LONGEST_TEXT else ""),
    }
