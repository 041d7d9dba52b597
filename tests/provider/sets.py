"""Sets of sources in memory: what a program declares, and the state between two commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_chroma_sync import SourceSetProvider

from .memory import Memory
from .plugin import Bag, Process

__all__ = ["Stack", "repositories", "tenants"]


def repositories(*keys: str, **others: Any) -> Bag:
    """Inputs of a set with a repository of each of these names; others go on top."""
    sources = {key: {"github": {"repository": f"acme/{key}"}} for key in keys}
    return {"name": "docs", "database_name": "demo", "sources": sources, **others}


def tenants(count: int, **others: Any) -> Bag:
    """Inputs of a set with a bucket's folder for each of so many tenants."""
    names = [f"tenant-{number:05d}" for number in range(count)]
    sources = {name: {"s3": {"path_prefix": f"{name}/", "collection_name": name}} for name in names}
    s3 = {"bucket_name": "acme-docs", "region": "eu-central-1", "aws_credential_id": 7}
    return {"name": "tenants", "database_name": "demo", "s3": s3, "sources": sources, **others}


@dataclass
class Stack:
    """One set in a state, and the commands on it: each is a process of its own.

    Attributes:
        service: the service.
        id: the set's; empty where the state has none.
        inputs: in the state.
        outputs: likewise.
        told: what the last command told.
        config: stack configuration.
    """

    service: Memory
    id: str = ""
    inputs: Bag = field(default_factory=dict)
    outputs: Bag = field(default_factory=dict)
    told: str = ""
    config: Bag = field(default_factory=dict)

    @property
    def ids(self) -> dict[str, str]:
        """Key -> id in the state."""
        return dict(self.outputs.get("source_ids") or {})

    @property
    def failures(self) -> dict[str, str]:
        """Key -> reason in the state."""
        return dict(self.outputs.get("failures") or {})

    def up(self, program: Mapping[str, Any]) -> bool:
        """``pulumi up``; whether anything was done."""
        with self.process() as process:
            try:
                inputs = process.check(dict(program), self.inputs)
                if not self.id:
                    self.id, self.outputs = process.create(inputs)
                elif process.diff(self.id, self.outputs, inputs).changes:
                    self.outputs = process.update(self.id, self.outputs, inputs)
                else:
                    self.inputs = inputs
                    return False
                self.inputs = inputs
                return True
            finally:
                self.told = process.text

    def preview(self, program: Mapping[str, Any]) -> bool:
        """``pulumi preview``; whether an up would do anything."""
        with self.process() as process:
            try:
                inputs = process.check(dict(program), self.inputs)
                return not self.id or bool(process.diff(self.id, self.outputs, inputs).changes)
            finally:
                self.told = process.text

    def refresh(self) -> None:
        """``pulumi refresh``."""
        with self.process() as process:
            try:
                _, outputs, _ = process.read(self.id, self.outputs)
                process.diff(self.id, outputs, self.inputs)
                self.outputs = outputs
            finally:
                self.told = process.text

    def destroy(self) -> None:
        """``pulumi destroy``."""
        with self.process() as process:
            try:
                process.delete(self.id, self.outputs)
                self.id, self.inputs, self.outputs = "", {}, {}
            finally:
                self.told = process.text

    def process(self) -> Process:
        """One run of the plugin."""
        return self.service.process(provider=SourceSetProvider, **self.config)
