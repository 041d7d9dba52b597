"""All of ``--sync`` behind one object: what the emulator has of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from .chroma import Chroma
from .embedding import embed
from .failures import SyncStopped
from .process import chroma_server
from .runs import Run, Upload, carry_out
from .targets import Targets

__all__ = ["Syncing", "open_syncing"]


class Syncing:
    """A Chroma server, what is read, and where uploads lie until they are written. Threads may share it.

    Every method that asks the server raises :class:`.failures.SyncFailed` where it doesn't answer.

    Args:
        chroma: the server.
        targets: what is read.
        uploads: a folder.
        own: whether nobody else's data is on the server.
    """

    def __init__(self, chroma: Chroma, targets: Targets, uploads: Path, *, own: bool) -> None:
        self.own = own
        self.chroma = chroma
        self.targets = targets
        self._uploads = uploads

    def carry_out(self, row: Mapping[str, Any], wanted: Callable[[], bool]) -> str:
        """A run of :func:`chroma_sync_emulator.work.next_run`; gives what it did, for people.

        Raises:
            SyncFailed: it can't be done.
            SyncStopped: it is no longer wanted.
        """
        upload = _upload(row)
        run = Run(
            id=row["id"],
            tenant=row["tenant"],
            database=row["database"],
            kind=row["kind"],
            collection=row["collection"],
            source=json.loads(row["document"]),
            details=json.loads(row["metadata"]).get(row["kind"]),
            upload=upload,
        )
        try:
            done = str(carry_out(run, self.targets, self.chroma, wanted))
        except SyncStopped:
            # It is read again.
            raise
        except BaseException:
            _take_away(upload)
            raise
        _take_away(upload)
        return done

    def keep_upload(self) -> IO[bytes]:
        """A file for what is uploaded; it is taken away after the run, or by who doesn't make one."""
        self._uploads.mkdir(parents=True, exist_ok=True)
        return tempfile.NamedTemporaryFile(dir=self._uploads, delete=False)

    def tidy(self, needed: Collection[str]) -> None:
        """Take away all contents of uploads but these."""
        for path in self._uploads.glob("*"):
            if str(path) not in needed:
                path.unlink(missing_ok=True)

    def mirror(self, databases: Iterable[tuple[str, str]]) -> None:
        """Make these databases, each a tenant's name and its own, where the server doesn't have them."""
        for tenant, database in databases:
            self.chroma.make_database(tenant, database)

    def take_away(
        self, collections: Iterable[Mapping[str, Any]], databases: Iterable[tuple[str, str]]
    ) -> None:
        """Delete these collections, and then these databases."""
        for collection in collections:
            self.chroma.delete_collection(collection["tenant"], collection["database"], collection["name"])
        for tenant, database in databases:
            self.chroma.delete_database(tenant, database)

    def make_collection(self, tenant: str, database: str, name: str, finished: bool) -> None:
        """Make a collection where it isn't there, and say whether its ingest is finished."""
        self.chroma.set_metadata(
            self.chroma.make_collection(tenant, database, name), finished_ingest=finished
        )

    def is_finished(self, tenant: str, database: str, name: str) -> bool | None:
        """Whether the ingest of a collection is finished; None where it isn't there."""
        found = self.chroma.collection(tenant, database, name)
        return None if found is None else _finished(found)

    def overview(self, databases: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
        """Collections: ``tenant``, ``database``, ``name``, ``finished_ingest`` and ``count`` of each."""
        return [
            {
                "tenant": tenant,
                "database": database,
                "name": found["name"],
                "finished_ingest": _finished(found),
                "count": found["count"],
            }
            for tenant, database in databases
            for found in sorted(self.chroma.collections(tenant, database), key=lambda found: found["name"])
        ]

    def search(self, tenant: str, database: str, name: str, text: str, limit: int) -> list[dict[str, Any]]:
        """The chunks of a collection that are nearest to a text, by the stand-in's measure."""
        found = self.chroma.collection(tenant, database, name)
        return [] if found is None else self.chroma.query(found, embed(text), limit)


@contextmanager
def open_syncing(
    *, targets: Targets, chroma: str | None = None, store: str = ":memory:"
) -> Iterator[Syncing]:
    """What ``--sync`` needs, for as long as the block lasts.

    Args:
        targets: what is read.
        chroma: a server's URL; None starts one from the wheel, and ends it.
        store: the emulator's; a file has the server's data beside it, in a folder named after it.

    Raises:
        ServerMissing: no server is given, and none can be started.
        SyncFailed: the given server doesn't answer.
    """
    with ExitStack() as stack:
        if store == ":memory:":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chroma-sync-emulator-")))
        else:
            folder = Path(f"{store}-chroma")
        url = chroma or stack.enter_context(chroma_server(folder / "server"))
        server = Chroma(url)
        stack.callback(server.close)
        server.check()
        yield Syncing(server, targets, folder / "uploads", own=chroma is None)


def _upload(row: Mapping[str, Any]) -> Upload | None:
    if row["file"] is None:
        return None
    options = json.loads(row["file"]["options"])
    return Upload(
        name=row["file"]["filename"],
        content_type=row["file"]["content_type"],
        path=Path(row["upload"] or ""),
        custom_id=options["custom_id"],
        metadata=options["metadata"] or {},
    )


def _take_away(upload: Upload | None) -> None:
    if upload is not None:
        upload.path.unlink(missing_ok=True)


def _finished(collection: Mapping[str, Any]) -> bool:
    return (collection["metadata"] or {}).get("finished_ingest") is True
