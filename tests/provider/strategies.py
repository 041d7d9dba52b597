"""What hypothesis makes of a source: inputs as a program passes them, and near misses.

``PROPERTY_FACTOR=20`` in the environment runs that many times the examples, at random.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from pulumi.output import Unknown

__all__ = [
    "DATABASE",
    "MODEL",
    "Path",
    "at",
    "bags",
    "examples",
    "inputs",
    "junk",
    "nearly",
    "places",
    "replaced",
    "same_meaning",
    "some_unknown",
    "source_fields",
    "unknown",
]

Path = tuple["str | int", ...]

DATABASE = "demo"
MODEL = "Qwen/Qwen3-Embedding-0.6B"

_FACTOR = int(os.environ.get("PROPERTY_FACTOR", "1"))


def examples(count: int) -> settings:
    """Settings of a property: the same examples at each run, unless many more are asked for."""
    return settings(
        max_examples=count * _FACTOR,
        derandomize=_FACTOR == 1,
        database=None,
        deadline=None,
        # The fixture that cleans the environment may serve all examples of a test.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


# Letters of all sorts, what means something in a path or a URL, and what must not.
_TEXT = st.text(
    st.one_of(
        st.sampled_from("aZ09._-*/[]()^$?+{}|\\ \"'#:@%&=,;~<>`!é語\U0001f600İß"),
        st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]),
    ),
    max_size=12,
)
_SOME = _TEXT.filter(bool)
_WORD = st.text("abcXYZ019._-", min_size=1, max_size=8)
_NAME = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_-]{1,8}(\.[a-zA-Z0-9])?[a-zA-Z0-9]", fullmatch=True)
_COUNTS = st.one_of(st.integers(0, 300), st.just(2**31 - 1))
_SIZES = st.one_of(_COUNTS, st.sampled_from([2**31, 2**53 - 1]))
_UNIQUE = st.lists(_TEXT, max_size=4, unique=True)
_REPOSITORY = st.builds("{}/{}".format, _WORD, _WORD)
_URL = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(
        [
            "docs.acme.com",
            "Docs.ACME.com",
            "localhost:8080",
            "[2001:db8::1]",
            "a:443",
            "münchen.de",
        ]
    ),
    st.sampled_from(["", "/", "/guide", "/Guide/", "/a%20b;x=1"]),
    st.sampled_from(["", "?q=1&r=[2]", "#top"]),
)


def _fields(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> Any:
    return st.fixed_dictionaries(required, optional=optional)


_GITHUB = _fields({"repository": _REPOSITORY}, app_id=_TEXT, include_globs=_UNIQUE)
_WEB = _fields(
    {"starting_url": _URL},
    page_limit=_COUNTS,
    max_depth=_COUNTS,
    include_path_regexes=_UNIQUE,
    exclude_path_regexes=_UNIQUE,
)
_BUCKET: dict[str, st.SearchStrategy[Any]] = {
    "bucket_name": _SOME,
    "region": _SOME,
    "collection_name": _NAME,
}
_S3_OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "path_prefix": _TEXT,
    "auto_sync": st.sampled_from(["none", "direct", "metadata"]),
}
_S3 = st.one_of(
    _fields({**_BUCKET, "aws_credential_id": st.integers(1, 2**31 - 1)}, **_S3_OPTIONAL),
    _fields({**_BUCKET, "aws_access_key_id": _SOME, "aws_secret_access_key": _SOME}, **_S3_OPTIONAL),
)
_CHUNKING = st.one_of(
    _fields({"type": st.just("tree_sitter")}, max_size_bytes=_SIZES),
    _fields({"type": st.just("lines")}, max_size_bytes=_SIZES, max_lines=_SIZES),
)
_TASK = _fields({"task_name": _TEXT}, document_prompt=_TEXT, query_prompt=_TEXT)
_DENSE = _fields({"model": st.just(MODEL)}, task=_TASK)
_SPARSE = _fields({}, model=st.sampled_from(["Chroma/BM25", "prithivida/Splade_PP_en_v1"]), key=_TEXT)
_KINDS: dict[str, st.SearchStrategy[Any]] = {"github": _GITHUB, "web_scrape": _WEB, "s3": _S3}


def source_fields(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """The fields of a source of this kind."""
    return _KINDS[kind]


@st.composite
def inputs(draw: st.DrawFn) -> dict[str, Any]:
    """Valid inputs of one source, without None."""
    kind = draw(st.sampled_from(sorted(_KINDS)))
    optional = {
        "chunking": _CHUNKING,
        "embedding": _fields({}, dense=_DENSE, sparse=_SPARSE),
        "embedding_model": st.one_of(st.just(MODEL), _DENSE),
        "on_conflict": st.sampled_from(["error", "adopt"]),
    }
    return {
        "database_name": DATABASE,
        kind: draw(_KINDS[kind]),
        **draw(st.fixed_dictionaries({}, optional=optional)),
    }


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [-1, -1.0, 0, 1.5, 2**31, "", " ", "a b", "a/b/c", "/b", "ftp://x", "https://", "\x7f/a"]
    ),
    st.sampled_from(["tree_sitter", "lines", "none", "Direct", MODEL, "12"]),
    _TEXT,
)
_NAMES = st.one_of(
    st.sampled_from(["github", "s3", "file_upload", "repo", "max_lines", "include_globes", "key", "model"]),
    _WORD,
)
junk = st.recursive(
    _SCALARS, lambda some: st.one_of(st.lists(some, max_size=3), st.dictionaries(_NAMES, some, max_size=3))
)
"""Any JSON value, and those that are nearly right."""


@st.composite
def nearly(draw: st.DrawFn, most: int = 2) -> dict[str, Any]:
    """Inputs with a few mistakes, or none: a value replaced, taken away, added or doubled."""
    bag: dict[str, Any] = draw(inputs())
    for _ in range(draw(st.integers(0, most))):
        path = draw(st.sampled_from([(), *(path for path in places(bag) if path != ("database_name",))]))
        mistake = draw(st.sampled_from([_put, _taken, _added, _doubled])) if path else _added
        bag = replaced(bag, path, mistake(draw))
    return bag


_GONE = object()


def unknown() -> Any:
    """A value that isn't known at preview, as the SDK gives it to the provider."""
    return Unknown()  # type: ignore[no-untyped-call]


