"""``Source`` as a program writes it: what reaches the engine, and what comes back."""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pulumi
import pydantic
import pytest

from pulumi_chroma_sync import Source

from .registering import SECRET, Registered, registered
from .written import BUCKET, KEYS, github, s3

HUSH = "word/that+is-a-secret"
INLINE = {**BUCKET, "aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": HUSH}


def one(**arguments: Any) -> Registered:
    """A program of one source."""
    return registered(lambda: Source("docs", **arguments) and None)


@dataclasses.dataclass
class Dataclass:
    """A bucket."""

    bucket_name: str
    region: str
    collection_name: str
    aws_access_key_id: str
    aws_secret_access_key: str


class Attrs:
    """A bucket of an attrs class, by what such a class says of its fields; attrs is no dependency."""

    __attrs_attrs__ = tuple(SimpleNamespace(name=name) for name in INLINE)

    def __init__(self, **fields: str) -> None:
        vars(self).update(fields)

    def __repr__(self) -> str:
        return f"Attrs({vars(self)})"


class Pydantic(pydantic.BaseModel):
    """A bucket."""

    bucket_name: str
    region: str
    collection_name: str
    aws_access_key_id: str
    aws_secret_access_key: str


@pulumi.input_type
class Getters:
    """A bucket in Pulumi's own convention."""

    def __init__(self, **fields: Any) -> None:
        for name, value in fields.items():
            pulumi.set(self, name, value)

    @property
    @pulumi.getter
    def bucket_name(self) -> str:
        """The bucket."""
        return str(pulumi.get(self, "bucket_name"))

    @property
    @pulumi.getter
    def region(self) -> str:
        """The region."""
        return str(pulumi.get(self, "region"))

    @property
    @pulumi.getter
    def collection_name(self) -> str:
        """The collection."""
        return str(pulumi.get(self, "collection_name"))

    @property
    @pulumi.getter
    def aws_access_key_id(self) -> str:
        """A key."""
        return str(pulumi.get(self, "aws_access_key_id"))

    @property
    @pulumi.getter
    def aws_secret_access_key(self) -> str:
        """A secret."""
        return str(pulumi.get(self, "aws_secret_access_key"))


