"""What the state holds of a source, and what a refresh makes of it: the service against the service.

The outputs are the inputs, and what the service decided under names of its own, as far as that doesn't go
without saying (:mod:`.effective`). What it answered right after the create is the baseline of every later
refresh. It is kept only where it isn't what was declared:

- ``server_defaults``: fields of the kind that the program left out and the service filled in;
- ``answered``: fields that were declared and answered otherwise, by path, in normal form; ``""`` is absent.

So drift is an answer that differs from an earlier answer. A service that normalises or fills never drifts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pulumi_chroma_sync.core.ownership import entry_made_at
from pulumi_chroma_sync.core.specification import LeftOut

from .effective import applied_in, kept_of
from .model import INPUTS, KINDS, WRITE_ONLY
from .spec import SHAPE, SourceSpec, has_keys, kind_of

__all__ = [
    "NOT_MANAGED",
    "born",
    "declared_in",
    "declaring",
    "outputs_after_update",
    "outputs_of",
    "refreshed",
    "secrets_in",
]

_MOMENT = TypeAdapter(datetime)
_SHORTEST_SECRET = 8
NOT_MANAGED = ""
"""Identity of the entry of a source that a program reads and doesn't manage (``Source.get``)."""

_BASELINE = ("server_defaults", "answered")


