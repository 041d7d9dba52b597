"""A set of sources: what a program writes (:class:`SourceSet`) and what the engine calls.

Nothing here imports httpx or pydantic before the engine calls: a user's program loads this module, only
the plugin works with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import dynamic
from typing_extensions import TypedDict, Unpack

from .args import (
    ChunkingArgs,
    EmbeddingArgs,
    EmbeddingModelArgs,
    GithubFields,
    OnConflict,
    S3Fields,
    SetSourceArgs,
    WebScrapeFields,
    as_input,
    compact_sources,
    with_secret_key,
    with_secret_key_in,
)
from .core.border import called_by_the_engine
from .core.provider import Provider
from .core.terminal import inform
from .errors import ChromaSyncError, ConfigError

if TYPE_CHECKING:
    from .kinds.source_set.plan import Plan
    from .kinds.source_set.record import Held, Members

__all__ = ["SourceSet", "SourceSetProvider"]


class SourceSetProvider(Provider):
    """The lifecycle of a set of sources, as the engine calls it.

    Every resource's state holds a pickled reference to this class by its module and name, so neither may
    ever change.

    A create or an update that raises leaves nothing of what it did in the state. So neither does: both record
    what exists, and name in the output ``failures`` what doesn't; :class:`SourceSet` then fails the program.
    """

    @called_by_the_engine
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        """Normalise and validate the inputs, then ask the service about the key and the database.

        Never raises for bad input: every failure names its key and property path.
        """
        from .core.validation import is_known
        from .kinds.source.check import setting_failure, without_database_failure
        from .kinds.source.sources import Sources
        from .kinds.source_set.check import check_set, warnings_of
        from .kinds.source_set.declared import declared_sources, secrets_of
        from .kinds.source_set.plan import plan
        from .kinds.source_set.record import Members

        self._program_runs = True
        settings = self._settings
        inputs, failures = check_set(news, *self._database(news))
        name = _name_in(inputs)
        if self._config_error is not None:
            # Nobody knows now which database the settings name.
            failures = without_database_failure(failures)
            failures.append(setting_failure(self._config_error.setting, self._config_error.reason, inputs))
        declared = declared_sources(inputs)
        for warning in () if failures else warnings_of(declared):
            self._inform_once(f"warning: {name}: {warning}")
        asks = settings is not None and settings.preflight
        try:
            if settings is not None and asks:
                settings.require_key()
        except ConfigError as error:
            failures.append(setting_failure(error.setting, error.reason, inputs))
            asks = False
        database = inputs.get("database_name")
        unusable = any(failure.property == "database_name" for failure in failures)
        if asks and is_known(database) and isinstance(database, str) and not unusable:
            self._session().client.hide(secrets_of(declared.values()))
            sources = self._session().part(Sources)
            problem = sources.preflight(database, inform)
            if problem is not None:
                failures.append(setting_failure(problem[0], problem[1], inputs))
            elif not failures and not _olds.get("sources") and sources.answered(database):
                self._notice_existing(name, declared, declared)
        if not failures and not _olds.get("sources"):
            self._notice(name, plan(Members(), declared))
        return dynamic.CheckResult(inputs, failures)

    @called_by_the_engine
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Compare the program with the program, key by key. Never a replacement of the set as a whole.

        Not even where the database changes: then each source moves by itself, and what fails is left where it
        was, while a replacement would delete all of them before it creates the first.

        Raises:
            SourceClaimedError: another resource of the program has one of these sources, too.
        """
        from .core.validation import is_known
        from .kinds.source_set.record import Members

        members = Members.of(_olds)
        if not is_known(_news.get("sources")):
            self._inform_once(f"{_name_in(_news)}: its sources are not known yet")
            return dynamic.DiffResult(changes=True, replaces=[], delete_before_replace=True)
        declared, planned = self._planned(members, _news)
        changes = planned.changes or any(
            (_olds.get("failures"), _olds.get("drifted"), _olds.get("__provider") != _news.get("__provider"))
        )
        if self._settings is not None and self._program_runs:
            name = _name_in(_news)
            self._tell_ownership(_id, name, members, declared, planned)
            self._notice(name, planned)
            if planned.created and self._settings.preflight:
                self._notice_existing(name, declared, {key: declared[key] for key in planned.created})
        return dynamic.DiffResult(changes=changes, replaces=[], delete_before_replace=True)

    @called_by_the_engine
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Create each source exactly once, or adopt an equal one; what fails is an output."""
        from .core.ownership import new_entry
        from .kinds.source_set.record import Members

        entry = new_entry(self._session().clock.time())
        return dynamic.CreateResult(entry, self._made(entry, Members(), props))

    @called_by_the_engine
    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """The sources as they stand on the service; those that are gone leave, those that changed are named.

        Only the API's own 404 means that one is gone; any other fault raises, and the state keeps all.
        """
        from .kinds.source_set.reading import read_members
        from .kinds.source_set.record import Members, is_of_a_set
        from .kinds.source_set.sentences import found_otherwise

        if not is_of_a_set(props):
            raise ChromaSyncError(
                "a set can't be read by its id. To bring existing sources into one: "
                "pulumi-chroma-sync import --as-set NAME"
            )
        name, before = _name_in(props), Members.of(props)
        reading = read_members(self._session, id_, name, before)
        if (sentence := found_otherwise(name, reading)) is not None:
            inform(sentence)
        return dynamic.ReadResult(
            id_,
            reading.members.outputs(
                name,
                props,
                props.get("failures") or {},
                {**(props.get("drifted") or {}), **reading.drifted},
            ),
        )

    @called_by_the_engine
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Make, replace and delete what the plan says, key by key; what fails is an output."""
        from .kinds.source_set.record import Members

        return dynamic.UpdateResult(self._made(_id, Members.of(_olds), _news))

    @called_by_the_engine
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete every source; one that is gone is no error, one that another resource has is kept.

        Raises:
            ChromaSyncError: some may still be there. The state keeps all; the next try finds the others gone.
        """
        from .kinds.source_set.changing import Change
        from .kinds.source_set.record import Members
        from .kinds.source_set.sentences import undeleted

        members = Members.of(_props)
        total = len(members)
        failures = Change(self._session(), _id, _name_in(_props), members, {}, self._session).delete_all()
        if failures:
            raise undeleted(_name_in(_props), failures, total)

    def _made(self, entry: str, members: Members, news: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs once everything has been tried."""
        from .kinds.source_set.changing import Change

        declared, planned = self._planned(members, news)
        name = _name_in(news)
        change = Change(self._session(), entry, name, members, declared, self._session)
        return members.outputs(name, news, change.carry_out(planned), {})

    def _planned(self, members: Members, news: Mapping[str, Any]) -> tuple[dict[str, Any], Plan]:
        from .kinds.source.sentences import NOT_MOVED, step_of
        from .kinds.source.sources import Sources
        from .kinds.source_set.declared import declared_sources
        from .kinds.source_set.plan import plan

        def is_elsewhere(held: Held) -> bool:
            if held.props.get("connection") == news.get("connection"):
                return False
            try:
                return self._is_elsewhere(
                    held.props, news, lambda session: session.part(Sources).sees(held.id)
                )
            except ChromaSyncError as error:
                raise error.during(step_of("move", held.id, held.props), NOT_MOVED) from None

        declared = declared_sources(news)
        return declared, plan(members, declared, self._was_just_deleted, is_elsewhere)

    def _tell_ownership(
        self, entry: str, name: str, members: Members, declared: Mapping[str, Any], planned: Plan
    ) -> None:
        """Let the process know which sources stay with this set."""
        from .kinds.source.spec import SourceSpec
        from .kinds.source_set.sentences import held_twice

        ownership = self._session().ownership
        stay = {*planned.kept, *planned.moved.values()}
        for key, held in members.held.items():
            if key not in stay:
                inputs = declared.get(key)
                becomes = SourceSpec.from_inputs(inputs) if isinstance(inputs, Mapping) else None
                ownership.leaves(held.id, entry, becomes)
            elif not ownership.stays(held.id, entry, None):
                raise held_twice(name, key, held.id)

    def _notice(self, name: str, planned: Plan) -> None:
        from .kinds.source_set.sentences import coming

        if (sentence := coming(name, planned)) is not None:
            self._inform_once(sentence)

    def _notice_existing(self, name: str, declared: Mapping[str, Any], created: Mapping[str, Any]) -> None:
        """Say at preview how many of the sources to be created exist already."""
        from .kinds.source_set.sentences import meeting

        try:
            notice = meeting(self._session(), name, declared, created)
        except ChromaSyncError as error:
            notice = f"warning: {name}: which of the sources exist already could not be asked: {error}"
        if notice:
            self._inform_once(notice)


