"""The life of an upload, in memory: what check says of the file, what is sent once, and how its run ends."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from pulumi_chroma_sync.core import cancelling
from pulumi_chroma_sync.core.answer import UnfinishedError
from pulumi_chroma_sync.errors import ChromaSyncError, NotFoundError, OutcomeUnknownError, RunExistsError
from pulumi_chroma_sync.kinds.file_upload import content as of_content
from pulumi_chroma_sync.kinds.file_upload import records

from .memory_uploads import UploadsMemory
from .plugin import Bag, Process

SHA = hashlib.sha256(b"hello").hexdigest()


@pytest.fixture
def memory() -> UploadsMemory:
    """A service that takes uploads."""
    return UploadsMemory()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the program, with a file, and a user with nothing noted."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place = tmp_path / "program"
    place.mkdir()
    (place / "guide.md").write_bytes(b"hello")
    monkeypatch.chdir(place)
    return place


def inputs(file: str = "guide.md", **more: Any) -> Bag:
    """A file into a collection."""
    return {"name": "guide", "file": file, "collection_name": "files", "database_name": "demo", **more}


def failure(process: Process, news: Bag) -> str:
    """What check says."""
    with pytest.raises(ValueError) as caught:
        process.check(news)
    return str(caught.value)


def create(memory: UploadsMemory, news: Bag, **config: Any) -> tuple[str, Bag]:
    """One up of a new upload."""
    with memory.process(**config) as process:
        return process.create(process.check(news))


def noted() -> list[str]:
    """The uploads that something is noted of."""
    return [path.name for path in records.folder().glob("*")]


# What check says.


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"file": "guide.txt"}, "file: is not there: looked for /"),
        ({"file": "."}, "file: is a folder; an upload is one file"),
        ({"file": "empty.md"}, "file: is empty; the API takes files of 1 byte to 200 MiB"),
        ({"file": "large.bin"}, "file: has 209,715,201 bytes; the API takes at most 200 MiB"),
        ({"file": "pipe"}, "file: is no regular file"),
        ({"file": "guide.md/"}, "file: can't be read: not a directory"),
        ({"file": "x" * 5000}, "file: can't be read: file name too long"),
        ({"file": "a\0b"}, "file: can't be read: the path is none that the system takes"),
        ({"file": ""}, "file: must not be empty"),
        ({"file": None}, "file: required"),
        ({"file": 'say "hi".md'}, "file: its name can't be the document's: must not contain quotes"),
        ({"filename": "a\nb"}, "filename: must not contain quotes, backslashes, line breaks"),
        ({"filename": ""}, "filename: must not be empty"),
        ({"collection_name": "x"}, "collection_name: must have 3 to 512 characters"),
        ({"collection": "files"}, "collection.*: unknown; did you mean collection_name?"),
        ({"database_name": "nowhere"}, 'database_name: the service has no database "nowhere"'),
        ({"custom_id": "é" * 61}, "custom_id: must be at most 120 bytes"),
        ({"content_type": "x" * 513}, "content_type: must have at most 512 characters"),
        ({"content_type": "markdown"}, "content_type: give a media type"),
        (
            {"chunking": {"type": "tree_sitter", "max_lines": 3}},
            'chunking.max_lines: belongs to type "lines"',
        ),
        ({"embedding": {"dense": {"model": "x"}}}, "embedding.dense.model: must be"),
        ({"metadata": {"chroma_id": 1}}, "metadata.chroma_id: keys that begin with chroma_ are Chroma's own"),
        ({"metadata": {"a": {"b": 1}}}, "metadata.a: must be a text, a number"),
        ({"metadata": {"a": "x" * 16_377}}, "metadata.*: has 16,385 bytes as JSON; the API takes at most"),
        ({"deadline": 0}, "deadline: must be 1 or more"),
        ({"on_deadline": "stop"}, 'on_deadline: must be one of "fail", "cancel", "leave"'),
    ],
)
def test_a_mistake_has_its_path_at_preview(
    memory: UploadsMemory, folder: Path, given: Bag, said: str
) -> None:
    """Nothing was uploaded."""
    (folder / "empty.md").touch()
    (folder / 'say "hi".md').write_text("hi")
    with (folder / "large.bin").open("wb") as large:
        large.truncate(209_715_201)
    os.mkfifo(folder / "pipe")
    with memory.process() as process:
        assert said in failure(process, {**inputs(), **given})
    assert memory.uploads == {}


def test_a_file_that_must_not_be_read_is_a_failure(memory: UploadsMemory, folder: Path) -> None:
    """As the system says it; root reads everything, so the folder is in the way here."""
    (folder / "closed").mkdir(mode=0)
    (folder / "loop").symlink_to("loop")
    with memory.process() as process:
        assert "file: can't be read: too many levels of symbolic links" in failure(process, inputs("loop"))
        if os.geteuid() != 0:
            assert "file: can't be read: permission denied" in failure(process, inputs("closed/a.md"))


def test_the_preview_says_what_an_up_will_do(memory: UploadsMemory, folder: Path) -> None:
    """Which file, how large, where to, for how long it waits; and uploads nothing."""
    (folder / "big.pdf").write_bytes(b"x" * 1_300_000)
    with memory.process() as process:
        process.check(inputs(deadline=90))
        process.check({**inputs("big.pdf", wait=False), "name": "big"})
    assert process.told == [
        'guide: an up uploads guide.md (5 bytes) into collection "files", and waits for its run for up to 1 '
        "min 30 s",
        'big: an up uploads big.pdf (1.2 MiB) into collection "files"',
    ]
    assert memory.uploads == {}


def test_check_takes_in_what_the_file_says(memory: UploadsMemory) -> None:
    """Its hash, its size and its name."""
    with memory.process(database="demo") as process:
        checked = process.check({"name": "guide", "file": "./guide.md", "collection_name": "files"})
    assert checked == {**inputs("./guide.md"), "sha256": SHA, "size": 5, "filename": "guide.md"}


def test_without_a_database_there_is_a_way_out(memory: UploadsMemory) -> None:
    """Both."""
    with memory.process(preflight="false") as process:
        said = failure(process, {"name": "guide", "file": "guide.md", "collection_name": "files"})
    assert "database_name: required; or set `pulumi config set chroma-sync:database" in said


def test_a_file_is_read_once_for_all_checks(memory: UploadsMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """And again when it has changed."""
    hashed: list[str] = []
    of_content._content.cache_clear()
    sha256 = hashlib.sha256

    def counted() -> Any:
        hashed.append("once")
        return sha256()

    monkeypatch.setattr(hashlib, "sha256", counted)
    with memory.process() as process:
        for _ in range(3):
            assert process.check(inputs())["sha256"] == SHA
        assert len(hashed) == 1
        Path("guide.md").write_bytes(b"hallo")
        assert process.check(inputs())["sha256"] != SHA
        assert len(hashed) == 2


def test_two_files_of_one_document_are_warned_about(memory: UploadsMemory, folder: Path) -> None:
    """Their chunks would have the same ids; another name, or an id, is the way out."""
    (folder / "other").mkdir()
    (folder / "other" / "guide.md").write_text("another")
    with memory.process() as process:
        process.check(inputs())
        process.check({**inputs("other/guide.md", filename="other/guide.md"), "name": "second"})
        process.check({**inputs("other/guide.md", custom_id="x"), "name": "third"})
        process.check({**inputs("other/guide.md", collection_name="others"), "name": "fourth"})
        assert "warning" not in process.text
        process.check({**inputs("other/guide.md"), "name": "fifth"})
        process.check({**inputs("guide.md", custom_id="x"), "name": "sixth"})
    assert 'warning: fifth: "guide" uploads a document of the same name (guide.md)' in process.text
    assert 'warning: sixth: "third" uploads a document of the same name (custom_id "x")' in process.text


# What is uploaded, and how it ends.


def test_a_file_is_uploaded_once_and_waited_for(memory: UploadsMemory) -> None:
    """Its run's end is in the outputs; nothing more is noted."""
    with memory.process() as process:
        run_id, outputs = process.create(process.check(inputs()))
    [(uploaded, arrived)] = memory.uploads.items()
    assert uploaded == run_id and (arrived.filename, arrived.sha256, arrived.size) == ("guide.md", SHA, 5)
    names = ("invocation_id", "status", "sha256", "size", "filename", "collection_name", "duration_ms")
    assert {name: outputs[name] for name in names} == {
        "invocation_id": run_id,
        "status": "complete",
        "sha256": SHA,
        "size": 5,
        "filename": "guide.md",
        "collection_name": "files",
        "duration_ms": 20_000,
    }
    assert outputs["finished_at"] and outputs["created_at"] and outputs["source_id"]
    assert "guide: processing, " in process.text and "uploading" not in process.text
    assert noted() == []


