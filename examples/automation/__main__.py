"""A team's repositories from a script, without a project: ``python . up acme/handbook``, ``python . down``.

Pulumi's Automation API runs the engine: stack, settings, update and outputs, all from here.
"""

import sys

import pulumi
from pulumi import automation as auto

import pulumi_chroma_sync as chroma_sync


def program(repositories: list[str]) -> None:
    """What a Pulumi program would have at its top level."""
    ids = {}
    for repository in repositories:
        source = chroma_sync.Source(
            repository.replace("/", "-"),
            github={"repository": repository, "include_globs": ["**/*.md"]},
        )
        ids[repository] = source.source_id
    pulumi.export("ids", ids)


def main(command: str, *repositories: str) -> None:
    """Bring the team's stack up with these repositories, or take all of it down."""
    stack = auto.create_or_select_stack(
        stack_name="team-a",
        project_name="team-knowledge",
        program=lambda: program([*repositories]),
    )
    try:
        if command == "up":
            for operation, count in stack.preview().change_summary.items():
                print(f"preview    {auto.OpType(operation).value} {count}")
            result = stack.up()
            for repository, source_id in result.outputs["ids"].value.items():
                print(f"source     {source_id}  {repository}")
        else:
            stack.destroy()
            stack.workspace.remove_stack("team-a")
            print("down       all is gone")
    except auto.ConcurrentUpdateError:
        sys.exit("somebody else is updating this stack; try again later")
    except auto.CommandError as error:
        # What the engine told, with the reason: the text of the error is all of its output.
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