def _put(draw: st.DrawFn) -> Callable[[Any], Any]:
    value = draw(junk)
    return lambda _old: value


def _taken(_draw: st.DrawFn) -> Callable[[Any], Any]:
    return lambda _old: _GONE


def _added(draw: st.DrawFn) -> Callable[[Any], Any]:
    name, value = draw(_NAMES), draw(junk)

    def add(old: Any) -> Any:
        if isinstance(old, dict):
            return {**old, name: value}
        return [*old, value] if isinstance(old, list) else old

    return add


def _doubled(_draw: st.DrawFn) -> Callable[[Any], Any]:
    return lambda old: [*old, *old] if isinstance(old, list) else old


def bags() -> st.SearchStrategy[dict[Any, Any]]:
    """Property bags of any sort: of right names with wrong things in them, unknown values, odd keys."""
    odd = st.one_of(_SCALARS, st.builds(unknown), st.just(float("nan")), st.just(float("inf")), st.binary())
    names = st.one_of(
        st.sampled_from(["database_name", "github", "web_scrape", "s3", "chunking", "embedding"]),
        st.sampled_from(["embedding_model", "on_conflict", "file_upload", "__provider", "repository"]),
        st.sampled_from(["aws_credential_id", "aws_access_key_id", "aws_secret_access_key", "type"]),
        st.sampled_from(["include_globs", "starting_url", "dense", "sparse", "task", "max_lines"]),
        st.one_of(_TEXT, st.integers(), st.none(), st.booleans()),
    )
    values = st.recursive(
        odd,
        lambda some: st.one_of(
            st.lists(some, max_size=3), st.tuples(some, some), st.dictionaries(names, some, max_size=4)
        ),
        max_leaves=25,
    )
    return st.dictionaries(names, values, max_size=6)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of each part of a bag, the outer ones first; not the bag itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def at(value: Any, path: Path) -> Any:
    """The part at this path."""
    for part in path:
        value = value[part]
    return value


