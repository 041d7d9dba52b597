"""Several accounts in one process: the settings of each connection, by its name.

A connection is there where something names it: a setting of its own in the stack's configuration, or its API
key in the environment. The state has the name; the key is looked up anew in every run.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pulumi_chroma_sync.errors import ConfigError
from pulumi_chroma_sync.settings import OF_A_CONNECTION, Settings, load_settings, setting_of, variable_of

from .validation import is_known

__all__ = ["Connection", "Connections"]

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_SETTING = re.compile(r"chroma-sync:([^.]+)\.(.+)", re.DOTALL)
_PLAIN = (*OF_A_CONNECTION, "parallel")
_RULE = 'must be lower-case letters, digits and single dashes between them, such as "team-b"'


@dataclass(frozen=True)
class Connection:
    """What a resource works with.

    Attributes:
        settings: of its connection; None where there are none.
        error: why there are none.
    """

    settings: Settings | None
    error: ConfigError | None = None


class Connections:
    """The connections of one process. Threads may share it.

    Args:
        from_stack: gives the value of a key such as ``chroma-sync:team-b.url``, or None. What
            ``pulumi config set --path`` makes of it, an object under ``chroma-sync:team-b``, is read as well.
        keys: of the whole configuration, as far as they are known: they tell what else there is.
        environ: the environment; ``os.environ`` by default.
    """

    def __init__(
        self,
        from_stack: Callable[[str], Any] = lambda _key: None,
        keys: Iterable[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._from_stack = from_stack
        self._keys = tuple(keys)
        self._environ = os.environ if environ is None else environ
        self._lock = threading.Lock()
        self._found: dict[str | None, Connection] = {}
        self._same: dict[tuple[object, object], bool] = {}

    def at(self, name: object) -> Connection:
        """The connection of this name; None is the plain one.

        Whatever a program names: what can't be a connection has an error, of the property ``connection``.
        """
        if not (name is None or isinstance(name, str)):
            how = "must be a text" if is_known(name) else _NOT_KNOWN
            return Connection(None, ConfigError("connection", how))
        with self._lock:
            if name not in self._found:
                try:
                    self._found[name] = Connection(self._load(name))
                except ConfigError as error:
                    self._found[name] = Connection(None, error)
            return self._found[name]

    @cached_property
    def names(self) -> list[str]:
        """Those that there are, but for the plain one."""
        found = {name for name, _, _ in self._own()}
        prefix = variable_of("apiKey") + "_"
        for variable, value in self._environ.items():
            name = variable.removeprefix(prefix).lower().replace("_", "-")
            if variable.startswith(prefix) and value.strip() and variable == variable_of("apiKey", name):
                found.add(name)
        return sorted(name for name in found if _NAME.fullmatch(name))

    @cached_property
    def secrets(self) -> set[str]:
        """The API keys of all connections, also of those that nothing uses."""
        found: set[str] = set()
        for name in (None, *self.names):
            for value in (
                self._value(setting_of("apiKey", name)),
                self._environ.get(variable_of("apiKey", name)),
            ):
                if isinstance(value, str) and value.strip():
                    found.add(value.strip())
        return found

    def same_account(self, old: object, new: object) -> bool | None:
        """Whether two connections are known to be of one account; None where nobody has found out."""
        return True if old == new else self._same.get((old, new))

    def found_out(self, old: object, new: object, same: bool) -> None:
        """Remember whether two connections are of one account."""
        self._same[old, new] = same

    def _load(self, name: str | None) -> Settings:
        if name is not None:
            if not _NAME.fullmatch(name):
                raise ConfigError("connection", _RULE)
            if name not in self.names and not self._has_settings(name):
                raise ConfigError("connection", self._no_such(name))
            for own, setting, _ in self._own():
                if own == name and setting not in OF_A_CONNECTION:
                    raise ConfigError(f"{name}.{setting}", _misspelt(setting))
        return load_settings(self._value, self._environ, name)

    def _no_such(self, name: str) -> str:
        names = self.names
        known = ", ".join(f'"{each}"' for each in names) or "none"
        near = difflib.get_close_matches(name, names)
        meant = f'; did you mean "{near[0]}"?' if len(near) == 1 else ""
        setting, variable = setting_of("apiKey", name), variable_of("apiKey", name)
        return (
            f'no setting names "{name}"{meant} (known: {known}). To make it one: '
            f"`pulumi config set {setting} --secret` or {variable}"
        )

    def _has_settings(self, name: str) -> bool:
        """Whether a setting of its own is there, where nobody told the keys."""
        return any(self._value(setting_of(each, name)) not in (None, "") for each in OF_A_CONNECTION)

    def _own(self) -> Iterator[tuple[str, str, Any]]:
        """Name, setting and value of what the stack's configuration has for connections."""
        for key in self._keys:
            if (match := _SETTING.fullmatch(key)) is not None:
                yield match[1], match[2], self._from_stack(key)
            elif key.startswith("chroma-sync:") and (name := key.partition(":")[2]) not in _PLAIN:
                for setting, value in _object(self._from_stack(key)).items():
                    yield name, setting, value

    def _value(self, key: str) -> Any:
        value = self._from_stack(key)
        if value in (None, "") and (match := _SETTING.fullmatch(key)) is not None:
            return _object(self._from_stack(f"chroma-sync:{match[1]}")).get(match[2])
        return value


_NOT_KNOWN = (
    "must be known at preview: it decides with which API key everything is asked. Pass a text, or a value of "
    "the stack's configuration, and no output of a resource that is still to be made"
)


def _object(value: Any) -> Mapping[str, Any]:
    """A value of the configuration that is an object; empty for any other."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}


def _misspelt(setting: str) -> str:
    if setting == "parallel":
        return "is for the whole process: set chroma-sync:parallel"
    near = {name.lower(): name for name in OF_A_CONNECTION}
    match = difflib.get_close_matches(setting.lower(), near, n=1)
    meant = f"did you mean {near[match[0]]}?" if match else f"known here: {', '.join(OF_A_CONNECTION)}"
    return f"unknown; {meant}"
