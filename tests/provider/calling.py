"""A provider that is called as the SDK calls it."""

from __future__ import annotations

from typing import Any

from pulumi import dynamic

from chroma_sync_emulator.testing import RunningEmulator
from pulumi_chroma_sync import SourceProvider

__all__ = ["PROVIDER", "configured", "failures", "on"]

PROVIDER = {"__provider": "gASVAAAA"}
"""What the SDK puts into every property bag; its content is the SDK's alone."""


def configured(**config: Any) -> SourceProvider:
    """A provider with this stack configuration, such as ``apiKey="..."``."""
    raw = {f"chroma-sync:{name}": value for name, value in config.items()}
    provider = SourceProvider()
    provider.configure(dynamic.ConfigureRequest(dynamic.Config(raw, "project")))
    return provider


def on(emu: RunningEmulator, **config: Any) -> SourceProvider:
    """A provider that talks to this emulator."""
    return configured(**{"url": emu.url, "apiKey": emu.api_key, "database": emu.database, **config})


def failures(result: dynamic.CheckResult) -> dict[str, str]:
    """Path -> reason; a path is named once."""
    named = {failure.property: failure.reason for failure in result.failures}
    assert len(named) == len(result.failures)
    return named
