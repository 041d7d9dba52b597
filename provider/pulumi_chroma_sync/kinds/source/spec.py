"""What a source is, as one value: made of a program's inputs or of a service's answer, and compared.

Two baselines are never crossed: the program is compared with the program (:meth:`SourceSpec.changed_since`),
the service with the service (:mod:`.state`). Only three moments have to compare across: is this source ours,
may it be adopted, is it what a program declares. They use :meth:`SourceSpec.unmet_by` and
:meth:`SourceSpec.differences`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_chroma_sync.core.specification import Difference, LeftOut, Shape, Values
from pulumi_chroma_sync.core.validation import stripped

from .model import KINDS, PAYLOAD, WRITE_ONLY, SourcePayload, normal_repository, without_userinfo

__all__ = [
    "SHAPE",
    "Identity",
    "SourceSpec",
    "changed_inputs",
    "describe",
    "has_keys",
    "kind_of",
    "payload",
    "target_of",
]

SHAPE = Shape(SourcePayload)
"""The fields of a source by their paths."""

Identity = tuple[str, str, tuple[str, ...]]
"""Database, kind, target: what two sources can't share where the service refuses equal ones with 409.

What exactly makes two sources equal for the service is not published; this is the widest likely rule.
"""

_DENSE, _LEGACY = "embedding.dense.", "embedding_model."
_UNEQUAL = object()


@dataclass(frozen=True)
class SourceSpec:
    """A source in normal form. Equal specifications are the same source, however it was spelled.

    Args:
        values: every field that this version knows, by its path; ``embedding_model`` is another way to say
            ``embedding.dense`` and stands apart only where the two contradict each other.
        extra: what a program passes through ``extra``.
        answer: the object that the service answered, where it was one.
    """

    values: Values
    extra: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> SourceSpec:
        """What these inputs ask the service for; values that aren't known yet are equal to themselves."""
        extra = inputs.get("extra")
        extra = extra if isinstance(extra, Mapping) else {}
        return cls(SHAPE.values(_one_dense(_merged(inputs, extra))), extra)

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> SourceSpec:
        """What the service says of a source."""
        return cls(SHAPE.values(_one_dense(_without_keys(answer))), answer=answer)

    @property
    def kind(self) -> str | None:
        """``github``, ``web_scrape``, ``s3``; None for any other, or where it isn't known."""
        kinds = {path.partition(".")[0] for path in self.values if "." in path}
        return next((kind for kind in KINDS if kind in kinds), None)

    @property
    def identity(self) -> Identity | None:
        """Database, kind and target; None where they aren't all there."""
        kind = self.kind
        if kind is None:
            return None
        targets = (path for path in SHAPE.targets if path.startswith(f"{kind}."))
        target = tuple(str(SHAPE.loose(path, self.values.get(path)) or "") for path in targets)
        return str(self.values.get("database_name")), kind, target

    @property
    def key(self) -> object:
        """A hashable value that specifications which could be confused with each other share."""
        return self.identity or json.dumps([dict(self.values), self.extra], sort_keys=True, default=str)

    def unmet_by(self, answer: SourceSpec) -> list[Difference]:
        """What was asked for and isn't so in the service's answer.

        What the program left out is no difference: for a source that appeared after it was asked for, it is
        the service's to fill. Write-only fields can't be compared.
        """
        found = [
            Difference(path, *_shown(path, value, answer.values.get(path)))
            for path, value in self.values.items()
            if not SHAPE.nature(path).write_only and not self._is_met(path, value, answer)
        ]
        return [*found, *_unmet_extra(self, answer)]

    def differences(self, answer: SourceSpec) -> list[Difference]:
        """The same, and what the service has although the program says that there is none.

        Fields that the service may fill in by itself are never among these.
        """
        surplus = [
            Difference(path, *_shown(path, None, value))
            for path, value in answer.values.items()
            if path not in self.values
            and not path.startswith(_LEGACY)
            and SHAPE.nature(path).left_out is LeftOut.NOTHING
            and not SHAPE.same(path, None, value)
        ]
        return [*self.unmet_by(answer), *surplus]

    def _is_met(self, path: str, value: Any, answer: SourceSpec) -> bool:
        if SHAPE.same(path, value, answer.values.get(path)):
            return True
        if path == "database_name" and path not in answer.values:
            return True  # it was asked for by its database, or by its id
        # A service may keep the two names of one thing apart: its other one may be the equal one.
        for one, other in ((_DENSE, _LEGACY), (_LEGACY, _DENSE)):
            if path.startswith(one):
                theirs = answer.values.get(other + path[len(one) :], _UNEQUAL)
                return SHAPE.same(path, value, theirs)
        return False


