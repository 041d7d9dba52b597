"""The fields of a source: one list for what an editor offers, what check takes, and what each field is."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from pulumi_chroma_sync import args
from pulumi_chroma_sync.core.specification import LeftOut, model_in
from pulumi_chroma_sync.kinds.source.model import INPUTS, PAYLOAD, WRITE_ONLY, SourceInputs
from pulumi_chroma_sync.kinds.source.spec import SHAPE
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
    found: type[BaseModel] | None = SourceInputs
    for part in path:
        assert found is not None
        found = model_in(found.model_fields[part].annotation)
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
            if model_in(model(*path).model_fields[name].annotation) is not None:
                found.add((*path, name))
                waiting.append((*path, name))
    assert found == PLACES.keys()


def test_the_resource_takes_exactly_the_inputs() -> None:
    """Each as an argument of its own, by name."""
    parameters = inspect.signature(Source.__init__).parameters.values()
    named = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    # retain_on_delete is an option, and the constructor tells the provider of it.
    assert named == [*(name for name in INPUTS if name != "retain_on_delete"), "opts"]


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
    literal = annotation
    while get_origin(literal) is not Literal:
        literal = next(part for part in get_args(literal) if get_args(part))
    assert get_args(literal) == choices


NATURES = {
    "target": {
        "database_name",
        "github.repository",
        "web_scrape.starting_url",
        "s3.bucket_name",
        "s3.path_prefix",
    },
    "a set": {
        "github.include_globs",
        "web_scrape.include_path_regexes",
        "web_scrape.exclude_path_regexes",
    },
    "write-only": {f"s3.{name}" for name in WRITE_ONLY},
    "filled": {"web_scrape.page_limit", "web_scrape.max_depth"},
}


def test_each_field_says_what_it_is() -> None:
    """In one place; every other one is plainly a value, or the service's where it is left out."""
    paths = {*_leaves(PAYLOAD)}
    assert {*SHAPE.targets} == NATURES["target"]
    assert {path for path in paths if SHAPE.nature(path).is_set} == NATURES["a set"]
    assert {path for path in paths if SHAPE.nature(path).write_only} == NATURES["write-only"]
    assert {path for path in paths if SHAPE.nature(path).left_out is LeftOut.DEFAULT} == NATURES["filled"]
    left = {path for path in paths if SHAPE.nature(path).left_out is LeftOut.OPEN}
    assert {path for path in left if path.split(".")[0] in ("github", "web_scrape", "s3")} == {
        "s3.auto_sync",
        "s3.aws_credential_id",
    }
    assert {path.split(".")[0] for path in left} == {"s3", "chunking", "embedding", "embedding_model"}


def _leaves(names: Iterable[str], *above: str) -> Iterator[str]:
    for name in names:
        inner = model_in(model(*above).model_fields[name].annotation)
        if inner is None:
            yield ".".join((*above, name))
        else:
            yield from _leaves(inner.model_fields, *above, name)
