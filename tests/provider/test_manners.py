"""A service that fills in its defaults, or has a spelling of its own: no change, for any kind of source."""

from __future__ import annotations

import pytest

from .memory import MANNERS, Memory
from .plugin import Bag
from .strategies import MODEL

SOURCES: dict[str, Bag] = {
    "plain": {"github": {"repository": "Acme/handbook", "app_id": "12"}},
    "globs": {
        "github": {"repository": "acme/wiki", "include_globs": ["b/*.md", "a/*.md"]},
        "chunking": {"type": "tree_sitter", "max_size_bytes": 8192},
        "embedding_model": MODEL,
    },
    "web": {"web_scrape": {"starting_url": "https://Bücher.example/übersicht?q=ä"}},
    "limits": {
        "web_scrape": {"starting_url": "https://docs.acme.com", "page_limit": 100},
        "chunking": {"type": "lines", "max_lines": 20},
    },
    "bucket": {
        "s3": {
            "bucket_name": "acme-files",
            "region": "eu-west-1",
            "collection_name": "files",
            "path_prefix": "public/",
            "aws_credential_id": 7,
        }
    },
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
def test_what_a_service_makes_of_a_source_is_no_change(
    memory: Memory, lost: bool, manner: str, name: str
) -> None:
    """Refreshed, it has the program's own inputs; with its state lost it is found and not doubled."""
    memory.settings(**MANNERS[manner])
    if lost:
        memory.fault("create_source", "drop_after", times=0)
    declared = {"database_name": "demo", **SOURCES[name], "on_conflict": "adopt"}
    with memory.process() as process:
        inputs = process.check(declared)
        source_id, outputs = process.create(inputs)
    for _ in range(2):
        with memory.process() as process:
            assert process.read(source_id, outputs) == (source_id, outputs, inputs)
            assert not process.diff(source_id, outputs, process.check(declared, inputs)).changes
    with memory.process() as process:
        assert process.create(process.check(declared))[0] == source_id
    assert list(memory.sources()) == [source_id]
