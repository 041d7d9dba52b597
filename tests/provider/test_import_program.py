"""The program that an import prints, and what it would put into the state."""

from __future__ import annotations

import ast
import json
import os
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulumi_chroma_sync.api.replies import Answer, SourceReply, source_from
from pulumi_chroma_sync.cli.codegen import program
from pulumi_chroma_sync.cli.importing import AwsKeys, Plan, document, plan
from pulumi_chroma_sync.kinds.source.check import check_inputs
from pulumi_chroma_sync.kinds.source.spec import SourceSpec, changed_inputs
from pulumi_chroma_sync.kinds.source.state import refreshed

ROOT = Path(__file__).parents[2]
KEYS = AwsKeys("AKIAEXAMPLE00000001", "not in any program")
QWEN = "Qwen/Qwen3-Embedding-0.6B"


def replied(body: object) -> SourceReply:
    """The service's answer with this body."""
    return source_from(Answer("GET", 200, {}, json.dumps(body).encode()))


texts = st.text(st.characters(codec="utf-8"), max_size=12)
names = st.text(string.ascii_letters + string.digits + "-_", min_size=3, max_size=12).map("a{}z".format)
words = st.text(string.ascii_letters + string.digits + "-_.'\"\\{}", min_size=1, max_size=12)
lists = st.none() | st.lists(texts, unique=True, max_size=4)
counts = st.none() | st.integers(0, 2**31 - 1)
models = st.fixed_dictionaries(
    {
        "model": st.just(QWEN),
        "task": st.none()
        | st.fixed_dictionaries(
            {"task_name": texts, "document_prompt": st.none() | texts, "query_prompt": st.none() | texts}
        ),
    }
)
sparse = st.fixed_dictionaries({"key": st.none() | texts, "model": st.sampled_from([None, "Chroma/BM25"])})
kinds = st.one_of(
    st.fixed_dictionaries(
        {
            "github": st.fixed_dictionaries(
                {
                    "repository": st.tuples(words, words).map("/".join),
                    "app_id": st.none() | texts,
                    "include_globs": lists,
                }
            )
        }
    ),
    st.fixed_dictionaries(
        {
            "web_scrape": st.fixed_dictionaries(
                {
                    "starting_url": st.tuples(words, words).map(
                        lambda parts: "https://a.io/{}?{}".format(*parts)
                    ),
                    "page_limit": counts,
                    "max_depth": counts,
                    "include_path_regexes": lists,
                    "exclude_path_regexes": lists,
                }
            )
        }
    ),
    st.fixed_dictionaries(
        {
            "s3": st.fixed_dictionaries(
                {
                    "bucket_name": texts.filter(bool),
                    "region": st.just("us-east-1"),
                    "collection_name": names,
                    "path_prefix": st.none() | texts,
                    "auto_sync": st.sampled_from(["none", "direct", "metadata"]),
                    "aws_credential_id": st.integers(1, 2**31 - 1),
                    "aws_access_key_id": st.none(),
                    "aws_secret_access_key": st.none(),
                }
            )
        }
    ),
)
replies = st.builds(
    lambda kind, chunking, embedding, model, source_id, created: replied(
        {
            "id": str(source_id),
            "database_name": "demo",
            "created_at": created,
            **kind,
            "chunking": chunking,
            "embedding": embedding,
            "embedding_model": model,
        }
    ),
    kinds,
    st.none()
    | st.fixed_dictionaries({"type": st.just("tree_sitter"), "max_size_bytes": counts})
    | st.fixed_dictionaries({"type": st.just("lines"), "max_lines": counts, "max_size_bytes": counts}),
    st.none() | st.fixed_dictionaries({"dense": st.none() | models, "sparse": st.none() | sparse}),
    st.none() | models,
    st.uuids(),
    st.sampled_from(["", "2026-11-02T10:00:00Z"]),
)


