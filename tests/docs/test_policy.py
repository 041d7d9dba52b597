"""The policy pack of ``examples/policy``: what it refuses, and what it lets pass.

``pulumi-policy`` needs an older protobuf than the rest of this environment, so a stand-in takes what the pack
hands over. What the policies look at is real: inputs as the provider's own check leaves them.
"""

from __future__ import annotations

import json
import runpy
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.provider.plugin import Process

import pulumi_chroma_sync
from pulumi_chroma_sync.args import compact_sources

from .reading import ROOT, Document

PACK = ROOT / "examples" / "policy"
HOUSE = json.loads((PACK / "house.json").read_text(encoding="utf-8"))


@dataclass
class Args:
    """What a policy is called with."""

    resource_type: str
    props: Mapping[str, Any]
    opts: Any
    config: Mapping[str, Any]

    def get_config(self) -> Mapping[str, Any]:
        """As pulumi-policy has it."""
        return self.config


@dataclass
class Policy:
    """What the pack says of one."""

    name: str
    description: str
    validate: Callable[[Args, Callable[[str], None]], None]
    config_schema: Any = None


@dataclass
class Pack:
    """What is handed over."""

    name: str
    enforcement_level: Any
    policies: list[Policy] = field(default_factory=list)


@pytest.fixture
def pack(monkeypatch: pytest.MonkeyPatch) -> Pack:
    """The pack, loaded as pulumi-policy loads it."""
    packs: list[Pack] = []
    stand_in = types.ModuleType("pulumi_policy")
    names = {
        "EnforcementLevel": types.SimpleNamespace(MANDATORY="mandatory"),
        "PolicyConfigSchema": lambda properties: properties,
        "PolicyPack": lambda **given: packs.append(Pack(**given)),
        "ReportViolation": Callable,
        "ResourceValidationArgs": Args,
        "ResourceValidationPolicy": Policy,
    }
    vars(stand_in).update(names)
    monkeypatch.setitem(sys.modules, "pulumi_policy", stand_in)
    runpy.run_path(str(PACK / "__main__.py"))
    [loaded] = packs
    return loaded


SITE = {"starting_url": "https://docs.acme.com/"}
BUCKET = {"bucket_name": "b", "region": "eu-central-1", "collection_name": "docs"}
KEYS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "hush"}
GITHUB = {"github": {"repository": "acme/handbook"}}


def checked(kind: str, inputs: dict[str, Any]) -> Mapping[str, Any]:
    """What the provider's check makes of a program's inputs."""
    inputs = {"database_name": "demo", **inputs}
    if kind == "SourceSet":
        inputs |= {"name": "set", "sources": compact_sources(inputs["sources"])}
    provider = getattr(pulumi_chroma_sync, f"{kind}Provider")
    with Process("http://127.0.0.1:9", "key", provider=provider, preflight="false") as process:
        return process.check(inputs)


@pytest.mark.parametrize(
    ("kind", "inputs", "refused"),
    [
        ("Source", GITHUB, {}),
        ("Source", {"web_scrape": {**SITE, "page_limit": 500}}, {}),
        ("Source", {"web_scrape": SITE}, {"page-limit": "web_scrape.page_limit: give 1 to 500 (got none)"}),
        (
            "Source",
            {"web_scrape": {**SITE, "page_limit": 1500}},
            {"page-limit": "web_scrape.page_limit: give 1 to 500 (got 1,500)"},
        ),
        ("Source", {"s3": {**BUCKET, "aws_credential_id": 7}}, {}),
        (
            "Source",
            {"s3": {**BUCKET, **KEYS}},
            {"no-inline-aws-keys": "s3: give aws_credential_id in place of AWS keys"},
        ),
        ("Source", {**GITHUB, "database_name": "knowledge"}, {"protected-databases": "give protect=True"}),
        (
            "SourceSet",
            {"sources": {"a": {"web_scrape": SITE}, "b": GITHUB}},
            {"page-limit": 'sources["a"].web_scrape.page_limit: give 1 to 500 (got none)'},
        ),
        ("SourceSet", {"sources": {"a": {"web_scrape": SITE}}, "web_scrape": {"page_limit": 10}}, {}),
        (
            "SourceSet",
            {"sources": {"a": {"s3": {"path_prefix": "a/"}}}, "s3": {**BUCKET, **KEYS}},
            {"no-inline-aws-keys": 'sources["a"].s3: give aws_credential_id in place of AWS keys'},
        ),
    ],
)
def test_what_the_pack_refuses(
    pack: Pack, kind: str, inputs: dict[str, Any], refused: dict[str, str]
) -> None:
    """Each by its path, with the settings of its README; nothing else is refused, and no key is told."""
    said = violations(pack, kind, checked(kind, inputs), protect=False)
    assert said.keys() == refused.keys()
    assert all(refused[name] in text for name, text in said.items()), said
    assert "hush" not in str(said) and "AKIA" not in str(said)


def test_what_is_protected_may_stand_in_a_protected_database(pack: Pack) -> None:
    """A database itself is always one."""
    source = checked("Source", {**GITHUB, "database_name": "knowledge"})
    assert violations(pack, "Source", source, protect=True) == {}
    assert violations(pack, "Database", {"name": "any"}, protect=True) == {}
    assert violations(pack, "Database", {"name": "any"}, protect=False).keys() == {"protected-databases"}


def violations(pack: Pack, kind: str, props: Mapping[str, Any], *, protect: bool) -> dict[str, str]:
    """Policy -> what it reports."""
    said: dict[str, str] = {}
    for policy in pack.policies:
        type_ = f"pulumi-python:dynamic/chroma-sync:{kind}"
        args = Args(type_, props, types.SimpleNamespace(protect=protect), HOUSE.get(policy.name, {}))
        policy.validate(args, lambda text, name=policy.name: said.update({name: text}))  # type: ignore[misc]
    return said


def test_the_readme_has_the_settings_and_the_policies(pack: Pack) -> None:
    """Each policy, each setting, and the file as it is."""
    readme = Document(PACK / "README.md")
    [shown] = readme.blocks("json")
    assert json.loads(shown.text) == HOUSE
    for policy in pack.policies:
        [row] = [line for line in readme.text.splitlines() if line.startswith(f"| `{policy.name}`")]
        assert all(f"`{setting}`" in row for setting in policy.config_schema or ())
    assert HOUSE.keys() <= {policy.name for policy in pack.policies}
