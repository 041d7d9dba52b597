"""The models: one list of fields for the words of a program and the API, and replies that are read kindly."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from pulumi_chroma_sync import args
from pulumi_chroma_sync.models import INPUTS, SourceInputs, SourceReply, declarable, model_at
from pulumi_chroma_sync.source import Source

from .strategies import MODEL

PLACES: dict[tuple[str, ...], Any] = {
    ("github",): args.GithubArgs,
    ("web_scrape",): args.WebScrapeArgs,
    ("s3",): args.S3Args,
    ("chunking",): args.ChunkingArgs,
    ("embedding",): args.EmbeddingArgs,
    ("embedding", "dense"): args.DenseEmbeddingArgs,
    ("embedding", "dense", "task"): args.EmbeddingTaskArgs,
    ("embedding", "sparse"): args.SparseEmbeddingArgs,
    ("embedding_model",): args.EmbeddingModelArgs,
    ("embedding_model", "task"): args.EmbeddingTaskArgs,
}


def model(*path: str) -> type[BaseModel]:
    """The model at this path, which is there."""
    found = model_at(path)
    assert found is not None
    return found


@pytest.mark.parametrize("path", PLACES, ids=".".join)
def test_what_an_editor_offers_is_what_check_takes(path: tuple[str, ...]) -> None:
    """Names and required ones, at every level."""
    fields = model(*path).model_fields
    written = PLACES[path].__annotations__
    required = {name for name in written if "Required[" in str(written[name])}
    assert written.keys() == fields.keys()
    assert required == {name for name in fields if fields[name].is_required()}


def test_each_object_has_its_arguments() -> None:
    """No level of the inputs is without its TypedDict."""
    found: set[tuple[str, ...]] = set()
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        path = waiting.pop()
        for name in model(*path).model_fields:
            if model_at((*path, name)) is not None:
                found.add((*path, name))
                waiting.append((*path, name))
    assert found == PLACES.keys()


def test_the_resource_takes_exactly_the_inputs() -> None:
    """Each as an argument of its own, by name."""
    parameters = inspect.signature(Source.__init__).parameters.values()
    named = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    assert named == [*INPUTS, "opts"]


@pytest.mark.parametrize(
    ("path", "choices"),
    [
        (("chunking", "type"), ("tree_sitter", "lines")),
        (("s3", "auto_sync"), ("none", "direct", "metadata")),
        (("embedding", "dense", "model"), (MODEL,)),
        (("embedding", "sparse", "model"), ("Chroma/BM25", "prithivida/Splade_PP_en_v1")),
        (("on_conflict",), ("error", "adopt")),
    ],
)
def test_choices_are_those_of_the_contract(path: tuple[str, ...], choices: tuple[str, ...]) -> None:
    """In the model, word for word."""
    annotation = model(*path[:-1]).model_fields[path[-1]].annotation
    literal = next((part for part in get_args(annotation) if get_args(part)), annotation)
    assert get_args(literal) == choices


def test_there_is_no_model_where_there_is_no_object() -> None:
    """A scalar, a list, or nothing at all."""
    assert model_at(()) is SourceInputs
    for path in (
        ("database_name",),
        ("github", "include_globs"),
        ("github", "nope"),
        ("nope", "nope", "nope"),
    ):
        assert model_at(path) is None


REPLY: dict[str, Any] = {"id": "s-1", "database_name": "demo"}


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"created_at": None},
        {"created_at": "yesterday"},
        {"github": None, "web_scrape": None, "s3": None, "embedding": None, "embedding_model": None},
        {"chunking": None, "tenant": "t", "status": {"state": "new"}},
        {"github": {"repository": "a/b", "installation": {"id": 5}, "stars": 1.0}},
        {"file_upload": {}},
        {"notion": {"page": "p"}},
        {"embedding_model": MODEL},
    ],
    ids=repr,
)
def test_a_reply_is_read_for_what_it_says(odd: dict[str, Any]) -> None:
    """Missing, null and unknown fields, and a kind that this version doesn't know, are no crash."""
    reply = SourceReply.model_validate({**REPLY, **odd})
    assert reply.id == "s-1"
    assert reply.created_at == (odd.get("created_at") or "")
    assert reply.moment is None
    assert reply.kind == ("github" if odd.get("github") else None)


@pytest.mark.parametrize(
    "broken", [{"id": ""}, {"id": None}, {"id": 5}, {"github": "a/b"}, {"database_name": None}]
)
def test_a_reply_without_the_least_is_none(broken: dict[str, Any]) -> None:
    """Without an id nothing can be done with it; the error doesn't quote it."""
    with pytest.raises(ValidationError) as caught:
        SourceReply.model_validate({**REPLY, **broken})
    assert "a/b" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-02T10:00:00Z", "2026-11-02T10:00:00+00:00"),
        ("2026-11-02T10:00:00.123456+02:00", "2026-11-02T10:00:00.123456+02:00"),
        ("2026-11-02T10:00:00", "2026-11-02T10:00:00+00:00"),
    ],
)
def test_the_moment_of_creation_has_a_time_zone(text: str, iso: str) -> None:
    """UTC where the service names none."""
    moment = SourceReply(id="s-1", database_name="demo", created_at=text).moment
    assert moment is not None and moment.isoformat() == iso


def test_what_nobody_can_declare_is_left_out() -> None:
    """Null, and fields that this version doesn't know, at every level; all else stays as it is."""
    said = {
        "id": "s-1",
        "database_name": "demo",
        "github": {"repository": "a/b", "app_id": None, "include_globs": [], "branch": "main"},
        "chunking": {"type": "lines", "max_lines": 5.0, "overlap": 1},
        "embedding": {
            "dense": {"model": MODEL, "task": {"task_name": "t", "more": 1}},
            "sparse": None,
            "late": {},
        },
        "embedding_model": {"model": MODEL, "task": None, "dimensions": 1024},
        "notion": {},
    }
    assert declarable(said) == {
        "database_name": "demo",
        "github": {"repository": "a/b", "include_globs": []},
        "chunking": {"type": "lines", "max_lines": 5.0},
        "embedding": {"dense": {"model": MODEL, "task": {"task_name": "t"}}},
        "embedding_model": {"model": MODEL},
    }
