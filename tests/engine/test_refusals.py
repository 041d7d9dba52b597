"""Bad input and wrong settings: clean failures at preview, one line each, that name the property."""

from __future__ import annotations

from pulumi import automation as auto

from chroma_sync_emulator.testing import RunningEmulator

from .conftest import MakeProject
from .harness import Result
from .programs import program

SECRET = "a-key-that-nobody-may-see"
BUCKET = '"bucket_name": "b", "region": "r", "collection_name": "ccc"'
GOOD = 'chroma_sync.Source("docs", github={"repository": "acme/handbook"})'


def told(failed: Result) -> list[str]:
    """Path and rule of every failure, without what the engine puts around them."""
    assert not failed.ok and "Traceback" not in failed.output, failed.output
    lines = []
    for message in failed.errors:
        assert "\n" not in message
        path, _, rule = message.partition("property ")[2].partition(" value ")
        # `.*` keeps the engine from printing the value of a whole argument.
        lines.append(f"{path.removesuffix('.*')}: {rule.partition(' has a problem: ')[2]}")
    return lines


BAD: dict[str, tuple[str, list[str]]] = {
    "a whole argument": (
        'github={"repository": "a/b"}, web_scrape={"starting_url": "https://acme.com"}',
        ["github: give exactly one of github, web_scrape, s3 (got github and web_scrape)"],
    ),
    "a field": (
        'github={"repository": "a/b", "include_globes": ["*"]}',
        ["github.include_globes: unknown; did you mean include_globs?"],
    ),
    "an unknown argument": (
        'gitub={"repository": "a/b"}, github={"repository": "a/b"}',
        ["gitub: unknown; did you mean github?"],
    ),
    "a field beside a secret": (
        f's3={{{BUCKET}, "aws_credential_id": 7, "aws_access_key_id": "AKIA", '
        f'"aws_secret_access_key": "{SECRET}"}}',
        [
            "s3.aws_credential_id: give either aws_credential_id or both aws_access_key_id and "
            "aws_secret_access_key, not both ways at once"
        ],
    ),
    "a secret in the place of an object": (f's3="{SECRET}"', ["s3: must be an object with keys of its own"]),
}
"""The arguments, and what is told: one of each way to name a property; all rules are in the provider ring."""


def test_bad_input_is_named_with_its_rule(project: MakeProject, emu: RunningEmulator) -> None:
    """The rule and the way out; no traceback, no secret, and nothing sent to create it."""
    stack = project("")
    for name, (arguments, failures) in BAD.items():
        stack.program(program(f'chroma_sync.Source("docs", {arguments})'))
        failed = stack.preview(check=False)
        assert not failed.ok, name
        assert told(failed) == failures, name
        assert SECRET not in failed.output, name
    assert not emu.control.requests("create_source")


WRONG: dict[str, tuple[dict[str, str | None], list[str]]] = {
    "no key": (
        {"CHROMA_API_KEY": None},
        [
            "apiKey: no API key is set; set it with `pulumi config set chroma-sync:apiKey --secret` or "
            "CHROMA_API_KEY"
        ],
    ),
    "a refused key": (
        {"CHROMA_API_KEY": "a-wrong-key"},
        [
            "apiKey: the service refused the API key (401). Set it with `pulumi config set "
            "chroma-sync:apiKey --secret` or CHROMA_API_KEY"
        ],
    ),
    "an unknown database": (
        {"CHROMA_DATABASE": "knowlege"},
        [
            'database_name: the service has no database "knowlege" for this API key; create it first, '
            "or declare a Database and pass its name on"
        ],
    ),
    "no database": (
        {"CHROMA_DATABASE": None},
        [
            "database_name: required; or set `pulumi config set chroma-sync:database NAME` or "
            'CHROMA_DATABASE; this API key is good for "demo", "second"'
        ],
    ),
    "a wrong url": (
        {"CHROMA_SYNC_URL": "ftp://sync.acme.com"},
        ["url: give an http(s) URL such as https://sync.trychroma.com (from CHROMA_SYNC_URL)"],
    ),
}
"""The environment, and what is told."""


