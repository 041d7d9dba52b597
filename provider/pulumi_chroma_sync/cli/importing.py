"""Existing sources as resources of a stack: the file for ``pulumi import --file``, and the program.

The file gives inputs and outputs, so the engine takes them into the state as they are, without a call of the
provider. They are what a create of the program's source would have left there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.args import compact_sources
from pulumi_chroma_sync.core.ownership import new_entry
from pulumi_chroma_sync.kinds.source.check import check_inputs
from pulumi_chroma_sync.kinds.source.model import WRITE_ONLY
from pulumi_chroma_sync.kinds.source.spec import target_of
from pulumi_chroma_sync.kinds.source.state import declaring, outputs_of
from pulumi_chroma_sync.kinds.source_set.declared import OF_THE_SET
from pulumi_chroma_sync.kinds.source_set.record import Held, Members

from .codegen import Declaration, SecretText, logical_names

__all__ = ["AwsKeys", "Imported", "Plan", "SetOf", "document", "plan"]

_SECRET_MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
"""How the engine's files say that what stands beside it is a secret."""


@dataclass(frozen=True)
class AwsKeys:
    """The pair that a program passes inline, and that the service never gives back."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True)
class Imported:
    """One source on its way into a stack.

    Args:
        name: the resource's name.
        source: the service's reply.
        inputs: what a program passes, so that it is this very source.
    """

    name: str
    source: SourceReply
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What becomes of some sources.

    Args:
        imported: those that a program can declare, the oldest first.
        left_out: those that it can't, each with the reason.
    """

    imported: tuple[Imported, ...]
    left_out: tuple[tuple[SourceReply, str], ...]

    @property
    def settings(self) -> list[str]:
        """Keys of the stack's configuration that the program reads secrets from."""
        found = [_secrets(each.inputs) for each in self.imported]
        return list(dict.fromkeys(secret.setting for secrets in found for secret in secrets))

    def entries(self, type_token: str, provider: str) -> list[dict[str, Any]]:
        """The resources of the file.

        Args:
            type_token: the resource's type.
            provider: the provider as the SDK pickles it into every resource.
        """
        own = {"__provider": provider}
        entries = []
        for each in self.imported:
            outputs = outputs_of(
                each.inputs, each.source.id, each.source.body, each.source.created_at, new_entry()
            )
            kept = {name: value for name, value in outputs.items() if value is not None}
            entries.append(
                {
                    "type": type_token,
                    "name": each.name,
                    "id": each.source.id,
                    "inputs": {**each.inputs, **own},
                    "outputs": {**kept, **own},
                }
            )
        return entries

    @property
    def declarations(self) -> list[Declaration]:
        """What the program declares."""
        return [Declaration(each.name, each.inputs, _comment(each.source)) for each in self.imported]


@dataclass(frozen=True)
class SetOf:
    """The sources of a plan as one set; in the place of a resource for each.

    Args:
        plan: whose sources.
        name: of the set.
        database: of the sources.
        connection: of the sources; None for the plain settings.
    """

    plan: Plan
    name: str
    database: str
    connection: str | None = None

    def entries(self, type_token: str, provider: str) -> list[dict[str, Any]]:
        """The resource of the file; see :meth:`Plan.entries`."""
        own = {"__provider": provider}
        members = Members()
        for each in self.plan.imported:
            props = outputs_of(
                _revealed(each.inputs), each.source.id, each.source.body, each.source.created_at
            )
            members.held[each.name] = Held(each.source.id, props)
        outputs = members.outputs(self.name, self._of_all, {}, {})
        outputs["record"] = {**_SECRET_MARK, "plaintext": json.dumps(outputs["record"])}
        inputs = {"name": self.name, **self._of_all, "sources": self._sources(compact=True)}
        entry: dict[str, Any] = {"type": type_token, "name": self.name, "id": new_entry()}
        entry |= {"inputs": {**inputs, **own}, "outputs": {**outputs, **own}}
        return [entry]

    @property
    def declarations(self) -> list[Declaration]:
        """What the program declares."""
        inputs = {**self._of_all, "sources": self._sources()}
        comment = f"{len(self.plan.imported)} sources that existed"
        return [Declaration(self.name, inputs, comment, "SourceSet")]

    @property
    def _of_all(self) -> dict[str, str]:
        named = {} if self.connection is None else {"connection": self.connection}
        return {"database_name": self.database, **named}

    def _sources(self, *, compact: bool = False) -> dict[str, Any]:
        sources = {
            each.name: {name: value for name, value in each.inputs.items() if name not in OF_THE_SET}
            for each in self.plan.imported
        }
        if not compact:
            return sources
        # As the constructor passes them on; of a source with keys, these are outputs in the program.
        return {
            key: value if _secrets(value) else compact_sources({key: value})[key]
            for key, value in sources.items()
        }


