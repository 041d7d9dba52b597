"""The harness's own promises: the other tests here believe what it says of the engine."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from pulumi import automation as auto

from .conftest import MakeProject
from .harness import engine_folder
from .killing import kill_all, still_there

# A dynamic resource without a service behind it.
PLAIN = """
import pulumi
from pulumi import dynamic

class Plain(dynamic.ResourceProvider):
    serialize_as_secret_always = False
    def create(self, props):
        if props["text"] == "refused":
            raise ValueError("no such text")
        return dynamic.CreateResult("plain-1", {"text": props["text"]})
    def diff(self, _id, olds, news):
        changed = olds["text"] != news["text"]
        return dynamic.DiffResult(changes=changed, replaces=["text"] if changed else [])

class Thing(dynamic.Resource):
    text: pulumi.Output[str]

config = pulumi.Config()
thing = Thing(Plain(), "thing", {"text": %s})
pulumi.export("text", thing.text)
"""


def plain(text: str) -> str:
    """The program with this Python expression as the resource's only property."""
    return PLAIN % text


def test_a_projects_life_is_told_step_by_step(project: MakeProject) -> None:
    """Results carry what the engine counted, and each step with what differs."""
    stack = project(plain("'one'"))
    preview = stack.preview()
    assert preview.summary == {"create": 2}
    assert not preview.unchanged
    assert [(step.op, step.name) for step in preview.steps] == [("create", "thing")]
    assert preview.steps[0].inputs is not None and preview.steps[0].inputs["text"] == "one"

    assert stack.up().summary == {"create": 2}
    assert stack.outputs() == {"text": "one"}
    assert stack.preview("--expect-no-changes").unchanged
    assert stack.refresh().unchanged

    stack.program(plain("'two'"))
    replaced = stack.up()
    assert replaced.summary == {"replace": 1, "same": 1}
    assert {step.op for step in replaced.steps} >= {"create-replacement", "delete-replaced"}
    assert all(step.keys == ("text",) for step in replaced.steps if step.op == "replace")

    assert [resource["id"] for resource in stack.resources(":Thing")] == []
    assert [resource["id"] for resource in stack.resources()] == ["plain-1"]
    assert stack.destroy().summary == {"delete": 2}
    assert stack.resources() == []


def test_a_failed_run_raises_unless_asked_not_to(project: MakeProject) -> None:
    """The error's text is in the assertion; with check=False it is a result like any other."""
    stack = project(plain("'refused'"))
    with pytest.raises(AssertionError, match="no such text"):
        stack.up()
    failed = stack.up(check=False)
    assert (failed.ok, failed.unchanged) == (False, False)
    assert any("no such text" in message for message in failed.errors)
    assert failed.code != 0 and "no such text" in failed.output


def test_the_states_text_holds_plain_values_and_no_secret(project: MakeProject) -> None:
    """What a test looks for in every file of the state would be found there, had it been written."""
    secret = auto.ConfigValue("a word that is secret", secret=True)
    stack = project(
        plain("pulumi.Output.concat(config.require_secret('word'), ' and ', config.require('plain'))"),
        config={"test:word": secret, "test:plain": "in the open"},
    )
    stack.up()
    stack.up()
    assert stack.outputs() == {"text": "a word that is secret and in the open"}
    text = stack.state_text()
    assert "in the open" in text and "and in the open" not in text
    assert "a word that is secret" not in text
    assert "dev.json.bak" in text


def test_the_users_own_settings_stay_out(project: MakeProject, emu: object) -> None:
    """A project sees the emulator's environment, what the test adds, and not what the test takes away."""
    stack = project(
        plain("'|'.join(os.environ.get(name, '-') for name in NAMES)").replace(
            "import pulumi\n",
            "import os\nimport pulumi\nNAMES = ('CHROMA_DATABASE', 'CHROMA_API_KEY', 'EXTRA')\n",
            1,
        ),
        env={"EXTRA": "added", "CHROMA_API_KEY": None},
    )
    stack.up()
    assert stack.outputs() == {"text": "demo|-|added"}
    stack.set_env({"EXTRA": None})
    assert "PULUMI_ACCESS_TOKEN" not in stack.environment
    stack.up()
    assert stack.outputs() == {"text": "demo|-|-"}


def test_a_started_command_can_be_killed_with_all_its_plugins(project: MakeProject) -> None:
    """None is left, and a project whose run was killed can go on."""
    stack = project("import time\ntime.sleep(600)")
    run = stack.start("up", "--yes", "--skip-preview")
    while not any("pulumi-language-python-exec" in command for command in still_there(run).values()):
        time.sleep(0.05)
        assert run.poll() is None
    kill_all(run)
    assert run.returncode == -signal.SIGKILL
    assert still_there(run) == {}
    stack.program(plain("'after'"))
    stack.pulumi("cancel", "--yes", check=True)
    assert stack.up().ok


def test_a_missing_engine_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is skipped and nothing is built behind a test's back: the sentence says what to run."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"^engine +there is no Pulumi engine yet: run `make engine`.*$"):
        engine_folder()