def declared(planned: Plan) -> list[tuple[str, dict[str, Any]]]:
    """Name and inputs of each resource in the printed program, all protected; a secret as its setting."""
    found = []
    for node in ast.parse(program(planned.declarations)).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.keywords:
            (name,) = node.value.args
            *keywords, opts = node.value.keywords
            assert ast.unparse(opts) == "opts=pulumi.ResourceOptions(protect=True)"
            arguments = {str(each.arg): _value(each.value) for each in keywords}
            found.append((str(_value(name)), arguments))
    return found


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Dict):
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True) if key}
    if isinstance(node, ast.Call):
        assert ast.unparse(node.func) == "config.require_secret"
        return _value(node.args[0])
    return ast.literal_eval(node)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(replies, min_size=1, max_size=3, unique_by=lambda reply: reply.id))
def test_a_source_and_its_program_mean_the_same(sources: list[SourceReply]) -> None:
    """What is printed is what is in the file; check takes it, diff and refresh find nothing to change."""
    planned = plan(sources)
    assert planned.left_out == () and len(planned.imported) == len(sources)
    entries = json.loads(document(planned.entries("type", "pickled")))["resources"]
    for entry, (name, inputs) in zip(entries, declared(planned), strict=True):
        (source,) = (source for source in sources if source.id == entry["id"])
        assert entry["inputs"] == {**inputs, "__provider": "pickled"} and entry["name"] == name
        assert check_inputs(inputs, None) == (inputs, [])
        assert SourceSpec.from_inputs(inputs).differences(SourceSpec.from_answer(source.body)) == []
        assert changed_inputs(entry["outputs"], inputs) == []
        assert refreshed(entry["outputs"], source.body, source.created_at)[0] == inputs
        assert not {"server_defaults", "answered"} & entry["outputs"].keys()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(replies, min_size=1, max_size=3, unique_by=lambda reply: reply.id))
