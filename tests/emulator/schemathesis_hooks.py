"""What schemathesis is told that an OpenAPI document can't say; it loads this file by ``SCHEMATHESIS_HOOKS``.

Only cases that are meant to be valid are touched. Most of their ids and names of databases are turned into
some that exist, since random ones would only ever see a 404. 8.0, which is an integer to JSON Schema alone,
is turned into 8, and names of collections lose their double dots. And they keep the rules between fields:
what an invocation needs and takes by the kind of its source, ``source_id`` or ``database_name``, the order
and the declared length of a form.
"""

from __future__ import annotations

import json
import os
from typing import Any, cast
from urllib.parse import urlsplit

import schemathesis
from hypothesis import reject
from schemathesis import Case, GenerationMode, HookContext, Response
from schemathesis.generation.meta import TestPhase

KINDS: dict[str, str] = json.loads(os.environ["KNOWN_SOURCES"])
"""The kind of each source that is known to exist, by its id; those that schemathesis creates are added."""

PREFIXES: dict[str, str] = {}
"""The path_prefix of each S3 source that schemathesis creates."""

KNOWN: dict[str, list[str]] = {
    "source_id": list(KINDS),
    "invocation_id": json.loads(os.environ["KNOWN_INVOCATIONS"]),
    "database_name": ["demo"],
}

FORM = ("database_name", "collection_name")
JSON_FIELDS = {"metadata": '{"a": [1, 2]}', "embedding": '{"sparse": null}', "chunking": '{"type": "lines"}'}


def _existing(name: str, value: Any) -> Any:
    """Three of four values become one that exists; which one depends on the value alone."""
    known = KNOWN[name]
    number = sum(str(value).encode())
    return known[number // 4 % len(known)] if known and number % 4 and isinstance(value, str) else value


def _mended(value: Any, name: str = "") -> Any:
    """A body without fractions of zero, and without double dots in names of collections."""
    if isinstance(value, dict):
        return {name: _mended(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if name.endswith("collection_name") and isinstance(value, str):
        return value.replace("..", "--")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _invocation(source_id: str, body: dict[str, Any]) -> dict[str, Any]:
    kind = KINDS.get(source_id)
    if kind == "s3":
        metadata = body.get("metadata") or {}
        scalars = {name: item for name, item in metadata.items() if isinstance(item, (str, int, float))}
        object_key = PREFIXES.get(source_id, "") + (body.get("object_key") or "k")
        changes = {"object_key": object_key, "ref_identifier": None, "metadata": scalars}
        if "custom_id" in body:
            changes["custom_id"] = (body["custom_id"] or "")[:30]
        return body | changes
    wanted = {"target_collection_name": body.get("target_collection_name") or "docs"}
    if kind == "github" and "ref_identifier" in body:
        wanted["ref_identifier"] = body["ref_identifier"]
    return wanted


def _form(case: Case[Any], form: dict[str, Any]) -> dict[str, Any]:
    form |= {name: text for name, text in JSON_FIELDS.items() if name in form}
    if "custom_id" in form:
        form["custom_id"] = form["custom_id"][:30]
    form["file"] = form["file"] or "content"
    content = getattr(form["file"], "data", None) or form["file"].encode()
    case.headers["x-upload-content-length"] = str(len(content))
    return {name: form[name] for name in (*FORM, *(name for name in form if name not in FORM))}


@schemathesis.hook
def after_call(_context: HookContext, case: Case[Any], response: Response) -> None:
    """Remember what kind of source was created."""
    body: Any = case.body
    if response.status_code == 201 and isinstance(body, dict) and "source_id" in response.json():
        source_id = response.json()["source_id"]
        KINDS[source_id] = next(kind for kind in set(KINDS.values()) if kind in body)
        PREFIXES[source_id] = body.get("s3", {}).get("path_prefix") or ""


@schemathesis.hook
def map_case(_context: HookContext, case: Case[Any]) -> Case[Any]:
    """A valid case that can also succeed."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return case
    operation = case.operation.definition.raw["operationId"]
    names, body = set(KNOWN), cast(Any, case.body)
    if case.meta.phase.name is TestPhase.STATEFUL:
        # Links bring ids of their own. Useless are null, which a run of a deleted source has, and the source
        # of uploads, which takes no other runs.
        names = {"database_name"}
        source_id = case.path_parameters.get("source_id", "")
        if source_id in (None, "None") or (operation == "create_job" and source_id not in KINDS):
            reject()
    if isinstance(body, dict):
        case.body = body = _mended(body)
    for values in (case.path_parameters, case.query, body):
        if isinstance(values, dict):
            for name in values.keys() & names:
                values[name] = _existing(name, values[name])
    if case.query and {"source_id", "database_name"} <= case.query.keys():
        del case.query["source_id" if "limit" in case.query else "database_name"]
    if operation == "add_file":
        case.body = _form(case, body)
    elif operation == "create_job":
        case.body = _invocation(case.path_parameters["source_id"], body)
    elif operation == "create_source":
        try:
            urlsplit(body.get("web_scrape", {}).get("starting_url", ""))
        except ValueError:
            # schemathesis looks for addresses in answers, and would stumble over this one.
            body["web_scrape"]["starting_url"] = "https://docs.acme.com/"
    return case