def test_the_form_has_the_apis_order_and_numbers_without_fraction(memory: UploadsMemory) -> None:
    """The engine gives every number as a double; database and collection come first."""
    create(
        memory,
        inputs(
            filename="guides/guide.md",
            custom_id="guide-1",
            content_type="text/markdown",
            metadata={"page": 3, "draft": None, "scores": [1.5, 2], "name": "ä"},
            chunking={"type": "lines", "max_lines": 20},
            embedding={"sparse": {"model": "Chroma/BM25", "key": "s"}},
        ),
    )
    [arrived] = memory.uploads.values()
    assert list(arrived.fields.items()) == [
        ("database_name", "demo"),
        ("collection_name", "files"),
        ("custom_id", "guide-1"),
        ("content_type", "text/markdown"),
        ("metadata", '{"page":3,"draft":null,"scores":[1.5,2.0],"name":"ä"}'),
        ("embedding", '{"sparse":{"model":"Chroma/BM25","key":"s"}}'),
        ("chunking", '{"type":"lines","max_lines":20}'),
    ]
    assert arrived.filename == "guides/guide.md"


def test_a_failed_run_ends_the_up_and_the_next_one_uploads_again(memory: UploadsMemory) -> None:
    """The service's error is told, the state has the run, and the failed one is named by the next."""
    memory.ends = "can't parse"
    with memory.process() as process, pytest.raises(UnfinishedError) as caught:
        process.create(process.check(inputs()))
    [failed] = memory.uploads
    assert f'run {failed} into collection "files" failed: can\'t parse' in str(caught.value)
    assert caught.value.object_id == failed and caught.value.outputs["status"] == "failed"
    memory.ends = "complete"
    with memory.process() as process:
        news = process.check(inputs(), inputs())
        assert process.diff(failed, caught.value.outputs, news).replaces == ["status"]
        run_id, outputs = process.create(process.check(inputs()))
        process.delete(failed, caught.value.outputs)
    assert f"run {failed} failed (can't parse); an up uploads guide.md" in process.text
    assert outputs["status"] == "complete" and list(memory.uploads) == [failed, run_id]
    assert "stays there" not in process.text


