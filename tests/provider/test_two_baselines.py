"""The program is compared with the program, the service with the service, never the one with the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pulumi_chroma_sync import SourceProvider
from pulumi_chroma_sync.api.replies import SourceReply
from pulumi_chroma_sync.kinds.source.check import check_inputs
from pulumi_chroma_sync.kinds.source.model import KINDS, WRITE_ONLY
from pulumi_chroma_sync.kinds.source.spec import SourceSpec, changed_inputs
from pulumi_chroma_sync.kinds.source.state import outputs_of, refreshed

from .calling import PROVIDER
from .strategies import MODEL, at, examples, inputs, junk, places, replaced
from .written import DENSE, KEYS, TASK, created, embedded, github, reply, s3, through_the_engine, web

FILLED = {
    "chunking": {"type": "tree_sitter", "max_size_bytes": 4096},
    "embedding": {"dense": {**DENSE, "task": None}, "sparse": None},
    "embedding_model": DENSE,
}
LINES = {"type": "lines", "max_lines": 5}

NORMALISED: dict[str, tuple[dict[str, Any], SourceReply]] = {
    "a slash added": (web(starting_url="https://docs.acme.com"), reply(web())),
    "a slash added to a path": (
        web(starting_url="https://docs.acme.com/a"),
        reply(web(starting_url="https://docs.acme.com/a/")),
    ),
    "a host in punycode": (
        web(starting_url="https://münchen.de/"),
        reply(web(starting_url="https://xn--mnchen-3ya.de/")),
    ),
    "a path percent-encoded": (
        web(starting_url="https://a.b/ü"),
        reply(web(starting_url="https://a.b/%C3%BC")),
    ),
    "a default port": (web(), reply(web(starting_url="https://docs.acme.com:443/"))),
    "http turned into https": (web(starting_url="http://docs.acme.com/"), reply(web())),
    "a prefix without its slash": (
        s3(path_prefix="tenant/", **KEYS),
        reply(s3(path_prefix="tenant", aws_credential_id=4)),
    ),
    "a prefix with a slash": (s3(path_prefix="a", **KEYS), reply(s3(path_prefix="/a/", aws_credential_id=4))),
    "numbers as texts": (
        {**web(page_limit=100), "chunking": LINES},
        reply(web(page_limit="100"), chunking={"type": "lines", "max_lines": "5"}),
    ),
    "a credential as text": (s3(aws_credential_id=7), reply(s3(aws_credential_id="7"))),
    "a text as a number": (github(app_id="123456"), reply(github(app_id=123456))),
    "a text as a fraction": (github(app_id="123456"), reply(github(app_id=123456.0))),
    "a repository's address": (github(), reply(github(repository="https://github.com/acme/handbook"))),
    "a repository's address with .git": (
        github(),
        reply(github(repository="https://github.com/acme/handbook.git")),
    ),
    "a repository in other letters": (github(repository="Acme/Handbook"), reply(github())),
    "a repository of another name": (github(), reply(github(repository="acme/handbook-renamed"))),
    "empty for absent": (
        web(),
        reply(
            web(page_limit="", max_depth="", include_path_regexes=[], exclude_path_regexes=""),
            github="",
            s3="",
            chunking="",
            embedding="",
            embedding_model="",
        ),
    ),
    "empty for an absent text": (github(), reply(github(app_id="", include_globs=[]))),
    "all files": (github(), reply(github(include_globs=["*"]))),
    "filled limits": (web(), reply(web(page_limit=100, max_depth=5), **FILLED)),
    "filled filters": (web(), reply(web(include_path_regexes=[".*"], exclude_path_regexes=["^/admin"]))),
    "a capped limit": (web(page_limit=100_000), reply(web(page_limit=1000))),
    "globs in another order": (github(include_globs=["b", "a"]), reply(github(include_globs=["a", "b"]))),
    "other globs": (github(include_globs=["/a"]), reply(github(include_globs=["a/**"]))),
    "dropped globs": (github(include_globs=["**"]), reply(github())),
    "auto_sync set up": (s3(auto_sync="none", **KEYS), reply(s3(auto_sync="direct", aws_credential_id=4))),
    "masked keys": (
        s3(**KEYS),
        reply(s3(aws_credential_id=4, aws_access_key_id="AK**", aws_secret_access_key="**")),
    ),
    "everything filled": (github(), reply(github(app_id=None, include_globs=["*"]), **FILLED)),
    "a model moved": ({**github(), "embedding_model": MODEL}, reply(embedded({"dense": DENSE}))),
    "a task dropped": (embedded({"dense": TASK}), reply(embedded({"dense": DENSE}, embedding_model=DENSE))),
    "another database's name": (github(), reply({**github(), "database_name": "DEMO"})),
    "no database": (github(), reply({"github": github()["github"]})),
    "another chunking": ({**github(), "chunking": LINES}, reply(github(), **FILLED)),
}


def diff(state: dict[str, Any], news: dict[str, Any]) -> tuple[bool | None, list[str]]:
    """Whether these inputs are a change, and what replaces the source."""
    result = SourceProvider().diff("s-1", {**PROVIDER, **state}, {**PROVIDER, **news})
    return result.changes, list(result.replaces or [])


@pytest.mark.parametrize("name", NORMALISED)
def test_how_a_service_answers_a_create_is_never_drift(name: str) -> None:
    """However often it is asked: the inputs stay the program's own, the outputs what they are."""
    bag, answer = NORMALISED[name]
    assert check_inputs(bag, None) == (bag, [])
    first = state = through_the_engine(created(bag, answer))
    for _ in range(3):
        inputs, outputs = refreshed(state, answer.body, answer.created_at)
        state = through_the_engine(outputs)
        assert (inputs, state) == (bag, first)
        assert diff(state, bag) == (False, [])


