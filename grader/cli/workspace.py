"""Commands of a learner between two gradings: list, hint, solution, diff, reset, open.

What a command does is in `grader.cli.actions`, and is imported when the command runs: `kata --help` needs none of it.
"""

from typing import Annotated

import typer

from grader.cli.completion import BackwardSlugArgument, SlugArgument
from grader.cli.options import KatasOption


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("list")(list_katas)
    app.command("hint")(hint)
    app.command("solution")(solution)
    app.command("diff")(diff)
    app.command("reset")(reset)
    app.command("open")(open_kata)


def list_katas(
    text: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Only katas with these words in name, title, topics or lesson.", show_default=False)
    ] = "",
    tier: Annotated[int | None, typer.Option("--tier", metavar="N", min=1, max=5, help="Only katas of this tier.")] = None,
    todo: Annotated[bool, typer.Option("--todo", help="Only katas that are not passed.")] = False,
    katas: KatasOption = None,
) -> None:
    """Show every kata by tier, with its state."""
    from grader.cli.actions.listing import show_katas

    show_katas(text, tier, katas, todo=todo)


def hint(
    slug: SlugArgument = None,
    shows_all: Annotated[bool, typer.Option("--all", help="Show all hints at once.")] = False,
    katas: KatasOption = None,
) -> None:
    """Show one more hint each time."""
    from grader.cli.actions.hints import show_hint

    show_hint(slug, katas, shows_all=shows_all)


def solution(
    slug: BackwardSlugArgument = None,
    gives_up: Annotated[bool, typer.Option("--give-up", help="Show it before a pass; until then the kata counts as given up.")] = False,
    katas: KatasOption = None,
) -> None:
    """Show the reference and the other accepted ways, each with a diff to yours. After a pass, or with --give-up."""
    from grader.cli.actions.hints import show_solution

    show_solution(slug, katas, gives_up=gives_up)


def diff(
    slug: BackwardSlugArgument = None,
    katas: KatasOption = None,
) -> None:
    """Show what you have changed in the starter, as a unified diff."""
    from grader.cli.actions.files import show_diff

    show_diff(slug, katas)


def reset(slug: SlugArgument = None, katas: KatasOption = None) -> None:
    """Go back to the starter. Your file is kept beside it, under a name that says when."""
    from grader.cli.actions.files import reset_kata

    reset_kata(slug, katas)


def open_kata(slug: SlugArgument = None, katas: KatasOption = None) -> None:
    """Open the kata's app.py and README in $VISUAL or $EDITOR."""
    from grader.cli.actions.files import open_files

    open_files(slug, katas)
