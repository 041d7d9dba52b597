"""Look-ups in a program on the real engine: at preview and up, with unknown and secret inputs, failing."""

from __future__ import annotations

from pulumi import automation as auto
from tests.existing import create

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import program

NOBODY = "8a6f1c1e-0000-4000-8000-000000000000"


def test_a_program_looks_up_what_there_is(project: MakeProject, emu: RunningEmulator) -> None:
    """What is known is answered at preview, what is to be created after it was; secrets stay encrypted; a
    failure is one sentence. The settings are the stack's."""
    [existing] = create(emu, {"web_scrape": {"starting_url": "https://docs.acme.com/"}})
    text = program(
        f"""
        site = chroma_sync.get_source("{existing}")
        assert site.web_scrape is not None
        docs = chroma_sync.Source("docs", github={{"repository": "acme/handbook"}})
        run = chroma_sync.Invocation(
            "handbook", source_id=docs.source_id, target_collection_name="handbook", wait=False
        )
        """,
        """
        seen = chroma_sync.get_source_output(docs.source_id)
        copy = chroma_sync.Source(
            "copy", github={"repository": seen.github.repository.apply(lambda name: f"{name}-copy")}
        )
        hidden = chroma_sync.get_source_output(pulumi.Config("test").require_secret("source"))
        """,
        'pulumi.export("site", site)',
        'pulumi.export("count", len(chroma_sync.get_sources(source_type="web_scrape")))',
        'pulumi.export("repository", seen.github.repository)',
        'pulumi.export("after", chroma_sync.get_sources_output(depends_on=[docs, copy]).apply(len))',
        'pulumi.export("runs", chroma_sync.get_invocations_output(source_id=docs.source_id, '
        "depends_on=run).apply(lambda runs: [each.id for each in runs]))",
        'pulumi.export("run", chroma_sync.get_invocation_output(run.invocation_id).collection_name)',
        'pulumi.export("hidden", hidden.web_scrape.starting_url)',
    )
    key = auto.ConfigValue(emu.api_key, secret=True)
    config: dict[str, str | auto.ConfigValue] = {
        "chroma-sync:url": emu.url,
        "chroma-sync:apiKey": key,
        "chroma-sync:database": "demo",
        "test:source": auto.ConfigValue(existing, secret=True),
    }
    stack = project(text, config=config, env=dict.fromkeys(emu.environment()))
    preview = stack.preview()
    shown = preview.stdout.partition("Outputs:")[2]
    for line in (
        'source_type    : "web_scrape"',
        "count     : 1",
        "after     : [unknown]",
        "repository: [unknown]",
        "run       : [unknown]",
        "runs      : [unknown]",
        "hidden    : [secret]",
    ):
        assert line in shown
    stack.up()
    outputs = stack.outputs()
    [run] = stack.resources(":Invocation")
    site = outputs.pop("site")
    assert site["web_scrape"]["starting_url"] == "https://docs.acme.com/" and site["github"] is None
    assert outputs == {
        "count": 1,
        "repository": "acme/handbook",
        "after": 3,
        "runs": [run["id"]],
        "run": "handbook",
        "hidden": "https://docs.acme.com/",
    }
    state = stack.export()["resources"][0]["outputs"]
    assert "ciphertext" in state["hidden"] and emu.api_key not in stack.state_text()
    assert stack.preview("--expect-no-changes").ok

    # A look-up that fails ends the preview: no traceback, and no secret.
    stack.program(f'{text}chroma_sync.get_source_output(pulumi.Output.secret("{NOBODY}"))\n')
    refused = stack.preview(check=False)
    assert not refused.ok
    said = "look up source [secret]: the service has no such source, or not for this API key. To see what"
    assert said in "\n".join(refused.errors)
    assert "Traceback" not in refused.output and NOBODY not in refused.output