def test_a_wrong_setting_fails_at_preview_with_what_to_set(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """Before anything is created, and without quoting a key."""
    emu.control.add_database("second")
    stack = project(program(GOOD))
    for name, (env, failures) in WRONG.items():
        stack.set_env({**emu.environment(), **env})
        failed = stack.preview(check=False)
        assert not failed.ok, name
        assert told(failed) == failures, name
        assert "a-wrong-key" not in failed.output, name
    assert not emu.control.requests("create_source")


def test_a_preview_without_a_key_still_checks_everything_else(project: MakeProject) -> None:
    """Both are told at once: the missing key and the mistake."""
    text = program('chroma_sync.Source("docs", github={"repository": "handbook"})')
    failed = project(text, env={"CHROMA_API_KEY": None}).preview(check=False)
    assert [line.partition(":")[0] for line in told(failed)] == ["github.repository", "apiKey"]


def test_a_service_that_cannot_be_reached_is_no_failure_of_a_preview(project: MakeProject) -> None:
    """The preview goes on, and says once what it could not check."""
    stack = project(program(GOOD), env={"CHROMA_SYNC_URL": "http://127.0.0.1:9", "CHROMA_SYNC_RETRIES": "0"})
    preview = stack.preview()
    assert preview.summary == {"create": 2}
    said = [line.message for line in preview.diagnostics if "127.0.0.1:9" in line.message]
    assert len(said) == 1 and said[0].startswith("warning: ")


def test_the_live_check_can_be_turned_off(project: MakeProject, emu: RunningEmulator) -> None:
    """With `chroma-sync:preflight false` a preview sends nothing."""
    stack = project(program(GOOD), config={"chroma-sync:preflight": "false"})
    stack.preview()
    assert emu.control.requests() == []


def test_the_live_check_is_one_request_for_a_database(project: MakeProject, emu: RunningEmulator) -> None:
    """However many sources there are; the notice about existing ones asks nothing more."""
    emu.control.add_database("other")
    stack = project(
        program(
            *(f'chroma_sync.Source("d{n}", github={{"repository": "acme/d{n}"}})' for n in range(6)),
            'chroma_sync.Source("o", database_name="other", github={"repository": "acme/o"})',
        )
    )
    stack.preview()
    asked = sorted(seen["query"]["database_name"] for seen in emu.control.requests())
    assert asked == ["demo", "other"]


def test_what_is_not_known_at_preview_fails_nothing(project: MakeProject, emu: RunningEmulator) -> None:
    """Another resource's outputs may stand anywhere in a source, whole arguments included."""
    stack = project(
        program(
            """
            first = chroma_sync.Source("first", github={"repository": "acme/first"})
            token = first.source_id.apply(lambda text: text[:8])
            chroma_sync.Source("a", github={"repository": pulumi.Output.concat("acme/", token)})
            chroma_sync.Source(
                "b",
                database_name=first.source_id.apply(lambda _: "demo"),
                web_scrape=token.apply(lambda text: {"starting_url": f"https://{text}.acme.com"}),
                chunking={"type": token.apply(lambda _: "lines"), "max_lines": token.apply(lambda _: 10)},
            )
            chroma_sync.Source(
                "c",
                s3={
                    "bucket_name": token,
                    "region": "r",
                    "collection_name": "ccc",
                    "aws_access_key_id": token.apply(lambda _: "AKIA"),
                    "aws_secret_access_key": token,
                },
            )
            """
        )
    )
    assert stack.preview().summary == {"create": 5}
    assert stack.up().summary == {"create": 5}
    assert stack.preview("--expect-no-changes").unchanged


def test_a_mistake_that_shows_only_during_an_up_creates_nothing_wrong(
    project: MakeProject, emu: RunningEmulator
) -> None:
    """A value that was unknown at preview is checked when it is known."""
    stack = project(
        program(
            """
            first = chroma_sync.Source("first", github={"repository": "acme/first"})
            chroma_sync.Source("a", github={"repository": first.source_id})
            """
        )
    )
    assert stack.preview().ok
    failed = stack.up(check=False)
    assert told(failed)[0].startswith("github.repository: give owner and name")
    assert len(emu.control.requests("create_source")) == 1


def test_the_key_may_be_secret_configuration(project: MakeProject, emu: RunningEmulator) -> None:
    """It wins over the environment, and is not in the state."""
    emu.control.add_tenant("other", SECRET, ["theirs"])
    stack = project(
        program(GOOD),
        config={
            "chroma-sync:apiKey": auto.ConfigValue(SECRET, secret=True),
            "chroma-sync:database": "theirs",
            "chroma-sync:url": emu.url,
        },
        env={"CHROMA_API_KEY": "a-wrong-key", "CHROMA_SYNC_URL": None, "CHROMA_DATABASE": None},
    )
    stack.up()
    assert SECRET not in stack.state_text()
