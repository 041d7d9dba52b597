"""What two descriptions of a source have in common: meaning, not text.

Inputs of a program, a state and a reply of the service are brought to one canonical form before they are
compared: None is absent, lists that the API calls unique are sets, an empty list is no list,
``embedding_model`` is another way to say ``embedding.dense``, and a repository or a host has no case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .models import KINDS, UNIQUE_LISTS, SourceReply, declarable

__all__ = [
    "CONTENT",
    "DEFAULTED",
    "SERVICE_OWN",
    "WRITE_ONLY",
    "Difference",
    "Identity",
    "canonical",
    "changed_inputs",
    "content_key",
    "describe",
    "differences",
    "has_keys",
    "identity",
    "is_update",
    "kind_of",
    "payload",
    "plain",
    "same_url",
    "told",
]

WRITE_ONLY = ("aws_access_key_id", "aws_secret_access_key")
"""Fields of ``s3`` that the service takes and never gives back."""

SERVICE_OWN = ("auto_sync", "aws_credential_id")
"""Fields of ``s3`` that the service may set by itself; left out by a program they are no difference."""

DEFAULTED = ("page_limit", "max_depth")
"""Fields of ``web_scrape`` for which the service may answer a default of its own."""

CONTENT = ("database_name", *KINDS, "chunking", "embedding", "embedding_model")

Identity = tuple[str, str, tuple[str, ...]]
"""Database, kind, target: what two sources can't share where the service refuses equal ones with 409.

What exactly makes two sources equal for the service is not published; this is the widest likely rule.
"""


@dataclass(frozen=True)
class Difference:
    """One field in which a declared source and an existing one differ; values are never secret ones."""

    path: str
    declared: Any
    existing: Any

    def __str__(self) -> str:
        return f"{self.path} (declared {_short(self.declared)}, existing {_short(self.existing)})"


def canonical(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical form of what these inputs say about a source.

    A value that isn't known yet stays what it is, and is equal to itself alone.
    """
    form = {name: plain(inputs[name], name) for name in CONTENT if inputs.get(name) is not None}
    for kind, name, change in (
        ("github", "repository", str.casefold),
        ("web_scrape", "starting_url", same_url),
        ("s3", "path_prefix", lambda prefix: prefix or None),
    ):
        fields = form.get(kind)
        if isinstance(fields, dict) and isinstance(fields.get(name), str):
            fields[name] = change(fields[name])
            if fields[name] is None:
                del fields[name]
    model = form.pop("embedding_model", None)
    model = {"model": model} if isinstance(model, str) else model
    embedding = form.pop("embedding", {})
    if model is not None and isinstance(embedding, dict):
        embedding = {"dense": model, **embedding}
        model = None if embedding["dense"] == model else model
    if model is not None:
        form["embedding_model"] = model
    if embedding != {}:
        form["embedding"] = embedding
    return form


def told(reply: SourceReply) -> dict[str, Any]:
    """What a reply says of a source, in the words of a program.

    Without null and without fields that nobody can declare. ``embedding_model`` and ``embedding.dense`` are
    two names of one thing: where the service fills in one of them alone, it is given under both.
    """
    said = declarable(reply.model_dump())
    dense = said.get("embedding", {}).get("dense") or said.get("embedding_model")
    if dense is not None:
        said["embedding"] = {**said.get("embedding", {}), "dense": dense}
        said.setdefault("embedding_model", dense)
    if "s3" in said:
        said["s3"].setdefault("auto_sync", "none")  # the contract's default
        for name in WRITE_ONLY:
            said["s3"].pop(name, None)  # masked, if at all
    return dict(said)


def content_key(inputs: Mapping[str, Any]) -> str:
    """A text that is equal exactly where the canonical forms are."""
    return json.dumps(canonical(inputs), sort_keys=True, default=str)


def kind_of(inputs: Mapping[str, Any]) -> str | None:
    """The kind of source that these inputs declare."""
    return next((kind for kind in KINDS if isinstance(inputs.get(kind), Mapping)), None)


def identity(inputs: Mapping[str, Any]) -> Identity | None:
    """Database, kind and target of a source; None where they aren't all there."""
    form = canonical(inputs)
    kind = kind_of(form)
    if kind is None:
        return None
    names = {"github": ("repository",), "web_scrape": ("starting_url",), "s3": ("bucket_name", "path_prefix")}
    return str(form.get("database_name")), kind, tuple(str(form[kind].get(name, "")) for name in names[kind])


def describe(inputs: Mapping[str, Any]) -> str:
    """A source in a few words: ``github acme/handbook``."""
    kind = kind_of(inputs)
    if kind is None:
        return "source"
    fields = inputs[kind]
    if kind == "s3":
        prefix = fields.get("path_prefix")
        return f"s3 {fields.get('bucket_name')}{'/' + str(prefix) if prefix else ''}"
    if kind == "github":
        return f"github {fields.get('repository')}"
    return f"web_scrape {_without_password(str(fields.get('starting_url')))}"


