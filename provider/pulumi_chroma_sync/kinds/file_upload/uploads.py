"""The uploads of one session: how many are under way, and which of them nobody could tell apart."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.api.replies import Listed
from pulumi_chroma_sync.core.cancelling import is_cancelled
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.shared import Shared
from pulumi_chroma_sync.core.waiting import CancelledError

__all__ = ["Collection", "Uploads"]

AT_ONCE = 4
"""Uploads that are sent at the same time. The API refuses too many (429) and doesn't say how many that are;
each that is refused may have sent its whole file in vain."""

_LOOK_AGE = 1.0
"""Seconds for which one look at the list serves all uploads that end about then."""

_SLICE = 0.5

Collection = tuple[str, str]
"""Database and collection: all that a run of an upload says of itself."""


class Uploads:
    """What the resources of this kind share in a session. Threads may share it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turn = threading.Condition()
        self._under_way = 0
        self._unanswered: defaultdict[Collection, set[object]] = defaultdict(set)
        self._doubtful: defaultdict[Collection, set[object]] = defaultdict(set)
        self._looks: dict[str, Shared[Listed[InvocationReply]]] = {}
        self._documents: dict[tuple[str, ...], str] = {}

    @contextmanager
    def place(self, collection: Collection) -> Iterator[None]:
        """One of the few places for uploads; none while it isn't known what became of another one.

        Raises:
            CancelledError: the engine asked to stop.
        """
        with self._turn:
            while self._under_way >= AT_ONCE or self._doubtful[collection]:
                if is_cancelled():
                    raise CancelledError
                self._turn.wait(_SLICE)
            self._under_way += 1
        try:
            yield
        finally:
            with self._turn:
                self._under_way -= 1
                self._turn.notify_all()

    def is_sent(self, collection: Collection, upload: object) -> Listed[InvocationReply]:
        """This upload's request is about to be whole: the newest runs there were before.

        Raises:
            ChromaSyncError: they could not be read.
        """
        with self._turn:
            self._unanswered[collection].add(upload)
        database = collection[0]
        with self._turn:
            shared = self._looks.setdefault(database, Shared(self._session.clock.monotonic))
        return shared.get(lambda: self._session.client.newest_uploads(database), _LOOK_AGE)

    def is_doubtful(self, collection: Collection, upload: object) -> None:
        """Nobody knows what became of this upload."""
        with self._turn:
            self._doubtful[collection].add(upload)

    def is_alone(self, collection: Collection, upload: object) -> bool:
        """Whether no other upload into this collection waits for its answer or is looked for."""
        with self._turn:
            return self._unanswered[collection] <= {upload}

    def is_over(self, collection: Collection, upload: object) -> None:
        """It is known what became of this upload, or nobody can tell."""
        with self._turn:
            self._unanswered[collection].discard(upload)
            self._doubtful[collection].discard(upload)
            self._turn.notify_all()

    def namesake(self, document: tuple[str, ...], name: str) -> str | None:
        """Another resource of the program that uploads this document; the first one has it.

        Args:
            document: what two uploads have in common that write over each other.
            name: of the resource that asks.
        """
        with self._turn:
            other = self._documents.setdefault(document, name)
        return None if other == name else other
