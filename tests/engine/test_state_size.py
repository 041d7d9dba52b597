"""What a source adds to the state, which the engine writes whole at every step."""

from __future__ import annotations

import json
from typing import Any

from .conftest import MakeProject
from .harness import Project

MOST = 340
"""Bytes of an exported source above a resource of a dynamic provider that does nothing, with the same inputs.
What is wanted is 400; the path and line of code that made it, which no test knows, are the difference."""

FLOOR = """
import uuid

from pulumi import dynamic


class Provider(dynamic.ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return dynamic.CreateResult(str(uuid.uuid4()), props)


class Nothing(dynamic.Resource):
    def __init__(self, name, props):
        super().__init__(Provider(), name, props)
"""
PROGRAM = """
import pulumi
import pulumi_chroma_sync as chroma_sync
from floor import Nothing

declared = {
    "database_name": "demo",
    "github": {"repository": "acme/handbook", "include_globs": ["**/*.md"]},
    "chunking": {"type": "tree_sitter", "max_size_bytes": 8192},
}
nothing = Nothing("docs", dict(declared))
docs = chroma_sync.Source("docs", **declared)
pulumi.export("chunking", docs.effective_chunking)
pulumi.export("embedding", docs.effective_embedding)
pulumi.export("size", docs.effective_chunking["max_size_bytes"])
# The SDK gives the keys of an object in any order.
of = pulumi.Output.json_dumps([docs.effective_chunking, docs.effective_embedding], sort_keys=True)
reader = Nothing("reader", {"of": of})
"""
APPLIED = {
    "chunking": {"type": "tree_sitter", "max_size_bytes": 8192},
    "embedding": {"dense": {"model": "Qwen/Qwen3-Embedding-0.6B"}},
    "size": 8192,
}


def size(resource: dict[str, Any]) -> int:
    """Bytes in ``pulumi stack export``, where each line is indented by three levels more."""
    counted = {
        name: value for name, value in resource.items() if name not in ("sourcePosition", "stackTrace")
    }
    text = json.dumps(counted, indent=4, ensure_ascii=False)
    return len(text.encode()) + 12 * (text.count("\n") + 1)


def sizes(stack: Project) -> tuple[int, int]:
    """Of the source, and of the resource that does nothing."""
    by_name = {
        (entry["type"].rpartition(":")[2], entry["urn"].rpartition("::")[2]): size(entry)
        for entry in stack.resources()
    }
    return by_name["Source", "docs"], by_name["Resource", "docs"]


def test_a_source_adds_little_to_the_state_and_a_program_misses_nothing(project: MakeProject) -> None:
    """After the create and after a refresh; what depends on an output that is left out never changes."""
    stack = project(PROGRAM)
    (stack.folder / "floor.py").write_text(FLOOR, encoding="utf-8")
    stack.up()
    ours, floor = sizes(stack)
    assert ours - floor <= MOST
    assert stack.outputs() == APPLIED
    preview = stack.preview("--expect-no-changes")
    assert preview.unchanged and "unknown" not in preview.output
    assert stack.refresh("--expect-no-changes").unchanged
    assert stack.up("--expect-no-changes").unchanged
    assert stack.outputs() == APPLIED
    ours, floor = sizes(stack)
    assert ours - floor <= MOST
