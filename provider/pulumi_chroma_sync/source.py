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
    with_secret_key,
)
from .errors import ChromaSyncError, ConfigError, NotFoundError, SourceClaimedError
from .terminal import plainly, say

if TYPE_CHECKING:
    from .config import Settings
    from .session import Session

__all__ = ["Source", "SourceProvider"]


class SourceProvider(dynamic.ResourceProvider):
    """The lifecycle of a source, as the engine calls it.

    Every resource's state holds a pickled reference to this class by its module and name, so neither may
    ever change. An instance has no attributes until the engine configures it, in the plugin's process.
    """

    serialize_as_secret_always = False

    _settings: Settings | None = None
    _config_error: ConfigError | None = None

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Read the settings. A wrong one is kept until check can name it as a property's failure."""
        from .config import load_settings

        try:
            self._settings = load_settings(req.config.get)
        except ConfigError as error:
            self._config_error = error

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        """Normalise and validate the inputs, then ask the service about the key and the database.

        Never raises for bad input: every failure names its property path. The live part asks once for a
        process and database; a service that can't be reached is a warning.
        """
        from .state import declared_in
        from .validation import check_inputs, failure_of, is_known, without_database_failure

        settings = self._settings
        inputs, failures = check_inputs(news, settings.database if settings else None)
        if self._config_error is not None:
            # Nobody knows now which database the settings name.
            failures = without_database_failure(failures)
            failures.append(failure_of(self._config_error.setting, self._config_error.reason, inputs))
        if settings is None or not settings.preflight:
            return dynamic.CheckResult(inputs, failures)
        try:
            settings.require_key()
        except ConfigError as error:
            failures.append(failure_of(error.setting, error.reason, inputs))
            return dynamic.CheckResult(inputs, failures)
        database = inputs.get("database_name")
        if is_known(database) and isinstance(database, str) and database:
            self._session().client.hide(inputs)
            problem = self._session().preflight(database, say)
            if problem is not None:
                failures.append(failure_of(*problem, inputs))
            elif not failures and not declared_in(_olds) and self._session().answered(database):
                self._notice_existing(inputs)
        return dynamic.CheckResult(inputs, failures)

    @plainly
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Compare meaning. The API has no update, so any change of the source itself replaces it.

        Old first exactly where old and new have one identity, because the service answers 409 otherwise.

        Raises:
            SourceClaimedError: another resource took this source over in this very run.
        """
        from .meaning import changed_inputs, describe, identity, is_update

        if self._settings is not None and not self._session().manages(_id):
            raise SourceClaimedError(
                f'source {_id} ("{describe(_olds)}") is now in the state twice: another resource of this '
                'program adopted it (on_conflict="adopt") before this one was looked at. Take one of the two '
                "out of the program, and out of the state with `pulumi state delete URN`, which leaves the "
                "source itself alone."
            )
        old_identity = identity(_olds)
        collides = old_identity is not None and old_identity == identity(_news)
        replaces = changed_inputs(_olds, _news)
        if replaces:
            order = f"old first, both read {describe(_olds)}" if collides else "new first"
            say(
                f"{describe(_olds)}: the Sync API has no update, so an up replaces the source ({order}). "
                "Collections keep what was synced; the next run decides what is added."
            )
        return dynamic.DiffResult(
            changes=bool(replaces) or is_update(_olds, _news),
            replaces=replaces,
            delete_before_replace=collides,
        )

    @plainly
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Create the source exactly once; see :mod:`.creation` for what happens under faults."""
        from .creation import Creation
        from .meaning import describe
        from .state import declared_in, state_of

        session, inputs = self._session(), declared_in(props)
        source_id = Creation(session, inputs, adopt=inputs.get("on_conflict") == "adopt").run()
        reply = None
        try:
            reply = session.client.get_source(source_id)
        except ChromaSyncError as error:
            # The source is there and must reach the state: what the service decided can wait for a refresh.
            say(f'created source {source_id} ("{describe(inputs)}"), but could not read it back: {error}')
        return dynamic.CreateResult(source_id, state_of(inputs, source_id, reply, {}))

    @plainly
    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """The source as it stands on the service; a field changed there comes back as an input.

        Only a 404 means that it is gone; any other fault raises, and the state keeps the source.
        """
        from .drift import whole
        from .explanations import step_of
        from .meaning import kind_of
        from .state import declared_in, refreshed, state_of

        session, declared = self._session(), declared_in(props)
        session.client.hide(declared)
        if "source_id" in props:
            session.manages(id_)
        try:
            reply = session.read(declared.get("database_name"), id_)
        except ChromaSyncError as error:
            error.args = (f"{step_of('read', id_, declared)}: {error}",)
            raise
        if reply is None:
            if "source_id" not in props:
                # Not a refresh but Source.get, and there the engine would take an empty answer for a source.
                raise NotFoundError(
                    f"{step_of('read', id_, declared)}: the service has no such source, or not for this API "
                    "key. To see what there is: pulumi-chroma-sync list --database NAME",
                    status=404,
                )
            return dynamic.ReadResult("", {})
        if kind_of(declared) is None:
            inputs = whole(reply)
            return dynamic.ReadResult(id_, state_of(inputs, id_, reply, props))
        inputs, outputs = refreshed(declared, id_, reply, props)
        return dynamic.ReadResult(id_, outputs, inputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Only what the service never sees changed: keep the new inputs, without a request."""
        from .meaning import has_keys
        from .models import INPUTS
        from .state import declared_in

        kept = {name: value for name, value in _olds.items() if name not in INPUTS and name != "__provider"}
        if not has_keys(_news.get("s3")):
            kept.pop("aws_credential_id", None)  # of inline keys that the program no longer passes
        return dynamic.UpdateResult({**kept, **declared_in(_news)})

    @plainly
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the source; one that is gone already is no error."""
        from .explanations import step_of
        from .state import declared_in

        session, declared = self._session(), declared_in(_props)
        session.client.hide(declared)
        if session.was_adopted(_id):
            say(f"kept source {_id}: another resource of this program adopted it in this run")
            return
        try:
            if not session.delete(declared.get("database_name"), _id):
                say(f"source {_id} was already gone")
        except ChromaSyncError as error:
            error.args = (f"{step_of('delete', _id, declared)}: {error}",)
            raise

    def _session(self) -> Session:
        from .session import session_for

        if self._settings is None:
            raise self._config_error or ConfigError("apiKey", "the provider was not configured")
        return session_for(self._settings)

    def _notice_existing(self, inputs: Mapping[str, Any]) -> None:
        """Say at preview when the source to be created will meet one that exists."""
        from .creation import meets
        from .validation import is_wholly_known

        if is_wholly_known(inputs):
            try:
                notice = meets(self._session(), dict(inputs))
            except ChromaSyncError as error:
                notice = f"warning: whether the source exists already could not be asked: {error}"
            if notice:
                say(notice)


class _NoOther(TypedDict):
    """No other argument; one that a program passes all the same is named by check, with what was meant."""


class Source(dynamic.Resource, module="chroma-sync", name="Source"):
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
        database_name: the database; it must exist. Default: ``chroma-sync:database``, then
            ``CHROMA_DATABASE``.
        github: a GitHub repository.
        web_scrape: a web site.
        s3: an S3 bucket, or the part of it below a prefix.
        chunking: how files are cut. Default: the service's (tree-sitter, then markdown, then lines).
        embedding: how chunks are embedded. Default: the service's.
        embedding_model: the older way to say ``embedding.dense``: an object, or the model's bare name.
        on_conflict: ``"error"`` (default) stops where an equal source exists; ``"adopt"`` takes it over.
            Never part of the source itself: changing it is no request.
        opts: Pulumi's resource options.

    Bad arguments fail at preview, each with its property path. Under faults, see
    :class:`~pulumi_chroma_sync.errors.OutcomeUnknownError` and
    :class:`~pulumi_chroma_sync.errors.SourceExistsError`.
    """

    source_id: pulumi.Output[str]
    """The service's id of the source (a UUID); also the resource's id."""
    created_at: pulumi.Output[str]
    """When the service created it, RFC 3339."""
    database_name: pulumi.Output[str]
    """The database."""
    github: pulumi.Output[Mapping[str, Any] | None]
    """As declared."""
    web_scrape: pulumi.Output[Mapping[str, Any] | None]
    """As declared."""
    s3: pulumi.Output[Mapping[str, Any] | None]
    """As declared; an AWS secret key in it is a secret."""
    chunking: pulumi.Output[Mapping[str, Any] | None]
    """As declared."""
    embedding: pulumi.Output[Mapping[str, Any] | None]
    """As declared."""
    embedding_model: pulumi.Output[Any]
    """As declared."""
    effective_chunking: pulumi.Output[Mapping[str, Any] | None]
    """The chunking that the service applies, its defaults filled in."""
    effective_embedding: pulumi.Output[Mapping[str, Any] | None]
    """The embedding that the service applies, its defaults filled in."""
    aws_credential_id: pulumi.Output[int | None]
    """The credential that the service made of inline AWS keys; None without them."""
    server_defaults: pulumi.Output[Mapping[str, Any] | None]
    """Fields of the kind that the service filled in by itself when the source was created."""

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
        on_conflict: pulumi.Input[OnConflict | None] = None,
        opts: pulumi.ResourceOptions | None = None,
        **others: Unpack[_NoOther],
    ) -> None:
        inputs: dict[str, Any] = {
            "database_name": database_name,
            "github": github,
            "web_scrape": web_scrape,
            "s3": with_secret_key(s3),
            "chunking": chunking,
            "embedding": embedding,
            "embedding_model": embedding_model,
            "on_conflict": on_conflict,
            **others,
        }
        outputs = dict.fromkeys(
            (
                "source_id",
                "created_at",
                "effective_chunking",
                "effective_embedding",
                "aws_credential_id",
                "server_defaults",
            )
        )
        super().__init__(SourceProvider(), resource_name, {**outputs, **inputs}, opts)

    @classmethod
    def get(
        cls, resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> Source:
        """Read a source that exists, without managing it: ``up`` and ``destroy`` never change it.

        Args:
            resource_name: name of the resource in the program.
            id: the source's id.
            opts: Pulumi's resource options.

        The whole source is in the outputs. One that isn't there fails the preview.
        """
        return cls(resource_name, opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id)))