def test_an_upload_that_is_not_waited_for_is_in_the_state_as_it_is(memory: UploadsMemory) -> None:
    """A refresh brings the end, without the file, and then nothing is left to do."""
    with memory.process() as process:
        news = process.check(inputs(wait=False))
        run_id, outputs = process.create(news)
    assert outputs["status"] == "pending"
    memory.time.sleep(60)
    Path("guide.md").unlink()
    with memory.process() as process:
        found, outputs, kept = process.read(run_id, outputs)
    assert (found, outputs["status"], kept) == (run_id, "complete", news)
    with memory.process() as process:
        assert not process.diff(run_id, outputs, news).changes


@pytest.mark.parametrize("what", ["fail", "leave", "cancel"])
def test_a_deadline_does_what_was_asked_for(memory: UploadsMemory, what: str) -> None:
    """The upload is in the state whatever happens."""
    memory.pending = 1000
    with memory.process() as process:
        news = process.check(inputs(deadline=60, on_deadline=what))
        if what == "leave":
            run_id, outputs = process.create(news)
        else:
            with pytest.raises(UnfinishedError, match="is still pending after 1 min") as caught:
                process.create(news)
            run_id, outputs = caught.value.object_id, caught.value.outputs
    assert outputs["status"] == ("cancelled" if what == "cancel" else "pending")
    with memory.process() as process:
        diff = process.diff(run_id, outputs, process.check(news, news))
    assert diff.replaces == (["status"] if what == "cancel" else []) and diff.changes


