"""The API key and the AWS secret key: in no state, no output, no log, whatever the user does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pulumi import automation as auto

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import Project, Result
from .programs import S3_KEYS, program

API_KEY = "ck-the-api-key-of-this-test"
AWS_SECRET = "aws/the+secret+key+of/this/test"
ROTATED = "aws/the+rotated+key+of/this/test"
CONFIGURED_SECRET = "aws/the+configured+key+of/this/test"
WHOLE_SECRET = "aws/the+key+in+an+output+of/this/test"
PLAIN = program(S3_KEYS.replace("SECRET", repr(AWS_SECRET)))
WAYS = program(
    """
    def bucket(name, secret):
        return {
            "bucket_name": f"acme-{name}",
            "region": "eu-west-1",
            "collection_name": "files",
            "aws_access_key_id": "AKIAEXAMPLE",
            "aws_secret_access_key": secret,
        }

    configured = pulumi.Config("test").require_secret("aws")
    chroma_sync.Source("plain", s3=bucket("plain", PLAIN))
    chroma_sync.Source("configured", s3=bucket("configured", configured))
    chroma_sync.Source("whole", s3=pulumi.Output.from_input(bucket("whole", WHOLE)))
    """.replace("PLAIN", repr(AWS_SECRET)).replace("WHOLE", repr(WHOLE_SECRET))
)
"""The ways to pass a key: in plain text, as a secret, and in an output that is the whole argument."""

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
SHAPED = """
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


def fields(name):
    return {
        "bucket_name": f"acme-{name}",
        "region": "eu-west-1",
        "collection_name": "files",
        "aws_access_key_id": "AKIAEXAMPLE",
        "aws_secret_access_key": f"SECRET-{name}",
    }


def later(value):
    return pulumi.Output.from_input("x").apply(lambda _: value)


chroma_sync.Source("getters", s3=Getters(**fields("getters")))
chroma_sync.Source("getters-later", s3=later(Getters(**fields("getters-later"))))
chroma_sync.Source("dataclass-later", s3=later(Dataclass(**fields("dataclass-later"))))
""".replace("SECRET", AWS_SECRET).replace("GETTERS", _GETTERS)
"""A class with getters, such an object out of an apply, and a dataclass out of an apply."""

# With -v=9 the engine logs every property that crosses its own wires, secrets in plain text.
_OF_THE_ENGINE = re.compile(r'"msg":"(Unm|M)arshaling property for RPC\[')


def bare(*results: Result, stack: Project, emu: RunningEmulator) -> None:
    """None of the secrets is anywhere where somebody could read it."""
    places = {f"output of {result.command}": result.output for result in results}
    places["state"] = stack.state_text()
    places["export"] = str(stack.export())
    places["requests"] = str(emu.control.requests())
    for secret in (API_KEY, AWS_SECRET, ROTATED, CONFIGURED_SECRET, WHOLE_SECRET):
        for place, text in places.items():
            found = re.search(re.escape(secret) + "[-a-z]*", text)
            assert found is None, f"{found} in {place}"


@pytest.fixture
def env(emu: RunningEmulator) -> dict[str, str]:
    """The environment of a tenant with a key of its own."""
    emu.control.add_tenant("acme", API_KEY, ["acme"])
    return {"CHROMA_API_KEY": API_KEY, "CHROMA_DATABASE": "acme"}


def test_no_secret_is_readable_anywhere(
    project: MakeProject, emu: RunningEmulator, env: dict[str, str]
) -> None:
    """Over the whole life of sources with inline keys, however the program passes them."""
    stack = project(WAYS, env=env, config={"test:aws": auto.ConfigValue(CONFIGURED_SECRET, secret=True)})
    results = [stack.preview("--diff"), stack.up("--diff")]
    for resource in stack.resources("chroma-sync:Source"):
        # Encrypted as a value of its own, so the rest of the bucket stays readable in a diff.
        name = resource["urn"].rpartition("::")[2]
        for part in ("inputs", "outputs"):
            assert resource[part]["s3"]["bucket_name"] == f"acme-{name}"
            assert "ciphertext" in resource[part]["s3"]["aws_secret_access_key"], f"{name}, {part}"
        assert isinstance(resource["outputs"]["aws_credential_id"], int), name
    results += [
        stack.preview("--expect-no-changes"),
        stack.refresh("--expect-no-changes"),
        stack.up("--json"),
        stack.pulumi("stack", "output", "--json", check=True),
        stack.pulumi("stack", "export", check=True),
    ]
    assert results[2].unchanged

    stack.program(WAYS.replace('"collection_name": "files"', '"collection_name": "others"'))
    changed = stack.up("--diff")
    assert changed.summary == {"replace": 3, "same": 1}
    results += [changed, stack.preview("--expect-no-changes"), stack.destroy("--diff")]
    assert len(emu.control.requests("create_source")) == 6
    bare(*results, stack=stack, emu=emu)


def test_no_secret_in_an_object_of_a_program_is_readable(
    project: MakeProject, emu: RunningEmulator, env: dict[str, str]
) -> None:
    """Whatever class holds it: not in a preview, the state, an export or an error."""
    stack = project(program(SHAPED), env=env)
    results = [stack.preview("--diff"), stack.up("--diff"), stack.preview("--expect-no-changes")]
    results.append(stack.refresh("--expect-no-changes"))
    assert [request["status"] for request in emu.control.requests("create_source")] == [201, 201, 201]
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


FAILURES: dict[str, dict[str, Any]] = {
    "500": {"action": "respond", "status": 500},
    "an error that quotes what it was sent": {
        "action": "respond",
        "status": 400,
        "body": {"error": "Bad", "message": f"{AWS_SECRET} {API_KEY}"},
    },
    "dropped": {"action": "drop_before"},
}


def test_no_error_shows_a_secret(project: MakeProject, emu: RunningEmulator, env: dict[str, str]) -> None:
    """Also with the log as loud as it gets, but for the engine's own dumps of what it passes to plugins."""
    stack = project(PLAIN, env={**env, "CHROMA_SYNC_RETRIES": "0", "CHROMA_SYNC_SETTLE": "0.2"})
    for name, fault in FAILURES.items():
        emu.control.fault("create_source", times=1, **fault)
        failed = stack.up("--logtostderr", "-v=9", check=False)
        log = [line for line in failed.output.splitlines() if not _OF_THE_ENGINE.search(line)]
        assert any('create source "s3 ' in line for line in log), name
        for secret in (API_KEY, AWS_SECRET):
            assert secret not in "\n".join(log), name
    assert len(emu.control.requests("create_source")) == len(FAILURES)
    bare(stack=stack, emu=emu)
