"""The file on disk: what it is, and how it is read without ever being in memory as a whole."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from pulumi_chroma_sync.core.cancelling import is_cancelled
from pulumi_chroma_sync.core.waiting import CancelledError
from pulumi_chroma_sync.errors import ChromaSyncError

from .model import LARGEST_FILE

__all__ = ["Content", "Reading", "UnusableFileError", "look_at", "opened", "size_in_words"]

_PIECE = 2**20
"""Bytes that are hashed at a time."""


class UnusableFileError(ChromaSyncError):
    """There is no file that can be uploaded; the message goes on where the file was named."""


@dataclass(frozen=True)
class Content:
    """What is in a file.

    Attributes:
        sha256: in hexadecimal digits.
        size: in bytes.
    """

    sha256: str
    size: int


def look_at(path: str) -> Content:
    """What is in the file of this path now; read only where it seems to have changed since the last look.

    Args:
        path: relative to the working directory, which is the program's (measured).

    Raises:
        UnusableFileError: there is none, it can't be read, or the API takes none of that size.
    """
    with opened(path) as file:
        return _content(path, _signature(file))


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The file, to be read from its beginning.

    Raises:
        UnusableFileError: as for :func:`look_at`.
    """
    try:
        # A named pipe would hold up whoever opens it.
        _require_file(os.stat(path))
        file = open(path, "rb")
    except FileNotFoundError:
        raise UnusableFileError(
            f"is not there: looked for {os.path.abspath(path)}; a relative path begins in the folder of the "
            "program"
        ) from None
    except (OSError, ValueError) as error:
        raise UnusableFileError(f"can't be read: {_reason(error)}") from None
    with file:
        _require_file(os.fstat(file.fileno()))
        yield file


def _require_file(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise UnusableFileError("is a folder; an upload is one file, so declare a FileUpload for each")
    if not stat.S_ISREG(found.st_mode):
        raise UnusableFileError("is no regular file")
    if found.st_size == 0:
        raise UnusableFileError("is empty; the API takes files of 1 byte to 200 MiB")
    if found.st_size > LARGEST_FILE:
        raise UnusableFileError(
            f"has {found.st_size:,} bytes; the API takes at most 200 MiB ({LARGEST_FILE:,} bytes)"
        )


def _signature(file: BinaryIO) -> tuple[int, ...]:
    """What changes with a file's content, as far as the file system says."""
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@functools.lru_cache(maxsize=4096)
def _content(path: str, signature: tuple[int, ...]) -> Content:
    """The engine has a program's inputs checked twice and more: the file is read once for all of them."""
    digest, size = hashlib.sha256(), 0
    with opened(path) as file:
        try:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        except OSError as error:
            raise UnusableFileError(f"can't be read: {_reason(error)}") from None
        if _signature(file) != signature or size != signature[2]:
            raise UnusableFileError("changes while it is read; run the same command again")
    return Content(digest.hexdigest(), size)


class Reading:
    """A file's bytes on their way to the service: never more, and never others, than were looked at before.

    Args:
        file: opened at its beginning.
        content: what is in it.
        tell: told after each piece how many bytes were read.
        at_end: called once all were read and are the right ones, and before the request is completed. What it
            raises ends the request.
    """

    def __init__(
        self, file: BinaryIO, content: Content, tell: Callable[[int], None], at_end: Callable[[], None]
    ) -> None:
        self._file, self._content, self._tell, self._at_end = file, content, tell, at_end
        self._digest = hashlib.sha256()
        self._read = 0

    def read(self, size: int) -> bytes:
        """The next bytes, ``size`` of them at most; none at the end.

        Raises:
            CancelledError: the engine asked to stop.
            UnusableFileError: what is in the file is not what was looked at.
        """
        if is_cancelled():
            raise CancelledError
        try:
            piece = self._file.read(min(size, self._content.size - self._read))
        except OSError as error:
            raise UnusableFileError(f"can't be read: {_reason(error)}") from None
        if piece:
            self._digest.update(piece)
            self._read += len(piece)
            self._tell(self._read)
            return piece
        # What was appended since is of no matter: all that was sent is what was looked at.
        if self._read != self._content.size or self._digest.hexdigest() != self._content.sha256:
            raise UnusableFileError("changed while it was uploaded; run `pulumi up` again")
        self._at_end()
        return b""


def size_in_words(size: int) -> str:
    """A size such as ``12.4 MiB``."""
    if size < 2**10:
        return "1 byte" if size == 1 else f"{size} bytes"
    unit, name = (2**10, "KiB") if size < 2**20 else (2**20, "MiB")
    return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"


def _reason(error: OSError | ValueError) -> str:
    """Why, without a path: the property's value is it."""
    strerror = getattr(error, "strerror", None)
    return str(strerror).lower() if strerror else "the path is none that the system takes"
