"""The API key and the AWS secret key: in no state, no output, no log, whatever the user does."""

from __future__ import annotations

import re

import pytest
from pulumi import automation as auto

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import Project, Result
from .programs import S3_KEYS, program

API_KEY = "ck-the-api-key-of-this-test"
AWS_SECRET = "aws/the+secret+key+of/this/test"
ROTATED = "aws/the+rotated+key+of/this/test"
PLAIN = program(S3_KEYS.replace("SECRET", repr(AWS_SECRET)))
CONFIGURED = program(S3_KEYS.replace("SECRET", 'pulumi.Config("test").require_secret("aws")'))
WHOLE = program(
    """
    bucket = pulumi.Output.from_input(
        {
            "bucket_name": "acme-files",
            "region": "eu-west-1",
            "collection_name": "files",
            "aws_access_key_id": "AKIAEXAMPLE",
            "aws_secret_access_key": SECRET,
        }
    )
    docs = chroma_sync.Source("docs", s3=bucket)
    """.replace("SECRET", repr(AWS_SECRET))
)

_FIELDS = ("bucket_name", "region", "collection_name", "aws_access_key_id", "aws_secret_access_key")
_GETTERS = "".join(
    f"""
    @property
    @pulumi.getter
    def {name}(self) -> str:
        return pulumi.get(self, "{name}")
"""
    for name in _FIELDS
)
_SHAPED = """
import dataclasses


@pulumi.input_type
class Getters:
    def __init__(self, **fields):
        for name, value in fields.items():
            pulumi.set(self, name, value)
GETTERS

@dataclasses.dataclass
class Dataclass:
    bucket_name: str
    region: str
    collection_name: str
    aws_access_key_id: str
    aws_secret_access_key: str


fields = {
    "bucket_name": "acme-files",
    "region": "eu-west-1",
    "collection_name": "files",
    "aws_access_key_id": "AKIAEXAMPLE",
    "aws_secret_access_key": SECRET,
}
docs = chroma_sync.Source("docs", s3=BUCKET)
""".replace("SECRET", repr(AWS_SECRET)).replace("GETTERS", _GETTERS)
SHAPES = {
    "a class with getters": "Getters(**fields)",
    "such an object out of an apply": 'pulumi.Output.from_input("x").apply(lambda _: Getters(**fields))',
    "a dataclass out of an apply": 'pulumi.Output.from_input("x").apply(lambda _: Dataclass(**fields))',
}

# With -v=9 the engine logs every property that crosses its own wires, secrets in plain text.
_OF_THE_ENGINE = re.compile(r'"msg":"(Unm|M)arshaling property for RPC\[')


def bare(*results: Result, stack: Project, emu: RunningEmulator) -> None:
    """None of the secrets is anywhere where somebody could read it."""
    places = {f"output of {result.command}": result.output for result in results}
    places["state"] = stack.state_text()
    places["export"] = str(stack.export())
    places["requests"] = str(emu.control.requests())
    for secret in (API_KEY, AWS_SECRET, ROTATED):
        for place, text in places.items():
            assert secret not in text, f"{secret} in {place}"


@pytest.fixture
def env(emu: RunningEmulator) -> dict[str, str]:
    """The environment of a tenant with a key of its own."""
    emu.control.add_tenant("acme", API_KEY, ["acme"])
    return {"CHROMA_API_KEY": API_KEY, "CHROMA_DATABASE": "acme"}


@pytest.mark.parametrize(
    "text", [PLAIN, CONFIGURED, WHOLE], ids=["plain text", "secret", "an output as a whole"]
)
def test_no_secret_is_readable_anywhere(
    text: str, project: MakeProject, emu: RunningEmulator, env: dict[str, str]
) -> None:
    """Over the whole life of a source with inline keys, however the program passes them."""
    config = {"test:aws": auto.ConfigValue(AWS_SECRET, secret=True)}
    stack = project(text, env=env, config=config if "require_secret" in text else None)
    results = [stack.preview("--diff"), stack.up("--diff")]
    [resource] = stack.resources("chroma-sync:Source")
    # Encrypted as a value of its own, so the rest of the bucket stays readable in a diff.
    for part in ("inputs", "outputs"):
        assert resource[part]["s3"]["bucket_name"] == "acme-files"
        assert "ciphertext" in resource[part]["s3"]["aws_secret_access_key"]
    assert isinstance(resource["outputs"]["aws_credential_id"], int)
    results += [
        stack.preview("--expect-no-changes"),
        stack.refresh("--expect-no-changes"),
        stack.up("--json"),
        stack.pulumi("stack", "output", "--json", check=True),
        stack.pulumi("stack", "export", check=True),
    ]
    assert results[2].unchanged

    stack.program(text.replace('"collection_name": "files"', '"collection_name": "others"'))
    changed = stack.up("--diff")
    assert changed.summary == {"replace": 1, "same": 1}
    results += [changed, stack.preview("--expect-no-changes"), stack.destroy("--diff")]
    bare(*results, stack=stack, emu=emu)


