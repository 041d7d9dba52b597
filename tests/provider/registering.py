"""What a program's resources ask the engine for, without an engine: the SDK's mocks, and its raw requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import json_format  # type: ignore[import-untyped]
from pulumi.runtime import mocks as sdk_mocks

__all__ = ["SECRET", "Registered", "registered"]

SECRET = "[secret]"
"""Stands for a value that reaches the engine as a secret."""

_MARK = "4dabf18193072939515e22adb298388d"


@dataclass
class Registered:
    """What the engine was asked for.

    Attributes:
        types: of each resource by its name.
        inputs: of each resource by its name; a secret is :data:`SECRET`.
        requests: the SDK's whole requests, by name.
        text: everything that was sent, secrets taken out.
    """

    types: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return repr(self.inputs)


def registered(program: Callable[[], Any], *, preview: bool = False, **outputs: Any) -> Registered:
    """Run a program to its end.

    Args:
        program: what makes resources.
        preview: whether it is a preview.
        outputs: what the engine gives back beside the inputs.
    """
    seen = Registered()

    class Mocks(sdk_mocks.Mocks):
        def new_resource(self, args: sdk_mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            return "s-1", {**args.inputs, **outputs}

        def call(self, _args: sdk_mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
            return {}, None

    class Monitor(sdk_mocks.MockMonitor):
        def RegisterResource(self, request: Any) -> Any:
            if request.type != "pulumi:pulumi:Stack":
                bag = _without_secrets(json_format.MessageToDict(request.object))
                bag.pop("__provider", None)
                seen.types[request.name] = request.type
                seen.inputs[request.name] = bag
                seen.requests[request.name] = request
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    sdk_mocks.set_mocks(mocks := Mocks(), preview=preview, monitor=Monitor(mocks))
    try:
        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    finally:
        pulumi.runtime.settings.reset_options()
    return seen


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return SECRET if _MARK in value else {key: _without_secrets(item) for key, item in value.items()}
    return list(map(_without_secrets, value)) if isinstance(value, list) else value
