"""Names and texts in the program that an import prints."""

from __future__ import annotations

import ast
import keyword
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_chroma_sync.cli.codegen import literal, logical_names, variable

texts = st.text(st.characters(codec="utf-8"), max_size=12)
words = st.text(string.ascii_letters + string.digits + "-_./", min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(texts | words, st.uuids().map(str)), max_size=8))
def test_names_are_identifiers_and_all_different(targets: list[tuple[str, str]]) -> None:
    """Whatever the targets are; and a name doesn't depend on what comes after it."""
    names = logical_names(targets)
    variables = [variable(name) for name in names]
    assert len(set(variables)) == len(set(names)) == len(targets)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in variables)
    assert not set(variables) & {"pulumi", "chroma_sync", "config"}
    assert logical_names(targets[:-1]) == names[: max(0, len(targets) - 1)]


@pytest.mark.parametrize(
    ("target", "name", "identifier"),
    [
        ("acme/handbook", "acme-handbook", "acme_handbook"),
        ("docs.acme.com/", "docs-acme-com", "docs_acme_com"),
        ("papers/tenant-1/", "papers-tenant-1", "papers_tenant_1"),
        ("Übung/Straße", "ubung-strae", "ubung_strae"),
        ("日本", "source", "source"),
        ("3d/class", "3d-class", "source_3d_class"),
        ("class", "class", "class_source"),
        ("pulumi", "pulumi", "pulumi_source"),
    ],
)
def test_names_come_from_the_target(target: str, name: str, identifier: str) -> None:
    """Readable, in ASCII, no keyword, and not what the program needs itself."""
    assert (logical_names([(target, "id")]), variable(name)) == ([name], identifier)


def test_equal_targets_are_told_apart_by_their_ids() -> None:
    """The oldest keeps the plain name."""
    targets = [("a/b", "8a6f1c1e-1"), ("a/b", "8a6f1c1e-2"), ("a.b", "8a6f1c1e-3"), ("a-b", "77")]
    assert logical_names(targets) == ["a-b", "a-b-8a6f1c1e", "a-b-8a6f1c1e-3", "a-b-77"]


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8") | st.sampled_from("'\"\\\n\x00\u202e\xa0")))
def test_a_literal_is_its_text_in_one_visible_line(text: str) -> None:
    """Nothing in a source's fields can break out of its quotes, or hide from a reader."""
    written = literal(text)
    assert ast.literal_eval(written) == text
    assert written.isprintable()
