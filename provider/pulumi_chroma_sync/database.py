"""A database: what a program writes (:class:`Database`), and the provider that the engine calls.

Nothing here imports httpx or pydantic before the engine calls: a user's program loads this module, only
the plugin works with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import pulumi
from pulumi import dynamic
from typing_extensions import TypedDict, Unpack

from .args import as_input
from .core.border import called_by_the_engine
from .core.provider import Provider
from .core.terminal import inform
from .errors import ChromaSyncError, ConfigError, NotFoundError

if TYPE_CHECKING:
    from pulumi.dynamic import CheckFailure

    from .core.session import Session
    from .kinds.database.databases import Databases

__all__ = ["Database", "DatabaseProvider"]


class DatabaseProvider(Provider):
    """The lifecycle of a database, as the engine calls it.

    Every resource's state holds a pickled reference to this class by its module and name, so neither may
    ever change.
    """

    @called_by_the_engine
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        """Normalise and validate the inputs, fill in the tenant, and ask about the key and the name.

        Never raises for bad input: every failure names its property path. The check of a source that comes
        after this one knows that the database is about to be made.
        """
        from .kinds.database.check import check_inputs, setting_failure

        self._program_runs = True
        inputs, failures = check_inputs(news)
        if self._config_error is not None:
            failures.append(setting_failure(self._config_error.setting, self._config_error.reason, inputs))
        settings = self._settings
        if settings is None:
            return dynamic.CheckResult(inputs, failures)
        if "tenant" not in inputs and settings.tenant:
            inputs["tenant"] = settings.tenant
        try:
            settings.require_key()
            self._databases()
        except ConfigError as error:
            failures.append(setting_failure(error.setting, error.reason, inputs))
        if not failures:
            failures = self._preflight(_olds, inputs)
        return dynamic.CheckResult(inputs, failures)

    @called_by_the_engine
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Compare the program with the program. Another name or tenant is another database: new first.

        Raises:
            DatabaseExistsError: two resources of the program have this database.
        """
        from .kinds.database.sentences import exists, step_of
        from .kinds.database.state import changed_inputs, held

        tenant, name = str(_olds.get("tenant")), str(_olds.get("name"))
        replaces = changed_inputs(_olds, _news)
        if _olds.get("connection") != _news.get("connection"):
            try:
                if self._is_elsewhere(_olds, _news, lambda session: self._of(session).sees(_olds)):
                    replaces.append("connection")
                elif replaces:
                    self._session(_olds)  # which is to delete it
            except ChromaSyncError as error:
                raise error.during(step_of("move", tenant, name), "Nothing was changed.") from None
        updates = bool(_olds.get("force_destroy")) != bool(_news.get("force_destroy"))
        updates |= (_olds.get("on_conflict") or "error") != (_news.get("on_conflict") or "error")
        updates |= any(_olds.get(each) != _news.get(each) for each in ("connection", "__provider"))
        if self._settings is not None and self._program_runs:
            ownership, entry = self._session().ownership, _olds.get("state_entry")
            if replaces:
                ownership.leaves(held(tenant, name), entry, None)
                self._notice_replacement(_olds, replaces)
            elif not ownership.stays(held(tenant, name), entry, None):
                raise exists(tenant, name, ours=True)
        return dynamic.DiffResult(
            changes=bool(replaces) or updates, replaces=replaces, delete_before_replace=False
        )

    @called_by_the_engine
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Create the database exactly once, or take over what is there."""
        from .kinds.database.creation import DatabaseCreation
        from .kinds.database.sentences import step_of
        from .kinds.database.state import declared_in, id_of, outputs_of

        inputs = declared_in(props)
        try:
            tenant = inputs.get("tenant") or self._databases().tenant()
        except ChromaSyncError as error:
            raise error.during(step_of("create", "", inputs["name"]), "Nothing was created.") from None
        creation = DatabaseCreation(self._session(), inputs, tenant)
        reply = creation.run()
        outputs = outputs_of(inputs, tenant, reply, creation.entry)
        return dynamic.CreateResult(id_of(tenant, inputs["name"]), outputs)

    @called_by_the_engine
    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """The database as it stands. Only the API's own 404 means that it is gone."""
        from .core.ownership import new_entry
        from .kinds.database.sentences import step_of
        from .kinds.database.state import NOT_MANAGED, declared_in, held, id_of, outputs_of

        declared, entry = declared_in(props), props.get("state_entry")
        managed = "state_entry" in props and entry != NOT_MANAGED  # else it is Database.get
        step = step_of("read", declared.get("tenant"), declared.get("name"))
        try:
            tenant = declared.get("tenant") or self._databases().tenant()
            if managed:
                self._session().ownership.seen(held(tenant, declared["name"]), entry)
            reply = self._databases().read(tenant, declared["name"], entry)
        except ChromaSyncError as error:
            raise error.during(step) from None
        if reply is None and not managed:
            # There the engine would take an empty answer for a database.
            raise NotFoundError("the service has no such database for this API key", status=404).during(step)
        if reply is None:
            self._session().ownership.free(held(tenant, declared["name"]))
            return dynamic.ReadResult("", {})
        before = props.get("database_id")
        if before is not None and before != reply.id:
            inform(f"{step}: it was deleted and made anew by somebody else (id {before}, now {reply.id})")
        if managed:
            entry = entry or new_entry(self._session().clock.time())
        outputs = outputs_of(declared, tenant, reply, str(entry) if managed else NOT_MANAGED)
        return dynamic.ReadResult(id_ if managed else id_of(tenant, declared["name"]), outputs, declared)

    @called_by_the_engine
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Only what the service never sees changed: keep the new inputs, without a request."""
        from .kinds.database.model import INPUTS
        from .kinds.database.state import declared_in

        own = {name: value for name, value in _olds.items() if name not in (*INPUTS, "__provider")}
        return dynamic.UpdateResult({**own, "tenant": _olds.get("tenant"), **declared_in(_news)})

    @called_by_the_engine
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the database, unless it has collections; one that another entry has is kept.

        Raises:
            DatabaseNotEmptyError: it has some, and ``force_destroy`` is not in the state.
        """
        from .kinds.database.sentences import step_of
        from .kinds.database.state import held

        tenant, name, entry = str(_props.get("tenant")), str(_props.get("name")), _props.get("state_entry")
        ownership = self._session().ownership
        if not ownership.release(held(tenant, name), entry):
            inform(f'kept database "{name}": another resource of this stack has it')
            return
        try:
            deleted = self._databases().delete(tenant, name, _props)
        except ChromaSyncError as error:
            ownership.seen(held(tenant, name), entry)
            raise error.during(step_of("delete", tenant, name), "Nothing was deleted.") from None
        ownership.free(held(tenant, name))
        if not deleted:
            inform(f'database "{name}" was already gone')

    def _databases(self) -> Databases:
        """What all databases of this process share.

        Raises:
            ConfigError: the address of the public API isn't known.
        """
        from .kinds.database.databases import Databases

        databases = self._session().part(Databases)
        _ = databases.api
        return databases

    def _preflight(self, olds: Mapping[str, Any], inputs: dict[str, Any]) -> list[CheckFailure]:
        """What the service has against it; fills in the tenant."""
        from .kinds.database.check import is_text, setting_failure
        from .kinds.database.sentences import ADVICE, another_tenant, exists_already
        from .kinds.database.state import changed_inputs

        settings, databases, name = self._settings, self._databases(), inputs.get("name")
        assert settings is not None
        moves = olds.get("connection") != inputs.get("connection")
        before = None if moves else olds.get("tenant")
        whose = ""
        if settings.preflight:
            whose, asked = databases.key_and_tenant(inform)
            if asked.property:
                return [setting_failure(asked.property, asked.reason, inputs)]
        if "tenant" not in inputs:
            if before and whose and before != whose:
                reason = another_tenant(str(name), before, whose, settings.whose_key)
                return [setting_failure("tenant", reason, inputs)]
            inputs |= {"tenant": before or whose} if before or whose else {}
        tenant = inputs.get("tenant")
        is_new = not olds.get("name") or moves or bool(changed_inputs(olds, inputs))
        if not is_new or not is_text(name):
            return []
        if settings.preflight and is_text(tenant):
            asked = databases.ask(str(tenant), str(name), inform)
            if asked.property:
                return [setting_failure(asked.property, asked.reason, inputs)]
            if asked.database is not None and not moves:
                adopts = inputs.get("on_conflict") == "adopt"
                self._inform_once(exists_already(str(name), adopts=adopts))
        self._session().expected.expect_database(settings, str(name))
        if not inputs.get("protected"):
            self._inform_once(ADVICE)
        return []

    def _notice_replacement(self, olds: Mapping[str, Any], changed: list[str]) -> None:
        """Say what becomes of the old one; what is in it is asked where the service can say it."""
        from .kinds.database.sentences import replaced

        found, settings = None, self._settings
        if settings is not None and settings.preflight:
            try:
                session = self._session(olds)
                found = self._of(session).collections(str(olds.get("tenant")), str(olds.get("name")))
            except ChromaSyncError as error:
                inform(f'warning: what is in database "{olds.get("name")}" could not be asked: {error}')
        self._inform_once(replaced(olds, changed, found))

    @staticmethod
    def _of(session: Session) -> Databases:
        from .kinds.database.databases import Databases

        return session.part(Databases)


