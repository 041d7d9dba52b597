"""A source: what a program writes (:class:`Source`) and what the engine calls (:class:`SourceProvider`).

Nothing here imports httpx or pydantic before the engine calls: a user's program loads this module, only
the plugin works with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import dynamic
from typing_extensions import TypedDict, Unpack

from .args import (
    ChunkingArgs,
    EmbeddingArgs,
    EmbeddingModelArgs,
    GithubArgs,
    OnConflict,
    S3Args,
    WebScrapeArgs,
    as_input,
    may_hold_secrets,
    with_secret_key,
    with_secret_key_in,
)
from .core.border import called_by_the_engine
from .core.provider import Provider
from .core.terminal import inform
from .errors import ChromaSyncError, ConfigError, NotFoundError
from .kinds.source.outputs import ANSWERED, COMPUTED, SourceOutputs, never_there

if TYPE_CHECKING:
    from .kinds.source.sources import Sources

__all__ = ["Source", "SourceProvider"]


class SourceProvider(Provider):
    """The lifecycle of a source, as the engine calls it.

    Every resource's state holds a pickled reference to this class by its module and name, so neither may
    ever change.
    """

    @called_by_the_engine
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        """Normalise and validate the inputs, then ask the service about the key and the database.

        Never raises for bad input: every failure names its property path. The live part asks once for a
        process and database; a service that can't be reached is a warning.
        """
        from .core.validation import is_known
        from .kinds.source.check import check_inputs, setting_failure, without_database_failure
        from .kinds.source.rules import warnings_of
        from .kinds.source.spec import describe
        from .kinds.source.state import declared_in

        self._program_runs = True
        settings = self._settings
        inputs, failures = check_inputs(news, *self._database(news))
        if self._config_error is not None:
            # Nobody knows now which database the settings name.
            failures = without_database_failure(failures)
            failures.append(setting_failure(self._config_error.setting, self._config_error.reason, inputs))
        if not failures:
            for warning in warnings_of(inputs, is_known):
                self._inform_once(f"warning: {describe(inputs)}: {warning}")
        if settings is None or not settings.preflight:
            return dynamic.CheckResult(inputs, failures)
        try:
            settings.require_key()
        except ConfigError as error:
            failures.append(setting_failure(error.setting, error.reason, inputs))
            return dynamic.CheckResult(inputs, failures)
        database = inputs.get("database_name")
        unusable = any(failure.property == "database_name" for failure in failures)
        if is_known(database) and isinstance(database, str) and not unusable:
            problem = self._sources(inputs).preflight(database, inform)
            if problem is not None:
                failures.append(setting_failure(problem[0], problem[1], inputs))
            elif not failures and not declared_in(_olds) and self._sources().answered(database):
                self._notice_existing(inputs)
        return dynamic.CheckResult(inputs, failures)

    @called_by_the_engine
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Compare the program with the program. The API has no update, so any change replaces the source.

        Old first, always: the service refuses two of one identity, and only so do swaps and moves converge.

        Raises:
            SourceClaimedError: two resources of the program have this source.
        """
        from .kinds.source.moving_in import is_of_a_source, may_move_in
        from .kinds.source.sentences import (
            NOT_MOVED,
            held_twice,
            replaced,
            step_of,
            to_another_account,
        )
        from .kinds.source.sources import Sources
        from .kinds.source.spec import SourceSpec, changed_inputs, describe, has_keys, kind_of

        if not is_of_a_source(_olds, _id):
            if self._settings is not None and may_move_in(self._session(), _id, _news):
                inform(f'source {_id} ("{describe(_news)}") comes over from another dynamic provider')
                return dynamic.DiffResult(changes=True, replaces=[])
            kind = kind_of(_news) or "database_name"
            return dynamic.DiffResult(changes=True, replaces=[kind], delete_before_replace=True)
        replaces, is_elsewhere = changed_inputs(_olds, _news), False
        if _olds.get("connection") != _news.get("connection"):
            try:
                is_elsewhere = self._is_elsewhere(
                    _olds, _news, lambda session: session.part(Sources).sees(_id)
                )
                if replaces:
                    self._session(_olds)  # which is to delete it
            except ChromaSyncError as error:
                raise error.during(step_of("move", _id, _olds), NOT_MOVED) from None
            if is_elsewhere:
                replaces.append("connection")
        updates = (_olds.get("on_conflict") or "error") != (_news.get("on_conflict") or "error")
        updates |= _olds.get("connection") != _news.get("connection")
        updates |= bool(_olds.get("retain_on_delete")) != bool(_news.get("retain_on_delete"))
        updates |= has_keys(_olds.get("s3")) != has_keys(_news.get("s3"))
        updates |= _olds.get("__provider") != _news.get("__provider")
        lost = not replaces and self._was_just_deleted(_id)
        if lost:
            replaces = [kind_of(_news) or "database_name"]
        if self._settings is not None and self._program_runs:
            entry, becomes = _olds.get("state_entry"), SourceSpec.from_inputs(_news)
            ownership, retained = self._session().ownership, bool(_olds.get("retain_on_delete"))
            if replaces:
                ownership.leaves(_id, entry, becomes, retained=retained)
            else:
                # With the option still there its own successor says so; see SourceCreation.
                retained &= not _news.get("retain_on_delete")
                if not ownership.stays(_id, entry, becomes, retained=retained):
                    raise held_twice(_olds, _id)
        if lost:
            inform(f"{describe(_olds)}: source {_id} was also that of a resource that left; it is made anew")
        elif is_elsewhere and self._program_runs:
            self._inform_once(to_another_account(_olds, _news, _id))
        elif replaces and self._program_runs:
            self._inform_once(replaced(_olds))
        return dynamic.DiffResult(
            changes=bool(replaces) or updates, replaces=replaces, delete_before_replace=True
        )

    @called_by_the_engine
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Create the source exactly once, or adopt an equal one; see :mod:`.core.exactly_once`."""
        from .kinds.source.creation import SourceCreation
        from .kinds.source.state import declared_in, outputs_of

        inputs = declared_in(props)
        self._sources(inputs)
        creation = SourceCreation(self._session(), inputs)
        source_id, reply = creation.run()
        answer, created_at = (None, "") if reply is None else (reply.body, reply.created_at)
        outputs = outputs_of(inputs, source_id, answer, created_at, creation.entry)
        return dynamic.CreateResult(source_id, outputs)

    @called_by_the_engine
    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """The source as it stands on the service; what is answered otherwise than before comes back as input.

        Only the API's own 404 means that it is gone; any other fault raises, and the state keeps the source.
        """
        from .kinds.source.sentences import step_of
        from .kinds.source.state import NOT_MANAGED, born, declared_in, declaring, outputs_of, refreshed

        declared, refreshing = declared_in(props), "source_id" in props
        managed = refreshing and props.get("state_entry") != NOT_MANAGED  # else it is Source.get
        if managed:
            # An older version's entry gets its identity now; the engine shows no change for it (measured).
            props = {**props, "state_entry": props.get("state_entry") or self._new_entry()}
            self._session().ownership.seen(id_, props["state_entry"])
        step = step_of("read", id_, declared)
        try:
            made_at = born(props) if managed else None
            reply = self._sources(declared).read(declared.get("database_name"), id_, made_at)
        except ChromaSyncError as error:
            raise error.during(step) from None
        if reply is None and not refreshing:
            # There the engine would take an empty answer for a source.
            raise NotFoundError(
                "the service has no such source, or not for this API key. To see what there is: "
                "pulumi-chroma-sync list --database NAME",
                status=404,
            ).during(step)
        if reply is None:
            self._session().ownership.deleted(id_)
            return dynamic.ReadResult("", {})
        if not managed:
            if reply.problem is not None:
                raise ChromaSyncError(f"this version can't read it: {reply.problem}", step=step)
            named = {name: declared[name] for name in ("connection",) if name in declared}
            inputs = {**declaring(reply.body), **named}
            outputs = outputs_of(inputs, id_, reply.body, reply.created_at, NOT_MANAGED)
            return dynamic.ReadResult(id_, outputs)
        if reply.problem is not None or reply.kind is None:
            what = reply.problem or "its kind is none that this version knows"
            inform(f"warning: {step}: kept in the state as it is, this version can't read it: {what}")
            return dynamic.ReadResult(id_, _own(props), declared)
        inputs, outputs = refreshed(props, reply.body, reply.created_at)
        return dynamic.ReadResult(id_, outputs, inputs)

    @called_by_the_engine
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Only what the service never sees changed: keep the new inputs, without a request.

        The resource of another dynamic provider comes over as it stands, see ``docs/import.md``.
        """
        from .kinds.source.moving_in import is_of_a_source, moved_in
        from .kinds.source.state import outputs_after_update

        if not is_of_a_source(_olds, _id):
            self._sources(_news)
            return dynamic.UpdateResult(moved_in(self._session(), _id, _news, self._new_entry()))
        return dynamic.UpdateResult(outputs_after_update(_olds, _news))

    @called_by_the_engine
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the source; one that is gone already is no error, one that another entry has is kept."""
        from .kinds.source.sentences import step_of
        from .kinds.source.state import born, declared_in

        declared, entry = declared_in(_props), _props.get("state_entry")
        ownership = self._session().ownership
        if not ownership.release(_id, entry):
            inform(f"kept source {_id}: another resource of this stack has it")
            return
        try:
            deleted = self._sources(declared).delete(
                declared.get("database_name"), _id, born(_props), was_read="created_at" in _props
            )
        except ChromaSyncError as error:
            ownership.seen(_id, entry)
            raise error.during(step_of("delete", _id, declared)) from None
        ownership.deleted(_id)
        if not deleted:
            inform(f"source {_id} was already gone")

    def _new_entry(self) -> str:
        from .core.ownership import new_entry

        return new_entry(self._session().clock.time())

    def _sources(self, inputs: Mapping[str, Any] | None = None) -> Sources:
        """What all sources of this process share; secrets among these inputs stay out of every error."""
        from .kinds.source.sources import Sources
        from .kinds.source.state import secrets_in

        session = self._session()
        session.client.hide(secrets_in(inputs or {}))
        return session.part(Sources)

    def _notice_existing(self, inputs: Mapping[str, Any]) -> None:
        """Say at preview when the source to be created will meet one that exists."""
        from .kinds.source.creation import notice_of_existing

        try:
            notice = notice_of_existing(self._session(), inputs)
        except ChromaSyncError as error:
            notice = f"warning: whether the source exists already could not be asked: {error}"
        if notice:
            inform(notice)


def _own(props: Mapping[str, Any]) -> dict[str, Any]:
    """The properties without the SDK's own."""
    return {name: value for name, value in props.items() if name != "__provider"}


