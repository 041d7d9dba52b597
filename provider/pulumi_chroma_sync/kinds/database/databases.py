"""The databases of one session: asked about, read and deleted, and never believed gone too early."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from pulumi_chroma_sync.api.public_calls import DatabaseReply, PublicClient
from pulumi_chroma_sync.core.account import Account
from pulumi_chroma_sync.core.ownership import entry_made_at
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.core.shared import Shared
from pulumi_chroma_sync.core.terminal import inform
from pulumi_chroma_sync.errors import ApiError, AuthorizationError, ChromaSyncError, NotFoundError

from .sentences import is_another_now, may_not_use, not_empty, with_force

__all__ = ["Asked", "Databases"]

_YOUNG = 3
"""Times the settle window for which a new database may be missing in a service's answers."""

_NAMES = 20
"""Collections whose names are asked for, for a sentence."""


@dataclass(frozen=True)
class Asked:
    """What the service says before anything is done.

    Attributes:
        database: the database, where it is there.
        is_free: whether the service said that there is none.
        property: the property or setting at fault, or "".
        reason: the sentence for it.
    """

    database: DatabaseReply | None = None
    is_free: bool = False
    property: str = ""
    reason: str = ""


class Databases:
    """What the resources of this kind share in a session. Threads may share it.

    Args:
        session: settings, client and the time.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, str], Shared[Asked]] = {}

    @property
    def api(self) -> PublicClient:
        """The client of the public API.

        Raises:
            ConfigError: its address isn't known.
        """
        return self._session.client.public

    def tenant(self) -> str:
        """The tenant of the API key, asked for as patiently as anything else.

        Raises:
            ChromaSyncError: nobody can tell.
        """
        return self._session.part(Account).tenant()

    def key_and_tenant(self, warn: Callable[[str], None]) -> tuple[str, Asked]:
        """Is the key accepted, and whose is it ("" where nobody can tell)? One question for a process."""
        settings = self._session.settings
        try:
            return self._session.part(Account).identity().tenant, Asked()
        except AuthorizationError as error:
            if error.status == 401:
                return "", self._refused()
            return "", Asked(property="tenant", reason=f"{settings.whose_key} may not ask whose it is (403)")
        except ChromaSyncError as error:
            warn(f"warning: the public API could not be asked, so the key is not checked yet: {error}")
            return "", Asked()

    def ask(self, tenant: str, name: str, warn: Callable[[str], None]) -> Asked:
        """Whether a database that is to be made is there, and whether the key is good for it.

        Args:
            tenant: whose it shall be.
            name: its name.
            warn: told, once, why the question could not be answered.
        """
        with self._lock:
            shared = self._asked.setdefault((tenant, name), Shared(self._session.clock.monotonic))
        return shared.get(lambda: self._ask(tenant, name, warn), max_age=math.inf)

    def find(self, tenant: str, name: str, *, retries: int | None = None) -> DatabaseReply | None:
        """The database, or None where the API itself says that there is none.

        Raises:
            ChromaSyncError: nobody can tell.
        """
        try:
            return self.api.get_database(tenant, name, retries=retries)
        except NotFoundError as error:
            if not error.is_the_services_own:
                raise
            return None

    def sees(self, props: Mapping[str, Any]) -> bool:
        """Whether the session's API key sees the very database of the state.

        Raises:
            ChromaSyncError: nobody can tell.
        """
        try:
            found = self.find(str(props.get("tenant")), str(props.get("name")))
        except AuthorizationError as error:
            if error.status != 403:
                raise
            return False
        return found is not None and found.id == props.get("database_id", found.id)

    def read(self, tenant: str, name: str, entry: str | None) -> DatabaseReply | None:
        """A database of the state; None where it is gone.

        A young one is asked for again for a while. Where the key doesn't see its tenant, nothing is gone.

        Raises:
            ChromaSyncError: it could not be read, or a 404 may not mean that it is gone.
        """
        found = self.find(tenant, name)
        if found is None and self._is_young(entry):
            again = self.api.policy.settling(self._session.settings.settle)
            found = again(lambda: self.find(tenant, name))
        if found is None and not self.api.sees_tenant(tenant):
            settings = self._session.settings
            how = f"{settings.how_to_set_key[0].upper()}{settings.how_to_set_key[1:]}"
            raise ChromaSyncError(
                f"the service knows neither this database nor its tenant for {settings.whose_key}, which "
                "looks more like another account's key than like a deleted database, so it is kept in the "
                f"state. {how}; if it is really gone, "
                "take it out with `pulumi state delete URN`"
            )
        return found

    def collections(self, tenant: str, name: str) -> tuple[tuple[str, ...], int]:
        """The first names of what a database has, and how many there are.

        Raises:
            ChromaSyncError: nobody can tell.
        """
        found = self.api.some_collections(tenant, name, _NAMES)  # in no order
        names = tuple(sorted(each.name for each in found))
        return names, max(len(names), self.api.count_collections(tenant, name))

    def delete(self, tenant: str, name: str, props: Mapping[str, Any]) -> bool:
        """Delete a database of the state; False where it was gone already.

        Raises:
            DatabaseNotEmptyError: it has collections, and nobody forces it.
            ChromaSyncError: it could not be deleted, or is another one by now.
        """
        found = self.read(tenant, name, props.get("state_entry"))
        if found is None:
            return False
        before = props.get("database_id")
        if isinstance(before, str) and before != found.id:
            raise is_another_now(name, before, found.id)
        names, count = self.collections(tenant, name)
        if count and not props.get("force_destroy"):
            raise not_empty(names, count)
        if count:
            inform(with_force(name, names, count))
        try:
            self.api.delete_database(tenant, name)
        except NotFoundError as error:
            if not error.is_the_services_own:
                raise
            return error.after_doubt
        return True

    def _ask(self, tenant: str, name: str, warn: Callable[[str], None]) -> Asked:
        settings = self._session.settings
        try:
            found = self.find(tenant, name, retries=1)
        except AuthorizationError as error:
            if error.status == 401:
                return self._refused()
            return Asked(
                property="tenant",
                reason=may_not_use(tenant, name, settings.whose_key),
            )
        except ChromaSyncError as error:
            kind = "answered with a failure" if isinstance(error, ApiError) else "could not be asked"
            warn(f'warning: the public API {kind}, so database "{name}" is not checked yet: {error}')
            return Asked()
        return Asked(found, is_free=found is None)

    def _refused(self) -> Asked:
        settings = self._session.settings
        how = f"{settings.how_to_set_key[0].upper()}{settings.how_to_set_key[1:]}"
        return Asked(
            property=settings.name_of("apiKey"), reason=f"the public API refused the API key (401). {how}"
        )

    def _is_young(self, entry: str | None) -> bool:
        made = entry_made_at(entry)
        now = datetime.fromtimestamp(self._session.clock.time(), timezone.utc)
        return made is not None and (now - made).total_seconds() < _YOUNG * self._session.settings.settle
