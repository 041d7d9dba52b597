"""How an error reaches the engine: as one clean message, and with what was made all the same.

The SDK's dynamic providers answer an error with its whole traceback, and of a create that ended so the state
keeps nothing. gRPC has more to say: an answer's status may carry details, and Pulumi's protocol has one for
"created, but failed" (``ErrorResourceInitFailed``), at which the engine keeps the object in the state, shows
the reasons, ends the update with an error, and calls ``update`` or replaces in the next one.

Who sets the status' details on the call's context and then raises has given that answer: they win over the
text that the SDK adds. The context is a local of the SDK's own method, some frames above the provider's (SDK
3.272). Where it can't be found there, the error goes up as it always did: with a traceback, and the state
keeps nothing of a create; so whoever raises :class:`UnfinishedError` must be able to heal that as well.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from typing import Any

from pulumi_chroma_sync.errors import ChromaSyncError

__all__ = ["UnfinishedError", "can_be_told", "tell_the_engine"]

_PROVIDER = "__provider"


class UnfinishedError(ChromaSyncError):
    """An object was made, or changed, and must reach the state; but it is not as it was declared.

    Attributes:
        object_id: the resource's id.
        outputs: for the state.
    """

    def __init__(
        self,
        message: str,
        object_id: str,
        outputs: Mapping[str, Any],
        *,
        step: str | None = None,
        outcome: str = "",
    ) -> None:
        super().__init__(message, step=step, outcome=outcome)
        self.object_id = object_id
        self.outputs = dict(outputs)


def can_be_told() -> bool:
    """Whether what :class:`UnfinishedError` carries would reach the state, if it were raised here."""
    return _context() is not None


def tell_the_engine(error: ChromaSyncError, props: Mapping[str, Any]) -> bool:
    """Give the engine's call this error as its answer; whether that was possible. Raise it afterwards.

    Args:
        error: what the provider's method ends with.
        props: the inputs that it was called with.
    """
    context = _context()
    if context is None:
        return False
    try:
        context.set_trailing_metadata((("grpc-status-details-bin", _status_of(error, props)),))
    except (AttributeError, ImportError, TypeError, ValueError):  # an SDK otherwise than expected
        return False
    return True


def _context() -> Any:
    """The context of the call that this thread serves."""
    import grpc  # type: ignore[import-untyped]

    frame = inspect.currentframe()
    while frame is not None:
        context = frame.f_locals.get("context")
        if isinstance(context, grpc.ServicerContext):
            return context
        frame = frame.f_back
    return None


def _status_of(error: ChromaSyncError, props: Mapping[str, Any]) -> bytes:
    import grpc
    from pulumi.runtime.proto import status_pb2

    status = status_pb2.Status()
    status.code = grpc.StatusCode.UNKNOWN.value[0]
    status.message = f"{type(error).__name__}: {error}"
    if isinstance(error, UnfinishedError):
        status.details.add().Pack(_unfinished(error, props))
    return bytes(status.SerializeToString())


def _unfinished(error: UnfinishedError, props: Mapping[str, Any]) -> Any:
    from pulumi.runtime import rpc
    from pulumi.runtime.proto import provider_pb2

    own = {_PROVIDER: props[_PROVIDER]} if _PROVIDER in props else {}
    inputs = {name: value for name, value in props.items() if name != _PROVIDER}

    async def structs() -> tuple[Any, Any]:
        outs = await rpc.serialize_properties({**error.outputs, **own}, {})
        return outs, await rpc.serialize_properties({**inputs, **own}, {})

    properties, kept = asyncio.run(structs())
    return provider_pb2.ErrorResourceInitFailed(
        id=error.object_id, properties=properties, reasons=[str(error)], inputs=kept
    )