def declared_in(props: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs among these properties."""
    return {name: props[name] for name in INPUTS if props.get(name) is not None}


def secrets_in(inputs: Mapping[str, Any]) -> list[str]:
    """Texts among these inputs that no message may repeat, whatever a server quotes.

    Nobody says which values of ``extra`` are secrets: all of its longer texts count as such.
    """
    s3 = inputs.get("s3")
    secret = s3.get("aws_secret_access_key") if isinstance(s3, Mapping) else None
    found = [text for text in _texts(inputs.get("extra")) if len(text) >= _SHORTEST_SECRET]
    return [*found, secret] if isinstance(secret, str) and secret else found


def born(props: Mapping[str, Any]) -> datetime | None:
    """When a source was made: by the service's clock, else when its entry in the state was."""
    try:
        moment = _MOMENT.validate_python(props.get("created_at"))
    except ValidationError:
        return entry_made_at(props.get("state_entry"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def outputs_of(
    inputs: Mapping[str, Any],
    source_id: str,
    answer: Mapping[str, Any] | None,
    created_at: str = "",
    entry: str | None = None,
) -> dict[str, Any]:
    """The outputs of a source that was just created, adopted or imported.

    Args:
        inputs: as declared.
        source_id: the service's id.
        answer: the source as the service answers it; None where it could not be read, so that the first
            refresh records the baseline.
        created_at: when the service made it.
        entry: identity of the entry in the state; :data:`NOT_MANAGED` for a source that is read alone.
    """
    outputs: dict[str, Any] = {**inputs, "source_id": source_id}
    if entry is not None:
        outputs["state_entry"] = entry
    if answer is None:
        return outputs
    outputs |= _decided(inputs, answer, created_at)
    spec, theirs = SourceSpec.from_inputs(inputs), SourceSpec.from_answer(answer)
    defaults = _filled(spec, theirs, answer)
    answered = {
        path: _or_absent(theirs.values.get(path))
        for path, value in spec.values.items()
        if not SHAPE.nature(path).write_only and theirs.values.get(path) != value
    }
    return {**outputs, **_kept(defaults, answered)}


def outputs_after_update(olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs where only arguments changed that the service never sees."""
    kept = {name: value for name, value in olds.items() if name not in INPUTS and name != "__provider"}
    if not has_keys(news.get("s3")):
        kept.pop("aws_credential_id", None)  # of inline keys that the program no longer passes
    declared, theirs = declared_in(news), applied_in(olds)
    # What went without saying beside the old inputs may have to be said beside the new ones.
    return {**kept, **declared, **(kept_of(theirs, declared) if theirs else {})}


def refreshed(
    outputs: Mapping[str, Any], answer: Mapping[str, Any], created_at: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs and outputs after a look at the service.

    Equal values keep the program's spelling, so that an unchanged source gives back its inputs; a drifted
    one shows the service's value. A write-only value keeps what was last sent. ``chunking`` and ``embedding``
    that the program left out are the service's: they are outputs, never drift.

    Args:
        outputs: in the state until now.
        answer: the source as the service answers it now.
        created_at: when the service says that it made it.
    """
    declared, source_id = declared_in(outputs), str(outputs.get("source_id"))
    entry = outputs.get("state_entry")
    if "created_at" not in outputs:
        # The create could not read the source back, so nobody knows what the service answered then.
        return declared, outputs_of(declared, source_id, answer, created_at, entry)
    theirs = SourceSpec.from_answer(answer)
    defaults: dict[str, Any] = dict(outputs.get("server_defaults") or {})
    answered: dict[str, Any] = dict(outputs.get("answered") or {})
    inputs = _with_drift(declared, answered, theirs, answer)
    kind = theirs.kind
    if kind is not None and kind != kind_of(declared):
        inputs[kind], defaults = declaring(answer)[kind], {}
    elif kind is not None:
        filled = _filled(SourceSpec.from_inputs({kind: declared.get(kind) or {}}), theirs, answer)
        drifted = {}
        for name, value in filled.items():
            path = f"{kind}.{name}"
            if (
                name in defaults
                and SHAPE.values({kind: {name: defaults[name]}}).get(path) == theirs.values[path]
            ):
                continue
            if name not in defaults and SHAPE.nature(path).left_out is LeftOut.DEFAULT:
                defaults[name] = value  # a default that the service didn't show before
                continue
            drifted[name] = value
        if drifted:
            inputs[kind] = {**inputs.get(kind, {}), **drifted}
    own = {"source_id": source_id, **({"state_entry": entry} if entry else {})}
    decided = _decided(inputs, answer, created_at or outputs.get("created_at") or "")
    return inputs, {**inputs, **own, **decided, **_kept(defaults, answered)}


def declaring(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs that declare a source exactly as it stands on the service.

    What says no more than its absence is left out: ``auto_sync`` at its default, and ``embedding_model``
    where it repeats ``embedding.dense``.
    """
    inputs = _spelled(answer)
    if inputs.get("embedding_model") == inputs.get("embedding", {}).get("dense"):
        inputs.pop("embedding_model", None)
    for kind in KINDS:
        if kind in inputs:
            said = {path.partition(".")[2] for path in SHAPE.values({kind: inputs[kind]})}
            inputs[kind] = {name: value for name, value in inputs[kind].items() if name in said}
    return inputs


def _with_drift(
    declared: Mapping[str, Any], answered: dict[str, Any], theirs: SourceSpec, answer: Mapping[str, Any]
) -> dict[str, Any]:
    """The declared inputs as they stand now; what drifted is no longer in ``answered``."""
    spec, spelled = SourceSpec.from_inputs(declared), _spelled(answer)
    unmet = {difference.path for difference in spec.unmet_by(theirs)}
    drifted = []
    for path in spec.values:
        if SHAPE.nature(path).write_only:
            continue
        now = theirs.values.get(path)
        if path in answered:
            same = _or_absent(now) == answered[path]
        else:
            # Answered as declared, as far as the state knows: older versions kept no more than that.
            same = path not in unmet
        if not same:
            drifted.append(path)
            answered.pop(path, None)
    inputs = dict(declared)
    if "chunking.type" in drifted and "chunking" in spelled:
        inputs["chunking"] = spelled["chunking"]  # the fields of one type are none of the other's
        drifted = [path for path in drifted if not path.startswith("chunking.")]
    for path in drifted:
        inputs = _placed(inputs, _named(path, declared).split("."), spelled)
    return inputs


def _named(path: str, declared: Mapping[str, Any]) -> str:
    """The path under which the program says it: ``embedding_model`` is another way to say the dense one."""
    dense = "embedding.dense."
    embedding = declared.get("embedding")
    if path.startswith(dense) and not (isinstance(embedding, Mapping) and embedding.get("dense")):
        return "embedding_model." + path[len(dense) :]
    return path


def _placed(inputs: Mapping[str, Any], path: list[str], spelled: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with the service's value at this path, or without any where it has none."""
    name, *rest = path
    theirs = spelled.get(name)
    changed = dict(inputs)
    ours = changed.get(name)
    if rest and isinstance(ours, str):
        ours = {"model": ours}
    if rest and isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        changed[name] = _placed(ours, rest, theirs)
    elif theirs is None:
        changed.pop(name, None)
    else:
        changed[name] = theirs
    return changed


def _spelled(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What the service says of a source, in the words of a program.

    ``embedding_model`` and ``embedding.dense`` are two names of one thing: where the service gives one of
    them alone, it is here under both.
    """
    given = dict(answer)
    if isinstance(given.get("embedding_model"), str) and given["embedding_model"]:
        given["embedding_model"] = {"model": given["embedding_model"]}
    spelled = SHAPE.spelled(given)
    for name in WRITE_ONLY:
        spelled.get("s3", {}).pop(name, None)  # masked, if at all
    dense = spelled.get("embedding", {}).get("dense") or spelled.get("embedding_model")
    if dense:
        spelled["embedding"] = {**spelled.get("embedding", {}), "dense": dense}
        spelled.setdefault("embedding_model", dense)
    return spelled


def _decided(inputs: Mapping[str, Any], answer: Mapping[str, Any], created_at: str) -> dict[str, Any]:
    """What the service decided, under names of its own."""
    decided: dict[str, Any] = {"created_at": created_at, **kept_of(answer, inputs)}
    theirs = answer.get("s3")
    if has_keys(inputs.get("s3")) and isinstance(theirs, Mapping):
        decided["aws_credential_id"] = SHAPE.spelled({"s3": theirs}).get("s3", {}).get("aws_credential_id")
    return decided


def _filled(spec: SourceSpec, theirs: SourceSpec, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the kind that the program left out and the service filled, but for what is always its own."""
    kind = spec.kind or theirs.kind
    if kind is None or kind not in KINDS:
        return {}
    spelled = SHAPE.spelled({kind: answer.get(kind)}).get(kind, {})
    return {
        path.partition(".")[2]: spelled[path.partition(".")[2]]
        for path in theirs.values
        if path.startswith(f"{kind}.")
        and path not in spec.values
        and SHAPE.nature(path).left_out is not LeftOut.OPEN
    }


def _kept(defaults: Mapping[str, Any], answered: Mapping[str, Any]) -> dict[str, Any]:
    """The baseline as the state holds it: nothing where there is nothing to keep."""
    return {name: dict(kept) for name, kept in zip(_BASELINE, (defaults, answered), strict=True) if kept}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def _or_absent(value: Any) -> Any:
    if value is None:
        return ""
    return list(value) if isinstance(value, tuple) else value
