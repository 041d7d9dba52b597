"""Creating a source exactly once, or adopting one where that was asked for.

Ours is a source that meets what was asked for, was not there before we began, and that no entry of the state
has, as far as this process knows. A source that stood there before is never taken over silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.core.exactly_once import ExactlyOnce
from pulumi_chroma_sync.core.ownership import new_entry
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.terminal import inform
from pulumi_chroma_sync.core.validation import is_wholly_known
from pulumi_chroma_sync.errors import ChromaSyncError, NotFoundError, SourceExistsError, UniqueConstraintError

from .listing import Known, Look
from .model import WRITE_ONLY
from .sentences import adopted, claimed, creating, exists, how_to_look, meeting
from .sources import Sources
from .spec import SourceSpec, describe, payload

__all__ = ["SourceCreation", "notice_of_existing"]

_CLOCKS_DIFFER = timedelta(seconds=30)
"""How far the clocks of a service's nodes may be apart: a source that is older than our look by more than
this was there before, even where a list that shifted didn't show it."""

_LOOK_AGE = 1.0
"""Seconds for which a look before a create serves further ones, and three times that while somebody looks
again. What another hand creates meanwhile is as if created between a look of one's own and the request."""

_NOTICE_AGE = 30.0
"""Seconds for which the list is good enough for a notice at preview."""


