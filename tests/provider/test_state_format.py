"""What a state holds for ever: the pickled provider, the type token, the output keys.

A change that breaks one of these tests breaks every stack that exists.
"""

from __future__ import annotations

import base64
import inspect
import json
import pickletools
import zlib
from collections.abc import Iterator
from typing import Any

import dill  # type: ignore[import-untyped]
import pytest
from pulumi import dynamic
from pulumi.dynamic.dynamic import serialize_provider

from chroma_sync_emulator.testing import RunningEmulator, emulator
from pulumi_chroma_sync import (
    DatabaseProvider,
    InvocationProvider,
    Source,
    SourceProvider,
    SourceSet,
    SourceSetProvider,
)
from pulumi_chroma_sync.api.invocation_replies import invocations_from
from pulumi_chroma_sync.api.public_calls import DatabaseReply
from pulumi_chroma_sync.api.replies import Answer
from pulumi_chroma_sync.errors import ChromaSyncError
from pulumi_chroma_sync.kinds.database.model import INPUTS as DATABASE_INPUTS
from pulumi_chroma_sync.kinds.database.state import outputs_of as outputs_of_database
from pulumi_chroma_sync.kinds.invocation.model import INPUTS as RUN_INPUTS
from pulumi_chroma_sync.kinds.invocation.state import outputs_of as outputs_of_run
from pulumi_chroma_sync.kinds.invocation.superseding import OWN, SUPERSEDES
from pulumi_chroma_sync.kinds.source.model import INPUTS
from pulumi_chroma_sync.kinds.source_set.declared import INPUTS as SET_INPUTS
from pulumi_chroma_sync.kinds.source_set.record import Members

from .calling import PROVIDER, configured, on

PICKLED = "gASVMwAAAAAAAACMGXB1bHVtaV9jaHJvbWFfc3luYy5zb3VyY2WUjA5Tb3VyY2VQcm92aWRlcpSTlCmBlC4="
"""What every source's ``__provider`` is in every state."""

PICKLED_SET = "gASVOgAAAAAAAACMHXB1bHVtaV9jaHJvbWFfc3luYy5zb3VyY2Vfc2V0lIwRU291cmNlU2V0UHJvdmlkZXKUk5QpgZQu"
"""The same of every set."""

PICKLED_DATABASE = "gASVNwAAAAAAAACMG3B1bHVtaV9jaHJvbWFfc3luYy5kYXRhYmFzZZSMEERhdGFiYXNlUHJvdmlkZXKUk5QpgZQu"
"""The same of every database."""

OUTPUTS = {
    "name": "docs",
    "database_name": "demo",
    "source_ids": {"acme": "8a6f1c1e-0000-4000-8000-000000000001"},
    "record": (
        "eNoljU0OAiEUg+/SNYmw8I+ryGQCAzpEnUd4YGIIdxe1qzbp1za8QuZIG7QScORjYOgLmsEtlrU6Az18Dok4FsrvkQ1MlUO7"
        "1W7eEd0NujDgkMfW7MPV1kfhP2hTmqP/QWrUOiYBppqX702DXZ5h3Emhjuf9QZ6kVFPvH+UcMVY="
    ),
    "failures": {},
    "drifted": {},
}
"""Of a set with one repository, as the first version has written them."""

COMPUTED = {
    "source_id",
    "created_at",
    "effective_chunking",
    "effective_embedding",
    "aws_credential_id",
    "server_defaults",
}

S3 = {"bucket_name": "papers", "region": "eu-west-1", "collection_name": "papers"}
KINDS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "github": ({"github": {"repository": "acme/handbook"}}, set()),
    "web_scrape": ({"web_scrape": {"starting_url": "https://docs.acme.com/"}}, set()),
    "s3": ({"s3": {**S3, "aws_credential_id": 7}}, set()),
    "s3 with keys": (
        {"s3": {**S3, "aws_access_key_id": "AKIA", "aws_secret_access_key": "x"}},
        {"aws_credential_id"},
    ),
}