def changed_inputs(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Names of the inputs that mean another source than before: the program against the program.

    Args:
        olds: outputs in the state, which hold what was declared.
        news: checked inputs of the program.
    """
    before, after = (dict(_declared(bag).values) for bag in (olds, news))
    own = olds.get("aws_credential_id")
    if own is not None and has_keys(olds.get("s3")) and not has_keys(news.get("s3")):
        # From inline AWS keys to the credential that the service made of them: nothing changes there.
        for name in WRITE_ONLY:
            before.pop(f"s3.{name}", None)
        before["s3.aws_credential_id"] = own
    paths = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    changed = {path.partition(".")[0] for path in paths}
    two = {"embedding", "embedding_model"}
    if changed & two:
        # Two inputs that can say one thing: name those that the program really changed.
        spelled = {name for name in two if _spelled(olds, name) != _spelled(news, name)}
        changed = (changed - two) | (spelled or {"embedding"})
    if stripped(olds.get("extra") or {}) != stripped(news.get("extra") or {}):
        changed.add("extra")
    return [name for name in (*PAYLOAD, "extra") if name in changed]


def payload(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the create request: inputs as declared, ``embedding_model`` as the contract's object.

    ``extra`` goes over it, object by object.
    """
    body = {name: inputs[name] for name in PAYLOAD if inputs.get(name) is not None}
    if isinstance(body.get("embedding_model"), str):
        body["embedding_model"] = {"model": body["embedding_model"]}
    return _merged(body, inputs.get("extra") or {})


def has_keys(s3: Any) -> bool:
    """Whether these fields of ``s3`` hold inline AWS keys."""
    return isinstance(s3, Mapping) and any(s3.get(name) is not None for name in WRITE_ONLY)


def kind_of(source: Mapping[str, Any]) -> str | None:
    """The kind of these inputs, or of this answer; None where it is none that can be declared."""
    return next((kind for kind in KINDS if isinstance(source.get(kind), Mapping)), None)


def target_of(source: Mapping[str, Any]) -> str:
    """What a source reads, in one text for people, of inputs or of an answer; empty where nobody can tell.

    The one place that says it: no user or password of an address is ever in it.
    """
    kind = kind_of(source)
    fields = {name: str(value) for name, value in (source[kind] if kind else {}).items() if _is_plain(value)}
    if kind == "s3":
        prefix = fields.get("path_prefix")
        return f"{fields.get('bucket_name', '')}{'/' + prefix if prefix else ''}"
    if kind == "github":
        return without_userinfo(normal_repository(fields.get("repository", "")))
    return without_userinfo(fields.get("starting_url", ""))


def describe(source: Mapping[str, Any]) -> str:
    """A source in a few words, of inputs or of an answer: ``github acme/handbook``."""
    kind = kind_of(source)
    return f"{kind} {target_of(source)}".rstrip() if kind else "source"


def _is_plain(value: object) -> bool:
    """Whether this is a value by itself, and not one that isn't known yet or of a strange shape."""
    return isinstance(value, (str, int, float))


def _declared(bag: Mapping[str, Any]) -> SourceSpec:
    return SourceSpec(SHAPE.values(_one_dense(bag)))


def _one_dense(bag: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same properties with ``embedding_model`` said as ``embedding.dense``, where that is possible."""
    model = bag.get("embedding_model")
    if model is None or model == "":
        return bag
    if isinstance(model, str):
        model = {"model": model}
    embedding = bag.get("embedding")
    embedding = {} if embedding is None or embedding == "" else embedding
    if not isinstance(embedding, Mapping) or not isinstance(model, Mapping):
        return {**bag, "embedding_model": model}
    if not embedding.get("dense"):
        return {**bag, "embedding_model": None, "embedding": {**embedding, "dense": model}}
    same = SHAPE.values({"embedding": {"dense": model}}) == SHAPE.values(
        {"embedding": {"dense": embedding["dense"]}}
    )
    return {**bag, "embedding_model": None if same else model}


def _without_keys(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    s3 = answer.get("s3")
    if not isinstance(s3, Mapping):
        return answer
    # Masked, if they are answered at all.
    return {**answer, "s3": {name: value for name, value in s3.items() if name not in WRITE_ONLY}}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        old = merged.get(name)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[name] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _unmet_extra(ours: SourceSpec, theirs: SourceSpec) -> Iterator[Difference]:
    """Where an answer contradicts ``extra``; what it doesn't repeat is no difference, unless it is all.

    Fields that this version knows are compared as those.
    """
    answer = theirs.answer or {}
    repeated = False
    for path, value in _flat(ours.extra, ""):
        if SHAPE.has(path):
            continue
        there = _at(answer, path)
        repeated = repeated or there is not None
        if there is not None and stripped(there) != stripped(value):
            yield Difference(path, "as in extra", "another value")
    if ours.kind is None and not repeated:
        yield Difference("extra", "as in extra", None)


def _flat(value: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from _flat(item, f"{above}{name}.")
        else:
            yield f"{above}{name}", item


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _spelled(inputs: Mapping[str, Any], name: str) -> Values:
    value = inputs.get(name)
    value = {"model": value} if name == "embedding_model" and isinstance(value, str) else value
    return SHAPE.values({name: value})


def _shown(path: str, *values: Any) -> list[Any]:
    hidden = path.endswith(("starting_url", "repository"))
    return [without_userinfo(value) if hidden and isinstance(value, str) else value for value in values]
