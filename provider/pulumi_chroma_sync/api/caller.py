"""What every call of the Sync API has in common: settings, one policy of asking again, safe errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import httpx
from typing_extensions import Self

from pulumi_chroma_sync.settings import Settings

from .clock import Clock
from .paging import Pager
from .replies import Answer, WrongShape, service_error_in
from .retrying import Allowance, RetryPolicy
from .secrecy import Secrets
from .translate import Translator
from .transport import Form, Transport

__all__ = ["Caller"]

_T = TypeVar("_T")


class Caller:
    """Asks the service; what for is in the classes made of it.

    Args:
        settings: url, API key, timeouts and retries.
        transport: carries the requests instead of the network, in tests.
        clock: what waiting is measured on; the machine's by default.
        secrets: texts to keep out of every error, where another caller's are to count.

    Attributes:
        settings: as given.
        clock: as given.
        policy: the rules of asking again, for who has to repeat more than one request.
        setting: the one that its address comes from.
        service: what the service is called in messages.
    """

    setting = "url"
    service = "the Sync Service"

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Clock = Clock(),  # noqa: B008 - frozen
        secrets: Secrets | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.policy = RetryPolicy(settings, clock)
        self._secrets = Secrets() if secrets is None else secrets
        if settings.api_key is not None:
            self._secrets.add([settings.api_key.get_secret_value()])
        self._instead = transport
        self._translator = Translator(settings, self._secrets, clock, self.setting, self.service)
        self._transport = Transport(settings, clock, self._translator, transport)
        self._pager = Pager()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections; a closed client opens again when it is used."""
        self._transport.close()

    def hide(self, texts: Iterable[str]) -> None:
        """Keep these texts out of every error from now on, however a server that quotes them spells them."""
        self._secrets.add(texts)

    def _hide_secrets_in(self, payload: Mapping[str, Any]) -> None:
        """Hide what stands under a name with ``secret``."""
        self.hide(_secrets_in(payload))

    def _ask(
        self,
        method: str,
        path: str,
        allowed: Allowance,
        parse: Callable[[Answer], _T],
        *,
        query: Mapping[str, str | int] | None = None,
        payload: Mapping[str, Any] | None = None,
        form: Form | None = None,
        makes: bool = False,
    ) -> _T:
        """One request; what its answer says, or why there is none.

        Args:
            method: GET, POST, PUT, DELETE.
            path: below the settings' url, quoted.
            allowed: how long it may take.
            parse: makes a value of the answer, or raises :class:`WrongShape`.
            query: the query's fields.
            payload: sent as JSON.
            form: sent instead of a payload.
            makes: whether the request makes something. Of one that was accepted and refused in one breath,
                nobody knows then whether it was made.
        """
        self.settings.require_key()
        answer = self._transport.send(method, path, allowed, query=query, payload=payload, form=form)
        if not 200 <= answer.status < 300:
            raise self._translator.failure(answer)
        try:
            return parse(answer)
        except WrongShape as problem:
            if not makes and service_error_in(answer):
                raise self._translator.failure(answer) from None
            raise self._translator.wrong_shape(answer, problem) from None


def _secrets_in(value: object, *, secret: bool = False) -> Iterator[str]:
    # Whoever sends one may have forgotten to hide it. By name, as the API names its own.
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _secrets_in(inner, secret=secret or "secret" in str(name).lower())
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _secrets_in(inner, secret=secret)
    elif secret and isinstance(value, str):
        yield value
