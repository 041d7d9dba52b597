"""The plugin process, played in this one: the provider is called as the SDK calls it."""

from __future__ import annotations

import copy
import io
import json
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import dill  # type: ignore[import-untyped]
from pulumi import dynamic

from pulumi_chroma_sync import SourceProvider
from pulumi_chroma_sync.api.client import SyncClient
from pulumi_chroma_sync.core.provider import Provider
from pulumi_chroma_sync.core.session import Session, Sessions
from pulumi_chroma_sync.settings import Settings

__all__ = ["Bag", "Process", "wire"]

Bag = dict[str, Any]
"""Properties, as the engine keeps them."""

_R = TypeVar("_R")
_ears = threading.local()
_calls: list[list[str]] = []
"""What the calls under way have told."""


class _Switchboard(io.TextIOBase):
    """A stdout that gives each thread's words to whoever listens in that thread."""

    def __init__(self, otherwise: Any) -> None:
        self._otherwise = otherwise

    def write(self, text: str) -> int:
        told: list[str] | None = getattr(_ears, "told", None)
        if told is None and len(_calls) == 1:
            told = _calls[0]  # a thread that the one call of this moment has started
        if told is None:
            return int(self._otherwise.write(text))
        told.append(text)
        return len(text)

    def flush(self) -> None:
        self._otherwise.flush()


_installing = threading.Lock()


def _listen() -> None:
    with _installing:
        if not isinstance(sys.stdout, _Switchboard):
            sys.stdout = _Switchboard(sys.stdout)


def wire(bag: Mapping[str, Any]) -> Bag:
    """These properties as they come out of gRPC: fresh, every number a float."""
    read: Bag = json.loads(json.dumps(bag), parse_int=float)
    return read


class Process:
    """One plugin process: a provider that is unpickled, configured, and called until the command ends.

    Args:
        url: the service's.
        key: the API key.
        client: makes the one client of the process, where it isn't to speak real HTTP.
        provider: the class of the provider.
        config: further stack configuration.

    Attributes:
        told: every line that the user has seen, errors with their traceback included.
    """

    def __init__(
        self,
        url: str,
        key: str,
        client: Callable[[Settings], SyncClient] | None = None,
        provider: type[Provider] = SourceProvider,
        **config: Any,
    ) -> None:
        raw = {f"chroma-sync:{name}": str(value) for name, value in {"deadline": 60, **config}.items()}
        raw |= {"chroma-sync:url": url, "chroma-sync:apiKey": key}
        self._request = dynamic.ConfigureRequest(dynamic.Config(raw, "project"))
        self.provider: Provider = dill.loads(dill.dumps(provider()))
        self.provider.configure(self._request)
        self.told: list[str] = []
        self._sessions = Sessions(client or SyncClient)  # processes share none
        self._join(self.provider)

    def beside(self, provider: type[Provider]) -> Process:
        """The same process, called for resources of another kind."""
        other = copy.copy(self)
        other.provider = provider()
        other.provider.configure(self._request)
        other._join(other.provider)
        return other

    def _join(self, provider: Provider) -> None:
        """Let a provider work with the sessions of this process."""

        def session(props: Mapping[str, Any] | None = None) -> Session:
            connection, known = provider._connection(props), provider._connections
            assert known is not None
            if connection.settings is None:
                assert connection.error is not None
                raise connection.error
            return self._sessions.of(connection.settings, known.secrets)

        provider._session = session  # type: ignore[method-assign]

    @property
    def session(self) -> Session:
        """What the process knows, with the plain settings."""
        return self.provider._session({})

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._sessions.close()

    def check(self, news: Bag, olds: Bag | None = None) -> Bag:
        """Checked inputs; failures are told and raise ValueError."""
        result = self._call(lambda: self.provider.check(_in(olds or {}), _in(news)))
        failures = [f"property {failure.property}: {failure.reason}" for failure in result.failures]
        self.told += failures
        if failures:
            raise ValueError("; ".join(failures))
        return _out(result.inputs)

    def diff(self, source_id: str, olds: Bag, news: Bag) -> dynamic.DiffResult:
        """What the engine would do with this change."""
        return self._call(lambda: self.provider.diff(source_id, _in(olds), _in(news)))

    def create(self, inputs: Bag) -> tuple[str, Bag]:
        """Id and outputs."""
        result = self._call(lambda: self.provider.create(_in(inputs)))
        return str(result.id), _out(result.outs or {})

    def read(self, source_id: str, outputs: Bag) -> tuple[str, Bag, Bag]:
        """Id (empty where it is gone), outputs and inputs."""
        result = self._call(lambda: self.provider.read(source_id, _in(outputs)))
        return str(result.id), _out(result.outs or {}), _out(result.inputs or {})

    def update(self, source_id: str, olds: Bag, news: Bag) -> Bag:
        """The new outputs."""
        return _out(self._call(lambda: self.provider.update(source_id, _in(olds), _in(news))).outs or {})

    def delete(self, source_id: str, outputs: Bag) -> None:
        """Delete it."""
        self._call(lambda: self.provider.delete(source_id, _in(outputs)))

    @property
    def text(self) -> str:
        """All that was told, as one text."""
        return "\n".join(self.told)

    def _call(self, method: Callable[[], _R]) -> _R:
        _listen()
        heard: list[str] = []
        _ears.told = heard
        _calls.append(heard)
        try:
            return method()
        except Exception:
            # The SDK hands the engine the whole traceback, and the engine prints it.
            heard.append(traceback.format_exc())
            raise
        finally:
            _ears.told = None
            with _installing:  # or what another thread takes out meanwhile would be back
                _calls[:] = [call for call in _calls if call is not heard]
            self.told += [line for text in heard for line in [text.strip()] if line]


def _in(bag: Mapping[str, Any]) -> Bag:
    return {**wire(bag), "__provider": "gASVAAAA"}


def _out(bag: Mapping[str, Any]) -> Bag:
    return {name: value for name, value in wire(bag).items() if name != "__provider" and value is not None}
