"""Looking collections up: what is asked, what a failure means to a person, and the value that it makes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pulumi_chroma_sync.api.public_calls import CollectionReply, PublicClient
from pulumi_chroma_sync.core.session import Session
from pulumi_chroma_sync.errors import AuthorizationError, ChromaSyncError, ConfigError, NotFoundError
from pulumi_chroma_sync.kinds.database.databases import Databases
from pulumi_chroma_sync.kinds.database.sentences import may_not_use, step_of
from pulumi_chroma_sync.kinds.source.lookup import explained, no_database
from pulumi_chroma_sync.kinds.source.secrecy import without_secrets
from pulumi_chroma_sync.results import CollectionResult

__all__ = ["collection_of", "collections_of"]

_AT_ONCE = 8
"""Collections whose records are counted at a time: each is a request of its own."""

_NO_COLLECTION = (
    "the database has no such collection. Is its name spelled so, and has the run that writes it begun? To "
    "see what there is: pulumi-chroma-sync collections --database NAME"
)


def collection_of(session: Session, name: str, database: str, tenant: str | None = None) -> CollectionResult:
    """The collection of this name, with the number of its records.

    Args:
        session: asks the public API.
        name: its name.
        database: the database's.
        tenant: whose the database is; else the settings', else the API key's.

    Raises:
        NotFoundError: there is none, or no such database.
        ChromaSyncError: it could not be read.
    """
    doing = f'look up collection "{name}" of'
    api, tenant = _api_and_tenant(session, doing, database, tenant)
    step = step_of(doing, tenant, database)
    try:
        found = api.get_collection(tenant, database, name)
        return _result(found, database, tenant, api.count_records(tenant, database, found.id))
    except NotFoundError as error:
        # Of a database that isn't there, the server says that the collection isn't.
        if error.is_the_services_own:
            is_there = _is_there(session, database, tenant)
            error.message = _NO_COLLECTION if is_there else no_database(session.client, database)
        raise error.during(step).with_traceback(None) from None
    except ChromaSyncError as error:
        raise _meant(error, session, database, tenant).during(step).with_traceback(None) from None


def collections_of(
    session: Session, database: str, tenant: str | None = None
) -> tuple[CollectionResult, ...]:
    """Every collection of a database by name, each with the number of its records.

    Args:
        session: asks the public API.
        database: its name.
        tenant: whose it is; else the settings', else the API key's.

    Raises:
        NotFoundError: there is no such database.
        ChromaSyncError: the list could not be read to its end.
    """
    doing = "look up the collections of"
    api, tenant = _api_and_tenant(session, doing, database, tenant)
    step = step_of(doing, tenant, database)

    def counted(collection: CollectionReply) -> CollectionResult | None:
        try:
            count = api.count_records(tenant, database, collection.id)
        except NotFoundError as error:
            if not error.is_the_services_own:
                raise
            return None  # deleted since the list was read
        return _result(collection, database, tenant, count)

    try:
        listed = api.list_collections(tenant, database)
        if not listed:
            # Of a database that isn't there, the server answers an empty list, too.
            api.get_database(tenant, database)
        with ThreadPoolExecutor(min(_AT_ONCE, session.settings.parallel)) as threads:
            return tuple(each for each in threads.map(counted, listed) if each is not None)
    except NotFoundError as error:
        raise (
            explained(error, no_database(session.client, database)).during(step).with_traceback(None)
        ) from None
    except ChromaSyncError as error:
        raise _meant(error, session, database, tenant).during(step).with_traceback(None) from None


def _api_and_tenant(
    session: Session, doing: str, database: str, tenant: str | None
) -> tuple[PublicClient, str]:
    databases = session.part(Databases)
    try:
        return databases.api, tenant or session.settings.tenant or databases.tenant()
    except ConfigError:
        raise  # it names the setting, which is all that matters
    except ChromaSyncError as error:
        raise error.during(step_of(doing, "", database)).with_traceback(None) from None


def _is_there(session: Session, database: str, tenant: str) -> bool:
    """Whether the database is; where nobody can tell, what is known is that the collection isn't."""
    try:
        return session.part(Databases).find(tenant, database) is not None
    except ChromaSyncError:
        return True


def _meant(error: ChromaSyncError, session: Session, database: str, tenant: str) -> ChromaSyncError:
    """The same error; the API's own 403 is told as what it means."""
    if isinstance(error, AuthorizationError) and error.status == 403 and error.is_the_services_own:
        error.message = may_not_use(tenant, database, session.settings.whose_key)
    return error


def _result(found: CollectionReply, database: str, tenant: str, count: int) -> CollectionResult:
    return CollectionResult(
        id=found.id,
        name=found.name,
        database_name=database,
        tenant=tenant,
        count=count,
        metadata=without_secrets(found.metadata),
        dimension=found.dimension,
        finished_ingest=found.finished_ingest,
    )
