"""An upload on the real engine: unchanged, elsewhere, with another content, failing, killed, and gone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .killing import kill_all
from .programs import program
from .test_invocation import begun, nothing_is_left, runs, told

TYPE = "chroma-sync:FileUpload"


def uploading(guide: str) -> str:
    """A program with a file by its path, and one as an asset whose path is an output."""
    return program(
        f"""
        guide = chroma_sync.FileUpload(
            "guide", file="{guide}", collection_name="guides", metadata={{"page": 3}}
        )
        terms = chroma_sync.FileUpload(
            "terms",
            file=pulumi.Output.from_input("terms.md").apply(pulumi.FileAsset),
            collection_name=guide.collection_name,
            opts=pulumi.ResourceOptions(ignore_changes=["sha256"]),
        )
        """,
        'pulumi.export("guide", guide.sha256)',
        'pulumi.export("size", guide.size.apply(lambda size: size + 1))',
    )


def sha256(text: str) -> str:
    """Of a file with this text."""
    return hashlib.sha256(text.encode()).hexdigest()


def state_of(stack: Any, name: str) -> dict[str, Any]:
    """Status by sha256, of each entry of this resource."""
    return {
        resource["outputs"]["sha256"]: resource["outputs"]["status"]
        for resource in stack.resources(TYPE)
        if resource["urn"].endswith(f"::{name}")
    }


def test_a_file_from_its_first_upload_to_its_end(
    project: MakeProject, emu: RunningEmulator, tmp_path: Path
) -> None:
    """One upload for each content, whatever happens; and a file that is gone stands in no way."""
    stack = project(uploading("guide.md"), env={"XDG_STATE_HOME": str(tmp_path / "state")})
    refused = stack.preview(check=False)
    assert not refused.ok and "property file value {guide.md} has a problem: is not there" in refused.output
    guide = stack.folder / "guide.md"
    guide.write_text("first")
    (stack.folder / "terms.md").write_text("terms")
    preview = stack.preview("--diff")
    assert 'guide: an up uploads guide.md (5 bytes) into collection "guides"' in told(preview)
    assert sha256("first") in preview.output and len(runs(emu)) == 0
    up = stack.up()
    assert up.summary == {"create": 3} and "guide: processing, " in told(up)
    assert stack.outputs() == {"guide": sha256("first"), "size": 6}
    assert len(runs(emu)) == 2
    nothing_is_left(stack)

    # The same content elsewhere is no change; another content is a replacement, the new one first.
    (stack.folder / "docs").mkdir()
    guide = guide.rename(stack.folder / "docs" / "guide.md")
    stack.program(uploading("docs/guide.md"))
    assert stack.preview("--expect-no-changes").unchanged
    guide.write_text("second")
    (stack.folder / "terms.md").write_text("changes of these are ignored")
    up = stack.up()
    assert [(step.op, step.keys) for step in up.steps if step.name == "guide"][:1] == [
        ("create-replacement", ("sha256",))
    ]
    assert told(up).count("guide: the content changed; an up uploads guide.md (6 bytes)") == 1
    assert stack.outputs()["guide"] == sha256("second") and len(runs(emu)) == 3

    # It fails: the state has the run, and the next up uploads it again. That one is killed while it waits.
    emu.control.settings(invocations="manual")
    guide.write_text("third")
    waiting = stack.start("up", "--yes", "--skip-preview")
    begun(emu, 4)
    emu.control.move_invocation(runs(emu)[0]["id"], {"failed": {"error": "can't parse"}})
    output = waiting.communicate(timeout=60)[0]
    assert waiting.returncode != 0 and "Traceback" not in output
    assert 'into collection "guides" failed: can\'t parse' in output
    assert state_of(stack, "guide") == {sha256("second"): "complete", sha256("third"): "failed"}
    waiting = stack.start("up", "--yes", "--skip-preview")
    begun(emu, 5)
    kill_all(waiting)
    stack.pulumi("cancel", "--yes", check=True)
    emu.control.move_invocation(runs(emu)[0]["id"], {"complete": {"duration_ms": 7}})
    emu.control.settings(invocations="timed")
    assert f"its run {runs(emu)[0]['id']} is complete and is taken" in told(stack.up())
    assert len(runs(emu)) == 5 and state_of(stack, "guide") == {sha256("third"): "complete"}

    # Neither a refresh nor a destroy needs the files.
    guide.unlink()
    (stack.folder / "terms.md").unlink()
    assert stack.refresh("--expect-no-changes").unchanged
    gone = stack.destroy()
    assert told(gone).count('what was uploaded into collection "guides" of database "demo" stays there') == 1
    assert len(runs(emu)) == 5 and emu.control.requests("cancel_invocation") == []
