"""Sources that move between a set and resources of their own, and secrets in a set."""

from __future__ import annotations

import pytest
from pulumi import automation as auto

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .programs import program
from .test_secrets import API_KEY, AWS_SECRET, ROTATED, bare
from .test_source_set import ids, nothing_is_left, on_the_service, told

SET = """
docs = chroma_sync.SourceSet(
    "docs",
    sources={key: {"github": {"repository": f"acme/{key}"}} for key in KEYS},
    MORE
)
"""
SOURCE = """
wiki = chroma_sync.Source("wiki", github={"repository": "acme/wiki"}, on_conflict="adopt")
"""


def of_a_set(*keys: str, more: str = "") -> str:
    """A set of these repositories."""
    return SET.replace("KEYS", repr(list(keys))).replace("MORE", more)


def writes(emu: RunningEmulator) -> list[str]:
    """The requests that change anything."""
    return [request["operation"] for request in emu.control.requests() if request["method"] != "GET"]


@pytest.mark.parametrize("rule", ["identity", "never"])
def test_a_source_moves_into_a_set(rule: str, project: MakeProject, emu: RunningEmulator) -> None:
    """The set adopts it, and the resource that leaves the program leaves the source alone."""
    emu.control.settings(unique=rule)
    stack = project(program(SOURCE, of_a_set("a")))
    stack.up()
    before = on_the_service(emu)
    emu.control.clear_requests()
    stack.program(program(of_a_set("a", "wiki", more='on_conflict="adopt",')))
    moved = stack.up()
    assert "1 of 1 exist already and are equal (wiki); up takes them over" in told(moved)
    assert writes(emu) == [] and on_the_service(emu) == before == sorted(ids(stack).values())
    assert len(stack.resources()) == 1
    nothing_is_left(stack)
    stack.destroy()
    assert on_the_service(emu) == []


@pytest.mark.parametrize("rule", ["identity", "never"])
def test_a_source_moves_out_of_a_set(rule: str, project: MakeProject, emu: RunningEmulator) -> None:
    """The resource adopts it first, because the set depends on it for this up; the set leaves it alone."""
    emu.control.settings(unique=rule)
    stack = project(program(of_a_set("a", "wiki")))
    stack.up()
    before = on_the_service(emu)
    emu.control.clear_requests()
    stack.program(program(SOURCE, of_a_set("a", more="opts=pulumi.ResourceOptions(depends_on=[wiki]),")))
    moved = stack.up()
    assert "docs: kept 1 source that another resource has" in told(moved)
    assert writes(emu) == [] and on_the_service(emu) == before
    assert ids(stack).keys() == {"a"}
    [source] = stack.resources("chroma-sync:Source")
    assert {source["id"], *ids(stack).values()} == set(before)
    nothing_is_left(stack)
    stack.program(program(SOURCE, of_a_set("a")))
    assert stack.up().unchanged
    stack.destroy()
    assert on_the_service(emu) == []


KEYS = '"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": SECRET'
SHARED = """
tenants = chroma_sync.SourceSet(
    "tenants",
    s3={"bucket_name": "acme-files", "region": "eu-west-1", KEYS},
    sources={key: {"s3": {"path_prefix": f"{key}/", "collection_name": "files"}} for key in ("a", "b")},
)
"""
OWN = """
tenants = chroma_sync.SourceSet(
    "tenants",
    s3={"bucket_name": "acme-files", "region": "eu-west-1"},
    sources={
        key: {"s3": {"path_prefix": f"{key}/", "collection_name": "files", KEYS}} for key in ("a", "b")
    },
)
"""
WHOLE = """
fields = {"bucket_name": "acme-files", "region": "eu-west-1", "collection_name": "files", KEYS}
tenants = chroma_sync.SourceSet(
    "tenants",
    sources=pulumi.Output.from_input({"a": {"s3": fields}, "b": {"s3": {**fields, "path_prefix": "b/"}}}),
)
"""


@pytest.mark.parametrize("passed", ["plain", "secret"])
@pytest.mark.parametrize("text", [SHARED, OWN, WHOLE], ids=["shared", "own", "an output as a whole"])
def test_no_secret_of_a_set_is_readable_anywhere(
    text: str, passed: str, project: MakeProject, emu: RunningEmulator
) -> None:
    """As safe as in one source: over its life, a failure, and a rotation, which replaces what has the key."""
    emu.control.add_tenant("acme", API_KEY, ["acme"])
    env = {"CHROMA_API_KEY": API_KEY, "CHROMA_DATABASE": "acme"}
    config = {"test:aws": auto.ConfigValue(AWS_SECRET, secret=True)} if passed == "secret" else None
    secret = 'pulumi.Config("test").require_secret("aws")' if config else repr(AWS_SECRET)
    text = program(text.replace("KEYS", KEYS).replace("SECRET", secret))
    stack = project(text, env=env, config=config)
    body = {"error": "Bad", "message": f"{AWS_SECRET} {API_KEY}"}
    emu.control.fault("create_source", "respond", times=1, status=400, body=body)
    results = [stack.preview("--diff"), stack.up("--diff", check=False)]
    assert "1 source is not as declared" in results[1].output
    results += [
        stack.up("--diff"),
        stack.preview("--expect-no-changes"),
        stack.refresh("--expect-no-changes"),
        stack.up("--json"),
        stack.pulumi("stack", "output", "--json", check=True),
    ]
    assert results[3].unchanged
    [resource] = stack.resources(":SourceSet")
    assert "ciphertext" in str(resource["inputs"]) and "ciphertext" in str(resource["outputs"]["record"])
    if config is None:
        stack.program(text.replace(AWS_SECRET, ROTATED))
        changed = stack.up("--diff")
        assert "replaces 2" in told(changed)
        results.append(changed)
    results.append(stack.destroy("--diff"))
    bare(*results, stack=stack, emu=emu)
