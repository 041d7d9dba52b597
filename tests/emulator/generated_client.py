"""What a user of the generated client does; run in its own environment, as ``generated_client.py URL KEY``.

Each step says ``ok ...``; whatever the client can't read, or the service refuses, is an error.
"""

from __future__ import annotations

import importlib
import sys
import time
from io import BytesIO
from types import ModuleType
from typing import Any

from sync_client import AuthenticatedClient  # type: ignore[import-not-found]
from sync_client import models as m
from sync_client.types import File  # type: ignore[import-not-found]

DATABASE = "demo"


def operation(tag: str, name: str) -> ModuleType:
    """The generated module of an operation."""
    return importlib.import_module(f"sync_client.api.{tag}.{name}")


create, get = operation("source", "create_source"), operation("source", "get_source")
list_sources, delete = operation("source", "list_sources"), operation("source", "delete_source")
run, get_run = operation("invocation", "create_job"), operation("invocation", "get_job")
list_runs, cancel = operation("invocation", "list_jobs"), operation("invocation", "cancel_pending_job")
latest = operation("invocation", "latest_invocations_by_keys")
upload, health = operation("file_upload", "add_file"), operation("system", "health_check")


def main(url: str, key: str) -> None:
    """Sources of each kind from creation to deletion, and their runs to the end."""
    client = AuthenticatedClient(base_url=url, token=key, prefix="", auth_header_name="x-chroma-token")
    assert health.sync_detailed(client=client).status_code == 200
    lines = m.SourceChunkingConfigType1(type_=m.SourceChunkingConfigType1Type.LINES, max_lines=20)
    sparse = m.SparseEmbeddingConfig(key="sparse", model=m.SparseEmbeddingModel.CHROMABM25)
    s3 = m.S3Fields("papers", "papers", "us-east-1", aws_access_key_id="A", aws_secret_access_key="B")
    payloads = [
        m.CreateSourcePayloadGithub(
            m.GithubFields("acme/handbook", include_globs=["**/*.md"]),
            DATABASE,
            chunking=lines,
            embedding=m.SourceEmbeddingConfig(sparse=sparse),
        ),
        m.CreateSourcePayloadWebScrape(m.WebScrapeFields("https://docs.acme.com/", max_depth=2), DATABASE),
        m.CreateSourcePayloadS3(s3, DATABASE),
    ]
    bodies = [
        m.CreateJobPayload(target_collection_name="handbook", ref_identifier=m.GitRefIdentifierType1("dev")),
        m.CreateJobPayload(target_collection_name="docs"),
        m.CreateJobPayload(object_key="a.pdf", custom_id="a"),
    ]
    classes = [m.SourceGithub, m.SourceWebScrape, m.SourceS3]
    for payload, body, kind in zip(payloads, bodies, classes, strict=True):
        source_id = answered(create, client, m.CreateSourceResponse, body=payload).source_id
        source = answered(get, client, kind, source_id)
        assert (source.id, source.database_name) == (source_id, DATABASE)
        [listed] = answered(list_sources, client, list)
        assert listed.to_dict() == source.to_dict()
        finish(client, answered(run, client, m.CreateJobResponse, source_id, body=body).invocation_id)
        delete_source(client, source_id)
        print("ok", kind.__name__)

    assert (source.s3.aws_access_key_id, source.s3.aws_secret_access_key) == (None, None)
    content = b"hello"
    form = m.AddFileBody(DATABASE, "files", File(BytesIO(content), "a.txt", "text/plain"))
    made = answered(upload, client, m.AddFileResponse, body=form, x_upload_content_length=len(content))
    finish(client, made.invocation_id)
    [source] = answered(list_sources, client, list, source_type=m.SourceTypeFilter.FILE_UPLOAD)
    assert isinstance(source, m.SourceFileUpload)
    delete_source(client, source.id)
    print("ok", type(source).__name__)

    source_id = answered(create, client, m.CreateSourceResponse, body=payloads[2]).source_id
    started = answered(run, client, m.CreateJobResponse, source_id, body=bodies[2]).invocation_id
    answered(cancel, client, m.CancelJobResponse, started)
    keys = m.LatestByKeysRequest(object_keys=["a.pdf", "b.pdf"])
    found = answered(latest, client, m.HashMap, source_id, body=keys).additional_properties
    assert {key: (job.id, job.status.value) for key, job in found.items()} == {
        "a.pdf": (started, "cancelled")
    }
    assert len(answered(list_runs, client, list, database_name=DATABASE)) == 5
    print("ok cancelled")


def answered(of: ModuleType, client: Any, kind: type, *ids: Any, **fields: Any) -> Any:
    """What an operation answers; it must be of this kind."""
    answer = of.sync(*ids, client=client, **fields)
    assert isinstance(answer, kind), answer
    return answer


def finish(client: Any, invocation_id: Any) -> None:
    """Wait for the end of a run, which is a success."""
    while not isinstance((job := answered(get_run, client, m.Job, invocation_id)).status, m.CompleteStatus):
        assert job.status.value in ("pending", "processing")
        time.sleep(0.02)
    assert job.metadata.database_name == DATABASE


def delete_source(client: Any, source_id: Any) -> None:
    """Delete it, and see that it is gone."""
    assert delete.sync_detailed(source_id, client=client).status_code == 204
    assert get.sync_detailed(source_id, client=client).status_code == 404


if __name__ == "__main__":
    main(*sys.argv[1:])