@pytest.fixture(scope="module")
def emu() -> Iterator[RunningEmulator]:
    """An emulator for the module."""
    with emulator() as running:
        yield running


def test_the_pickled_provider_is_a_short_constant() -> None:
    """A reference by module and name, equal for a new instance and for one that works."""
    assert serialize_provider(SourceProvider()) == PICKLED
    assert len(PICKLED) < 120


def test_the_pickled_provider_of_a_set_is_pinned() -> None:
    """Its module and class, and no more; it loads as an old state has it."""
    assert serialize_provider(SourceSetProvider()) == PICKLED_SET
    told = [arg for _, arg, _ in pickletools.genops(base64.b64decode(PICKLED_SET)) if isinstance(arg, str)]
    assert told == ["pulumi_chroma_sync.source_set", "SourceSetProvider"]
    assert type(dill.loads(base64.b64decode(PICKLED_SET))) is SourceSetProvider
    assert SourceSetProvider.serialize_as_secret_always is False
    assert getattr(SourceSet, "_resource_type_name") == "dynamic/chroma-sync:SourceSet"  # noqa: B009


def test_the_state_of_a_run_is_pinned() -> None:
    """The pickled provider, the inputs and the outputs."""
    told = [
        arg
        for _, arg, _ in pickletools.genops(base64.b64decode(serialize_provider(InvocationProvider())))
        if isinstance(arg, str)
    ]
    assert told == ["pulumi_chroma_sync.invocation", "InvocationProvider"]
    assert RUN_INPUTS == (
        "source_id",
        "target_collection_name",
        "ref_identifier",
        "object_key",
        "custom_id",
        "metadata",
        "triggers",
        "wait",
        "deadline",
        "on_deadline",
        "on_conflict",
        "delete_superseded_collection",
        "name",
        "connection",
    )
    assert (OWN, SUPERSEDES) == ("own_collection", "supersedes")
    ended = {"complete": {"finished_at": "2026-11-02T10:00:07Z", "duration_ms": 7000}}
    names = {"github": {"git_ref_identifier": {"sha": "3f2a"}}, "collection_name": "c", "database_name": "d"}
    body = {"id": "r-1", "source_id": "s-1", "status": ended, "created_at": "2026-11-02T10:00:00Z"}
    [reply] = invocations_from(Answer("GET", 200, {}, json.dumps([{**body, "metadata": names}]).encode()))
    assert outputs_of_run({"source_id": "s-1", "name": "docs"}, "r-1", reply, "1-2") == {
        "source_id": "s-1",
        "name": "docs",
        "invocation_id": "r-1",
        "state_entry": "1-2",
        "status": "complete",
        "created_at": "2026-11-02T10:00:00Z",
        "finished_at": "2026-11-02T10:00:07Z",
        "duration_ms": 7000,
        "collection_name": "c",
        "database_name": "d",
    }


def test_the_outputs_of_a_set_are_pinned() -> None:
    """What the first version has written is read, and written the same."""
    members = Members.of(OUTPUTS)
    assert members.held["acme"].props == {
        "database_name": "demo",
        "github": {"repository": "acme/handbook"},
        "created_at": "2026-11-25T12:00:01Z",
        "server_defaults": {"app_id": "1"},
    }
    of_all = {"database_name": "demo", "connection": None}
    assert members.outputs("docs", of_all, {}, {}).keys() == OUTPUTS.keys()
    assert Members.of(members.outputs("docs", of_all, {}, {})) == members
    assert SET_INPUTS == (
        "name",
        "database_name",
        "sources",
        "github",
        "web_scrape",
        "s3",
        "chunking",
        "embedding",
        "embedding_model",
        "extra",
        "on_conflict",
        "connection",
    )


@pytest.mark.parametrize("record", ["", "no base64!", base64.b64encode(b"no zlib").decode(), None])
def test_a_damaged_record_is_an_error_that_says_what_to_do(record: str | None) -> None:
    """Never an empty set, which an up would make anew."""
    with pytest.raises(ChromaSyncError, match="pulumi stack import"):
        Members.of({**OUTPUTS, "record": record})