SHAPES: dict[str, Callable[[], Any]] = {
    "a dict": lambda: INLINE,
    "a dataclass": lambda: Dataclass(**INLINE),
    "an attrs class": lambda: Attrs(**INLINE),
    "a pydantic model": lambda: Pydantic(**INLINE),
    "a class with getters": lambda: Getters(**INLINE),
}
AROUND: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda value: value,
    "in an output": pulumi.Output.from_input,
    "in an apply": lambda value: pulumi.Output.from_input("x").apply(lambda _: value),
    "in an output in an output": lambda value: pulumi.Output.from_input("x").apply(
        lambda _: pulumi.Output.from_input("y").apply(lambda _: value)
    ),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_aws_secret_is_never_plain_text(
    shape: str, around: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever object holds it, and wherever that comes from; the rest of the bucket is readable."""
    seen = registered(lambda: Source("docs", s3=AROUND[around](SHAPES[shape]())) and None)
    assert HUSH not in seen.text
    bucket = seen.inputs["docs"]["s3"]
    if bucket != SECRET:
        assert bucket == {**INLINE, "aws_secret_access_key": SECRET}
    if shape == "a dict" or (around == "as it is" and shape != "a class with getters"):
        assert bucket != SECRET
    assert HUSH not in "".join(capfd.readouterr())


EXTRA: dict[str, dict[str, Any]] = {
    "in the bucket": {"s3": {"aws_secret_access_key": HUSH}},
    "an object in it": {"s3": Dataclass(**INLINE)},
}


@pytest.mark.parametrize("name", EXTRA)
def test_an_aws_secret_in_extra_is_one_too(name: str) -> None:
    """It goes over the bucket, and is as secret as there."""
    seen = one(s3=BUCKET, extra=EXTRA[name])
    assert HUSH not in seen.text
    assert seen.inputs["docs"]["s3"] == BUCKET


def test_what_the_service_says_of_a_secret_in_extra_is_a_secret() -> None:
    """An output has another name than the input, so the engine can't know by itself."""
    values = {"embedding": {"hybrid": {"token": pulumi.Output.secret(HUSH)}}}
    request = one(github=github()["github"], extra=values).requests["docs"]
    assert {"effective_chunking", "effective_embedding", "server_defaults", "answered"} <= {
        *request.additionalSecretOutputs
    }
    plain = one(github=github()["github"], extra={"labels": {"team": "docs"}}).requests["docs"]
    assert list(plain.additionalSecretOutputs) == []


LETTERS = list("abcdefgh")
GLOBS: dict[str, Callable[[], Any]] = {
    "a set": lambda: set(LETTERS),
    "a frozenset": lambda: frozenset(LETTERS),
    "keys": lambda: dict.fromkeys(LETTERS, 1).keys(),
    "values": lambda: dict(enumerate(LETTERS)).values(),
    "a generator": lambda: (letter for letter in LETTERS),
    "a tuple": lambda: tuple(LETTERS),
    "an output of a set": lambda: pulumi.Output.from_input("x").apply(lambda _: set(LETTERS)),
    "outputs": lambda: list(map(pulumi.Output.from_input, LETTERS)),
}


@pytest.mark.parametrize("name", GLOBS)
def test_any_collection_may_be_a_list(name: str) -> None:
    """In an order that stays, or each preview would show a change."""
    seen = registered(
        lambda: Source("docs", github={"repository": "a/b", "include_globs": GLOBS[name]()}) and None
    )
    assert seen.inputs["docs"]["github"] == {"repository": "a/b", "include_globs": LETTERS}


class Strategy(enum.Enum):
    """Of a user, not a text by itself."""

    LINES = "lines"
    MOST = 5


def test_an_enum_is_its_value() -> None:
    """As the SDK takes it."""
    seen = one(github=github()["github"], chunking={"type": Strategy.LINES, "max_lines": Strategy.MOST})
    assert seen.inputs["docs"]["chunking"] == {"type": "lines", "max_lines": 5}


class Other:
    """Of a user."""

    def __repr__(self) -> str:
        return HUSH


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "whole": ({"github": Other()}, "github"),
    "in a list": ({"github": {"include_globs": ["a", Other()]}}, "github.include_globs[1]"),
    "in a secret's place": ({"s3": {**BUCKET, "aws_secret_access_key": Other()}}, "s3.aws_secret_access_key"),
    "in extra": ({"extra": {"a": {"b": [Other()]}}}, "extra.a.b[0]"),
    "bytes": ({"s3": {**BUCKET, "aws_secret_access_key": HUSH.encode()}}, "s3.aws_secret_access_key"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_object_of_another_class_is_named_by_its_path(name: str) -> None:
    """The SDK would print it whole, twice."""
    arguments, path = REFUSED[name]
    with pytest.raises(TypeError) as caught:
        one(**arguments)
    said = str(caught.value)
    assert said.startswith(f"{path}: an object of ") and said.endswith("pass a dict with the API's keys")
    assert HUSH not in said


def test_the_type_is_pinned_for_a_subclass_too() -> None:
    """A class with a house's defaults is the same resource; one that names itself keeps its own name."""

    class House(Source):
        """With a default."""

        def __init__(self, name: str, **arguments: Any) -> None:
            super().__init__(name, database_name="house", **arguments)

    class Grandchild(House):
        """Of a subclass."""

    class Named(Source, name="Named"):
        """With a name of its own."""

    class Moved(Source, module="acme", name="Docs"):
        """Wholly its own."""

    def program() -> None:
        for number, kind in enumerate((Source, House, Grandchild, Named, Moved)):
            kind(f"docs{number}", github=github()["github"])

    seen = registered(program)
    same = "pulumi-python:dynamic/chroma-sync:Source"
    assert list(seen.types.values()) == [
        *[same] * 3,
        "pulumi-python:dynamic/chroma-sync:Named",
        "pulumi-python:dynamic/acme:Docs",
    ]
    assert seen.inputs["docs1"]["database_name"] == "house"


def test_the_old_one_goes_first_unless_the_user_says_otherwise() -> None:
    """Where the engine is told to replace it asks no diff; a user's own option wins."""

    def before(opts: pulumi.ResourceOptions | None) -> tuple[bool, bool]:
        request = one(github=github()["github"], opts=opts).requests["docs"]
        return request.deleteBeforeReplace, request.deleteBeforeReplaceDefined

    assert before(None) == (True, True)
    assert before(pulumi.ResourceOptions(protect=True)) == (True, True)
    assert before(pulumi.ResourceOptions(delete_before_replace=True)) == (True, True)
    assert before(pulumi.ResourceOptions(delete_before_replace=False)) == (False, True)


def test_a_users_options_are_kept_and_not_changed() -> None:
    """One object of options may serve many resources."""
    opts = pulumi.ResourceOptions(protect=True, ignore_changes=["github.include_globs"])
    request = one(github=github()["github"], opts=opts).requests["docs"]
    assert request.protect and list(request.ignoreChanges) == ["github.include_globs"]
    assert opts.delete_before_replace is None and opts.additional_secret_outputs is None


def test_the_provider_is_told_of_retaining_alone() -> None:
    """The hint is among the inputs only with the option, and is no argument of its own."""
    plain = one(github=github()["github"], opts=pulumi.ResourceOptions(retain_on_delete=False))
    assert plain.inputs["docs"].keys() & {"retain_on_delete"} == set()
    kept = one(github=github()["github"], opts=pulumi.ResourceOptions(retain_on_delete=True))
    assert kept.inputs["docs"]["retain_on_delete"] is True
    with pytest.raises(TypeError, match="retain_on_delete is an option"):
        one(github=github()["github"], retain_on_delete=True)


def test_whole_numbers_in_objects_are_whole_for_a_program() -> None:
    """The engine gives doubles back; a text made of one has no ``.0``."""
    found: dict[str, str] = {}

    def program() -> None:
        source = Source(
            "docs",
            web_scrape={"starting_url": "https://a.b/", "page_limit": 100},
            chunking={"type": "lines", "max_size_bytes": 8192},
            extra={"depth": {"most": [3, 0.5]}},
        )
        bucket = Source(
            "bucket",
            s3={"bucket_name": "b", "region": "r", "collection_name": "c", "aws_credential_id": 7},
        )
        for name, output in {
            "chunking": pulumi.Output.format("{0}", source.chunking["max_size_bytes"]),
            "web": pulumi.Output.format("{0}", source.web_scrape["page_limit"]),
            "extra": pulumi.Output.format("{0}", source.extra["depth"]["most"]),
            "s3": pulumi.Output.format("{0}", bucket.s3["aws_credential_id"]),
            "effective": pulumi.Output.format("{0}", source.effective_chunking["max_size_bytes"]),
            "defaults": pulumi.Output.format("{0}", source.server_defaults["max_depth"]),
            "credential": pulumi.Output.format("{0}", bucket.aws_credential_id),
        }.items():
            output.apply(partial(found.__setitem__, name))

    registered(
        program,
        effective_chunking={"max_size_bytes": 4096},
        server_defaults={"max_depth": 3},
        aws_credential_id=7,
    )
    assert found == {
        "chunking": "8192",
        "web": "100",
        "extra": "[3, 0.5]",
        "s3": "7",
        "effective": "4096",
        "defaults": "3",
        "credential": "7",
    }


def test_a_secret_bucket_of_a_program_stays_a_secret() -> None:
    """What a user made secret as a whole is so."""
    seen = registered(lambda: Source("docs", s3=pulumi.Output.secret(s3(**KEYS)["s3"])) and None)
    assert seen.inputs["docs"]["s3"] == SECRET


# What each output costs a program.

EVERY = (
    "source_id",
    "created_at",
    "database_name",
    "github",
    "web_scrape",
    "s3",
    "chunking",
    "embedding",
    "embedding_model",
    "extra",
    "effective_chunking",
    "effective_embedding",
    "aws_credential_id",
    "server_defaults",
)


def read(
    arguments: dict[str, Any], *, preview: bool = False, **engine: Any
) -> tuple[dict[str, Any], set[str]]:
    """Every output that is known, and the names of those for which the SDK waits."""
    found: dict[str, Any] = {}
    waits: set[str] = set()

    def program() -> None:
        source = Source("docs", **arguments)
        waits.update(name for name in EVERY if name in vars(source))
        for name in EVERY:
            getattr(source, name).apply(partial(found.__setitem__, name))

    registered(program, preview=preview, **engine)
    return found, waits


@pytest.mark.parametrize("preview", [False, True])
def test_what_a_source_of_this_kind_never_has_is_none_and_costs_nothing(preview: bool) -> None:
    """Known as none, also at preview, without a task of the SDK's for each."""
    found, waits = read({"github": {"repository": "acme/handbook"}}, preview=preview)
    none = dict.fromkeys(["web_scrape", "s3", "aws_credential_id"])
    assert found.items() >= none.items()
    assert not none.keys() & waits
    found, waits = read({"s3": INLINE}, preview=preview, aws_credential_id=7.0)
    assert found["aws_credential_id"] == 7 and found["github"] is found["web_scrape"] is None
    assert not {"github", "web_scrape"} & waits


@pytest.mark.parametrize("preview", [False, True])
def test_what_somebody_else_adds_is_seen(preview: bool) -> None:
    """A stack transform that gives every source the house's embedding; a database of the settings."""
    added = {"embedding": {"dense": {"model": "m"}}, "chunking": {"type": "lines"}, "database_name": "demo"}
    added |= {"extra": {"a": 1}, "embedding_model": "m"}
    found, _waits = read({"github": {"repository": "acme/handbook"}}, preview=preview, **added)
    assert found.items() >= added.items()


@pytest.mark.parametrize(
    "arguments",
    [
        {"opts": pulumi.ResourceOptions(id="s-1")},
        {"opts": pulumi.ResourceOptions(id="s-1"), "github": {"repository": "a/b"}},
        {"extra": {"notion": {}}},
    ],
)
def test_a_source_whose_kind_is_not_declared_may_have_any(arguments: dict[str, Any]) -> None:
    """One that is read by its id, and one of a kind that is newer than this version."""
    engine: dict[str, Any] = {"web_scrape": {"starting_url": "https://a.b/"}, "s3": {"bucket_name": "b"}}
    engine |= {"aws_credential_id": 7, "github": {"repository": "a/b"}}
    found, _waits = read(arguments, **engine)
    assert found.items() >= engine.items()


def test_no_output_is_an_annotation() -> None:
    """The SDK keeps the types of properties, and looks those of annotations up for each resource."""
    assert not inspect.get_annotations(Source)
