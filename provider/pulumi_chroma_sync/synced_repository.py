"""A repository whose every commit has a collection of its own: a source and a run, as one component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi

from .args import ChunkingArgs, EmbeddingArgs
from .invocation import Invocation
from .source import Source

__all__ = ["SyncedRepository"]

_LENGTH = 12
"""Digits of a commit in a collection's name: with 12 no two commits of a repository are alike in practice."""


class SyncedRepository(pulumi.ComponentResource):
    """A GitHub repository in a collection a commit: what most people want, in three lines.

    It is a :class:`Source` and an :class:`Invocation`, both of the component's name. Another commit is one
    new run into a new collection; ``collection_name`` is the old one's until the new one is complete. A
    source and a run of this name that the program had by themselves move in without being touched.

    Usage::

        docs = chroma_sync.SyncedRepository("handbook", repository="acme/handbook", sha=sha)
        pulumi.export("collection", docs.collection_name)

    Args:
        resource_name: name of the resource in the program.
        repository: owner and name: ``"acme/handbook"``.
        sha: the commit that is synced, such as ``os.environ["GITHUB_SHA"]``.
        collection_prefix: what the collections' names begin with; ``-`` and 12 digits of the commit follow.
            Default: the resource's name.
        database_name: the database. Default: ``chroma-sync:database``, then ``CHROMA_DATABASE``.
        app_id: id of your own GitHub app, for private repositories. Default: Chroma's app.
        include_globs: which files to sync. Default: all.
        chunking: how files are cut. Default: the service's.
        embedding: how chunks are embedded. Default: the service's.
        wait: whether to wait until the run is over. Default: True.
        deadline: seconds to wait. Default: 3600.
        on_deadline: what to do then; see :class:`Invocation`.
        on_conflict: ``"error"`` (default) or ``"adopt"``, of the source; see :class:`Source`.
        delete_superseded_collection: whether the collection of the commit before is deleted, once the new
            one is complete; see :class:`Invocation`. Default: False.
        connection: with which account's settings; see :class:`Source`.
        opts: Pulumi's resource options; ``protect`` goes on to both.

    Bad arguments fail at preview, each with its property path.
    """

    source: Source
    """The source."""
    invocation: Invocation
    """The run of the commit."""
    source_id: pulumi.Output[str]
    """The service's id of the source."""
    collection_name: pulumi.Output[str]
    """The collection that has the commit, once its run is complete: what an app reads."""

    def __init__(
        self,
        resource_name: str,
        *,
        repository: pulumi.Input[str],
        sha: pulumi.Input[str],
        collection_prefix: pulumi.Input[str] | None = None,
        database_name: pulumi.Input[str | None] = None,
        app_id: pulumi.Input[str | None] = None,
        include_globs: pulumi.Input[Sequence[pulumi.Input[str]] | None] = None,
        chunking: pulumi.Input[ChunkingArgs | None] = None,
        embedding: pulumi.Input[EmbeddingArgs | None] = None,
        wait: pulumi.Input[bool | None] = None,
        deadline: pulumi.Input[float | None] = None,
        on_deadline: pulumi.Input[Literal["fail", "cancel", "leave"] | None] = None,
        on_conflict: pulumi.Input[Literal["error", "adopt"] | None] = None,
        delete_superseded_collection: pulumi.Input[bool | None] = None,
        connection: pulumi.Input[str | None] = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("chroma-sync:index:SyncedRepository", resource_name, None, opts)
        prefix = resource_name if collection_prefix is None else collection_prefix
        github: dict[str, Any] = {"repository": repository, "app_id": app_id, "include_globs": include_globs}
        own = pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)])
        self.source = Source(
            resource_name,
            database_name=database_name,
            github=_given(github),
            chunking=chunking,
            embedding=embedding,
            on_conflict=on_conflict,
            connection=connection,
            opts=own,
        )
        self.invocation = Invocation(
            resource_name,
            source_id=self.source.source_id,
            target_collection_name=pulumi.Output.all(prefix, sha).apply(_collection_of),
            ref_identifier={"sha": sha},
            wait=wait,
            deadline=deadline,
            on_deadline=on_deadline,
            delete_superseded_collection=delete_superseded_collection,
            connection=connection,
            opts=own,
        )
        self.source_id = self.source.source_id
        self.collection_name = self.invocation.collection_name
        self.register_outputs({"source_id": self.source_id, "collection_name": self.collection_name})


def _collection_of(parts: Sequence[Any]) -> str:
    prefix, sha = parts
    return f"{prefix}-{str(sha)[:_LENGTH]}"


def _given(fields: Mapping[str, Any]) -> Any:
    return {name: value for name, value in fields.items() if value is not None}
