"""The whole stack: the real engine, through the Automation API, on an emulator of the service."""

from pathlib import Path

import pytest
from pulumi import automation as auto

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def stack(chroma_sync_emulator, tmp_path):
    """A stack of this project, whose state and service are the test's own."""
    settings = {
        **chroma_sync_emulator.environment(),
        "PULUMI_BACKEND_URL": tmp_path.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "of the tests",
    }
    options = auto.LocalWorkspaceOptions(env_vars=settings)
    stack = auto.create_stack("test", work_dir=str(PROJECT), opts=options)
    yield stack
    stack.workspace.remove_stack("test", force=True)  # takes Pulumi.test.yaml away, too


def test_an_answer_that_is_lost_makes_no_second_source(stack, chroma_sync_emulator):
    """The first create is carried out, and nobody hears of it."""
    chroma_sync_emulator.control.fault("create_source", "drop_after")
    ids = stack.up().outputs["ids"].value
    with chroma_sync_emulator.client() as client:
        there = client.get("/api/v1/sources").json()
    assert sorted(source["id"] for source in there) == sorted(ids.values())
    assert len(chroma_sync_emulator.control.requests("create_source")) == len(ids) == 3

    stack.destroy()
    with chroma_sync_emulator.client() as client:
        assert client.get("/api/v1/sources").json() == []