def replaced(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """A copy with the part at this path changed; what the change gives as gone is taken out."""
    if not path:
        return change(value)
    new = replaced(value[path[0]], path[1:], change)
    if isinstance(value, dict):
        return {
            key: new if key == path[0] else item
            for key, item in value.items()
            if key != path[0] or new is not _GONE
        }
    return [
        new if index == path[0] else item
        for index, item in enumerate(value)
        if index != path[0] or new is not _GONE
    ]


@st.composite
def some_unknown(draw: st.DrawFn, bag: dict[str, Any]) -> dict[str, Any]:
    """The same bag with any of its parts not known yet."""
    return dict(draw(_obscured(bag)))


@st.composite
def _obscured(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: unknown() if draw(st.booleans()) else draw(_obscured(item)) for key, item in value.items()
        }
    if isinstance(value, list):
        return [unknown() if draw(st.booleans()) else draw(_obscured(item)) for item in value]
    return value


@st.composite
def same_meaning(draw: st.DrawFn, bag: dict[str, Any]) -> dict[str, Any]:
    """The same source in other words."""
    other: dict[str, Any] = draw(_respelled(bag))
    if isinstance(model := other.get("embedding_model"), dict) and model.keys() == {"model"}:
        other["embedding_model"] = draw(st.sampled_from([model, model["model"]]))
    if (model := bag.get("embedding_model")) is not None and "dense" not in bag.get("embedding", {}):
        moved = {**other.get("embedding", {}), "dense": {"model": model} if isinstance(model, str) else model}
        if draw(st.booleans()):
            other = {name: other[name] for name in other if name != "embedding_model"}
            other["embedding"] = moved
        elif draw(st.booleans()):
            other["embedding"] = moved
    names = ["chunking", "embedding", "embedding_model", "on_conflict", "github", "web_scrape", "s3"]
    for name in draw(st.lists(st.sampled_from(names), max_size=3)):
        other.setdefault(name, None)
    if other["database_name"] and draw(st.booleans()):
        other["__provider"] = draw(_TEXT)
    if other.get("on_conflict", "error") == "error":
        other["on_conflict"] = draw(st.sampled_from([None, "error"]))
    return dict(draw(st.permutations(sorted(other.items(), key=lambda item: item[0]))))


_ABSENT: dict[str, list[Any]] = {
    "include_globs": [None, [], ["*"]],
    "include_path_regexes": [None, []],
    "exclude_path_regexes": [None, []],
    "path_prefix": [None, ""],
    "auto_sync": [None, "none"],
    "app_id": [None, ""],
    "page_limit": [None],
    "max_depth": [None],
    "task": [None],
    "max_size_bytes": [None],
}
_OWNERS = {
    "github": ("app_id", "include_globs"),
    "web_scrape": ("page_limit", "max_depth", "include_path_regexes", "exclude_path_regexes"),
    "s3": ("path_prefix", "auto_sync"),
    "chunking": ("max_size_bytes",),
    "dense": ("task",),
}


@st.composite
def _respelled(draw: st.DrawFn, value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        fields = {key: draw(_respelled(item, key)) for key, item in value.items()}
        for key in _OWNERS.get(name, ()):
            if fields.get(key) in _ABSENT[key] and draw(st.booleans()):
                fields[key] = draw(st.sampled_from(_ABSENT[key]))
        return fields
    if isinstance(value, list):
        return draw(st.permutations(value))
    if isinstance(value, int):
        return draw(st.sampled_from([value, float(value)]))
    if name == "repository":
        return draw(st.sampled_from([value, value.upper(), value.lower()]))
    if name == "starting_url":
        scheme, _, rest = value.partition("://")
        return draw(st.sampled_from([value, f"{scheme.upper()}://{rest}", f"{scheme.lower()}://{rest}"]))
    return value
