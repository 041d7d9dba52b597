"""Where repositories, sites and buckets are on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from .failures import SyncFailed

__all__ = ["KINDS", "Targets", "parse_target", "site_key"]

KINDS = ("repo", "site", "bucket")
"""What can be mapped: ``owner/name``, an address, a bucket's name."""


@dataclass
class Targets:
    """What stands for what. Threads may share it: an entry is put in as a whole.

    Args:
        repo: a git repository's folder for each ``owner/name``.
        site: a folder of pages for each address.
        bucket: a folder of objects for each bucket.
    """

    repo: dict[str, Path] = field(default_factory=dict)
    site: dict[str, Path] = field(default_factory=dict)
    bucket: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, **kinds: Mapping[str, str | Path] | None) -> Targets:
        """From a mapping for each kind; raises ValueError as :meth:`put` does."""
        targets = cls()
        for kind, names in kinds.items():
            for name, path in (names or {}).items():
                targets.put(kind, name, path)
        return targets

    def put(self, kind: str, name: str, path: str | Path) -> None:
        """Map one more, or elsewhere.

        Raises:
            ValueError: it has not the form of its kind, or there is no such folder.
        """
        folder = Path(path).expanduser().resolve()
        if kind == "repo" and len(list(filter(None, name.split("/")))) != 2:
            raise ValueError(f'repo "{name}": must be owner/name')
        if kind == "site":
            address = urlsplit(name)
            if address.scheme not in ("http", "https") or not address.hostname or address.query:
                raise ValueError(
                    f'site "{name}": must be an http or https address, such as https://docs.acme.com/'
                )
        if not folder.is_dir():
            raise ValueError(f'{kind} "{name}": there is no folder {folder}')
        getattr(self, kind)[_normal(kind, name)] = folder

    def repository(self, name: str) -> Path:
        """A repository's folder; SyncFailed where it is not mapped."""
        return self._found("repo", name)

    def bucket_of(self, name: str) -> Path:
        """A bucket's folder; SyncFailed where it is not mapped."""
        return self._found("bucket", name)

    def site_of(self, address: str) -> tuple[str, Path]:
        """The longest mapped address that an address is below, and its folder; SyncFailed without one."""
        try:
            normal = _normal("site", address)
        except ValueError:
            raise SyncFailed("starting_url is no address that can be read") from None
        below = [prefix for prefix in self.site if normal.startswith(prefix)]
        if not below:
            raise SyncFailed(f'site "{site_key(address)}" not found: the emulator maps {self._known("site")}')
        prefix = max(below, key=len)
        return prefix, self.site[prefix]

    def describe(self) -> dict[str, dict[str, str]]:
        """As JSON."""
        return {kind: {name: str(path) for name, path in getattr(self, kind).items()} for kind in KINDS}

    def _found(self, kind: str, name: str) -> Path:
        mapped: dict[str, Path] = getattr(self, kind)
        folder = mapped.get(_normal(kind, name))
        if folder is None:
            called = {"repo": "repository", "bucket": "bucket"}[kind]
            raise SyncFailed(f'{called} "{name}" not found: the emulator maps {self._known(kind)}')
        return folder

    def _known(self, kind: str) -> str:
        names = ", ".join(sorted(getattr(self, kind))) or "none"
        return f"{names} (--{kind} NAME=FOLDER)"


def parse_target(text: str) -> tuple[str, str]:
    """``NAME=FOLDER``; the name may have a ``=`` in it as long as the folder has none.

    Raises:
        ValueError: it is not of this form.
    """
    name, equals, path = text.rpartition("=")
    if not (name and equals and path):
        raise ValueError(f'"{text}": must be NAME=FOLDER')
    return name, path


def _normal(kind: str, name: str) -> str:
    if kind == "repo":
        return name.lower()
    if kind == "site":
        return site_key(name).rstrip("/") + "/"
    return name


def site_key(address: str) -> str:
    """The form that tells pages apart: no user, query, fragment or default port; host in lower case."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path or '/'}"
