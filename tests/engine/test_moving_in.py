"""A resource of a home-made dynamic provider becomes a source of this package, without being made anew."""

from __future__ import annotations

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import program
from .test_ownership import held, there

HOME_MADE = """
import os
import httpx
import pulumi
from pulumi import dynamic

def api():
    return httpx.Client(
        base_url=os.environ["CHROMA_SYNC_URL"], headers={"x-chroma-token": os.environ["CHROMA_API_KEY"]}
    )

class Mine(dynamic.ResourceProvider):
    def create(self, props):
        import httpx
        body = {"database_name": props["db"], "github": {"repository": props["repo"]}}
        made = api().post("/api/v1/sources", json=body).json()["source_id"]
        return dynamic.CreateResult(made, {"db": props["db"], "repo": props["repo"], "made": "by hand"})

    def delete(self, id, props):
        api().delete(f"/api/v1/sources/{id}").raise_for_status()

class Source(dynamic.Resource):
    def __init__(self, name, db, repo):
        super().__init__(Mine(), name, {"db": db, "repo": repo})

Source("docs", "demo", "acme/h")
"""
OURS = program(
    """
    chroma_sync.Source(
        "docs",
        database_name="demo",
        github={"repository": "acme/REPO"},
        opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="pulumi-python:dynamic:Resource")]),
    )
    """
)


def test_an_alias_takes_it_over_as_it_stands(project: MakeProject, emu: RunningEmulator) -> None:
    """One update that sends nothing but GETs; afterwards the state is this package's alone."""
    stack = project(HOME_MADE)
    stack.up()
    before = there(emu)
    emu.control.clear_requests()
    stack.program(OURS.replace("REPO", "h"))
    preview = stack.preview()
    assert preview.summary == {"same": 1, "update": 1}
    assert any("comes over from another dynamic provider" in line.message for line in preview.diagnostics)
    assert stack.up().summary == {"same": 1, "update": 1}
    assert {request["method"] for request in emu.control.requests()} == {"GET"}
    assert held(stack) == {"docs": before["acme/h"]}
    [resource] = stack.resources("chroma-sync:Source")
    assert "made" not in resource["outputs"] and resource["outputs"]["source_id"] == before["acme/h"]
    assert resource["outputs"]["__provider"] == resource["inputs"]["__provider"]
    assert stack.preview("--expect-no-changes").unchanged
    assert stack.refresh("--expect-no-changes").unchanged
    stack.destroy()
    assert there(emu) == {}


def test_one_that_is_another_source_is_replaced(project: MakeProject, emu: RunningEmulator) -> None:
    """The preview shows it, so that nobody loses a source by an alias."""
    stack = project(HOME_MADE)
    stack.up()
    stack.program(OURS.replace("REPO", "another"))
    assert {step.op for step in stack.preview().steps} >= {"replace"}