class SourceCreation:
    """One source to be created; :meth:`run` does it once.

    Args:
        session: the process's view of the service.
        inputs: checked inputs, all known.

    Attributes:
        entry: identity of the entry in the state that is to hold it; made when the source is taken, so that
            it says how old the source is where the service doesn't.
    """

    entry: str
    nothing = "Nothing was created"

    def __init__(self, session: Session, inputs: Mapping[str, Any]) -> None:
        self._session = session
        self._sources = session.part(Sources)
        self._inputs = inputs
        self._spec = SourceSpec.from_inputs(inputs)
        self._database = str(inputs["database_name"])
        self._list = self._sources.listing(self._database)
        self._arrivals = self._sources.arrivals(self._database)
        self._was_made = False
        self._pages_before = 0
        self._hidden_by_age: list[str] = []
        self._before: Look
        self.step = creating(inputs)

    @property
    def how_to_look(self) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        if self._hidden_by_age:
            found = ", ".join(self._hidden_by_age)
            return f"Equal, but older than this create: {found}. {how_to_look(self._inputs)}"
        return how_to_look(self._inputs)

    def run(self) -> tuple[str, SourceReply | None]:
        """Create the source, or adopt an equal one.

        Returns:
            The id, and the source as the service answers it; None where it could not be read back.

        Raises:
            SourceExistsError: one stands there and was not taken over.
            SourceClaimedError: the service answered with a source of another resource.
            OutcomeUnknownError: it may have been created, or may yet be; nothing was sent twice.
            ChromaSyncError: nothing was created.
        """
        with self._arrivals.expected():
            with self._session.one_at_a_time(self._spec.key):
                taken = self._made_or_met()
            return taken, self._read_back(taken)

    def _made_or_met(self) -> str:
        try:
            self._before = self._list.look(_LOOK_AGE, 3 * _LOOK_AGE)
            existing = self._equal_from_before()
        except ChromaSyncError as fault:
            raise fault.during(self.step, "Nothing was created.") from None
        if existing is not None:
            taken = self._meet(existing, "the database already has an equal one", passing=True)
            if taken is not None:
                return taken
        client = self._session.client
        return ExactlyOnce(self, client.policy, self._session.settings.settle).run()

    # What exactly-once creation asks.

    def send(self) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        self._pages_before = self._arrivals.sent()
        return self._session.client.create_source(payload(self._inputs)).source_id

    def ours(self) -> Sequence[str]:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        self._list.look(retries=0)
        found: list[str] = []
        self._hidden_by_age = []
        for known in self._equal():
            if known.number <= self._before.number or self._session.ownership.is_known(known.id):
                continue
            (self._hidden_by_age if self._is_too_old(known.reply) else found).append(known.id)
        return found

    def take(self, made: str) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        if self._list.was_there(made, self._before):
            # Not in the contract, but a service may answer "created" with what it has already.
            known = self._list.get(made)
            assert known is not None
            met = self._meet(known.reply, "the service answered with one that it had already")
            assert met is not None
            return met
        if not self._session.ownership.take(made, self._new_entry()):
            raise claimed(self._inputs, made)
        self._was_made = True
        return made

    def take_found(self, found: str, fault: ChromaSyncError) -> str:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`."""
        # Somebody else may have created an equal one in the very same moment: say which it is.
        taken = self.take(found)
        known = self._list.get(taken)
        created = known.reply.created_at if known is not None else "just now"
        inform(f"{self.step}: {fault}; took source {taken}, equal and created since ({created})")
        return taken

    def met(self, fault: UniqueConstraintError, *, passing: bool) -> str | None:
        """See :class:`~pulumi_chroma_sync.core.exactly_once.Request`.

        An equal one to adopt, or a conflict to explain. It passes where nothing that can be read stands there
        (a delete that is still under way, a list that lags), and where the resource that has it gives it up.
        """
        try:
            self._list.whole()
            alive = [
                reply
                for known in self._alike()
                if (reply := self._sources.alive(self._list, known.id)) is not None
            ]
        except ChromaSyncError as unread:
            raise SourceExistsError(
                f"the service already has one (409: {fault.detail}), and the list that would show which "
                f"could not be read ({unread}). Nothing was created. Run `pulumi up` again.",
                None,
                step=self.step,
            ) from None
        if not alive:
            if passing:
                return None
            raise SourceExistsError(
                f"the service already has one (409: {fault.detail}), but its list shows none like it. "
                f"Nothing was created. {self.how_to_look}",
                None,
                step=self.step,
            )
        # An equal one first: under a rule of equal content it is the one that stands in the way.
        existing = min(alive, key=lambda reply: (len(self._differences(reply)), reply.created_at))
        if passing and self._is_given_up(existing):
            return None
        return self._meet(existing, "the service already has one (409)", passing=passing)

    # What stands there.

    def _equal(self) -> list[Known]:
        """The listed sources that are what was asked for, less those that this process deleted."""
        return [
            known for known in self._alike() if known.spec is not None and not self._spec.unmet_by(known.spec)
        ]

    def _alike(self) -> list[Known]:
        return [known for known in self._list.of(self._spec.key) if not self._sources.was_deleted(known.id)]

    def _equal_from_before(self) -> SourceReply | None:
        for known in self._equal():
            ownership = self._session.ownership
            if ownership.is_kept(known.id) and not self._may_be_taken_back(known.id):
                continue  # of another resource that is declared the same; the service decides
            if ownership.is_deleted(known.id):
                continue
            if ownership.is_leaving(known.id) and not self._may_be_handed_on(known.reply):
                continue  # its own old source, or one that has to go first
            if (now := self._sources.alive(self._list, known.id)) is not None and not self._differences(now):
                return now
        return None

    def _new_entry(self) -> str:
        self.entry = new_entry(self._session.clock.time())
        return self.entry

    def _differences(self, reply: SourceReply) -> Sequence[Any]:
        return self._spec.differences(SourceSpec.from_answer(reply.body))

    def _is_too_old(self, reply: SourceReply) -> bool:
        moment, began = reply.moment, self._before.served_at
        return moment is not None and began is not None and moment < began - _CLOCKS_DIFFER

    def _is_its_own(self, source_id: str) -> bool:
        return self._session.ownership.belongs_to(source_id, self._spec)

    def _is_given_up(self, existing: SourceReply) -> bool:
        """Whether another resource gives it up in this run, and it has to be gone before ours is created."""
        ownership = self._session.ownership
        if ownership.is_deleted(existing.id):
            return True
        leaves = ownership.is_leaving(existing.id) and not self._is_its_own(existing.id)
        return leaves and not self._may_be_handed_on(existing)

    def _may_be_handed_on(self, existing: SourceReply) -> bool:
        """Whether a source that another resource gives up in this run fits this one as it is.

        Inline AWS keys can't be compared, so a source that is declared with them is made anew.
        """
        return (
            self._session.ownership.is_leaving(existing.id)
            and not self._is_its_own(existing.id)
            and not self._differences(existing)
            and not self._has_inline_keys()
        )

    def _may_be_taken_back(self, source_id: str) -> bool:
        """Whether this resource retained the source, and declares it again.

        With other inline AWS keys than before it isn't the same, though nothing else differs.
        """
        ownership = self._session.ownership
        if ownership.is_leaving(source_id) and self._has_inline_keys():
            return False
        retained = self._inputs.get("retain_on_delete") or ownership.is_retained(source_id)
        return bool(retained) and self._is_its_own(source_id)

    def _has_inline_keys(self) -> bool:
        return any(f"s3.{name}" in self._spec.values for name in WRITE_ONLY)

    def _meet(self, existing: SourceReply, what: str, *, passing: bool = False) -> str | None:
        """A source stands there: take it where that may be and it is equal, else explain.

        None where another resource of this process deletes it in this very moment, and that may pass.
        """
        ownership, differing = self._session.ownership, self._differences(existing)
        own = self._is_its_own(existing.id)
        if not differing:
            if self._may_be_taken_back(existing.id) and ownership.take_back(existing.id, self._new_entry()):
                inform(
                    f'kept source {existing.id} ("{describe(self._inputs)}"), which this resource retained'
                )
                return existing.id
            if self._may_be_handed_on(existing) and ownership.take(existing.id, self._new_entry()):
                inform(
                    f'source {existing.id} ("{describe(self._inputs)}" in database "{self._database}") went '
                    "over from another resource of this program, which gives it up in this run"
                )
                return existing.id
            wanted = self._inputs.get("on_conflict") == "adopt"
            if wanted and not own and ownership.take(existing.id, self._new_entry()):
                inform(adopted(self._inputs, existing.id))
                return existing.id
        if passing and ownership.is_deleted(existing.id):
            return None
        holder = "nobody"
        if ownership.is_known(existing.id):
            holder = "itself" if own and ownership.is_leaving(existing.id) else "another"
        raise exists(self._inputs, existing, differing, what, holder=holder)

    def _read_back(self, source_id: str) -> SourceReply | None:
        """The source as the service answers it; a service may not show at once what it just made."""
        shown = self._arrivals.shown(source_id, self._pages_before) if self._was_made else None
        if shown is not None and shown.problem is None:
            return shown
        client = self._session.client
        fault: ChromaSyncError | None = None

        def look() -> list[SourceReply | None]:
            nonlocal fault
            try:
                return [client.get_source(source_id)]
            except NotFoundError as error:
                fault = error
                return []
            except ChromaSyncError as error:
                fault = error
                return [None]

        found = client.policy.settling(self._session.settings.settle)(look)
        if found and found[0] is not None:
            reply: SourceReply = found[0]
            if reply.problem is None:
                return reply
            inform(f"{self.step}: source {source_id} is answered in a shape that is new: {reply.problem}")
            return None
        # The source is there and must reach the state: what the service decided can wait for a refresh.
        inform(
            f'created source {source_id} ("{describe(self._inputs)}"), but could not read it back: {fault}'
        )
        return None


def notice_of_existing(session: Session, inputs: Mapping[str, Any]) -> str | None:
    """What a create of these inputs would meet now, in a sentence for the preview; None for nothing.

    Args:
        session: the process's view of the service.
        inputs: checked inputs; nothing is said while a value isn't known.

    Raises:
        ChromaSyncError: the list could not be read.
    """
    if not is_wholly_known(inputs):
        return None
    spec = SourceSpec.from_inputs(inputs)
    sources = session.part(Sources)
    listing = sources.listing(str(inputs["database_name"]))
    listing.recent(_NOTICE_AGE)
    for known in listing.of(spec.key):
        if known.spec is None or session.ownership.is_known(known.id):
            continue
        if sources.alive(listing, known.id) is not None:
            return meeting(inputs, known.id, spec.differences(known.spec))
    return None
