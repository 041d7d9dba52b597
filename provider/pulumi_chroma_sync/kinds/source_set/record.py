"""What the state holds of a set's sources.

The outputs that people read are ``source_ids`` (key -> id), ``failures`` (key -> reason) and ``drifted``.
What the provider needs beside them is in one text, ``record``: for each source that exists what it was
declared to be and what the service answered otherwise, as the state of a ``Source`` has it. So a source whose
change failed is still known as what it is, whatever the inputs say by then. The text is short, because the
sources of a set look alike, and an encrypted output, because AWS keys may be in it.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from pulumi_chroma_sync.errors import ChromaSyncError
from pulumi_chroma_sync.kinds.source.model import INPUTS as OF_A_SOURCE

from .declared import OF_THE_SET

__all__ = ["Held", "Members", "is_of_a_set"]

_VERSION = 1
_KEPT = (*OF_A_SOURCE, "created_at", "state_entry", "server_defaults", "answered", "aws_credential_id")
"""What is kept of the outputs of a ``Source``. What the service applies can be asked for at any time."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z", re.ASCII)
_KEY = "\0"
"""Stands for a source's key in what it says; no text of JSON has it."""


@dataclass(frozen=True)
class Held:
    """A source that exists.

    Args:
        id: the service's.
        props: as a ``Source`` has them among its outputs.
    """

    id: str
    props: Mapping[str, Any] = field(repr=False)


@dataclass
class Members:
    """The sources of a set that exist, by key.

    Args:
        held: them.
    """

    held: dict[str, Held] = field(default_factory=dict)

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Members:
        """Those in these outputs.

        Raises:
            ChromaSyncError: the state isn't one that this version has written.
        """
        ids = outputs.get("source_ids")
        if not isinstance(ids, Mapping):
            return cls()
        props = _unpacked(outputs.get("record"))
        of_all = {name: outputs[name] for name in OF_THE_SET if outputs.get(name) is not None}
        return cls(
            {key: Held(str(source_id), _whole(of_all, props.get(key, {}))) for key, source_id in ids.items()}
        )

    def outputs(
        self,
        name: str,
        of_all: Mapping[str, Any],
        failures: Mapping[str, str],
        drifted: Mapping[str, Any],
    ) -> dict[str, Any]:
        """The outputs of the set.

        Args:
            name: of the resource.
            of_all: the database and the connection, those of its sources where nothing failed.
            failures: key -> why it isn't as declared.
            drifted: key -> the properties that changed on the service.
        """
        of_all = {each: of_all[each] for each in OF_THE_SET if of_all.get(each) is not None}
        kept = {key: _own(of_all, held.props) for key, held in sorted(self.held.items())}
        return {
            "name": name,
            **of_all,
            "source_ids": {key: held.id for key, held in self.held.items()},
            "record": _packed(kept),
            "failures": dict(failures),
            "drifted": dict(drifted),
        }

    def props(self) -> list[Mapping[str, Any]]:
        """What each of them is."""
        return [held.props for held in self.held.values()]

    def __len__(self) -> int:
        return len(self.held)

    def __iter__(self) -> Iterator[str]:
        return iter(self.held)


def _own(of_all: Mapping[str, Any], props: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a source beside what all have in common."""
    kept = {name: value for name, value in props.items() if name in _KEPT and value is not None}
    for name in OF_THE_SET:
        if kept.get(name) == of_all.get(name):
            kept.pop(name, None)
        elif name not in kept:
            kept[name] = ""  # it has none, and the others do
    return kept


def _whole(of_all: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The other way round."""
    whole = {**of_all, **own}
    return {name: value for name, value in whole.items() if name not in OF_THE_SET or value != ""}


def is_of_a_set(outputs: Mapping[str, Any]) -> bool:
    """Whether these are the outputs of a set."""
    return "record" in outputs


def _packed(sources: Mapping[str, Any]) -> str:
    """These sources as one short text.

    Most of them differ in nothing but their key, which stands in several of their fields. So what two have in
    common once the key is taken out is kept once.
    """
    bodies: dict[str, int] = {}
    rows = {}
    for key, props in sources.items():
        made, rest = _made_at(props)
        body = json.dumps(rest, separators=(",", ":"), sort_keys=True).replace(_inside(key), _KEY)
        rows[key] = [bodies.setdefault(body, len(bodies)), made]
    content = {"version": _VERSION, "bodies": list(bodies), "sources": rows}
    return base64.b64encode(zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 9)).decode()


def _unpacked(record: Any) -> dict[str, Any]:
    try:
        content = json.loads(zlib.decompress(base64.b64decode(str(record), validate=True)))
        if content["version"] > _VERSION:
            raise ChromaSyncError(
                "the state of this set was written by a newer version of pulumi-chroma-sync; install that one"
            )
        bodies = content["bodies"]
        return {
            key: {**json.loads(bodies[number].replace(_KEY, _inside(key))), **_moment(made)}
            for key, (number, made) in content["sources"].items()
        }
    except (ValueError, LookupError, TypeError, zlib.error):
        raise ChromaSyncError(
            "the state of this set can't be read (its output `record` is damaged). `pulumi stack import` "
            "brings an earlier state back"
        ) from None


def _inside(key: str) -> str:
    """A key as it stands within a text of JSON; of one that says next to nothing, what stands nowhere."""
    return json.dumps(key)[1:-1] if len(key) > 2 else _KEY


def _made_at(props: Mapping[str, Any]) -> tuple[int | None, Mapping[str, Any]]:
    """``created_at`` in whole seconds since the epoch, and the rest; a moment in an unusual form is kept."""
    match = _MOMENT.fullmatch(str(props.get("created_at")))
    if match is None:
        return None, props
    moment = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(moment.timestamp()), {name: value for name, value in props.items() if name != "created_at"}


def _moment(made: int | None) -> dict[str, str]:
    if made is None:
        return {}
    return {"created_at": f"{datetime.fromtimestamp(made, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"}
