"""Look-ups in a program on the real engine: at preview and up, with unknown and secret inputs, failing."""

from __future__ import annotations

from pathlib import Path

from pulumi import automation as auto
from tests.emulator.folders import Repository
from tests.existing import create

from chroma_sync_emulator.testing import RunningEmulator, emulator

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


def test_a_program_exports_what_an_app_should_read(project: MakeProject, tmp_path: Path) -> None:
    """The collection of a run is unknown until the run is over, and has its chunks then; nothing is left to
    change. The database that the key is scoped to is told by the program, once."""
    first = Repository(tmp_path / "handbook").commit({"leave.md": "# Leave", "deploy.md": "# Deploy"})
    second = Repository(tmp_path / "handbook").commit({"more.md": "# More"})

    def of(sha: str) -> str:
        return program(
            """
            docs = chroma_sync.Source(
                "docs", database_name="demo", github={"repository": "acme/handbook"}
            )
            """,
            f"""
            run = chroma_sync.Invocation(
                "handbook",
                source_id=docs.source_id,
                target_collection_name="handbook-{sha[:7]}",
                ref_identifier={{"sha": "{sha}"}},
            )
            handbook = chroma_sync.get_collection_output(run.collection_name)
            """,
            'pulumi.export("name", handbook.name)',
            'pulumi.export("count", handbook.count)',
            'pulumi.export("metadata", handbook.metadata)',
            'pulumi.export("all", chroma_sync.get_collections_output(depends_on=run).apply(len))',
            'pulumi.export("before", len(chroma_sync.get_collections()))',
        )

    with emulator(repos={"acme/handbook": tmp_path / "handbook"}) as emu:
        emu.control.add_tenant("default", "sk-scoped", database="demo")
        environment = {**emu.environment(), "CHROMA_API_KEY": "sk-scoped", "CHROMA_DATABASE": None}
        stack = project(of(first), env=environment)
        preview = stack.preview()
        shown = preview.stdout.partition("Outputs:")[2]
        for line in ("count   : [unknown]", "name    : [unknown]", "all     : [unknown]", "before  : 0"):
            assert line in shown
        told = 'this API key is good for database "demo" alone, which is used where none is named'
        assert [told in line.message for line in preview.diagnostics].count(True) == 1
        stack.up()
        expected = {
            "name": f"handbook-{first[:7]}",
            "count": 2,
            "metadata": {"finished_ingest": True},
            "all": 1,
            "before": 0,
        }
        assert stack.outputs() == expected
        assert stack.up().summary == {"same": 3}  # what was there before it is one by now
        assert stack.outputs() == {**expected, "before": 1}
        assert stack.preview("--expect-no-changes").ok

        # Of the next commit: the old one is shown until the new one is whole.
        stack.program(of(second))
        stack.up()
        assert stack.outputs() == {
            **expected,
            "name": f"handbook-{second[:7]}",
            "count": 3,
            "all": 2,
            "before": 1,
        }

        # What isn't there ends the program with the sentence alone.
        stack.program(program('chroma_sync.get_collection("handbok")'))
        refused = stack.preview(check=False)
        said = 'look up collection "handbok" of database "demo" of tenant "default": the database has no such'
        assert not refused.ok and said in "\n".join(refused.errors)
        assert "Traceback" not in refused.output and "sk-scoped" not in refused.output