DRIFT: dict[str, tuple[dict[str, Any], SourceReply, SourceReply, str]] = {
    "an address": (
        web(starting_url="https://docs.acme.com"),
        reply(web()),
        reply(web(starting_url="https://docs.acme.com/x/")),
        "web_scrape",
    ),
    "a filled limit": (web(), reply(web(page_limit=100)), reply(web(page_limit="50")), "web_scrape"),
    "a capped limit": (
        web(page_limit=9000),
        reply(web(page_limit=1000)),
        reply(web(page_limit=500)),
        "web_scrape",
    ),
    "all files no more": (
        github(),
        reply(github(include_globs=["*"])),
        reply(github(include_globs=["*.md"])),
        "github",
    ),
    "a number as text": (github(app_id="12"), reply(github(app_id=12)), reply(github(app_id=13)), "github"),
    "a repository": (
        github(),
        reply(github(repository="https://github.com/acme/handbook")),
        reply(github(repository="https://github.com/acme/wiki")),
        "github",
    ),
    "a prefix": (
        s3(path_prefix="a/", **KEYS),
        reply(s3(path_prefix="a", aws_credential_id=4)),
        reply(s3(path_prefix="b", aws_credential_id=4)),
        "s3",
    ),
    "a prefix that was dropped": (
        s3(path_prefix="a/", aws_credential_id=7),
        reply(s3(path_prefix="a", aws_credential_id="7")),
        reply(s3(path_prefix="", aws_credential_id="7")),
        "s3",
    ),
    "another kind": (web(), reply(web()), reply(s3(aws_credential_id="7")), "s3"),
    "a chunking": (
        {**github(), "chunking": LINES},
        reply(github(), chunking={"type": "lines", "max_lines": "5"}),
        reply(github(), chunking={"type": "lines", "max_lines": "6"}),
        "chunking",
    ),
}


@pytest.mark.parametrize("name", DRIFT)
def test_a_later_answer_that_differs_is_drift_in_a_form_that_check_takes(name: str) -> None:
    """It comes back as inputs, the preview names it, and the answer after that is compared with this one."""
    bag, then, now, named = DRIFT[name]
    inputs, outputs = refreshed(through_the_engine(created(bag, then)), now.body, now.created_at)
    assert check_inputs(inputs, None) == (inputs, [])
    changes, replaces = diff(outputs, bag)
    assert changes is True and named in replaces
    again = refreshed(through_the_engine(outputs), now.body, now.created_at)
    assert (again[0], through_the_engine(again[1])) == (inputs, through_the_engine(outputs))


