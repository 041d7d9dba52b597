"""``extra``: what the service knows and this version doesn't, over the whole life of a source."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_chroma_sync.core.session import close_sessions
from pulumi_chroma_sync.errors import ChromaSyncError
from pulumi_chroma_sync.kinds.source.state import refreshed

from .calling import PROVIDER, configured, failures
from .scripted import Request, answer, scripted
from .written import created, github, reply

TOKEN = "tok/en+that-nobody-may-read"


def serving(*post: Any) -> Any:
    """A service that has nothing, and answers a POST so."""

    def serve(request: Request) -> bytes:
        if request.method == "POST":
            return answer(*post)(request)
        if request.path.startswith("/api/v1/sources/"):
            body = {"id": "s-1", "created_at": "2026-11-02T10:00:00Z", **github()}
            return answer(200, {**body, "labels": {"team": "docs"}})(request)
        return answer(200, [])(request)

    return scripted(serve)


def test_a_source_with_extra_lives_like_any_other() -> None:
    """Created, read, compared; what the service doesn't repeat of it is no drift."""
    bag = {**github(), "extra": {"labels": {"team": "docs"}, "beta": {"flag": True}}}
    with serving(201, {"source_id": "s-1"}) as server:
        provider = configured(url=server.url, apiKey="ck-a-key-for-tests", settle="0")
        checked = provider.check({}, {**PROVIDER, **bag})
        assert failures(checked) == {} and checked.inputs == bag
        made = provider.create({**PROVIDER, **checked.inputs})
        state = {**PROVIDER, **(made.outs or {})}
        assert provider.read("s-1", state).inputs == bag
        assert provider.diff("s-1", state, {**PROVIDER, **bag}).changes is False
        other = {**bag, "extra": {"labels": {"team": "docs"}}}
        assert provider.diff("s-1", state, {**PROVIDER, **other}).replaces == ["extra"]
        close_sessions()


def test_no_text_of_extra_is_in_an_error() -> None:
    """Nobody says which of them are secrets, so a service that quotes what it was sent quotes none."""
    body = {"error": "InvalidArgumentError", "message": f"bad token {TOKEN} and {TOKEN!r}"}
    with serving(400, body) as server:
        provider = configured(url=server.url, apiKey="ck-a-key-for-tests", settle="0")
        bag = {**github(), "extra": {"auth": [{"token": TOKEN}]}}
        with pytest.raises(ChromaSyncError) as caught:
            provider.create({**PROVIDER, **bag})
        assert "bad token" in str(caught.value) and TOKEN not in str(caught.value)
        close_sessions()


@pytest.mark.parametrize("declared", [{}, {"chunking": {"type": "lines", "max_lines": 5}}])
def test_a_field_that_extra_says_drifts_like_a_declared_one(declared: dict[str, Any]) -> None:
    """Its value is extra's; the answer after the create is what the next one is compared with."""
    bag = {**github(), **declared, "extra": {"chunking": {"type": "lines", "max_lines": 7}}}
    then = reply(github(), chunking={"type": "lines", "max_lines": 7})
    assert "answered" not in created(bag, then)
    inputs, _ = refreshed(created(bag, then), then.body, then.created_at)
    assert inputs == bag
    now = reply(github(), chunking={"type": "lines", "max_lines": 8})
    inputs, outputs = refreshed(created(bag, then), now.body, now.created_at)
    assert inputs["chunking"]["max_lines"] == 8 and inputs["extra"] == bag["extra"]
    assert refreshed(outputs, now.body, now.created_at) == (inputs, outputs)
