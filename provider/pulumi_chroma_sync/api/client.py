"""The client of the Sync API: one method for each operation."""

from __future__ import annotations

from .identity_calls import IdentityCalls
from .invocation_calls import InvocationCalls
from .source_calls import SourceCalls
from .upload_calls import UploadCalls

__all__ = ["SyncClient"]


class SyncClient(SourceCalls, InvocationCalls, UploadCalls, IdentityCalls):
    """A client of the Sync API. Threads may share one; its connections are kept alive and pooled.

    Usage::

        with SyncClient(settings) as client:
            for source in client.list_sources("knowledge").items:
                print(source.id)

    Args:
        settings: url, API key, timeouts and retries.
        transport: carries the requests instead of the network, in tests.
        clock: what waiting is measured on; the machine's by default.

    Attributes:
        settings: as given.
        clock: as given.
        policy: the rules of asking again, for who has to repeat more than one request.

    Every method that asks raises, from the package's error tree: ``ConfigError`` without a key;
    ``UnreachableError``, ``NoAnswerError``, or a kind of ``ApiError``. The argument ``retries`` takes the
    place of the settings', for a question that isn't worth a long wait. While the service seems to be out,
    what may be repeated is tried once (see :class:`.retrying.RetryPolicy`).
    """