@pytest.mark.parametrize(
    "bag", [github(), web(page_limit=5), s3(**KEYS), s3(aws_credential_id=7), embedded({"dense": TASK})]
)
def test_nothing_is_recorded_where_the_service_answers_what_was_declared(bag: dict[str, Any]) -> None:
    """The engine writes the whole state at every step, so its size is time."""
    says = bag if "s3" not in bag else s3(aws_credential_id=7)
    answer = reply({**FILLED, "auto": "x", "owner": None, **says})
    assert created(bag, answer).keys() - bag.keys() <= {
        "source_id",
        "state_entry",
        "created_at",
        "effective_chunking",
        "effective_embedding",
        "aws_credential_id",
    }


def _always(value: Any) -> Callable[[Any], Any]:
    return lambda _old: value


@st.composite
def answers(draw: st.DrawFn, bag: dict[str, Any]) -> SourceReply:
    """Anything of the same kind that a service may make of these inputs, however little sense it makes."""
    answer = dict(bag)
    for path in draw(st.permutations(list(places(bag))))[: draw(st.integers(0, 6))]:
        try:
            objects = len(path) == 1 and path[0] in {*KINDS, "chunking", "embedding", "embedding_model"}
            change: Any = draw(st.one_of(junk, st.text(), st.none()))
            if objects and not isinstance(change, dict):
                change = {**(at(answer, path) or {}), "more": change} if path[0] in KINDS else None
            answer = replaced(answer, path, _always(change))
        except (KeyError, IndexError, TypeError):  # what stood above it was replaced before
            continue
    for name in draw(st.lists(st.sampled_from(["chunking", "embedding", "embedding_model"]), max_size=2)):
        answer.setdefault(name, draw(st.sampled_from([None, "", FILLED[name]])))
    found = reply(answer)
    assume(found.problem is None and found.kind == SourceSpec.from_inputs(bag).kind)
    return found


@examples(200)
@given(inputs().flatmap(lambda bag: st.tuples(st.just(bag), answers(bag))))
def test_whatever_a_service_makes_of_a_create_a_refresh_gives_the_inputs_back(
    pair: tuple[dict[str, Any], SourceReply],
) -> None:
    """Exactly as the program wrote them; the state stays as it is, and diff finds no change."""
    bag, answer = pair
    state = through_the_engine(created(bag, answer))
    inputs, outputs = refreshed(state, answer.body, answer.created_at)
    assert (inputs, through_the_engine(outputs)) == (bag, state)
    assert diff(outputs, bag) == (False, [])


@examples(300)
@given(inputs(), st.data())
def test_of_a_service_that_normalises_each_field_that_drifts_is_named(
    bag: dict[str, Any], data: st.DataObject
) -> None:
    """And no other: what was answered otherwise than declared right after the create stays what it was."""
    bag.pop("on_conflict", None)
    then = data.draw(answers(bag))
    values = SourceSpec.from_answer(then.body).values
    declared = SourceSpec.from_inputs(bag).values
    kind = SourceSpec.from_inputs(bag).kind
    paths = [
        path
        for path in declared
        if path in values
        and path.startswith(f"{kind}.")
        and path.partition(".")[2] not in WRITE_ONLY
        and isinstance(values[path], (str, int))
    ]
    path = data.draw(st.sampled_from(paths)) if paths else None
    assume(path is not None)
    assert path is not None
    name, _, leaf = path.partition(".")
    changed = {**then.body, name: {**then.body[name], leaf: _another(values[path])}}
    inputs, outputs = refreshed(through_the_engine(created(bag, then)), changed, then.created_at)
    assert changed_inputs(outputs, bag) == [name]
    drifted = {
        each
        for each in {*SourceSpec.from_inputs(inputs).values, *declared}
        if SourceSpec.from_inputs(inputs).values.get(each) != declared.get(each)
    }
    assert drifted == {path}


def _another(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else f"other/{len(value)}"


@examples(200)
@given(inputs().flatmap(lambda bag: st.tuples(st.just(bag), answers(bag))), inputs())
def test_the_program_is_compared_with_the_program_alone(
    pair: tuple[dict[str, Any], SourceReply], news: dict[str, Any]
) -> None:
    """What diff says of a change doesn't depend on what the service answered."""
    bag, answer = pair
    plain = outputs_of(bag, "s-1", None)
    assume("aws_access_key_id" not in bag.get("s3", {}))
    assert diff(created(bag, answer), news) == diff(plain, news)
