"""The runs of one session: of which source, under way or over, and what is known of the sources."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.shared import Shared
from pulumi_chroma_sync.errors import ApiError, AuthorizationError, ChromaSyncError, NotFoundError

__all__ = ["Runs", "SourceAsked", "words_for"]

_LOOK_AGE = 1.0
"""Seconds for which a page of a source's runs serves a notice at preview."""


@dataclass(frozen=True)
class SourceAsked:
    """What the service says of a source: the source, or why not.

    Attributes:
        source: None where it wasn't answered.
        property: the property or setting at fault, or "".
        reason: the sentence for it.
    """

    source: SourceReply | None = None
    property: str = ""
    reason: str = ""


class Runs:
    """What the resources of this kind share in a session. Threads may share it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._client = session.client
        self._lock = threading.Lock()
        self._sources: dict[str, Shared[SourceAsked]] = {}
        self._pages: dict[str, Shared[tuple[InvocationReply, ...]]] = {}

    def source(self, source_id: str, warn: Callable[[str], None]) -> SourceAsked:
        """The source of a run, asked for once in a process.

        Args:
            source_id: its id.
            warn: told, once, why the question could not be answered.
        """
        with self._lock:
            shared = self._sources.setdefault(source_id, Shared(self._session.clock.monotonic))
        return shared.get(lambda: self._ask(source_id, warn), max_age=math.inf)

    def newest(self, source_id: str, max_age: float = 0.0) -> Sequence[InvocationReply]:
        """The newest runs of a source: one page.

        Raises:
            ChromaSyncError: it could not be read.
        """
        with self._lock:
            shared = self._pages.setdefault(source_id, Shared(self._session.clock.monotonic))
        return shared.get(lambda: self._client.newest_invocations(source_id).items, max_age)

    def noticed(self, source_id: str) -> Sequence[InvocationReply]:
        """The same for a notice at preview, which several resources may share."""
        return self.newest(source_id, _LOOK_AGE)

    def _ask(self, source_id: str, warn: Callable[[str], None]) -> SourceAsked:
        try:
            return SourceAsked(self._client.get_source(source_id, retries=1))
        except AuthorizationError as error:
            if error.status == 401:
                settings = self._session.settings
                how = f"{settings.how_to_set_key[0].upper()}{settings.how_to_set_key[1:]}"
                return SourceAsked(
                    None, settings.name_of("apiKey"), f"the service refused the API key (401). {how}"
                )
            return SourceAsked(
                None, "source_id", f"{self._session.settings.whose_key} may not use this source (403)"
            )
        except NotFoundError as error:
            if error.is_the_services_own:
                return SourceAsked(
                    None,
                    "source_id",
                    f"the service has no such source, or not for {self._session.settings.whose_key}. To see "
                    "what there is: pulumi-chroma-sync list --database NAME",
                )
            return SourceAsked(None, self._session.settings.name_of("url"), str(error))
        except ChromaSyncError as error:
            kind = "answered with a failure" if isinstance(error, ApiError) else "could not be asked"
            warn(f"warning: the service {kind}, so source {source_id} is not checked yet: {error}")
            return SourceAsked()


def words_for(seconds: float) -> str:
    """A time in words, such as ``2 min 10 s``."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [f"{hours} h"] if hours else []
    if minutes or (hours and rest):
        parts.append(f"{minutes} min")
    if rest or not parts:
        parts.append(f"{rest} s")
    return " ".join(parts[:2])
