"""The schemas of the emulator's own OpenAPI document, under the names of the contract.

They are as narrow as the emulator is: a request that they allow is not refused for its shape, and an answer
has the fields that they require. Where they are narrower than the contract, LIMITS.md says why.
"""

from __future__ import annotations

from typing import Any

from .names import NAME_PATTERN
from .payloads import REPOSITORY_PATTERN, URL_PATTERN

__all__ = ["SCHEMAS", "UPLOAD_FORM", "ref"]

Schema = dict[str, Any]

INT32 = 2**31 - 1
STRING: Schema = {"type": "string"}
TEXT: Schema = {"type": "string", "minLength": 1}
NAME: Schema = {
    "type": "string",
    "pattern": NAME_PATTERN,
    "description": "No two dots in a row, and no IP address.",
}
MOMENT: Schema = {"type": "string", "format": "date-time"}
UUID: Schema = {"type": "string", "format": "uuid"}
WHOLE: Schema = {"type": "integer", "minimum": 0}
INT64: Schema = {"type": "integer", "format": "int64", "minimum": 0}


def ref(name: str) -> Schema:
    """A reference to a schema of this document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: str = "", *, closed: bool = False, **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required.split()
    if closed:
        schema["additionalProperties"] = False
    return schema


def _enum(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def _or_null(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"oneOf": [{"type": "null"}, schema]}


def _any_object() -> Schema:
    return {"type": ["object", "null"], "additionalProperties": {}, "propertyNames": STRING}


_UNIQUE: Schema = {"type": ["array", "null"], "items": STRING, "uniqueItems": True}
_COUNT: Schema = {"type": ["integer", "null"], "format": "int32", "minimum": 0, "maximum": INT32}

_GITHUB = _object(
    "repository",
    closed=True,
    repository={"type": "string", "pattern": REPOSITORY_PATTERN},
    app_id=_or_null(STRING),
    include_globs=_UNIQUE,
)
_WEB = _object(
    "starting_url",
    closed=True,
    starting_url={"type": "string", "pattern": URL_PATTERN},
    page_limit=_COUNT,
    max_depth=_COUNT,
    include_path_regexes=_UNIQUE,
    exclude_path_regexes=_UNIQUE,
)
_S3_FIELDS: dict[str, Schema] = {
    "bucket_name": TEXT,
    "region": TEXT,
    "collection_name": NAME,
    "path_prefix": _or_null(STRING),
    "auto_sync": {"oneOf": [{"type": "null"}, ref("AutoSync")]},
}
_CREDENTIAL: Schema = {"type": "integer", "format": "int32", "minimum": 1, "maximum": INT32}
_NULL: Schema = {"type": "null"}
_S3_REQUIRED = "bucket_name region collection_name"
# Exactly one way to name the credential.
_S3_REQUEST: Schema = {
    "oneOf": [
        _object(
            f"{_S3_REQUIRED} aws_credential_id",
            closed=True,
            **_S3_FIELDS,
            aws_credential_id=_CREDENTIAL,
            aws_access_key_id=_NULL,
            aws_secret_access_key=_NULL,
        ),
        _object(
            f"{_S3_REQUIRED} aws_access_key_id aws_secret_access_key",
            closed=True,
            **_S3_FIELDS,
            aws_credential_id=_NULL,
            aws_access_key_id=TEXT,
            aws_secret_access_key=TEXT,
        ),
    ]
}
_S3 = _object(
    _S3_REQUIRED,
    closed=True,
    **_S3_FIELDS,
    aws_credential_id=_or_null(_CREDENTIAL),
    aws_access_key_id=_or_null(TEXT),
    aws_secret_access_key=_or_null(TEXT),
)
_FILE_UPLOAD: Schema = {"type": "object", "additionalProperties": False}


def _create_source(kind: str, fields: Schema) -> Schema:
    return _object(
        f"database_name {kind}",
        closed=True,
        **{kind: fields},
        database_name=STRING,
        chunking=ref("SourceChunkingConfig"),
        embedding=ref("SourceEmbeddingConfig"),
        # A bare name is what the vendor's own example passes.
        embedding_model={"oneOf": [_NULL, ref("DenseEmbeddingModel"), ref("DenseEmbeddingName")]},
    )


_JOB = _object(
    "id status metadata created_at",
    id=ref("JobId"),
    source_id={"oneOf": [_NULL, ref("SourceId")]},
    status=ref("JobStatus"),
    metadata=ref("IndexJobMetadata"),
    created_at=MOMENT,
)

SCHEMAS: dict[str, Schema] = {
    "AcceptedResponse": {"type": "object"},
    "AddFileResponse": _object("invocation_id", invocation_id=UUID),
    "AutoSync": _enum("none", "direct", "metadata"),
    "CancelJobResponse": {"type": "object"},
    "CreateJobPayload": _object(
        closed=True,
        target_collection_name=_or_null(NAME),
        ref_identifier={"oneOf": [_NULL, ref("GitRefIdentifier")]},
        object_key=_or_null(TEXT),
        custom_id={"type": ["string", "null"], "maxLength": 120},
        metadata=_any_object(),
    ),
    "CreateJobResponse": _object("invocation_id", invocation_id=ref("JobId")),
    "CreateSourcePayload": {
        "oneOf": [
            _create_source("github", _GITHUB),
            _create_source("web_scrape", _WEB),
            _create_source("s3", _S3_REQUEST),
        ]
    },
    "CreateSourceResponse": _object("source_id", source_id=ref("SourceId")),
    "DenseEmbeddingConfig": {"allOf": [ref("DenseEmbeddingModel")]},
    "DenseEmbeddingModel": _object(
        "model",
        closed=True,
        model=ref("DenseEmbeddingName"),
        task={"oneOf": [_NULL, ref("Qwen3EmbeddingTask")]},
    ),
    "DenseEmbeddingName": _enum("Qwen/Qwen3-Embedding-0.6B"),
    "ErrorResponse": _object("error message", error=STRING, message=STRING),
    "GitRefIdentifier": {
        "oneOf": [_object("sha", closed=True, sha=TEXT), _object("branch", closed=True, branch=TEXT)]
    },
    "HashMap": {"type": "object", "additionalProperties": ref("Job"), "propertyNames": STRING},
    "IndexJobMetadata": {
        "allOf": [
            ref("IndexJobMetadataKind"),
            _object("database_name collection_name", database_name=STRING, collection_name=STRING),
        ]
    },
    # The contract's bare strings can't be merged with an object; as keys with null they can.
    "IndexJobMetadataKind": {
        "oneOf": [
            _object("web_scrape", web_scrape=_NULL),
            _object(
                "github",
                github=_object("git_ref_identifier", git_ref_identifier=ref("GitRefIdentifier")),
            ),
            _object(
                "s3",
                s3=_object(
                    "bucket_name",
                    bucket_name=STRING,
                    object_key=_or_null(STRING),
                    custom_id=_or_null(STRING),
                    additional_metadata=_any_object(),
                ),
            ),
            _object("Unknown", Unknown=_NULL),
        ]
    },
    "Job": _JOB,
    "JobId": UUID,
    "JobStatus": {
        "oneOf": [
            _enum("pending"),
            _enum("processing"),
            _object(
                "complete",
                complete=_object("finished_at duration_ms", finished_at=MOMENT, duration_ms=INT64),
            ),
            _object("failed", failed=_object("error", error=STRING)),
            _enum("cancelled"),
        ]
    },
    "JobStatusFilter": _enum("pending", "processing", "complete", "failed", "cancelled"),
    "LatestByKeysRequest": _object(
        "object_keys", closed=True, object_keys={"type": "array", "items": STRING}
    ),
    "OrderBy": _enum("ASC", "DESC", "asc", "desc"),
    "Qwen3EmbeddingTask": _object(
        "task_name",
        closed=True,
        task_name=STRING,
        document_prompt=_or_null(STRING),
        query_prompt=_or_null(STRING),
    ),
    "Source": {
        "allOf": [
            ref("SourceType"),
            _object(
                "id database_name embedding_model chunking embedding created_at",
                id=ref("SourceId"),
                database_name=STRING,
                embedding_model=ref("DenseEmbeddingModel"),
                chunking=ref("SourceChunkingConfig"),
                embedding=ref("SourceEmbeddingConfig"),
                created_at=MOMENT,
            ),
        ]
    },
    "SourceChunkingConfig": {
        "oneOf": [
            _object("type", closed=True, type=_enum("tree_sitter"), max_size_bytes=WHOLE),
            _object("type", closed=True, type=_enum("lines"), max_lines=WHOLE, max_size_bytes=WHOLE),
        ]
    },
    "SourceEmbeddingConfig": _object(
        closed=True,
        dense=ref("DenseEmbeddingConfig"),
        sparse={"oneOf": [_NULL, ref("SparseEmbeddingConfig")]},
    ),
    "SourceId": UUID,
    "SourceType": {
        "oneOf": [
            _object("github", github=_GITHUB),
            _object("web_scrape", web_scrape=_WEB),
            _object("s3", s3=_S3),
            _object("file_upload", file_upload=_FILE_UPLOAD),
        ]
    },
    "SourceTypeFilter": _enum("github", "web_scrape", "s3", "file_upload"),
    "SparseEmbeddingConfig": _object(closed=True, key=STRING, model=ref("SparseEmbeddingModel")),
    "SparseEmbeddingModel": _enum("Chroma/BM25", "prithivida/Splade_PP_en_v1"),
    "Vec": {"type": "array", "items": ref("Job")},
    "VecOfSources": {"type": "array", "items": ref("Source")},
}
"""Every schema, by its name."""

UPLOAD_FORM: Schema = _object(
    "database_name collection_name file",
    closed=True,
    database_name=STRING,
    collection_name=NAME,
    file={"type": "string", "format": "binary"},
    custom_id={"type": "string", "maxLength": 120},
    metadata=STRING,
    embedding=STRING,
    chunking=STRING,
    content_type={"type": "string", "maxLength": 512},
)
"""The form of an upload; its text fields come before ``file`` where the contract says so."""
