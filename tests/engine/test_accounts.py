"""Two connections beside the plain settings, in one program on the real engine."""

from __future__ import annotations

from pulumi import automation as auto

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import program

B, B_ROTATED, C = "ck-marker-of-team-b", "ck-marker-of-team-b-rotated", "ck-marker-of-team-c"


def of(connection: str) -> str:
    """The plain account, a source and its run of another one, and a set of a third."""
    return program(
        'chroma_sync.Source("ours", github={"repository": "acme/handbook"})',
        f"""
        theirs = chroma_sync.Source(
            "theirs", github={{"repository": "acme/handbook"}}, connection="{connection}"
        )
        """,
        f"""
        run = chroma_sync.Invocation(
            "run", source_id=theirs.source_id, target_collection_name="handbook", connection="{connection}"
        )
        """,
        """
        chroma_sync.SourceSet(
            "third", sources={"one": {"github": {"repository": "acme/handbook"}}}, connection="team-c"
        )
        """,
        'pulumi.export("collection", run.collection_name)',
    )


def test_several_accounts_in_one_program(project: MakeProject, emu: RunningEmulator) -> None:
    """Each resource has its own key and database; a wrong name fails at preview, a rotated key changes the
    state alone, a destroy leaves nothing in any of them; no key is ever in the state or on a terminal."""
    emu.control.settings(invocations="instant")
    emu.control.add_tenant("team-b", B, ["theirs"], database="theirs")
    emu.control.add_tenant("team-b", B_ROTATED)
    emu.control.add_tenant("team-c", C, ["third"])
    stack = project(
        of("team-b"),
        config={"chroma-sync:team-b.apiKey": auto.ConfigValue(B, secret=True)},
        env={"CHROMA_API_KEY_TEAM_C": C, "CHROMA_DATABASE_TEAM_C": "third"},
    )
    up = stack.up()
    results = [up]
    told = [line.message for line in up.diagnostics if "is good for database" in line.message]
    assert len(told) == 1 and told[0].startswith(
        'the API key of connection "team-b" is good for database "th'
    )
    created = [
        (request["tenant"], request["body"]["database_name"])
        for request in emu.control.requests("create_source")
    ]
    assert sorted(created) == [("default", "demo"), ("team-b", "theirs"), ("team-c", "third")]
    assert stack.outputs() == {"collection": "handbook"}
    named = {entry["urn"].rpartition("::")[2]: entry["outputs"] for entry in stack.resources()}
    connections = {name: outputs.get("connection") for name, outputs in named.items()}
    assert connections == {"ours": None, "theirs": "team-b", "run": "team-b", "third": "team-c"}
    results += [stack.preview("--expect-no-changes"), stack.refresh("--expect-no-changes")]

    stack.program(of("team-d"))
    wrong = stack.preview(check=False)
    assert not wrong.ok
    said = (
        "resource 'theirs': property connection value {team-d} has a problem: no setting names \"team-d\" (kn"
    )
    assert said in wrong.output and '(known: "team-b", "team-c")' in wrong.output, wrong.output

    # The same account by another name, with another key.
    rotate = ("config", "set", "--secret", "--path", "chroma-sync:team-d.apiKey", B_ROTATED)
    stack.pulumi(*rotate, check=True)
    stack.pulumi("config", "set", "--path", "chroma-sync:team-d.database", "theirs", check=True)
    emu.control.clear_requests()
    renamed = stack.up()
    assert renamed.summary == {"same": 3, "update": 2}
    assert {request["method"] for request in emu.control.requests()} == {"GET"}
    stack.pulumi("config", "rm", "chroma-sync:team-b.apiKey", check=True)
    results += [wrong, renamed, stack.destroy()]
    for key in (emu.api_key, B, B_ROTATED, C):
        with emu.client(key) as client:
            assert client.get("/api/v1/sources").json() == []
        assert key not in stack.state_text()
        assert not any(key in result.output for result in results)