def payload(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the create request: inputs as declared, ``embedding_model`` as the contract's object."""
    body = {name: inputs[name] for name in CONTENT if inputs.get(name) is not None}
    if isinstance(body.get("embedding_model"), str):
        body["embedding_model"] = {"model": body["embedding_model"]}
    return body


def changed_inputs(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Names of the inputs whose meaning changed.

    Args:
        olds: outputs in the state.
        news: checked inputs of the program, all known.
    """
    before, after = canonical(olds), canonical(news)
    _forgive_own_credential(olds, before, after)
    for form in (before, after):
        if isinstance(s3 := form.get("s3"), dict) and s3.get("auto_sync") == "none":
            del s3["auto_sync"]  # the contract's default; anything else on the service is drift
    changed = [name for name in CONTENT if before.get(name) != after.get(name)]
    two = ("embedding", "embedding_model")
    if any(name in changed for name in two):
        # Two inputs that can say one thing: name those that the program really changed.
        spelled = [name for name in two if _spelled(olds, name) != _spelled(news, name)]
        changed = [name for name in changed if name not in two] + (spelled or ["embedding"])
    return changed


def _spelled(inputs: Mapping[str, Any], name: str) -> Any:
    value = inputs.get(name)
    return plain({"model": value} if name == "embedding_model" and isinstance(value, str) else value, name)


def is_update(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether inputs that mean the same source must all the same be written to the state.

    That is another ``on_conflict``, and the credential that the service made of inline AWS keys in their
    place.
    """
    if (olds.get("on_conflict") or "error") != (news.get("on_conflict") or "error"):
        return True
    return has_keys(olds.get("s3")) != has_keys(news.get("s3"))


def has_keys(s3: Any) -> bool:
    """Whether these fields of ``s3`` hold inline AWS keys."""
    return isinstance(s3, Mapping) and any(s3.get(name) is not None for name in WRITE_ONLY)


def _forgive_own_credential(olds: Mapping[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    """Going from inline AWS keys to the credential that the service made of them changes nothing there."""
    old, new = before.get("s3"), after.get("s3")
    if not isinstance(old, dict) or not isinstance(new, dict) or not has_keys(old) or has_keys(new):
        return
    own = olds.get("aws_credential_id")
    if own is not None:
        for name in WRITE_ONLY:
            old.pop(name, None)
        old["aws_credential_id"] = own


def differences(
    declared: Mapping[str, Any], existing: SourceReply, *, strict: bool = True
) -> list[Difference]:
    """How an existing source differs from a declared one.

    What the program left out is the service's to fill for chunking, embedding, ``auto_sync`` and the
    credential; any other field that only the existing source has is a difference, if a program could have
    declared it. Inline AWS keys can't be compared: the service never gives them back.

    Args:
        declared: checked inputs.
        existing: the service's reply.
        strict: False takes ``page_limit`` and ``max_depth`` that the program left out as defaults of the
            service too; for a source that was just created from these very inputs.
    """
    said = told(existing)
    if declared.get("embedding_model") is not None and not (declared.get("embedding") or {}).get("dense"):
        # The service may keep the two names of one thing apart; ours is the older one.
        said["embedding"] = {**said.get("embedding", {}), "dense": said.get("embedding_model")}
    ours, theirs = canonical(declared), canonical(said)
    found: list[Difference] = []
    for name in dict.fromkeys([*ours, *(kind for kind in KINDS if kind in theirs)]):
        if name == "embedding_model":
            continue  # only there where it contradicts embedding.dense; the reply can't show both
        _compare(name, ours.get(name), theirs.get(name), found)
    if (kind := kind_of(ours)) is not None and kind in theirs:
        inline = any(name in ours[kind] for name in WRITE_ONLY)
        allowed = {"auto_sync"} | ({"aws_credential_id"} if inline else set())
        allowed |= set() if strict else set(DEFAULTED)
        for name, value in theirs[kind].items():
            if name not in ours[kind] and name not in allowed and name not in WRITE_ONLY:
                found.append(Difference(f"{kind}.{name}", None, value))
    return found


def _compare(path: str, ours: Any, theirs: Any, found: list[Difference]) -> None:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            if name not in WRITE_ONLY:
                _compare(f"{path}.{name}", value, theirs.get(name), found)
    elif ours != theirs:
        found.append(Difference(path, _showable(path, ours), _showable(path, theirs)))


def plain(value: Any, name: str) -> Any:
    """Without None and empty lists, sets for unique lists, whole numbers as int."""
    if isinstance(value, Mapping):
        items = {key: plain(item, key) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not None}
    if isinstance(value, (list, tuple)):
        if name in UNIQUE_LISTS:
            return sorted(set(map(str, value))) or None
        return [plain(item, "") for item in value] or None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _showable(path: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _showable(key, item) for key, item in value.items() if key not in WRITE_ONLY}
    if path.endswith("starting_url") and isinstance(value, str):
        return _without_password(value)
    return value


def _without_password(url: str) -> str:
    """An address without the user and password that may stand in it."""
    scheme, slashes, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, at, _ = authority.rpartition("@")
    return f"{scheme}{slashes}***{rest[len(user) :]}" if at else url


def same_url(url: str) -> str:
    """Scheme and host without case, the default port left out, an empty path as ``/`` (RFC 3986, 6.2.2-3)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    if not host:
        return url
    default = {"http": 80, "https": 443}.get(parts.scheme)
    netloc = parts.netloc.rpartition("@")[0]
    netloc = f"{netloc}@" if netloc else ""
    netloc += (f"[{host}]" if ":" in host else host) + (f":{port}" if port not in (None, default) else "")
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, parts.fragment))


def _short(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return " ".join(_short(item) for item in value.values()) or "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(str, value)) + "]"
    return str(value)