def plan(sources: Iterable[SourceReply], keys: AwsKeys | None = None, connection: str | None = None) -> Plan:
    """How to bring these sources into a stack.

    Args:
        sources: as the service answers them, in any order.
        keys: what the program passes for each S3 source instead of a credential's id.
        connection: what the program names for each; None for the plain settings.
    """
    named = {} if connection is None else {"connection": connection}
    found: list[tuple[SourceReply, Mapping[str, Any]]] = []
    left_out: list[tuple[SourceReply, str]] = []
    for source in sorted(sources, key=lambda source: (source.created_at, source.id)):
        if source.problem is not None:
            left_out.append((source, f"this version can't read it ({source.problem})"))
            continue
        if source.kind is None:
            left_out.append((source, f"{source.kind_name}, which can't be declared"))
            continue
        inputs = {**_with_keys(declaring(source.body), keys), **named}
        _, failures = check_inputs(_revealed(inputs), None)
        if failures:
            broken = "; ".join(f"{failure.property}: {failure.reason}" for failure in failures)
            left_out.append((source, f"this version can't declare it ({broken})"))
        else:
            found.append((source, inputs))
    names = logical_names((_name_of(source), source.id) for source, _ in found)
    imported = (Imported(name, *each) for name, each in zip(names, found, strict=True))
    return Plan(tuple(imported), tuple(left_out))


def document(entries: Sequence[Mapping[str, Any]]) -> str:
    """The text of the file; secrets in it are in plain text, marked for the engine to encrypt."""
    return json.dumps({"resources": entries}, indent=2, default=_marked) + "\n"


def _name_of(source: SourceReply) -> str:
    """What its resource is named after."""
    return re.sub(r"^https?://", "", target_of(source.body))


def _with_keys(inputs: Mapping[str, Any], keys: AwsKeys | None) -> dict[str, Any]:
    """The same inputs, an S3 source's credential as the program passes it: its id, or the inline pair."""
    if "s3" not in inputs:
        return dict(inputs)
    s3 = {name: value for name, value in inputs["s3"].items() if name not in WRITE_ONLY}
    if keys is not None:
        credential = s3.pop("aws_credential_id", "")
        for name, value in zip(WRITE_ONLY, (keys.access_key_id, keys.secret_access_key), strict=True):
            s3[name] = SecretText(value, _setting(name, credential))
    return {**inputs, "s3": s3}


def _revealed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _revealed(item) for name, item in value.items()}
    return value.value if isinstance(value, SecretText) else value


def _setting(name: str, credential: object) -> str:
    """``awsSecretAccessKey7`` for credential 7: pairs of different credentials don't share a setting."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest)) + str(credential)


def _secrets(value: Any) -> Sequence[SecretText]:
    if isinstance(value, Mapping):
        return [secret for item in value.values() for secret in _secrets(item)]
    return [value] if isinstance(value, SecretText) else []


def _marked(value: object) -> dict[str, str]:
    if not isinstance(value, SecretText):
        raise TypeError(f"{type(value).__name__} in a source")
    return {**_SECRET_MARK, "plaintext": json.dumps(value.value)}


def _comment(source: SourceReply) -> str:
    """One line, whatever the service says."""
    created = f", created {source.created_at[:10]}" if source.created_at else ""
    return re.sub(r"[^\w ,.:-]", "?", f"source {source.id}{created}", flags=re.ASCII)