def test_a_cancelled_update_stops_waiting_and_the_next_one_continues(memory: UploadsMemory) -> None:
    """With the same run, and nothing is uploaded again."""
    with memory.process() as process:
        news = process.check(inputs())
        memory.meanwhile("get_invocation", cancelling.cancel, count=2)
        with pytest.raises(UnfinishedError, match="stopped waiting for run") as caught:
            process.create(news)
    with memory.process() as process:
        outputs = process.update(caught.value.object_id, caught.value.outputs, process.check(news, news))
    assert outputs["status"] == "complete" and len(memory.uploads) == 1


# What is another upload, and what is none.


def test_another_content_is_another_upload_and_another_place_is_none(
    memory: UploadsMemory, folder: Path
) -> None:
    """The name counts, since the service sees it; so does what else it sees."""
    news = inputs()
    run_id, outputs = create(memory, news)
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "guide.md").write_bytes(b"hello")
    (folder / "manual.md").write_bytes(b"hello")

    def replaces(**changes: Any) -> list[str]:
        with memory.process() as process:
            checked = process.check({**news, **changes}, news)
            diff = process.diff(run_id, outputs, checked)
        assert diff.changes == bool(diff.replaces) and diff.delete_before_replace is False
        return list(diff.replaces or ())

    assert replaces() == []
    assert replaces(file="elsewhere/guide.md") == []
    assert replaces(file=str(folder / "guide.md")) == []
    assert replaces(file="manual.md", filename="guide.md") == []
    assert replaces(filename="guide.md", metadata={}, embedding={}) == []
    assert replaces(file="manual.md") == ["filename"]
    assert replaces(metadata={"a": 1}) == ["metadata"]
    assert replaces(collection_name="other", custom_id="x") == ["collection_name", "custom_id"]
    assert replaces(chunking={"type": "lines"}, content_type="text/plain") == ["chunking", "content_type"]
    assert replaces(triggers=[1]) == ["triggers"]
    (folder / "guide.md").write_bytes(b"hello, world")
    assert replaces() == ["sha256"]
    os.utime(folder / "elsewhere" / "guide.md")
    assert replaces(file="elsewhere/guide.md") == []
    assert len(memory.uploads) == 1


def test_why_it_is_uploaded_again_is_said(memory: UploadsMemory) -> None:
    """Once."""
    news = inputs()
    run_id, outputs = create(memory, news)
    Path("guide.md").write_bytes(b"changed")
    with memory.process() as process:
        process.diff(run_id, outputs, process.check(news, news))
        process.check(news)
    assert process.told == [
        'guide: the content changed; an up uploads guide.md (7 bytes) into collection "files", and waits for '
        "its run for up to 1 h"
    ]


def test_changes_of_the_content_can_be_ignored(memory: UploadsMemory) -> None:
    """With ``ignore_changes=["sha256"]`` the engine gives check the old hash."""
    news = inputs()
    run_id, outputs = create(memory, news)
    Path("guide.md").write_bytes(b"changed")
    with memory.process() as process:
        checked = process.check({**news, "sha256": SHA}, news)
        assert not process.diff(run_id, outputs, checked).changes
        # Where it is uploaded all the same, the state says what was.
        _, outputs = process.create(process.check({**news, "sha256": SHA}))
    assert outputs["sha256"] == hashlib.sha256(b"changed").hexdigest() and outputs["size"] == 7


def test_what_only_looks_after_the_run_is_no_upload(memory: UploadsMemory) -> None:
    """No request."""
    news = inputs()
    run_id, outputs = create(memory, news)
    memory.clear_requests()
    with memory.process(preflight=False) as process:
        changed = process.check({**news, "deadline": 7, "on_deadline": "leave"}, news)
        diff = process.diff(run_id, outputs, changed)
        assert diff.changes and diff.replaces == []
        after = process.update(run_id, outputs, changed)
        assert not process.diff(run_id, after, changed).changes
    assert after["deadline"] == 7 and after["sha256"] == SHA and memory.seen == []


# A file that changes.


def test_a_file_that_changed_since_the_check_is_uploaded_as_it_is(memory: UploadsMemory) -> None:
    """The state has the hash of what was uploaded."""
    with memory.process() as process:
        news = process.check(inputs())
        Path("guide.md").write_bytes(b"changed")
        _, outputs = process.create(news)
    [arrived] = memory.uploads.values()
    assert outputs["sha256"] == arrived.sha256 == hashlib.sha256(b"changed").hexdigest()