def _name_in(props: Mapping[str, Any]) -> str:
    name = props.get("name")
    return name if isinstance(name, str) else "set"


class _NoOther(TypedDict):
    """No other argument; one that a program passes all the same is named by check, with what was meant."""


class SourceSet(dynamic.Resource, module="chroma-sync", name="SourceSet"):
    """Many sources of one database in one resource: one entry of the state, and one line of a preview.

    Each is a source as :class:`Source` makes it: exactly once, old first, adopted where asked for. What fails
    of one key doesn't touch the others: what exists is in the state, the program fails with the keys and the
    reasons, and the next ``up`` does only what is left.

    Usage::

        tenants = chroma_sync.SourceSet(
            "tenants",
            database_name="knowledge",
            sources={
                name: {"s3": {"path_prefix": f"{name}/", "collection_name": name}} for name in names
            },
            s3={"bucket_name": "acme-docs", "region": "eu-central-1", "aws_credential_id": 7},
        )
        pulumi.export("ids", tenants.source_ids)

    Args:
        resource_name: name of the resource in the program.
        sources: key -> source, with exactly one of ``github``, ``web_scrape``, ``s3``. A key is a name of
            your own: a source that gets another key goes over without a request.
        database_name: of all of them. Default: ``chroma-sync:database``, then
            ``CHROMA_DATABASE``. A change moves each source by itself.
        github: fields that every GitHub repository of the set has which doesn't say its own.
        web_scrape: likewise for web sites.
        s3: likewise for buckets; AWS keys are as safe here as in one source.
        chunking: of every source that doesn't say its own.
        embedding: of every source that says neither ``embedding`` nor ``embedding_model``.
        embedding_model: likewise; the older way to say ``embedding.dense``.
        extra: of every source that doesn't say its own; see :class:`Source`.
        on_conflict: ``"error"`` (default) or ``"adopt"``, of every source that doesn't say its own.
        connection: of all of them, see :class:`Source`. A change to another account moves each source by
            itself; to another connection of the same account it is no request.
        opts: Pulumi's resource options. ``retain_on_delete`` is about the set as a whole: the source of a key
            that leaves is deleted.

    Bad arguments fail at preview, each with its key and path.
    """

    source_ids: pulumi.Output[Mapping[str, str]]
    """Key -> the service's id of its source, for every source that exists."""
    database_name: pulumi.Output[str]
    """The database."""
    failures: pulumi.Output[Mapping[str, str]]
    """Key -> why its source isn't as declared; empty after an ``up`` that ended well."""
    drifted: pulumi.Output[Mapping[str, list[str]]]
    """Key -> the properties that a refresh found changed on the service; the next ``up`` sets them right."""

    def __init__(
        self,
        resource_name: str,
        *,
        sources: pulumi.Input[Mapping[str, pulumi.Input[SetSourceArgs]]],
        database_name: pulumi.Input[str | None] = None,
        github: pulumi.Input[GithubFields | None] = None,
        web_scrape: pulumi.Input[WebScrapeFields | None] = None,
        s3: pulumi.Input[S3Fields | None] = None,
        chunking: pulumi.Input[ChunkingArgs | None] = None,
        embedding: pulumi.Input[EmbeddingArgs | None] = None,
        embedding_model: pulumi.Input[EmbeddingModelArgs | str | None] = None,
        extra: pulumi.Input[Mapping[str, Any] | None] = None,
        on_conflict: pulumi.Input[OnConflict | None] = None,
        connection: pulumi.Input[str | None] = None,
        opts: pulumi.ResourceOptions | None = None,
        **others: Unpack[_NoOther],
    ) -> None:
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
        inputs["sources"] = compact_sources(as_input(sources, "sources"))
        inputs["name"] = resource_name
        outputs = dict.fromkeys(("source_ids", "failures", "drifted", "record"))
        # Where the engine is told to replace the set it asks no diff, and would create the new one first.
        defaults = pulumi.ResourceOptions(delete_before_replace=True, additional_secret_outputs=["record"])
        options = pulumi.ResourceOptions.merge(defaults, opts)
        super().__init__(SourceSetProvider(), resource_name, {**outputs, **inputs}, options)
        pulumi.Output.from_input(self.failures).apply(lambda found: _fail(resource_name, found))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A subclass is the same resource: without this the SDK would give it the type of no resource."""
        super().__init_subclass__(**{"module": "chroma-sync", "name": "SourceSet", **kwargs})


_SHOWN = 20


def _fail(name: str, failures: Mapping[str, str] | None) -> None:
    """End the program with what failed. The set is in the state by now, and so are the stack's outputs.

    Raises:
        pulumi.RunError: something failed; the engine shows its message alone.
    """
    if not failures or pulumi.runtime.is_dry_run():
        return
    by_reason: dict[str, list[str]] = {}
    for key, reason in failures.items():
        # Of one and the same reason the service gives each key a trace of its own.
        by_reason.setdefault(re.sub(r" \(trace id [^)]*\)", "", reason.partition("\n")[0]), []).append(key)
    are = "source is" if len(failures) == 1 else "sources are"
    lines = [f"{name}: {len(failures):,} {are} not as declared; all others are, and are in the state."]
    for keys in list(by_reason.values())[:_SHOWN]:
        reason = failures[keys[0]].replace("\n", "\n  ")
        lines.append(f"  {json.dumps(keys[0], ensure_ascii=False)}: {reason}")
        if keys[1:]:
            lines.append(f"    the same of {len(keys) - 1:,} more: {', '.join(keys[1:])}")
    if rest := [key for keys in list(by_reason.values())[_SHOWN:] for key in keys]:
        lines.append(f"  and {len(rest):,} more, with reasons in the output `failures`: {', '.join(rest)}")
    lines.append("Run `pulumi up` again: it does only what is left.")
    raise pulumi.RunError("\n".join(lines))
