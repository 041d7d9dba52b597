"""What all resources of one process share: the client, what the service's list said, and who has which id.

The engine calls a provider on up to four threads; everything here is safe to share between them.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from .client import SyncClient
from .config import HOW_TO_SET_KEY, Settings
from .errors import ApiError, AuthorizationError, ChromaSyncError, NotFoundError
from .listing import Listing
from .models import SourceReply

__all__ = ["Session", "close_sessions", "session_for"]

_FEW = 3
"""Sources of a database that are read one by one, before the list is asked for all of them."""

_READ_AGE = 10.0
"""Seconds for which a refresh trusts a list; what isn't in it is asked for by id."""


@dataclass
class _Database:
    listing: Listing
    lock: threading.Lock = field(default_factory=threading.Lock)
    checked: bool = False
    answered: bool = False
    problem: tuple[str, str] | None = None
    reads: int = 0


class Session:
    """One process's view of the service, for one group of settings.

    Attributes:
        settings: what it works with.
        client: the one client of the process.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.client = SyncClient(settings)
        self._databases: dict[str, _Database] = {}
        self._lock = threading.Lock()
        self._creating: defaultdict[object, threading.Lock] = defaultdict(threading.Lock)
        self._managed: Counter[str] = Counter()
        self._created: set[str] = set()
        self._adopted: set[str] = set()
        self._deleted: set[str] = set()

    # Who has which id.

    def manages(self, source_id: str) -> bool:
        """Note that a resource of the state has this source.

        Returns:
            False where another resource took it over earlier in this process.
        """
        with self._lock:
            self._managed[source_id] += 1
            return source_id not in self._created

    def claim(self, source_id: str, *, adopted: bool = False) -> bool:
        """Take a source for a resource that is being created; False where it is another resource's."""
        with self._lock:
            if source_id in self._managed or source_id in self._created:
                return False
            self._created.add(source_id)
            if adopted:
                self._adopted.add(source_id)
            return True

    def is_claimed(self, source_id: str) -> bool:
        """Whether some resource of this process has this source."""
        with self._lock:
            return source_id in self._managed or source_id in self._created

    def was_adopted(self, source_id: str) -> bool:
        """Whether a resource of this process took this source over from whoever had it."""
        with self._lock:
            return source_id in self._adopted

    def deleted(self, source_id: str) -> None:
        """Note that this process deleted a source."""
        with self._lock:
            self._deleted.add(source_id)
            self._managed.pop(source_id, None)
            self._created.discard(source_id)

    def creating(self, key: object) -> threading.Lock:
        """The lock under which sources with this key are created one after the other."""
        with self._lock:
            return self._creating[key]

    # What the service's list says.

    def sources(
        self, database: str, max_age: float = 0.0, retries: int | None = None
    ) -> dict[str, SourceReply]:
        """The sources of a database by id, without those that this process deleted.

        Args:
            database: its name.
            max_age: seconds for which an earlier answer is good enough.
            retries: of each page, instead of the settings'.

        Raises:
            ChromaSyncError: the list could not be read.
        """
        return self._without_deleted(self._database(database).listing.whole(max_age, retries))

    def seen(self, database: str, retries: int | None = None) -> dict[str, SourceReply]:
        """Every source that the database has at this moment; some that are gone may be among them.

        The answer to "what was there before?": nothing is missing, at the price of one short page where the
        whole list was read a short while ago.

        Args:
            database: its name.
            retries: of each page, instead of the settings'.

        Raises:
            ChromaSyncError: the list could not be read.
        """
        return self._without_deleted(self._database(database).listing.seen(retries))

    def read(self, database: str | None, source_id: str) -> SourceReply | None:
        """One source; None where it is gone.

        The first few of a database are asked for by id, the rest is looked up in the list, a page of 100
        at a time; what isn't in the list is asked for by id after all.

        Raises:
            ChromaSyncError: it could not be read; or it isn't there and neither is its database, which
                looks more like another team's API key than like a deleted source; or the list has it all
                the same.
        """
        if database is not None and self._is_one_of_many(database):
            try:
                found = self.sources(database, max_age=_READ_AGE).get(source_id)
            except ChromaSyncError:
                found = None  # the request below says what is wrong, about this very source
            if found is not None:
                return found
        try:
            return self.client.get_source(source_id)
        except NotFoundError as error:
            if database is not None:
                self._surely_gone(database, source_id, error, max_age=_READ_AGE)
            return None

    def _surely_gone(self, database: str, source_id: str, error: NotFoundError, max_age: float = 0.0) -> None:
        """Raise where a 404 may not mean that this one source is gone."""
        try:
            listed = source_id in self.sources(database, max_age=max_age)
            # The list may be older than the 404.
            listed = listed and source_id in self.sources(database)
        except (NotFoundError, AuthorizationError):
            raise ChromaSyncError(
                f'the service knows neither source {source_id} nor its database "{database}" for this API '
                "key, which looks more like another team's key than like a deleted source, so it is kept in "
                f"the state. {HOW_TO_SET_KEY[0].upper()}{HOW_TO_SET_KEY[1:]}; if the database is really "
                "gone, take its sources out of the state with `pulumi state delete URN`."
            ) from None
        if listed:
            raise ChromaSyncError(
                f"{error}; but the list of its database has it, so it is kept in the state"
            ) from None

    def delete(self, database: str | None, source_id: str) -> bool:
        """Delete a source; False where it was gone already.

        Raises:
            ChromaSyncError: it may still be there, also where a 404 doesn't mean that this one is gone.
        """
        try:
            self.client.delete_source(source_id)
        except NotFoundError as error:
            if database is not None:
                self._surely_gone(database, source_id, error)
            self.deleted(source_id)
            return False
        self.deleted(source_id)
        return True

    def _is_one_of_many(self, database: str) -> bool:
        entry = self._database(database)
        with entry.lock:
            entry.reads += 1
            return entry.reads > _FEW

    def _database(self, name: str) -> _Database:
        with self._lock:
            if name not in self._databases:
                self._databases[name] = _Database(Listing(self.client, name))
            return self._databases[name]

    def _without_deleted(self, sources: dict[str, SourceReply]) -> dict[str, SourceReply]:
        with self._lock:
            return {key: source for key, source in sources.items() if key not in self._deleted}

    # The live check of a preview.

    def preflight(self, database: str, warn: Callable[[str], None]) -> tuple[str, str] | None:
        """Is the key accepted, does the database exist? One request for a database and process.

        Args:
            database: its name.
            warn: told, once, why the question could not be answered.

        Returns:
            The property at fault and the sentence for it, or None.
        """
        entry = self._database(database)
        with entry.lock:
            if not entry.checked:
                entry.problem = _ask(database, entry, warn)
                entry.checked = True
            return entry.problem

    def answered(self, database: str) -> bool:
        """Whether :meth:`preflight` got an answer about this database; another question would get none."""
        return self._database(database).answered


