"""What ``make up`` shows at its end: each source as the API returns it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from rich.console import Console

from .place import note

__all__ = ["show_sources"]

_AT_MOST = 5
"""Sources that are shown; a program may have hundreds."""
_TARGETS = {"github": "repository", "web_scrape": "starting_url", "s3": "bucket_name"}


def show_sources(console: Console, ids: Sequence[str], service: Mapping[str, str], default_url: str) -> None:
    """Print a line and the JSON of each source, and one line for those that are too many.

    Args:
        console: where to.
        ids: the sources' ids.
        service: ``CHROMA_API_KEY`` and, where it isn't the default, ``CHROMA_SYNC_URL``.
        default_url: of the service.
    """
    url = service.get("CHROMA_SYNC_URL") or default_url
    # A proxy has no business between this process and the emulator.
    with httpx.Client(
        base_url=url,
        headers={"x-chroma-token": service["CHROMA_API_KEY"]},
        timeout=30,
        trust_env="127.0.0.1" not in url,
    ) as client:
        for source in ids[:_AT_MOST]:
            try:
                answer = client.get(f"/api/v1/sources/{source}")
                answer.raise_for_status()
                _show(console, answer.json())
            except (httpx.HTTPError, ValueError) as error:
                console.print(note("source", f"{source}  could not be read: {error}"), markup=False)
    if len(ids) > _AT_MOST:
        console.print(note("source", f"... and {len(ids) - _AT_MOST} more"))


def _show(console: Console, source: Mapping[str, Any]) -> None:
    kind, target = "source", ""
    for name, field in _TARGETS.items():
        if isinstance(part := source.get(name), dict):
            kind, target = name, str(part.get(field, ""))
    line = f"{source.get('id')}  {kind} {target}  {source.get('database_name')}"
    console.print(note("source", line), markup=False, soft_wrap=True)
    console.print_json(json.dumps(source))