class _NoOther(TypedDict):
    """No other argument; one that a program passes all the same is named by check, with what was meant."""


class Database(dynamic.Resource, module="chroma-sync", name="Database"):
    """A database of Chroma: what sources, runs and collections are in.

    It is made over Chroma's public API, with the same key. Its name is what it is: another name or tenant is
    a new database, made first, and no collection moves.

    Usage::

        knowledge = chroma_sync.Database(
            "knowledge", name="knowledge", opts=pulumi.ResourceOptions(protect=True)
        )
        docs = chroma_sync.Source(
            "docs", database_name=knowledge.name, github={"repository": "acme/handbook"}
        )

    Args:
        resource_name: name of the resource in the program.
        name: of the database: 3 to 512 letters, digits, ``.``, ``_`` and ``-``.
        tenant: whose it is. Default: ``chroma-sync:tenant``, then ``CHROMA_TENANT``, then the tenant of the
            API key.
        on_conflict: ``"error"`` (default) stops where a database of this name exists; ``"adopt"`` takes it
            over, with all that is in it.
        force_destroy: whether it is deleted though it has collections, with all of them. Default: False,
            and then its deletion fails with their number and names. It counts once it is in the state.
        connection: with which account's settings; see :class:`Source`.
        opts: Pulumi's resource options.

    Bad arguments fail at preview, each with its property path. Under faults, see
    :class:`~pulumi_chroma_sync.errors.OutcomeUnknownError`.
    """

    name: pulumi.Output[str]
    """Its name. It is known at preview, so that a source of the same program is checked with it."""
    tenant: pulumi.Output[str]
    """Whose it is."""
    database_id: pulumi.Output[str]
    """The service's id of it."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        tenant: pulumi.Input[str | None] = None,
        on_conflict: pulumi.Input[Literal["error", "adopt"] | None] = None,
        force_destroy: pulumi.Input[bool | None] = None,
        connection: pulumi.Input[str | None] = None,
        opts: pulumi.ResourceOptions | None = None,
        **others: Unpack[_NoOther],
    ) -> None:
        arguments: dict[str, Any] = {
            "name": name,
            "tenant": tenant,
            "on_conflict": on_conflict,
            "force_destroy": force_destroy,
            "connection": connection,
            **others,
        }
        if opts is not None and opts.protect:
            arguments["protected"] = True  # so that nobody advises it
        inputs = {key: as_input(value, key) for key, value in arguments.items()}
        inputs = {key: value for key, value in inputs.items() if value is not None}
        properties = {"tenant": None, "database_id": None, **inputs}
        super().__init__(DatabaseProvider(), resource_name, properties, opts)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A subclass is the same resource: without this the SDK would give it the type of no resource."""
        super().__init_subclass__(**{"module": "chroma-sync", "name": "Database", **kwargs})

    @classmethod
    def get(
        cls,
        resource_name: str,
        name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        tenant: str | None = None,
        connection: pulumi.Input[str | None] = None,
    ) -> Database:
        """Read a database that exists, without managing it: ``up`` and ``destroy`` never change it.

        Args:
            resource_name: name of the resource in the program.
            name: of the database.
            opts: Pulumi's resource options.
            tenant: whose it is; see the class.
            connection: whose settings; see the class.

        One that isn't there fails the preview.
        """
        options = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=f"{tenant or ''}/{name}"))
        return cls(resource_name, name=name, tenant=tenant, connection=connection, opts=options)