def test_inline_keys_are_named_in_the_program_and_marked_in_the_file(sources: list[SourceReply]) -> None:
    """Only S3 sources pass them; each is read from a setting that is named for its credential."""
    planned = plan(sources, KEYS)
    assert planned.left_out == ()
    text = program(planned.declarations)
    assert KEYS.secret_access_key not in text and KEYS.access_key_id not in text
    assert KEYS.secret_access_key not in repr(planned)
    entries = json.loads(document(planned.entries("type", "pickled")))["resources"]
    for entry, (_, inputs) in zip(entries, declared(planned), strict=True):
        (source,) = (source for source in sources if source.id == entry["id"])
        if source.kind != "s3":
            assert inputs.keys() == entry["inputs"].keys() - {"__provider"}
            continue
        number = source.body["s3"]["aws_credential_id"]
        assert inputs["s3"]["aws_access_key_id"] == f"awsAccessKeyId{number}"
        assert inputs["s3"]["aws_secret_access_key"] == f"awsSecretAccessKey{number}"
        assert "aws_credential_id" not in inputs["s3"] and entry["outputs"]["aws_credential_id"] == number
        for part in ("inputs", "outputs"):
            marked = entry[part]["s3"]["aws_secret_access_key"]
            assert marked.pop("plaintext") == json.dumps(KEYS.secret_access_key)
            assert marked == {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def every_kind() -> list[SourceReply]:
    """Sources with all that is hard to format and to type."""
    awkward = ["'", '"', "'\"", 'it\'s "so"', "\\d+\\.\n", "日本語" * 12, "ü" * 60, "x" * 100, "\u202e"]
    long = {"model": QWEN, "task": {"task_name": "t" * 40, "document_prompt": "p" * 90, "query_prompt": ""}}
    fields: list[dict[str, Any]] = [
        {"github": {"repository": "acme/handbook"}},
        {
            "github": {"repository": "acme/all", "app_id": "1", "include_globs": awkward},
            "embedding_model": long,
        },
        *(
            # One of them just fits into a line, the next just doesn't.
            {"github": {"repository": f"acme/{'r' * length}"}, "chunking": {"type": "lines", "max_lines": 1}}
            for length in range(40, 56)
        ),
        {
            "web_scrape": {
                "starting_url": "https://docs.acme.com/",
                "page_limit": 1,
                "max_depth": 0,
                "include_path_regexes": ["a" * 60, "b" * 9],
                "exclude_path_regexes": awkward,
            },
            "embedding": {"dense": long, "sparse": {"model": "Chroma/BM25", "key": "k"}},
            "embedding_model": {"model": QWEN},
        },
        {
            "s3": {
                "bucket_name": "papers",
                "region": "us-east-1",
                "collection_name": "papers",
                "auto_sync": "metadata",
                "aws_credential_id": 7,
            },
            "chunking": {"type": "tree_sitter", "max_size_bytes": 1},
        },
    ]
    return [
        replied({"id": f"id-{number}", "database_name": "demo", **each}) for number, each in enumerate(fields)
    ]


@pytest.mark.parametrize("keys", [None, KEYS], ids=["by-credential", "inline-keys"])
def test_the_program_is_formatted_as_ruff_would(keys: AwsKeys | None) -> None:
    """It is ready to be committed: no formatter changes it, no linter complains."""
    text = program(plan(every_kind(), keys).declarations)
    ruff = Path(sys.executable).parent / "ruff"
    for arguments in (["format", "--diff"], ["check", "--select=E4,E7,E9,F,I,UP,RUF100"]):
        ended = subprocess.run(
            [ruff, *arguments, "--isolated", "--no-cache", "-"], input=text, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_program_passes_mypy_strict(tmp_path: Path) -> None:
    """The printed types are those that a program may write, all kinds and inline keys included."""
    sources = every_kind()
    (tmp_path / "by_credential.py").write_text(program(plan(sources).declarations), encoding="utf-8")
    (tmp_path / "by_keys.py").write_text(program(plan(sources, KEYS).declarations), encoding="utf-8")
    # The cache that the tests of types use too: one for each worker.
    cache = ROOT / ".mypy_cache" / f"as-a-user-{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"
    options = ["--strict", "--python-version", "3.10", "--no-error-summary", "--config-file="]
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "--cache-dir", str(cache), "by_credential.py", "by_keys.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_what_can_not_be_declared_is_left_out_with_a_reason() -> None:
    """A kind or a value that this version doesn't know is never half imported."""
    base = {"database_name": "demo", "created_at": "2026-11-02T10:00:00Z"}
    sources = [
        {**base, "id": "good", "github": {"repository": "acme/a", "added_later": 1}, "new": True},
        {**base, "id": "upload", "file_upload": {}},
        {**base, "id": "later", "notion": {}},
        {**base, "id": "odd", "github": {"repository": "acme/b"}, "chunking": {"type": "semantic"}},
        {**base, "id": "shape", "github": {"repository": "acme/c"}, "embedding": "hybrid-v2"},
        {**base, "id": "password", "web_scrape": {"starting_url": "https://bob:hush@docs.acme.com/a"}},
    ]
    planned = plan(map(replied, sources))
    assert [each.source.id for each in planned.imported] == ["good"]
    assert {source.id: reason for source, reason in planned.left_out} == {
        "upload": "file_upload, which can't be declared",
        "later": "unknown, which can't be declared",
        "odd": 'this version can\'t declare it (chunking.type: must be one of "tree_sitter", "lines"; '
        'if the service is newer than this version, pass extra={"chunking": {"type": ...}} instead)',
        "shape": "this version can't read it (embedding: must be an object)",
        "password": "this version can't declare it (web_scrape.starting_url: must not contain a user or "
        "password: the service would keep and show both)",
    }


def test_the_oldest_comes_first_and_has_the_plain_name() -> None:
    """However the service orders them: a source that is added later renames none."""
    replies = [
        replied(
            {"id": number, "database_name": "demo", "created_at": created, "github": {"repository": "a/b"}}
        )
        for number, created in (("33", "2026-11-03"), ("11", "2026-11-01"), ("22", "2026-11-01"))
    ]
    assert [each.name for each in plan(replies).imported] == ["a-b", "a-b-22", "a-b-33"]
    assert [each.source.id for each in plan(replies).imported] == ["11", "22", "33"]


def test_an_id_can_not_break_out_of_its_comment() -> None:
    """The service's own strings stay in the comment's line."""
    reply = {"id": "x\nimport os #\u2028", "database_name": "demo", "github": {"repository": "a/b"}}
    text = program(plan([replied(reply)]).declarations)
    assert "# source x?import os ??\n" in text
    assert [type(node) for node in ast.parse(text).body] == [ast.Import, ast.Import, ast.Assign]
