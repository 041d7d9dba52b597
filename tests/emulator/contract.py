"""An OpenAPI document as a sorted table of facts, one a line, so that two documents can be compared.

``python -m tests.emulator.contract FILE`` prints the table of a document; ``contract.txt`` is the vendor's.
Names of schemas and sentences are no facts; what a client sends and gets is. How a schema is put together
(references, allOf, nested oneOf) makes no difference::

    create_source body: one of database_name+github | database_name+s3 | ...
    create_source body github.repository: string
    list_sources query limit: integer minimum=0
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["facts", "read_table"]

_LIMITS = ("format", "minimum", "maximum", "minLength", "maxLength", "pattern", "uniqueItems")
Schema = Mapping[str, Any]


def read_table() -> set[str]:
    """The vendor's facts."""
    return set(Path(__file__).with_name("contract.txt").read_text(encoding="utf-8").splitlines())


def facts(document: Schema) -> set[str]:
    """Every fact of a document."""
    return set(_Reader(document).operations())


class _Reader:
    def __init__(self, document: Schema) -> None:
        self._document = document

    def operations(self) -> Iterator[str]:
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                name = operation["operationId"]
                needs = " ".join(key for entry in operation.get("security", ()) for key in entry)
                yield f"{name}: {method.upper()} {path} {f'with {needs}' if needs else 'without a key'}"
                yield from self._operation(name, operation)
        for name, scheme in self._document["components"]["securitySchemes"].items():
            yield f"key {name}: {scheme['type']} in {scheme['in']} {scheme['name']}"

    def _operation(self, name: str, operation: Schema) -> Iterator[str]:
        for parameter in operation.get("parameters", ()):
            place = f"{name} {parameter['in']} {parameter['name']}"
            yield f"{place}: {'required' if parameter.get('required') else 'optional'}"
            yield from self._values(place, parameter["schema"])
        if "requestBody" in operation:
            [(media, content)] = operation["requestBody"]["content"].items()
            required = "required" if operation["requestBody"].get("required") else "optional"
            yield f"{name} body: {media} {required}"
            for field, encoding in content.get("encoding", {}).items():
                yield f"{name} body {field}: sent as {encoding['contentType']}"
            yield from self._values(f"{name} body", content["schema"])
        for status, response in operation["responses"].items():
            [(media, content)] = response.get("content", {"no body": {}}).items()
            body = list(self._values(f"{name} {status}", content["schema"])) if content else []
            if int(status) < 400:
                yield f"{name} answers {status}: {media}"
                yield from body
            else:
                short = (fact.removeprefix(f"{name} {status}").lstrip(" :") for fact in body)
                yield f"{name} answers {status}: {', '.join([media, *short])}"

    def _values(self, place: str, schema: Schema) -> Iterator[str]:
        """What values a schema takes."""
        shapes = list(self._shapes(schema))
        objects = [shape for shape in shapes if "object" in _types(shape)]
        yield from sorted({f"{place}: {_scalar(shape)}" for shape in shapes if shape not in objects})
        for shape in shapes:
            if "items" in shape:
                yield from self._values(f"{place}[]", shape["items"])
        for shape in objects:
            if isinstance(extra := shape.get("additionalProperties"), Mapping):
                yield f"{place}: {' or '.join(_types(shape))} of any keys"
                yield from self._values(f"{place}{{}}", extra) if extra else ()
        if named := [
            shape for shape in objects if not isinstance(shape.get("additionalProperties"), Mapping)
        ]:
            yield from self._fields(place, named)

    def _fields(self, place: str, objects: Sequence[Schema]) -> Iterator[str]:
        variants = sorted({_variant(shape) for shape in objects})
        yield f"{place}: {'object' if len(variants) == 1 else 'one'} of {' | '.join(variants)}"
        if all(shape.get("additionalProperties") is False for shape in objects):
            yield f"{place}: no other fields"
        fields: dict[str, list[Schema]] = {}
        for shape in objects:
            for field, schema in shape.get("properties", {}).items():
                fields.setdefault(field, []).append(schema)
        for field, schemas in fields.items():
            yield from self._values(f"{place} {field}".replace(" [", "["), {"oneOf": schemas})

    def _shapes(self, schema: Schema) -> Iterator[Schema]:
        """The alternatives of a schema, each without references, allOf and oneOf."""
        if (reference := schema.get("$ref")) is not None:
            target = self._document["components"]["schemas"].get(reference.rpartition("/")[2])
            yield from self._shapes(target) if target is not None else ({"type": "not defined"},)
            return
        plain = {key: value for key, value in schema.items() if key not in ("allOf", "oneOf")}
        parts: list[Iterable[Schema]] = [list(self._shapes(part)) for part in schema.get("allOf", ())]
        if "oneOf" in schema:
            parts.append([shape for part in schema["oneOf"] for shape in self._shapes(part)])
        for combination in itertools.product([plain], *parts):
            yield _merged(combination)


def _merged(schemas: Iterable[Schema]) -> Schema:
    merged: dict[str, Any] = {}
    for schema in schemas:
        for key, value in schema.items():
            if key == "required":
                merged[key] = sorted({*merged.get(key, ()), *value})
            elif key == "properties":
                merged[key] = {**merged.get(key, {}), **value}
            elif key == "type" and merged.get(key, value) != value:
                # A contradiction that the vendor's document has; it is kept as it is.
                merged[key] = [merged[key], value]
            else:
                merged[key] = value
    return merged


def _variant(shape: Schema) -> str:
    texts = [f"the string {text!r}" for text in shape.get("enum", ())]
    return "+".join([*texts, *sorted(shape.get("required", ()))]) or "{}"


def _types(shape: Schema) -> tuple[str, ...]:
    kind = shape.get("type", "anything")
    return (kind,) if isinstance(kind, str) else tuple(kind)


def _scalar(shape: Schema) -> str:
    kinds = [kind for kind in _types(shape) if kind != "array"] or ["array"]
    words = [" or ".join(_types(shape)) if kinds else ""]
    words += [f"{key}={shape[key]}" for key in _LIMITS if key in shape]
    words += ["enum " + " ".join(shape["enum"])] if "enum" in shape else []
    return " ".join(words)


if __name__ == "__main__":
    for fact in sorted(facts(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))):
        print(fact)
