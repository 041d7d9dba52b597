"""Uploading a file exactly once.

A run says of itself into which database and collection it writes, and not of which file: what an upload has
started is told from others by when it appeared and by nobody else having it. So the newest runs are looked at
right before a request becomes whole, which is when it begins to count; and where an answer is lost, the one
run that is new since, and that no other upload of this process has or may have, is ours. Where the process
is ended by force, the next one knows as much; see :mod:`.records`.

What is in the file is compared then, too, with what the state is going to say of it: a file that changed
while it was sent is never uploaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from typing_extensions import Self

from pulumi_chroma_sync.api.invocation_replies import InvocationReply
from pulumi_chroma_sync.core.answer import UnfinishedError, can_be_told
from pulumi_chroma_sync.core.border import with_whole_numbers
from pulumi_chroma_sync.core.exactly_once import ExactlyOnce
from pulumi_chroma_sync.core.ownership import new_entry
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.terminal import inform
from pulumi_chroma_sync.core.waiting import CancelledError, sleep_unless_cancelled
from pulumi_chroma_sync.errors import (
    ApiError,
    ChromaSyncError,
    NoAnswerError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
    UniqueConstraintError,
    UnreachableError,
)
from pulumi_chroma_sync.kinds.invocation.sentences import name_in
from pulumi_chroma_sync.kinds.invocation.starting import deadline_of

from .content import Content, Reading, UnusableFileError, look_at, opened
from .records import Claim, Left, claim
from .sentences import finished_already, how_to_look, progress, taken, uploading, waiting_for_a_place
from .spec import as_json, form_fields
from .uploads import Uploads

__all__ = ["Upload"]

_TELL_EVERY = 5.0
"""Seconds between two lines of progress."""

_SKEW = timedelta(seconds=5)
"""By how much the clock that dates a run may be behind the one that dates an answer."""


class Upload:
    """One file to be uploaded; :meth:`run` does it once.

    Use it as a context, which ends when the run is no longer waited for, so that it can be found until then.

    Args:
        session: the process's view of the service.
        inputs: checked inputs, all known.

    Attributes:
        entry: identity of the entry in the state that is to hold it.
        content: what is uploaded.
    """

    entry: str
    content: Content
    nothing = "Nothing was uploaded"

    def __init__(self, session: Session, inputs: Mapping[str, Any]) -> None:
        self._session, self._clock = session, session.clock
        self._uploads = session.part(Uploads)
        self._inputs = inputs
        self._collection = str(inputs["database_name"]), str(inputs["collection_name"])
        self._end = self._clock.monotonic() + deadline_of(inputs)
        self._before: frozenset[str] | None = None
        self._since: datetime | None = None
        self._was_turned_away = False
        self._claim: Claim | None = None
        self.step = uploading(inputs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._uploads.is_over(self._collection, self)
        if self._claim is not None:
            is_needed = (
                isinstance(error, OutcomeUnknownError)
                or (isinstance(error, UnfinishedError) and not can_be_told())
                or (error is not None and self._claim.left is not None)
            )
            self._claim.close(forget=not is_needed)

    @property
    def how_to_look(self) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        return how_to_look(self._inputs)

    def run(self) -> str:
        """Upload the file; the id of its run.

        Raises:
            RunExistsError: the collection is finished.
            OutcomeUnknownError: it may have been uploaded; nothing was sent twice.
            ChromaSyncError: nothing was uploaded.
        """
        try:
            self.content = look_at(self._inputs["file"])
            settings = self._session.settings
            account = [settings.connection] if settings.connection else []
            self._claim = claim([settings.url, *account, *self._what()])
            if (run_id := self._left_behind()) is not None:
                return run_id
            once = ExactlyOnce(
                self,
                self._session.client.policy,
                self._session.settings.settle,
                deadline=deadline_of(self._inputs),
                sleep=lambda seconds: sleep_unless_cancelled(self._clock, seconds),
            )
            return once.run()
        except CancelledError:
            raise ChromaSyncError(
                "stopped, since the update was cancelled", step=self.step, outcome=f"{self.nothing}."
            ) from None
        except UnusableFileError as fault:
            raise ChromaSyncError(
                f"the file {fault.message}", step=self.step, outcome=f"{self.nothing}."
            ) from None
        except ChromaSyncError as fault:
            raise fault.during(self.step, f"{self.nothing}.") from None

    # What exactly-once creation asks.

    def send(self) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        self._uploads.is_over(self._collection, self)  # of an attempt before
        path = str(self._inputs["file"])
        try:
            with self._uploads.place(self._collection), opened(path) as file:
                reading = Reading(file, self.content, self._teller(path), self._is_sent)
                return self._session.client.add_file(
                    form_fields(self._inputs),
                    str(self._inputs["filename"]),
                    reading,
                    self.content.size,
                    deadline=max(1.0, self._end - self._clock.monotonic()),
                )
        except ChromaSyncError as fault:
            if not _is_doubtful(fault):
                self._uploads.is_over(self._collection, self)
            if isinstance(fault, RateLimitError) and not self._was_turned_away:
                self._was_turned_away = True
                inform(waiting_for_a_place(name_in(self._inputs)))
            raise

    def ours(self) -> Sequence[str]:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        self._uploads.is_doubtful(self._collection, self)
        listed = self._session.client.newest_uploads(self._collection[0], retries=0)
        if not self._uploads.is_alone(self._collection, self):
            raise ChromaSyncError("other uploads into this collection wait for their answers, too")
        return [run.id for run in listed.items if self._may_be_ours(run)]

    def take(self, made: str) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        self.entry = new_entry(self._clock.time())
        if not self._session.ownership.take(made, self.entry):
            raise ChromaSyncError(
                f"the service answered with run {made}, which another resource of this program has",
                step=self.step,
            )
        self._uploads.is_over(self._collection, self)
        if self._claim is not None:
            self._claim.note(Left(self._clock.time(), (), made))
        return made

    def take_found(self, found: str, fault: ChromaSyncError) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        made = self.take(found)
        inform(f"{self.step}: {fault}; took run {made}, the one that has appeared there since")
        return made

    def met(self, fault: UniqueConstraintError, *, passing: bool) -> str | None:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`.

        The collection is finished. That never passes.
        """
        raise finished_already(self._inputs, fault.detail)

    def _is_sent(self) -> None:
        """All of the file was sent, and the request is about to be whole."""
        try:
            before = self._uploads.is_sent(self._collection, self)
        except ChromaSyncError as fault:
            # Without it, nobody could tell afterwards what a lost answer has left behind.
            raise UnreachableError(f"{fault}; so the upload was not completed") from None
        # What an attempt before may have left late is ours as well.
        if self._before is None:
            self._before, self._since = frozenset(run.id for run in before.items), before.served_at
            if self._claim is not None:
                self._claim.note(Left(self._clock.time(), tuple(self._before)))

    def _may_be_ours(self, run: InvocationReply) -> bool:
        """Whether this run appeared since, for this collection, and nobody has it."""
        is_older = run.moment is not None and self._since is not None and run.moment < self._since - _SKEW
        return (
            self._before is not None
            and run.id not in self._before
            and run.problem is None
            and not is_older
            and (run.database_name or self._collection[0], run.collection_name) == self._collection
            and not self._session.ownership.is_known(run.id)
        )

    # What is left of an upload that was ended by force.

    def _what(self) -> list[str]:
        """All that makes an upload the very same."""
        fields = form_fields(self._inputs)
        triggers = as_json(with_whole_numbers(self._inputs.get("triggers")))
        return [as_json(fields), str(self._inputs["filename"]), self.content.sha256, triggers]

    def _left_behind(self) -> str | None:
        """The run of such an upload, if it can be found and is none that has to be done again."""
        left = None if self._claim is None else self._claim.left
        if left is None or self._clock.time() - left.began > deadline_of(self._inputs):
            return None
        found = self._came_of(left)
        if len(found) != 1 or found[0].status in ("failed", "cancelled"):
            return None
        [run] = found
        if self._session.ownership.is_known(run.id):
            return None
        inform(taken(self._inputs, run.id, run.status))
        return self.take(run.id)

    def _came_of(self, left: Left) -> list[InvocationReply]:
        """The runs that may have come of it."""
        client = self._session.client
        if left.run_id is not None:
            try:
                return [client.get_invocation(left.run_id)]
            except NotFoundError as error:
                if not error.is_the_services_own:
                    raise
                return []
        self._before = frozenset(left.before)
        found = [run for run in client.newest_uploads(self._collection[0]).items if self._may_be_ours(run)]
        self._before = None
        return found

    def _teller(self, path: str) -> Any:
        began = told = self._clock.monotonic()

        def tell(read: int) -> None:
            nonlocal told
            now = self._clock.monotonic()
            if now - told >= _TELL_EVERY and read < self.content.size:
                told = now
                inform(progress(name_in(self._inputs), path, read, self.content.size, now - began))

        return tell


def _is_doubtful(fault: ChromaSyncError) -> bool:
    """Whether an upload that ended so may have arrived."""
    return isinstance(fault, (NoAnswerError, ServerError)) or (
        isinstance(fault, ApiError) and fault.status == 408
    )