def test_a_record_of_a_newer_version_is_an_error() -> None:
    """It says so."""
    content = json.dumps({"version": 2, "bodies": [], "sources": {}}).encode()
    with pytest.raises(ChromaSyncError, match="newer version"):
        Members.of({**OUTPUTS, "record": base64.b64encode(zlib.compress(content)).decode()})


def test_a_configured_provider_is_not_what_a_program_pickles() -> None:
    """Settings, the API key with them, live in the plugin's instance alone."""
    provider = configured(apiKey="ck-marker", url="https://sync.acme.com")
    assert "ck-marker" not in repr(vars(provider))
    assert vars(SourceProvider()) == {}


def test_the_pickled_provider_of_an_old_state_loads() -> None:
    """As the plugin does it; the class needs no argument and no state of its own."""
    provider = dill.loads(base64.b64decode(PICKLED))
    assert type(provider) is SourceProvider
    assert vars(provider) == {}


def test_the_pickle_names_the_module_and_the_class_and_no_more() -> None:
    """No code, no value is in it."""
    told = [arg for _, arg, _ in pickletools.genops(base64.b64decode(PICKLED)) if isinstance(arg, str)]
    assert told == ["pulumi_chroma_sync.source", "SourceProvider"]


def test_the_provider_string_is_plain_text_in_the_state() -> None:
    """It holds no secret, so it need not be one."""
    assert SourceProvider.serialize_as_secret_always is False


def test_the_type_token_is_pinned() -> None:
    """With the SDK's prefix ``pulumi-python:`` in the state."""
    assert getattr(Source, "_resource_type_name") == "dynamic/chroma-sync:Source"  # noqa: B009


def test_the_inputs_and_outputs_of_a_source_are_pinned() -> None:
    """``on_conflict``, ``connection`` and the like are in the state, and no output that a program reads."""
    assert INPUTS == (
        "database_name",
        "github",
        "web_scrape",
        "s3",
        "chunking",
        "embedding",
        "embedding_model",
        "extra",
        "on_conflict",
        "retain_on_delete",
        "connection",
    )
    own = Source.__mro__[: Source.__mro__.index(dynamic.Resource)]
    properties = {name for each in own for name, value in vars(each).items() if isinstance(value, property)}
    annotated = {name for each in own for name in inspect.get_annotations(each)}
    assert properties | annotated == {*INPUTS, *COMPUTED} - {"on_conflict", "retain_on_delete", "connection"}


def test_the_inputs_and_outputs_of_a_database_are_pinned() -> None:
    """And what every database's ``__provider`` is in every state."""
    assert DATABASE_INPUTS == ("name", "tenant", "on_conflict", "force_destroy", "protected", "connection")
    reply = DatabaseReply("8a6f", "knowledge", "team")
    outputs = outputs_of_database({"name": "knowledge"}, "team", reply, "1-a")
    assert outputs == {"name": "knowledge", "tenant": "team", "database_id": "8a6f", "state_entry": "1-a"}
    assert serialize_provider(DatabaseProvider()) == PICKLED_DATABASE


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_of_a_source_has_these_keys(kind: str, emu: RunningEmulator) -> None:
    """After create, and the same after a refresh; nothing is recorded where nothing differs.

    No chunking is declared here, so the service's is kept; the embedding is the API's one default.
    """
    inputs, own = KINDS[kind]
    provider = on(emu)
    checked = provider.check({}, {**PROVIDER, **inputs}).inputs
    created = provider.create({**PROVIDER, **checked})
    expected = {
        *checked,
        "source_id",
        "state_entry",
        "created_at",
        "effective_chunking",
        *own,
    }
    assert created.outs is not None and created.outs.keys() == expected
    assert created.outs["source_id"] == created.id
    read = provider.read(created.id, {**PROVIDER, **created.outs})
    assert read.outs == created.outs
    assert read.inputs == checked
    provider.delete(created.id, created.outs)
