"""Programs of the documents, run without the engine: as Pulumi's mocks run them, on the emulator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, rpc
from tests.provider.plugin import Process

import pulumi_chroma_sync
from chroma_sync_emulator.testing import RunningEmulator

__all__ = ["run", "with_ids_that_exist"]

_TYPE = re.compile(r"pulumi-python:dynamic/chroma-sync:(\w+)")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Service(mocks.Mocks):
    """In the engine's place: each resource is checked and created by its provider, with real requests."""

    def __init__(
        self, emu: RunningEmulator, others: Mapping[str, Mapping[str, Any]], seen: dict[str, dict[str, Any]]
    ) -> None:
        self._emu = emu
        self._others = others
        self._seen = seen
        self.made: list[str] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Check it and create it, or read it where it is read by its id."""
        inputs = _plain(args.inputs)
        self.made.append(args.name)
        self._seen[args.typ] = inputs
        if args.typ.startswith("chroma-sync:index:"):
            return "", inputs  # a component
        kind = _TYPE.fullmatch(args.typ)
        if kind is None:
            return f"{args.name}-id", {**inputs, **self._others[args.typ]}
        provider = getattr(pulumi_chroma_sync, f"{kind[1]}Provider")
        with Process(self._emu.url, self._emu.api_key, provider=provider) as process:
            inputs = {name: value for name, value in inputs.items() if name != "__provider"}
            if args.resource_id:
                id_, outputs, _ = process.read(args.resource_id, inputs)
            else:
                id_, outputs = process.create(process.check(inputs))
        return id_, outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """No function of an engine is called."""
        raise AssertionError(args.token)


def run(
    text: str,
    place: str,
    emu: RunningEmulator,
    monkeypatch: pytest.MonkeyPatch,
    config: Mapping[str, str],
    others: Mapping[str, Mapping[str, Any]],
    seen: dict[str, dict[str, Any]] | None = None,
) -> tuple[list[str], dict[str, Any]]:
    """Run a program to its end.

    Args:
        text: the program.
        place: where it stands, for tracebacks.
        emu: the service.
        monkeypatch: takes back what the run changes.
        config: stack configuration of the program's own project.
        others: resources that aren't of this package: type -> what their provider adds to the inputs.
        seen: gets the inputs of every resource, by its type.

    Returns:
        The names of its resources, and its exports.
    """
    exports: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", lambda name, value: exports.update({name: value}))
    service = _Service(emu, others, {} if seen is None else seen)
    mocks.set_mocks(service, project="project", stack="dev", preview=False)
    pulumi.runtime.set_all_config({f"project:{name}": value for name, value in config.items()})
    found: dict[str, Any] = {}

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def ended() -> Any:
        exec(compile(with_ids_that_exist(text, emu), place, "exec"), {"__name__": "__main__"})
        return pulumi.Output.all(**exports).apply(found.update)

    try:
        ended()
    finally:
        pulumi.runtime.set_all_config({})
    return service.made, found


def with_ids_that_exist(text: str, emu: RunningEmulator) -> str:
    """A program that reads a source by its id gets one that is there."""
    if (named := _ID.search(text)) is None:
        return text
    source = {"database_name": emu.database, "github": {"repository": "acme/existing"}}
    with emu.client() as client:
        there = client.post("/api/v1/sources", json=source).json()["source_id"]
    return text.replace(named[0], there)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if rpc.is_rpc_secret(value):
            return _plain(rpc.unwrap_rpc_secret(value))
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
