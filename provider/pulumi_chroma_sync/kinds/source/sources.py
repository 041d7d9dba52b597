"""The sources of one session: read, deleted and asked about, and never believed gone too early."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TypeVar

from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.shared import Shared
from pulumi_chroma_sync.errors import ApiError, AuthorizationError, ChromaSyncError, NotFoundError

from .arrivals import Arrivals
from .listing import SourceList

__all__ = ["Sources"]

_FEW = 3
"""Sources of a database that are read one by one, before the list is asked for all of them."""

_READ_AGE = 10.0
"""Seconds for which a refresh trusts a list; what isn't in it is asked for by id."""

_YOUNG = 3
"""Times the settle window for which a new source may be missing in a service's answers."""

_T = TypeVar("_T")


@dataclass
class _Database:
    listing: SourceList
    arrivals: Arrivals
    preflight: Shared[tuple[str, str] | None]
    lock: threading.Lock = field(default_factory=threading.Lock)
    answered: bool = False
    found: int = 0
    first_404: float | None = None
    first_lingering: float | None = None


class Sources:
    """What the resources of this kind share in a session. Threads may share it.

    Args:
        session: settings, client and the time.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._client, self._clock = session.client, session.clock
        self._databases: dict[str, _Database] = {}
        self._deleted: set[str] = set()
        self._lock = threading.Lock()

    def listing(self, database: str) -> SourceList:
        """What the service's list says of a database."""
        return self._database(database).listing

    def arrivals(self, database: str) -> Arrivals:
        """The creates that are under way in a database."""
        return self._database(database).arrivals

    def was_deleted(self, source_id: str) -> bool:
        """Whether this process deleted a source; the list may show it for a while."""
        with self._lock:
            return source_id in self._deleted

    def alive(self, listing: SourceList, source_id: str) -> SourceReply | None:
        """A listed source as it is now; None where it is only the list that still has it.

        Raises:
            ChromaSyncError: nobody can tell.
        """
        try:
            return self._client.get_source(source_id)
        except NotFoundError as error:
            if error.is_the_services_own:
                return None
            # A gateway's 404 hides no source: the list says once more.
            listing.whole()
            known = listing.get(source_id)
            return known.reply if known is not None else None

    def expect_many(self, database: str) -> None:
        """Read the list now, for many sources of this database that are going to be read.

        Raises:
            ChromaSyncError: it could not be read.
        """
        entry, oldest = self._database(database), self._clock.monotonic() - _READ_AGE
        entry.listing.whole(_READ_AGE)
        with entry.lock:
            entry.found = max(entry.found, _FEW)
            # What this list doesn't have, and is 404 by its id, need not be looked for in another one.
            entry.first_404 = oldest if entry.first_404 is None else entry.first_404

    def read(self, database: str | None, source_id: str, born: datetime | None) -> SourceReply | None:
        """One source; None where it is gone.

        Once a few of a database were found by id, the rest is looked up in the list, a page of 100 at a time;
        what isn't in the list is asked for by id after all, and all are where the list keeps what is gone.

        Args:
            database: its name, where it is known.
            source_id: the service's id.
            born: when it was made, as far as is known.

        Raises:
            ChromaSyncError: it could not be read, or a 404 may not mean that it is gone.
        """
        if database is not None and self._list_is_good(database):
            listing = self.listing(database)
            try:
                listing.recent(_READ_AGE)
            except ChromaSyncError:
                pass  # the request below says what is wrong, about this very source
            else:
                known = listing.get(source_id)
                if known is not None and not self.was_deleted(source_id):
                    return known.reply
        found = self._unless_gone(lambda: self._client.get_source(source_id), database, source_id, born)
        if database is not None and found is not None:
            entry = self._database(database)
            with entry.lock:
                entry.found += 1
        return found

    def delete(
        self, database: str | None, source_id: str, born: datetime | None, *, was_read: bool = True
    ) -> bool:
        """Delete a source, and wait until it is gone; False where it was gone already.

        Args:
            database: its name, where it is known.
            source_id: the service's id.
            born: when it was made, as far as is known.
            was_read: whether the service has ever shown it. Only then is the 404 to a second try the first
                one's doing; a service that doesn't show it yet may not know it when it is to be deleted.

        Raises:
            ChromaSyncError: it may still be there.
        """

        tried = False

        def ask() -> bool:
            nonlocal tried
            try:
                done = self._client.delete_source(source_id)
            except NotFoundError as error:
                tried = tried or error.after_doubt
                error.after_doubt = tried and was_read
                raise
            if not done:
                self._wait_until_gone(source_id)
            return True

        deleted = self._unless_gone(ask, database, source_id, born) is not None
        with self._lock:
            self._deleted.add(source_id)
        return deleted

    def preflight(self, database: str, warn: Callable[[str], None]) -> tuple[str, str] | None:
        """Is the key accepted, does the database exist? One question for a database and process.

        Args:
            database: its name.
            warn: told, once, why the question could not be answered.

        Returns:
            The property at fault and the sentence for it, or None.
        """
        entry = self._database(database)
        return entry.preflight.get(lambda: self._ask(database, entry, warn), max_age=math.inf)

    def sees(self, source_id: str) -> bool:
        """Whether the service shows a source of this id to the session's API key.

        Raises:
            ChromaSyncError: nobody can tell.
        """
        try:
            self._client.get_source(source_id)
        except NotFoundError as error:
            if not error.is_the_services_own:
                raise
            return False
        return True

    def answered(self, database: str) -> bool:
        """Whether :meth:`preflight` got an answer about this database; another question would get none."""
        return self._database(database).answered

    def _unless_gone(
        self, ask: Callable[[], _T], database: str | None, source_id: str, born: datetime | None
    ) -> _T | None:
        """What the question brings; None where the source is surely gone.

        Only the API's own 404 says so, and not of a source that is so young that the service may not show
        it yet, nor while its list still has it: then the question is asked again for a while.
        """
        doubt: ChromaSyncError | None = None

        def once() -> list[_T | None]:
            nonlocal doubt
            try:
                return [ask()]
            except NotFoundError as error:
                doubt = self._doubt(database, source_id, error, born)
                return [] if doubt is not None else [None]

        answers = once()
        if not answers:
            again = self._client.policy.settling(self._window(database, doubt))
            answers = again(once)
        if answers:
            return answers[0]
        if isinstance(doubt, _Lingering):
            return None  # asked again and again, the service knows no source of this id
        assert doubt is not None
        raise doubt

    def _doubt(
        self, database: str | None, source_id: str, error: NotFoundError, born: datetime | None
    ) -> ChromaSyncError | None:
        """Why this 404 may not mean that the source is gone; None where it is."""
        if not error.is_the_services_own:
            raise ChromaSyncError(
                f"{error}; that is not the Sync Service's own answer, so the source is kept in the state"
            ) from None
        if self.was_deleted(source_id):
            return None  # by this process, for another entry of the state
        settle = self._session.settings.settle
        now = error.served_at or datetime.fromtimestamp(self._clock.time(), timezone.utc)
        # An answer tells its moment to the second, so what was just made may seem to be of the future.
        age = math.inf if born is None else max(0.0, (now - born).total_seconds())
        listed = database is not None and self._is_still_listed(database, source_id)
        if age < _YOUNG * settle and not error.after_doubt:
            return ChromaSyncError(
                f"{error}; but it is only {age:.0f} s old, and the service may not show it yet, so "
                "it is kept in the state. Run the same command again in a minute"
            )
        return _Lingering(f"{error}; but the list of its database has it") if listed else None

    def _is_still_listed(self, database: str, source_id: str) -> bool:
        """Whether the list has what is 404 by its id."""
        entry, moment = self._database(database), self._clock.monotonic()
        with entry.lock:
            if entry.first_404 is None:
                entry.first_404 = moment
        listed = self._is_listed(database, source_id, max_age=moment - entry.first_404)
        with entry.lock:
            if listed and entry.first_lingering is None:
                entry.first_lingering = moment
        return listed

    def _is_listed(self, database: str, source_id: str, max_age: float) -> bool:
        """Whether the list has it. A whole list that is younger than the first 404 is proof for all."""
        listing = self.listing(database)
        try:
            listing.whole(max_age)
            if listing.get(source_id) is not None:
                listing.whole()  # the one before may be older than this very 404
        except (NotFoundError, AuthorizationError) as error:
            if isinstance(error, NotFoundError) and not error.is_the_services_own:
                raise
            whose = self._session.settings.whose_key
            raise ChromaSyncError(
                f'the service knows neither source {source_id} nor its database "{database}" for {whose}, '
                "which looks more like another team's key than like a deleted source, so it is kept in the "
                f"state. {self._how_to_set_key}; if the database is really gone, take its sources out of the "
                "state with `pulumi state delete URN`."
            ) from None
        return listing.get(source_id) is not None

    def _window(self, database: str | None, doubt: ChromaSyncError | None) -> float:
        """Seconds to ask again for; of a list that lingers, all its sources share one window."""
        settle = self._session.settings.settle
        if isinstance(doubt, _Lingering) and database is not None:
            since = self._database(database).first_lingering
            return max(0.0, settle - (self._clock.monotonic() - since)) if since is not None else settle
        return settle

    @property
    def _how_to_set_key(self) -> str:
        how = self._session.settings.how_to_set_key
        return f"{how[0].upper()}{how[1:]}"

    def _wait_until_gone(self, source_id: str) -> None:
        def is_gone() -> bool:
            try:
                self._client.get_source(source_id, retries=0)
            except NotFoundError as error:
                return error.is_the_services_own
            except ChromaSyncError:
                return False
            return False

        self._client.policy.settling(self._session.settings.settle)(is_gone)

    def _list_is_good(self, database: str) -> bool:
        entry = self._database(database)
        with entry.lock:
            return entry.found >= _FEW and entry.first_lingering is None

    def _database(self, name: str) -> _Database:
        with self._lock:
            if name not in self._databases:
                listing = SourceList(self._client, name)
                arrivals = Arrivals(listing, self._clock, self._session.beside)
                self._databases[name] = _Database(listing, arrivals, Shared(self._clock.monotonic))
            return self._databases[name]

    def _ask(self, database: str, entry: _Database, warn: Callable[[str], None]) -> tuple[str, str] | None:
        settings = self._session.settings
        try:
            entry.listing.first_page(retries=1)
        except AuthorizationError as error:
            if error.status == 401:
                return (
                    settings.name_of("apiKey"),
                    f"the service refused the API key (401). {self._how_to_set_key}",
                )
            return (
                "database_name",
                f'{settings.whose_key} may not use database "{database}" (403); a key can be scoped to one '
                "database",
            )
        except NotFoundError as error:
            if error.is_the_services_own:
                if self._session.expected.is_expected(settings, database):
                    return None
                return (
                    "database_name",
                    f'the service has no database "{database}" for {settings.whose_key}; create it '
                    "first, or declare a Database and pass its name on",
                )
            return settings.name_of("url"), str(error)
        except ChromaSyncError as error:
            kind = "answered with a failure" if isinstance(error, ApiError) else "could not be asked"
            warn(f"warning: the service {kind}, so the key and the database are not checked yet: {error}")
            return None
        entry.answered = True
        return None


class _Lingering(ChromaSyncError):
    """404 by id, and still in the list."""