_sessions: dict[str, Session] = {}
_sessions_lock = threading.Lock()


def session_for(settings: Settings) -> Session:
    """The process's session for these settings, made once."""
    key = settings.model_dump_json(exclude={"api_key"}) + (
        settings.api_key.get_secret_value() if settings.api_key else ""
    )
    with _sessions_lock:
        if key not in _sessions:
            _sessions[key] = Session(settings)
        return _sessions[key]


def close_sessions() -> None:
    """Forget every session and close its connections: what the end of the process does."""
    with _sessions_lock:
        for session in _sessions.values():
            session.client.close()
        _sessions.clear()


def _ask(database: str, entry: _Database, warn: Callable[[str], None]) -> tuple[str, str] | None:
    try:
        entry.listing.ask(retries=1)
    except AuthorizationError as error:
        if error.status == 401:
            how = f"{HOW_TO_SET_KEY[0].upper()}{HOW_TO_SET_KEY[1:]}"
            return "apiKey", f"the service refused the API key (401). {how}"
        return (
            "database_name",
            f'the API key may not use database "{database}" (403); a key can be scoped to one database',
        )
    except NotFoundError:
        return (
            "database_name",
            f'the service has no database "{database}" for this key; create it first (databases are '
            "not made by sources)",
        )
    except ChromaSyncError as error:
        kind = "answered with a failure" if isinstance(error, ApiError) else "could not be asked"
        warn(f"warning: the service {kind}, so the key and the database are not checked yet: {error}")
        return None
    entry.answered = True
    return None
