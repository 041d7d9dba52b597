"""An upload of one file: what a program writes (:class:`FileUpload`) and what the engine calls.

Nothing here imports httpx or pydantic before the engine calls: a user's program loads this module, only
the plugin works with them.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
from pulumi import dynamic
from typing_extensions import TypedDict, Unpack

from .args import ChunkingArgs, EmbeddingArgs, as_input
from .core.border import called_by_the_engine, with_whole_numbers
from .core.terminal import inform
from .errors import ChromaSyncError, ConfigError
from .kinds.invocation.provider import OneRunProvider

__all__ = ["FileUpload", "FileUploadProvider"]


class FileUploadProvider(OneRunProvider):
    """The lifecycle of an upload, as the engine calls it; its run is read and waited for as any other.

    Of these methods only check and create need the file. Every resource's state holds a pickled reference to
    this class by its module and name, so neither may ever change.
    """

    @called_by_the_engine
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        """Normalise and validate the inputs, look at the file, then ask about the key and the database.

        Never raises for bad input: every failure names its property path.
        """
        from .kinds.file_upload.check import check_inputs, setting_failure, without_database_failure

        self._program_runs = True
        settings = self._settings
        inputs, failures = check_inputs(news, *self._database(news))
        if self._config_error is not None:
            # Nobody knows now which database the settings name.
            failures = without_database_failure(failures)
            failures.append(setting_failure(self._config_error.setting, self._config_error.reason, inputs))
        if settings is not None and settings.preflight:
            try:
                settings.require_key()
            except ConfigError as error:
                failures.append(setting_failure(error.setting, error.reason, inputs))
            else:
                problem = self._problem_with_database(inputs, [each.property for each in failures])
                if problem is not None:
                    failures.append(setting_failure(*problem, inputs))
        if not failures:
            self._warn_of_same_document(inputs)
            if not _olds.get("file"):
                self._notice(inputs)
        return dynamic.CheckResult(inputs, failures)

    @called_by_the_engine
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Compare the program with the program. Another content or name is another upload, another path none.

        A failed or cancelled run is another one, too. New first, as for any run.
        """
        from .kinds.file_upload.model import ARGUMENTS
        from .kinds.file_upload.sentences import replaced
        from .kinds.file_upload.spec import changed_inputs
        from .kinds.invocation.sentences import name_in
        from .kinds.invocation.state import is_unfinished

        replaces = changed_inputs(_olds, _news)
        if not replaces and self._is_of_another_account(_id, _olds, _news):
            replaces = ["connection"]
        why, status = replaced(replaces), _olds.get("status")
        if not replaces and status in ("failed", "cancelled"):
            replaces = ["status"]
            error = f" ({_olds['error']})" if _olds.get("error") else ""
            why = f"run {_id} {'failed' if status == 'failed' else 'was cancelled'}{error}; "
        updates = any(_olds.get(each) != _news.get(each) for each in (*ARGUMENTS, "__provider"))
        waits = is_unfinished(_olds) and _news.get("wait", True) is not False
        if self._settings is not None and self._program_runs:
            ownership, entry = self._session().ownership, _olds.get("state_entry")
            if replaces:
                ownership.leaves(_id, entry, None)
                self._notice(_news, why)
            else:
                ownership.stays(_id, entry, None)
                if waits:
                    self._inform_once(
                        f"{name_in(_news)}: run {_id} was {status} when last seen; an up waits for it"
                    )
        return dynamic.DiffResult(
            changes=bool(replaces) or updates or waits, replaces=replaces, delete_before_replace=False
        )

    @called_by_the_engine
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Upload the file exactly once, and wait for its run.

        Raises:
            UnfinishedError: it was uploaded and the run is not complete; it is in the state all the same.
        """
        from .kinds.file_upload.state import declared_in, outputs_of
        from .kinds.file_upload.uploading import Upload
        from .kinds.invocation.watching import watch

        inputs = declared_in(props)
        with Upload(self._session(), inputs) as upload:
            run_id = upload.run()
            outputs = outputs_of(inputs, upload.content, run_id, upload.entry)
            if inputs.get("wait", True):
                outputs = watch(self._session(), inputs, run_id, outputs)
            else:
                outputs = self._seen(run_id, outputs)
        return dynamic.CreateResult(run_id, outputs)

    @called_by_the_engine
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Cancel the run where it is pending. What was indexed stays, and that is said once."""
        from .kinds.file_upload.sentences import remains

        is_replaced = self._settings is not None and self._session().ownership.is_leaving(_id)
        was_cancelled = self._cancel(_id, _props)
        indexed = not was_cancelled and _props.get("status") not in ("failed", "cancelled")
        if indexed and not is_replaced:
            self._inform_once(remains(_props))

    def _is_of_another_account(self, run_id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        """Whether the file has to be uploaded again, with the connection that the program names now.

        The source that the service keeps for uploads says so; it outlives the runs.
        """
        from .kinds.source.sources import Sources

        source_id = olds.get("source_id")
        if olds.get("connection") == news.get("connection") or not isinstance(source_id, str):
            return False
        try:
            return self._is_elsewhere(olds, news, lambda session: session.part(Sources).sees(source_id))
        except ChromaSyncError as error:
            raise error.during(f"move upload {run_id}") from None

    def _inputs(self) -> Sequence[str]:
        from .kinds.file_upload.model import INPUTS

        return INPUTS

    def _problem_with_database(
        self, inputs: Mapping[str, Any], refused: Sequence[str]
    ) -> tuple[str, str] | None:
        """Property and sentence, where the service refuses the key or knows no such database."""
        from .kinds.source.sources import Sources

        database = inputs.get("database_name")
        if not isinstance(database, str) or "database_name" in refused:
            return None
        return self._session().part(Sources).preflight(database, inform)

    def _warn_of_same_document(self, inputs: Mapping[str, Any]) -> None:
        """Say where two resources of the program write over each other."""
        from .core.validation import is_wholly_known
        from .kinds.file_upload.sentences import same_document
        from .kinds.file_upload.spec import document_of
        from .kinds.file_upload.uploads import Uploads
        from .kinds.invocation.sentences import name_in

        document = document_of(inputs)
        names = [inputs.get(name) for name in ("database_name", "collection_name", "filename", "custom_id")]
        if self._settings is None or not is_wholly_known(names):
            return
        other = self._session().part(Uploads).namesake(document, name_in(inputs))
        if other is not None:
            self._inform_once(same_document(inputs, other))

    def _notice(self, inputs: Mapping[str, Any], why: str = "") -> None:
        """Say at preview what an upload that is to be made will do."""
        from .kinds.file_upload.sentences import coming

        if not self._is_announced(inputs):
            self._inform_once(coming(inputs, why))


class _NoOther(TypedDict):
    """No other argument; one that a program passes all the same is named by check, with what was meant."""


class FileUpload(dynamic.Resource, module="chroma-sync", name="FileUpload"):
    """One file, uploaded into a collection and indexed there: once for each content, and waited for.

    The state holds the SHA-256 of what was uploaded. A file with another content is uploaded again, one that
    only lies elsewhere isn't. The file is read and sent a piece at a time, whatever its size. A run that
    fails ends the up with the service's error; the next up uploads the file again.

    Usage::

        guide = chroma_sync.FileUpload(
            "guide", file="guides/guide.pdf", collection_name="guides", metadata={"team": "docs"}
        )
        pulumi.export("collection", guide.collection_name)

    Args:
        resource_name: name of the resource in the program.
        file: path of the file, of 1 byte to 200 MiB, relative to the folder of the program; or a
            ``pulumi.FileAsset``. Only an up that uploads needs it, and every preview.
        collection_name: the collection that it is indexed in; made by the service where there is none.
        filename: the document's name. Default: the file's. The ids of its chunks are made of it, so files of
            one collection need different ones.
        database_name: the database. Default: the setting ``chroma-sync:database``.
        custom_id: what the ids of the chunks begin with in place of the name's hash; at most 120 bytes.
        metadata: what each chunk gets as well: texts, numbers, booleans, null, or lists of one of these; at
            most 16 KiB as JSON, no key that begins with ``chroma_``.
        embedding: how chunks are embedded. Default: the service's.
        chunking: how the file is cut into chunks. Default: the service's.
        content_type: media type, such as ``"text/markdown"``. Default: by the document's name.
        triggers: anything; a change of it uploads again, such as a date.
        wait: whether to wait until the run is over. Default: True. Without it, a refresh brings the state.
        deadline: seconds for the upload, and then for its run. Default: 3600.
        on_deadline: what to do where the run takes longer: ``"fail"`` (default) ends the up with an error,
            ``"cancel"`` cancels the run as well where it is still pending, ``"leave"`` ends the wait without
            an error. The run itself goes on in all other cases.
        connection: with which account's settings; see :class:`Source`. With one of another account the file
            is uploaded there.
        opts: Pulumi's resource options.

    Bad arguments, a file that can't be read among them, fail at preview, each with its property path.
    """

    invocation_id: pulumi.Output[str]
    """The service's id of the run that indexes it; also the resource's id."""
    source_id: pulumi.Output[str]
    """The source that the service keeps for all uploads of the database."""
    status: pulumi.Output[str]
    """One word: ``pending``, ``processing``, ``complete``, ``failed`` or ``cancelled``."""
    error: pulumi.Output[str | None]
    """Why the run failed."""
    created_at: pulumi.Output[str]
    """When it was uploaded, RFC 3339."""
    finished_at: pulumi.Output[str | None]
    """When the run was complete, RFC 3339."""
    collection_name: pulumi.Output[str]
    """The collection. Where the upload is waited for, the file is in it when this is known."""
    database_name: pulumi.Output[str]
    """The database of the collection."""
    filename: pulumi.Output[str]
    """The document's name."""
    sha256: pulumi.Output[str]
    """SHA-256 of the content that was uploaded, in hexadecimal digits."""

    def __init__(
        self,
        resource_name: str,
        *,
        file: pulumi.Input[str | os.PathLike[str] | pulumi.FileAsset],
        collection_name: pulumi.Input[str],
        filename: pulumi.Input[str | None] = None,
        database_name: pulumi.Input[str | None] = None,
        custom_id: pulumi.Input[str | None] = None,
        metadata: pulumi.Input[Mapping[str, Any] | None] = None,
        embedding: pulumi.Input[EmbeddingArgs | None] = None,
        chunking: pulumi.Input[ChunkingArgs | None] = None,
        content_type: pulumi.Input[str | None] = None,
        triggers: pulumi.Input[Any] = None,
        wait: pulumi.Input[bool | None] = None,
        deadline: pulumi.Input[float | None] = None,
        on_deadline: pulumi.Input[Literal["fail", "cancel", "leave"] | None] = None,
        connection: pulumi.Input[str | None] = None,
        opts: pulumi.ResourceOptions | None = None,
        **others: Unpack[_NoOther],
    ) -> None:
        arguments: dict[str, Any] = {
            "file": _as_path(file),
            "collection_name": collection_name,
            "filename": filename,
            "database_name": database_name,
            "custom_id": custom_id,
            "metadata": metadata,
            "embedding": embedding,
            "chunking": chunking,
            "content_type": content_type,
            "triggers": triggers,
            "wait": wait,
            "deadline": deadline,
            "on_deadline": on_deadline,
            "connection": connection,
            **others,
        }
        inputs = {name: as_input(value, name) for name, value in arguments.items()}
        inputs = {name: value for name, value in inputs.items() if value is not None}
        inputs["name"] = resource_name
        super().__init__(FileUploadProvider(), resource_name, {**dict.fromkeys(_COMPUTED), **inputs}, opts)

    @property
    @pulumi.getter
    def size(self) -> pulumi.Output[int]:
        """Bytes of the file."""
        return _whole(pulumi.get(self, "size"))

    @property
    @pulumi.getter
    def duration_ms(self) -> pulumi.Output[int | None]:
        """How long a complete run took, in milliseconds."""
        return _whole(pulumi.get(self, "duration_ms"))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A subclass is the same resource: without this the SDK would give it the type of no resource."""
        super().__init_subclass__(**{"module": "chroma-sync", "name": "FileUpload", **kwargs})


_COMPUTED = (
    "invocation_id",
    "source_id",
    "status",
    "error",
    "created_at",
    "finished_at",
    "duration_ms",
    "database_name",
    "filename",
    "sha256",
    "size",
)


def _as_path(value: Any) -> Any:
    """The path that a program passed as such, as an object with one, or as an asset.

    An asset itself would get stuck in the SDK: it can't read one back out of the state (measured).

    Raises:
        TypeError: it is an asset or archive that is no file.
    """
    if isinstance(value, pulumi.Output) or inspect.isawaitable(value):
        return pulumi.Output.from_input(value).apply(_as_path)
    if isinstance(value, pulumi.FileAsset):
        value = value.path
    if isinstance(value, (pulumi.Asset, pulumi.Archive)):
        kind = type(value).__name__
        raise TypeError(f"file: a {kind} is not uploaded from disk; give a path, or a pulumi.FileAsset")
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _whole(output: Any) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(output).apply(with_whole_numbers)