@pytest.mark.parametrize("change", [b"y" * 200_000, b"y" * 100_000, b"y" * 70_000, b""])
def test_a_file_that_changes_while_it_is_uploaded_is_not(
    memory: UploadsMemory, monkeypatch: pytest.MonkeyPatch, change: bytes
) -> None:
    """An error, and nothing arrived: also where its size and times stay what they were."""
    guide = Path("guide.md")
    guide.write_bytes(b"x" * 100_000)
    read = of_content.Reading.read

    def read_and_change(self: of_content.Reading, size: int) -> bytes:
        monkeypatch.setattr(of_content.Reading, "read", read)
        before = guide.stat()
        piece = read(self, size)
        guide.write_bytes(change)
        os.utime(guide, ns=(before.st_atime_ns, before.st_mtime_ns))
        return piece

    with memory.process() as process:
        news = process.check(inputs())
        monkeypatch.setattr(of_content.Reading, "read", read_and_change)
        with pytest.raises(ChromaSyncError, match="changed while it was uploaded") as caught:
            process.create(news)
    assert memory.uploads == {} and memory.asked("add_file") == []
    assert 'upload "guide" (guide.md) into collection "files"' in str(caught.value)
    assert "Nothing was uploaded" in str(caught.value) and noted() == []


def test_what_is_appended_while_it_is_uploaded_is_of_no_matter(
    memory: UploadsMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at is uploaded, and the next preview sees the rest."""
    guide = Path("guide.md")
    read = of_content.Reading.read

    def read_and_append(self: of_content.Reading, size: int) -> bytes:
        with guide.open("ab") as file:
            file.write(b" and more")
        return read(self, size)

    with memory.process() as process:
        news = process.check(inputs())
        monkeypatch.setattr(of_content.Reading, "read", read_and_append)
        run_id, outputs = process.create(news)
    [arrived] = memory.uploads.values()
    assert outputs["sha256"] == arrived.sha256 == SHA
    with memory.process() as process:
        assert process.diff(run_id, outputs, process.check(inputs(), news)).replaces == ["sha256"]


def test_a_file_that_is_gone_by_then_is_an_error(memory: UploadsMemory) -> None:
    """Nothing was uploaded."""
    with memory.process() as process:
        news = process.check(inputs())
        Path("guide.md").unlink()
        with pytest.raises(ChromaSyncError, match="the file is not there: looked for") as caught:
            process.create(news)
    assert "Nothing was uploaded" in str(caught.value)


# Exactly once.


@pytest.mark.parametrize("action", ["drop_after", "drop_then_commit", "respond_after", "cut_body"])
def test_a_lost_answer_uploads_nothing_twice(memory: UploadsMemory, action: str) -> None:
    """The one run that appeared since is taken, and told; those of others are not."""
    memory.upload(b"old")
    with memory.process() as process:
        news = process.check(inputs())
        plan: Bag = {"drop_then_commit": {"delay": 3}, "respond_after": {"status": 502}}.get(action, {})
        memory.fault("add_file", action, **plan)
        memory.meanwhile("add_file", lambda: memory.upload(b"x", collection_name="others"))
        run_id, outputs = process.create(news)
    assert memory.uploads[run_id].sha256 == SHA and outputs["status"] == "complete"
    assert f"took run {run_id}, the one that has appeared there since" in process.text
    assert len(memory.asked("add_file")) == 1 and noted() == []


def test_where_somebody_else_uploads_in_that_moment_nobody_can_tell(memory: UploadsMemory) -> None:
    """Nothing is guessed, and nothing sent twice."""
    with memory.process() as process:
        news = process.check(inputs())
        memory.fault("add_file", "drop_after")
        memory.meanwhile("add_file", lambda: memory.upload(b"x"))
        with pytest.raises(OutcomeUnknownError, match="more than one appeared since") as caught:
            process.create(news)
    for part in ('upload "guide"', "Nothing was sent twice", "the file is uploaded again"):
        assert part in str(caught.value)
    assert len(memory.asked("add_file")) == 1
    assert create(memory, inputs())[0] not in list(memory.uploads)[:2]


def test_an_unknown_outcome_is_known_to_the_next_up(memory: UploadsMemory) -> None:
    """It landed later, and is the only one that did: it is taken."""
    with memory.process() as process:
        news = process.check(inputs())
        memory.fault("add_file", "drop_then_commit", delay=60)
        with pytest.raises(OutcomeUnknownError, match="it did not appear in the list"):
            process.create(news)
    assert len(noted()) == 1
    # In between the service is out, which says nothing about it.
    memory.listening = False
    with pytest.raises(ChromaSyncError):
        create(memory, inputs(), preflight=False, retries=0)
    memory.listening = True
    memory.time.sleep(100)
    with memory.process() as process:
        run_id, outputs = process.create(process.check(inputs()))
    assert list(memory.uploads) == [run_id] and outputs["status"] == "complete"
    assert f"its run {run_id} is complete and is taken, and nothing is uploaded again" in process.text
    assert noted() == []


@pytest.mark.parametrize("operation", ["add_file", "get_invocation"])
@pytest.mark.parametrize("state", ["pending", "complete"])
def test_a_killed_up_is_continued_by_the_next_one(memory: UploadsMemory, operation: str, state: str) -> None:
    """Before its answer came, or while it waited: the state has nothing of it, and nothing is sent again."""

    class Killed(BaseException):
        pass

    def kill() -> None:
        # As the end of a process does: locks go, and nothing is tidied up.
        monkeypatch.setattr(records.Claim, "close", lambda self, **_: self._file.close())
        raise Killed

    with pytest.MonkeyPatch.context() as monkeypatch, memory.process() as process:
        news = process.check(inputs())
        memory.meanwhile(operation, kill, after=True)
        with pytest.raises(Killed):
            process.create(news)
    [orphan] = memory.uploads
    memory.time.sleep({"pending": 1, "complete": 100}[state])
    with memory.process() as process:
        run_id, outputs = process.create(process.check(inputs()))
    assert run_id == orphan and outputs["status"] == "complete" and list(memory.uploads) == [orphan]
    assert f"its run {orphan} is {state} and is taken" in process.text and noted() == []
    # That is over now: whoever wants it again gets it.
    assert create(memory, inputs())[0] != orphan


@pytest.mark.parametrize(
    "change", ["content", "triggers", "collection", "failed", "forgotten", "old", "none"]
)
def test_what_was_left_behind_is_taken_for_the_very_same_alone(memory: UploadsMemory, change: str) -> None:
    """And only while it is what was asked for."""
    news = inputs()
    with memory.process() as process:
        checked = process.check(news)
        memory.fault("add_file", "drop_then_commit", delay=60)
        with pytest.raises(OutcomeUnknownError):
            process.create(checked)
    memory.time.sleep(45)
    [orphan] = memory.runs()
    if change == "content":
        Path("guide.md").write_bytes(b"changed")
    elif change == "triggers":
        news["triggers"] = ["again"]
    elif change == "collection":
        news["collection_name"] = "others"
    elif change == "failed":
        memory.move(orphan, {"failed": {"error": "no"}})
    elif change == "forgotten":
        memory.forget_run(orphan)
    elif change == "old":
        memory.time.sleep(3600)
    run_id, _ = create(memory, news)
    assert (run_id == orphan) == (change == "none")
    assert len(memory.uploads) == (1 if change == "none" else 2)


def test_without_a_folder_of_ones_own_uploads_work(memory: UploadsMemory, tmp_path: Path) -> None:
    """Nothing can be noted then."""
    (tmp_path / "state").write_text("no folder")
    assert create(memory, inputs())[1]["status"] == "complete"


def test_equal_uploads_of_one_program_are_two(memory: UploadsMemory) -> None:
    """What another resource of this process has, or is about to have, is not taken."""
    with memory.process() as process:
        news = process.check(inputs(wait=False))
        first, _ = process.create(news)
        second, _ = process.create(news)
    assert first != second and list(memory.uploads) == [first, second]


def test_a_429_is_waited_out(memory: UploadsMemory) -> None:
    """As long as the service asks, more often than other faults are tried, and told once."""
    with memory.process() as process:
        news = process.check(inputs())
        memory.fault("add_file", "respond", status=429, times=7, headers={"retry-after": "30"})
        began = memory.time.now
        run_id, _ = process.create(news)
    asked = [seen.at for seen in memory.requests("add_file")]
    assert len(asked) == 8 and all(b - a >= 30 for a, b in zip(asked, asked[1:], strict=False))
    assert asked[-1] - began > 200 and list(memory.uploads) == [run_id]
    assert process.text.count("the service takes no more uploads at the moment (429)") == 1


def test_a_429_that_doesnt_end_ends_with_the_deadline(memory: UploadsMemory) -> None:
    """Nothing was uploaded."""
    with memory.process() as process:
        news = process.check(inputs(deadline=300))
        memory.fault("add_file", "respond", status=429, times=0, headers={"retry-after": "30"})
        with pytest.raises(
            ChromaSyncError, match=r"429.*Nothing was uploaded \(tried \d+ times\)|429"
        ) as caught:
            process.create(news)
    assert "Nothing was uploaded" in str(caught.value) and 200 < memory.time.now < 310


def test_a_cancelled_update_waits_for_no_place(memory: UploadsMemory) -> None:
    """Ctrl-C within a second, also where the service asked to come back in an hour; nothing was uploaded."""
    with memory.process() as process:
        news = process.check(inputs())
        memory.fault("add_file", "respond", status=429, times=0, headers={"retry-after": "1800"})
        memory.meanwhile("add_file", cancelling.cancel)
        began = memory.time.now
        with pytest.raises(ChromaSyncError, match="stopped, since the update was cancelled"):
            process.create(news)
    assert memory.time.now - began < 1 and memory.uploads == {}


def test_a_cancelled_update_stops_in_the_middle_of_a_file(
    memory: UploadsMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent by then is no upload."""
    Path("guide.md").write_bytes(b"x" * 1_000_000)
    read, pieces = of_content.Reading.read, []

    def read_and_cancel(self: of_content.Reading, size: int) -> bytes:
        pieces.append(size)
        if len(pieces) == 3:
            cancelling.cancel()
        return read(self, size)

    monkeypatch.setattr(of_content.Reading, "read", read_and_cancel)
    with memory.process() as process:
        news = process.check(inputs())
        with pytest.raises(ChromaSyncError, match="was cancelled\n  Nothing was uploaded"):
            process.create(news)
    assert len(pieces) == 3 and memory.uploads == {}


def test_a_large_file_is_told_of_every_few_seconds(
    memory: UploadsMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far it is, and for how long it takes."""
    Path("guide.md").write_bytes(b"x" * (16 * 2**16))
    read = of_content.Reading.read

    def slowly(self: of_content.Reading, size: int) -> bytes:
        memory.time.sleep(2)
        return read(self, size)

    monkeypatch.setattr(of_content.Reading, "read", slowly)
    with memory.process() as process:
        process.create(process.check(inputs()))
    lines = [line for line in process.text.splitlines() if "uploading" in line]
    assert lines[0] == "guide: uploading guide.md, 192 KiB of 1 MiB, 6 s"
    assert len(lines) == 5


def test_an_unreadable_list_leaves_the_upload_undone(memory: UploadsMemory) -> None:
    """It is looked at before the request counts; without it a lost answer could never be found."""
    with memory.process(retries=0) as process:
        news = process.check(inputs())
        memory.fault("list_invocations", "respond", status=500, times=0)
        with pytest.raises(ChromaSyncError, match="so the upload was not completed") as caught:
            process.create(news)
    assert memory.uploads == {} and memory.asked("add_file") == []
    assert "Nothing was uploaded" in str(caught.value)


def test_a_finished_collection_takes_no_file(memory: UploadsMemory) -> None:
    """What to do is said."""
    source = memory.make(database_name="demo", github={"repository": "acme/handbook"})
    memory.start(source, target_collection_name="files", ref_identifier={"sha": "a"})
    memory.time.sleep(60)
    with pytest.raises(RunExistsError, match='collection "files" is finished') as caught:
        create(memory, inputs())
    assert "Name another collection" in str(caught.value)


def test_many_at_once_take_turns_and_lose_nothing(memory: UploadsMemory, folder: Path) -> None:
    """Four at a time, each into the same collection; two lost answers among them are found or told."""
    together, most = set[int](), [0]
    memory.pending = memory.processing = 0
    process = memory.process(settle=0.2)
    done: list[str] = []
    failed: list[Exception] = []

    def count(change: int) -> None:
        number = threading.get_ident()
        (together.add if change > 0 else together.discard)(number)
        most[0] = max(most[0], len(together))

    def work(number: int) -> None:
        path = folder / f"{number}.txt"
        path.write_bytes(b"%d" % number)
        news = {**inputs(path.name, wait=False), "name": f"file-{number}"}
        try:
            done.append(process.create(process.check(news))[0])
        except OutcomeUnknownError as error:
            failed.append(error)

    for _ in range(16):
        memory.meanwhile("add_file", lambda: count(1))
        memory.meanwhile("add_file", lambda: count(-1), after=True)
    memory.fault("add_file", "drop_after", times=2, skip=5)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(memory.uploads) == 16 == len({arrived.sha256 for arrived in memory.uploads.values()})
    assert len(set(done)) == len(done) == 16 - len(failed) and most[0] <= 4
    assert len(memory.asked("add_file")) == 16


# What goes, and is forgotten.


def test_a_delete_cancels_what_is_pending_and_says_what_stays(memory: UploadsMemory, folder: Path) -> None:
    """The API takes no upload back; that is said once a collection. No file is needed."""
    entries = []
    for name, age in (("a", 1), ("b", 10), ("c", 100)):
        (folder / name).write_text(name)
        entries.append(create(memory, {**inputs(name, wait=False), "name": name}))
        memory.time.sleep(age)
        (folder / name).unlink()
    memory.move(entries[0][0], "pending")
    with memory.process() as process:
        for run_id, outputs in entries:
            process.delete(run_id, outputs)
    statuses = [run["status"] for run in memory.runs().values()]
    assert statuses[0] == "cancelled" and all("complete" in status for status in statuses[1:])
    assert process.text.count('what was uploaded into collection "files" of database "demo" stays there') == 1


def test_what_is_replaced_is_not_said_to_stay(memory: UploadsMemory) -> None:
    """Its successor has said what it does."""
    news = inputs()
    run_id, outputs = create(memory, news)
    Path("guide.md").write_bytes(b"changed")
    with memory.process() as process:
        process.diff(run_id, outputs, process.check(news, news))
        process.create(process.check(news))
        process.delete(run_id, outputs)
    assert "stays there" not in process.text


def test_an_upload_that_the_service_forgot_is_kept_and_told_of_once(memory: UploadsMemory) -> None:
    """Its run is history."""
    run_id, outputs = create(memory, inputs())
    memory.forget_run(run_id)
    memory.time.sleep(3600)
    for told in (True, False):
        with memory.process() as process:
            found, outputs, kept = process.read(run_id, outputs)
        assert found == run_id and outputs["status"] == "complete" and kept["sha256"] == SHA
        assert ("no longer knows run" in process.text) == told


def test_one_that_exists_can_be_read(memory: UploadsMemory) -> None:
    """As ``ResourceOptions(id=...)`` does it; one that doesn't is an error."""
    run_id = memory.upload(b"by hand")
    with memory.process() as process:
        found, outputs, _ = process.read(run_id, inputs())
        assert (found, outputs["collection_name"], outputs["status"]) == (run_id, "files", "pending")
        with pytest.raises(NotFoundError):
            process.read("00000000-0000-4000-9000-00000000dead", inputs())


def test_no_content_and_no_secret_is_noted(memory: UploadsMemory) -> None:
    """The file on disk holds ids and times; its name is a hash."""
    with memory.process(key="ck-secret") as process:
        memory.keys["ck-secret"] = {"demo"}
        news = process.check(inputs(metadata={"password": "s3cr3t"}))
        memory.fault("add_file", "drop_then_commit", delay=60)
        with pytest.raises(OutcomeUnknownError):
            process.create(news)
    [path] = records.folder().glob("*")
    assert re.fullmatch(r"[0-9a-f]{64}\.json", path.name) and path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text()).keys() == {"began", "before", "run_id"}
    assert not {text for text in ("guide", "s3cr3t", "ck-secret", SHA) if text in path.read_text()}