@pytest.mark.parametrize("shape", SHAPES)
def test_no_secret_in_an_object_of_a_program_is_readable(
    shape: str, project: MakeProject, emu: RunningEmulator, env: dict[str, str]
) -> None:
    """Whatever class holds it: not in a preview, the state, an export or an error."""
    stack = project(program(_SHAPED.replace("BUCKET", SHAPES[shape])), env=env)
    results = [stack.preview("--diff"), stack.up("--diff"), stack.preview("--expect-no-changes")]
    results.append(stack.refresh("--expect-no-changes"))
    [source] = emu.control.requests("create_source")
    assert source["status"] == 201
    bare(*results, stack=stack, emu=emu)


def test_a_secret_in_extra_stays_one_where_the_service_repeats_it(
    project: MakeProject, emu: RunningEmulator, env: dict[str, str]
) -> None:
    """What the service answers stands in outputs of other names, which are secrets then, too."""
    stack = project(
        program(
            """
            extra = {"embedding": {"sparse": {"key": pulumi.Output.secret(SECRET)}}}
            docs = chroma_sync.Source("docs", github={"repository": "acme/handbook"}, extra=extra)
            """.replace("SECRET", repr(AWS_SECRET))
        ),
        env=env,
    )
    results = [stack.preview("--diff"), stack.up("--diff"), stack.preview("--expect-no-changes")]
    results.append(stack.refresh("--expect-no-changes"))
    [resource] = stack.resources("chroma-sync:Source")
    assert "ciphertext" in str(resource["outputs"]["effective_embedding"])
    emu.control.clear_requests()  # which name what was sent, but for AWS keys
    bare(*results, stack=stack, emu=emu)


def test_a_rotated_aws_key_is_a_change_that_shows_no_key(
    project: MakeProject, emu: RunningEmulator, env: dict[str, str]
) -> None:
    """The new key replaces the source; the refresh in between invents nothing."""
    stack = project(PLAIN, env=env)
    stack.up()
    refreshed = stack.refresh("--expect-no-changes")
    stack.program(PLAIN.replace(AWS_SECRET, ROTATED))
    preview = stack.preview("--diff")
    assert {step.keys for step in preview.steps if step.op == "replace"} == {("s3",)}
    up = stack.up("--diff")
    assert stack.refresh("--expect-no-changes").unchanged
    assert stack.preview("--expect-no-changes").unchanged
    bare(refreshed, preview, up, stack=stack, emu=emu)


def test_moving_to_the_credential_that_the_service_made_changes_nothing_there(
    project: MakeProject, emu: RunningEmulator, env: dict[str, str]
) -> None:
    """Keys can be dropped from a program for the id in `aws_credential_id`; the state forgets them."""
    stack = project(PLAIN, env=env)
    stack.up()
    [resource] = stack.resources("chroma-sync:Source")
    number = resource["outputs"]["aws_credential_id"]
    emu.control.clear_requests()
    keys = f'"aws_access_key_id": "AKIAEXAMPLE",\n        "aws_secret_access_key": {AWS_SECRET!r},'
    assert keys in PLAIN
    stack.program(PLAIN.replace(keys, f'"aws_credential_id": {number},'))
    assert stack.up().summary == {"same": 1, "update": 1}
    assert not emu.control.requests("create_source") and not emu.control.requests("delete_source")
    [resource] = stack.resources("chroma-sync:Source")
    assert "aws_secret_access_key" not in resource["outputs"]["s3"]
    assert stack.preview("--expect-no-changes").unchanged


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "respond", "status": 500},
        {"action": "respond", "status": 400, "body": {"error": "Bad", "message": f"{AWS_SECRET} {API_KEY}"}},
        {"action": "drop_before"},
    ],
    ids=["500", "an error that quotes what it was sent", "dropped"],
)
def test_no_error_shows_a_secret(
    fault: dict[str, object], project: MakeProject, emu: RunningEmulator, env: dict[str, str]
) -> None:
    """Also with the log as loud as it gets, but for the engine's own dumps of what it passes to plugins."""
    stack = project(PLAIN, env={**env, "CHROMA_SYNC_RETRIES": "0", "CHROMA_SYNC_SETTLE": "0.2"})
    emu.control.fault("create_source", times=1, **fault)  # type: ignore[arg-type]
    failed = stack.up("--logtostderr", "-v=9", check=False)
    log = [line for line in failed.output.splitlines() if not _OF_THE_ENGINE.search(line)]
    assert any("pulumi_chroma_sync.errors" in line for line in log)
    for secret in (API_KEY, AWS_SECRET):
        assert secret not in "\n".join(log)
    bare(stack=stack, emu=emu)