class _NoOther(TypedDict):
    """No other argument; one that a program passes all the same is named by check, with what was meant."""


class Source(SourceOutputs, module="chroma-sync", name="Source"):
    """A source: a repository, web site or bucket that Chroma syncs into collections of one database.

    Exactly one of ``github``, ``web_scrape``, ``s3``. The API has no update, so any change replaces the
    source; collections keep what was synced.

    Usage::

        docs = chroma_sync.Source(
            "docs",
            database_name="knowledge",
            github={"repository": "acme/handbook", "include_globs": ["**/*.md"]},
        )
        pulumi.export("source_id", docs.source_id)

    Args:
        resource_name: name of the resource in the program.
        database_name: the database, such as the ``name`` of a :class:`Database`. Default:
            ``chroma-sync:database``, then ``CHROMA_DATABASE``.
        github: a GitHub repository.
        web_scrape: a web site.
        s3: an S3 bucket, or the part of it below a prefix.
        chunking: how files are cut. Default: the service's (tree-sitter, then markdown, then lines).
        embedding: how chunks are embedded. Default: the service's.
        embedding_model: the older way to say ``embedding.dense``: an object, or the model's bare name.
        extra: fields and values that the service knows and this version doesn't, merged object by object
            over the request. Compared as a whole; a change replaces.
        on_conflict: ``"error"`` (default) stops where an equal source exists; ``"adopt"`` takes it over.
            Never part of the source itself: changing it is no request.
        connection: whose settings: ``"team-b"`` for ``chroma-sync:team-b.apiKey`` or
            ``CHROMA_API_KEY_TEAM_B`` and their like. Known at preview. Default: the plain ones. Another one
            of the same account is an update without a request; of another account a replacement.
        opts: Pulumi's resource options.

    Bad arguments fail at preview, each with its property path. Under faults, see
    :class:`~pulumi_chroma_sync.errors.OutcomeUnknownError` and
    :class:`~pulumi_chroma_sync.errors.SourceExistsError`.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        database_name: pulumi.Input[str | None] = None,
        github: pulumi.Input[GithubArgs | None] = None,
        web_scrape: pulumi.Input[WebScrapeArgs | None] = None,
        s3: pulumi.Input[S3Args | None] = None,
        chunking: pulumi.Input[ChunkingArgs | None] = None,
        embedding: pulumi.Input[EmbeddingArgs | None] = None,
        embedding_model: pulumi.Input[EmbeddingModelArgs | str | None] = None,
        extra: pulumi.Input[Mapping[str, Any] | None] = None,
        on_conflict: pulumi.Input[OnConflict | None] = None,
        connection: pulumi.Input[str | None] = None,
        opts: pulumi.ResourceOptions | None = None,
        **others: Unpack[_NoOther],
    ) -> None:
        if "retain_on_delete" in others:
            raise TypeError(
                "retain_on_delete is an option: pass opts=pulumi.ResourceOptions(retain_on_delete=True)"
            )
        arguments: dict[str, Any] = {
            "database_name": database_name,
            "github": github,
            "web_scrape": web_scrape,
            "s3": s3,
            "chunking": chunking,
            "embedding": embedding,
            "embedding_model": embedding_model,
            "extra": extra,
            "on_conflict": on_conflict,
            "connection": connection,
            **others,
        }
        inputs = {name: as_input(value, name) for name, value in arguments.items()}
        inputs["s3"] = with_secret_key(inputs["s3"])
        inputs["extra"] = with_secret_key_in(inputs["extra"])
        if opts is not None and opts.retain_on_delete:
            # A source that this resource retained may be met again by its successor, and is its own then.
            inputs["retain_on_delete"] = True
        # Where the engine is told to replace a source it asks no diff, and would create the new one first.
        options = pulumi.ResourceOptions(delete_before_replace=True)
        if may_hold_secrets(inputs["extra"]):
            # The service may repeat them, and the engine knows a secret by its place among the inputs alone.
            options.additional_secret_outputs = list(ANSWERED)
        if opts is not None:
            options = pulumi.ResourceOptions.merge(options, opts)
        never = never_there(inputs) if options.id is None else set()
        properties = {name: value for name, value in {**COMPUTED, **inputs}.items() if name not in never}
        super().__init__(SourceProvider(), resource_name, properties, options)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A subclass is the same resource: without this the SDK would give it the type of no resource."""
        super().__init_subclass__(**{"module": "chroma-sync", "name": "Source", **kwargs})

    @classmethod
    def get(
        cls,
        resource_name: str,
        id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
        *,
        connection: pulumi.Input[str | None] = None,
    ) -> Source:
        """Read a source that exists, without managing it: ``up`` and ``destroy`` never change it.

        Args:
            resource_name: name of the resource in the program.
            id: the source's id.
            opts: Pulumi's resource options.
            connection: whose settings; see the class.

        The whole source is in the outputs. One that isn't there fails the preview.
        """
        # A class of the user's own may have a constructor that takes no connection.
        named: dict[str, Any] = {} if connection is None else {"connection": connection}
        options = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id))
        return cls(resource_name, opts=options, **named)
