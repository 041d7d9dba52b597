"""A git repository of this machine at a branch or commit, read by ``git`` itself, without a checkout."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .documents import LARGEST_FILE, Document, text_of
from .failures import SyncFailed

__all__ = ["read_repository"]

_FILE_MODES = ("100644", "100755")


@dataclass(frozen=True)
class _Blob:
    sha: str
    size: int
    path: str


def read_repository(
    folder: Path, name: str, ref: Mapping[str, str], include_globs: Sequence[str] | None
) -> Iterator[Document]:
    """The text files of a repository. The reference is looked up at once, the files as they are asked for.

    Args:
        folder: the repository, with a work tree or bare.
        name: ``owner/name``, as it is shown.
        ref: ``{"branch": ...}`` or ``{"sha": ...}``.
        include_globs: as in .gitignore (a guess); None is ``["*"]`` (documented), which is each file.

    Raises:
        SyncFailed: the folder is no repository, or has no such branch or commit.
    """
    commit = _commit(folder, name, ref)
    blobs = _matching(_listed(folder, name, commit), include_globs)
    seen = {"repository": name, "commit": commit, **({"branch": ref["branch"]} if "branch" in ref else {})}
    return _documents(folder, name, blobs, seen)


def _commit(folder: Path, name: str, ref: Mapping[str, str]) -> str:
    [(kind, value)] = ref.items()
    missing = SyncFailed(f'{"branch" if kind == "branch" else "commit"} "{value}" not found in {name}')
    if kind == "sha" and not re.fullmatch("[0-9a-fA-F]{7,64}", value):
        raise missing
    if kind == "branch":
        # By its whole name: nothing in it is an operator on another one.
        found = _git(folder, "show-ref", "--verify", "--quiet", "--", f"refs/heads/{value}")
        if found.returncode == 0:
            found = _git(folder, "show-ref", "--verify", "--hash", "--", f"refs/heads/{value}")
    else:
        found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", value + "^{commit}")
    if found.returncode == 0:
        return found.stdout.decode().strip()
    if found.returncode == 1 or b"ambiguous" in found.stderr:
        raise missing
    raise _unreadable(name, found)


def _listed(folder: Path, name: str, commit: str) -> Iterator[_Blob]:
    listed = _git(folder, "ls-tree", "-r", "-z", "--long", commit)
    if listed.returncode != 0:
        raise _unreadable(name, listed)
    for entry in filter(None, listed.stdout.split(b"\0")):
        facts, _, path = entry.partition(b"\t")
        mode, _kind, sha, size = facts.decode().split()
        # Links and submodules are no files of this repository.
        if mode in _FILE_MODES:
            yield _Blob(sha, int(size), path.decode(errors="replace"))


def _matching(blobs: Iterator[_Blob], include_globs: Sequence[str] | None) -> Iterator[_Blob]:
    import pathspec

    try:
        wanted = pathspec.PathSpec.from_lines("gitignore", ["*"] if include_globs is None else include_globs)
    except ValueError as error:
        raise SyncFailed(f"include_globs: {error}") from None
    return (blob for blob in blobs if blob.size <= LARGEST_FILE and wanted.match_file(blob.path))


def _documents(
    folder: Path, name: str, blobs: Iterator[_Blob], seen: Mapping[str, Any]
) -> Iterator[Document]:
    with subprocess.Popen(
        [*_command(folder), "cat-file", "--batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(folder),
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for blob in blobs:
            process.stdin.write(blob.sha.encode() + b"\n")
            process.stdin.flush()
            text = text_of(_content(process.stdout, name))
            if text is not None:
                yield Document(blob.path, blob.path, text, {**seen, "path": blob.path})
        process.stdin.close()


def _content(output: IO[bytes], name: str) -> bytes:
    size = output.readline().split()[-1:]
    if not size or not size[0].isdigit():
        raise SyncFailed(f"{name} can't be read: a file of it is missing in the repository")
    raw = output.read(int(size[0]))
    output.read(1)
    return raw


def _unreadable(name: str, ended: subprocess.CompletedProcess[bytes]) -> SyncFailed:
    said = ended.stderr.decode(errors="replace").strip().splitlines()
    return SyncFailed(f"{name} can't be read: {said[0] if said else 'git failed'}")


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [*_command(folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_environment(folder),
        )
    except FileNotFoundError:
        raise SyncFailed("a repository can't be read: there is no git on PATH") from None


def _command(folder: Path) -> list[str]:
    # What a partial clone lacks is not fetched.
    quiet = ["--no-optional-locks", "--no-replace-objects", "-c", "protocol.allow=never"]
    return ["git", *quiet, "-C", str(folder)]


def _environment(folder: Path) -> dict[str, str]:
    # Who runs the emulator from a hook has GIT_DIR and its like of another repository; and the folder itself
    # is the repository, never one that it happens to be in.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
