"""The command `kata progress`: how far one is, and moving that to another machine.

What the command does is in `grader.cli.actions`, and is imported when it runs: `kata --help` needs none of it.
"""

from typing import Annotated

import typer

from grader.cli.options import KatasOption


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("progress")(progress)


def progress(
    export_to: Annotated[str, typer.Option("--export", metavar="FILE", help="Write your progress into this file; - is stdout.")] = "",
    import_from: Annotated[
        str, typer.Option("--import", metavar="FILE", help="Merge the progress of this file into yours; - is stdin. No pass is lost.")
    ] = "",
    katas: KatasOption = None,
) -> None:
    """Say how far you are; move your progress to another machine."""
    from grader.cli.actions.progress import show_or_move

    show_or_move(export_to, import_from, katas)
