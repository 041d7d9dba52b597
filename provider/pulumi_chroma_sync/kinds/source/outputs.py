"""What a program reads of a source. This and :mod:`.effective` are all that it loads of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import dynamic

from pulumi_chroma_sync.core.border import with_whole_numbers

from .effective import applied

__all__ = ["ANSWERED", "COMPUTED", "SourceOutputs", "never_there"]

COMPUTED = dict.fromkeys(
    (
        "created_at",
        "effective_chunking",
        "effective_embedding",
        "aws_credential_id",
        "server_defaults",
    )
)
"""Outputs that are no inputs, but for the id."""

_KINDS = ("github", "web_scrape", "s3")

ANSWERED = ("effective_chunking", "effective_embedding", "server_defaults", "answered")
"""Outputs that hold what the service answered."""


def never_there(inputs: Mapping[str, Any]) -> set[str]:
    """Properties that a source with these inputs can't come to have.

    Each that is declared is an output for which the SDK waits in a task of its own, and that is nearly all of
    what a source costs a program. Other inputs that are None may get a value yet: a stack transform adds what
    a house wants everywhere.
    """
    never = {name for name in ("on_conflict", "connection") if inputs[name] is None}
    others = {name for name in _KINDS if inputs[name] is None}
    if len(others) < len(_KINDS):  # else it is read by its id, or ``extra`` has a newer kind
        never |= others
        if "s3" in others:
            never.add("aws_credential_id")
    return never


class SourceOutputs(dynamic.Resource):
    """The outputs of a source, by their names."""

    # Properties all, since the SDK looks an annotation's type up anew for every resource. The engine gives
    # numbers back as doubles; in an object the SDK can't know better, and these can.

    @property
    @pulumi.getter
    def source_id(self) -> pulumi.Output[str]:
        """The service's id of the source (a UUID); also the resource's id."""
        return self.id

    @property
    @pulumi.getter
    def created_at(self) -> pulumi.Output[str]:
        """When the service created it, RFC 3339."""
        return self._output("created_at")

    @property
    @pulumi.getter
    def database_name(self) -> pulumi.Output[str]:
        """The database."""
        return self._output("database_name")

    @property
    @pulumi.getter
    def github(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """As declared."""
        return self._output("github")

    @property
    @pulumi.getter
    def web_scrape(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """As declared."""
        return self._with_whole_numbers("web_scrape")

    @property
    @pulumi.getter
    def s3(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """As declared; an AWS secret key in it is a secret."""
        return self._with_whole_numbers("s3")

    @property
    @pulumi.getter
    def chunking(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """As declared."""
        return self._with_whole_numbers("chunking")

    @property
    @pulumi.getter
    def embedding(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """As declared."""
        return self._output("embedding")

    @property
    @pulumi.getter
    def embedding_model(self) -> pulumi.Output[Any]:
        """As declared."""
        return self._output("embedding_model")

    @property
    @pulumi.getter
    def extra(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """As declared."""
        return self._with_whole_numbers("extra")

    @property
    @pulumi.getter
    def effective_chunking(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """The chunking that the service applies, its defaults filled in."""
        return self._applied("effective_chunking", "chunking")

    @property
    @pulumi.getter
    def effective_embedding(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """The embedding that the service applies, its defaults filled in."""
        return self._applied("effective_embedding", "embedding")

    @property
    @pulumi.getter
    def aws_credential_id(self) -> pulumi.Output[int | None]:
        """The credential that the service made of inline AWS keys; None without them."""
        return self._output("aws_credential_id")

    @property
    @pulumi.getter
    def server_defaults(self) -> pulumi.Output[Mapping[str, Any] | None]:
        """Fields of the kind that the service filled in by itself when the source was created."""
        return self._with_whole_numbers("server_defaults")

    def _output(self, name: str) -> pulumi.Output[Any]:
        """As the engine gave it; what this source can't have is None, also at preview."""
        output: pulumi.Output[Any] | None = pulumi.get(self, name)
        return pulumi.Output.from_input(None) if output is None else output

    def _with_whole_numbers(self, name: str) -> pulumi.Output[Mapping[str, Any] | None]:
        return self._output(name).apply(with_whole_numbers)

    def _applied(self, name: str, declared_name: str) -> pulumi.Output[Mapping[str, Any] | None]:
        """What the service applies: the state leaves out what goes without saying.

        Of an output that isn't in the state a preview doesn't know that it is none. This one is known where
        ``created_at`` is, too: both come from the same answer.
        """
        kept, declared = self._output(name), self._output(declared_name)
        created_at = self._output("created_at")

        async def value() -> Any:
            found = await kept.future()
            if found is None and await created_at.future() is None:
                return None  # the answer was never read
            return with_whole_numbers(applied(name, found, await declared.future()))

        async def is_known() -> bool:
            return bool(await kept.is_known() or await created_at.is_known())

        async def is_secret() -> bool:
            return bool(await kept.is_secret() or await declared.is_secret())

        return pulumi.Output(kept.resources(), value(), is_known(), is_secret())
