"""Commands about the learner's files and progress: list, hint, solution, diff, reset, open, progress, report.

Each command imports its implementation from `grader.cli.actions` when it runs, which keeps `kata --help` fast.
"""

from pathlib import Path
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
    app.command("progress")(progress)
    app.command("report")(report)


def list_katas(
    text: Annotated[
        str,
        typer.Argument(
            metavar="[TEXT]",
            help="Only katas with these words in slug, title, topics or lesson.",
            show_default=False,
        ),
    ] = "",
    tier: Annotated[
        int | None,
        typer.Option("--tier", metavar="N", min=1, max=5, help="Only katas of this tier."),
    ] = None,
    todo: Annotated[bool, typer.Option("--todo", help="Only katas not passed yet.")] = False,
    katas: KatasOption = None,
) -> None:
    """List the katas by tier, with your progress."""
    from grader.cli.actions.listing import show_katas  # late: `kata --help` needs none of it

    show_katas(text, tier, katas, todo=todo)


def hint(
    slug: SlugArgument = None,
    shows_all: Annotated[bool, typer.Option("--all", help="Show all hints at once.")] = False,
    katas: KatasOption = None,
) -> None:
    """Show the next hint."""
    from grader.cli.actions.hints import show_hint  # late: `kata --help` needs none of it

    show_hint(slug, katas, shows_all=shows_all)


def solution(
    slug: BackwardSlugArgument = None,
    gives_up: Annotated[
        bool,
        typer.Option(
            "--give-up",
            help="Show it before you have passed; the kata then counts as given up until you pass.",
        ),
    ] = False,
    katas: KatasOption = None,
) -> None:
    """Show the reference and other accepted solutions.

    Each comes with a diff from yours. Available after a pass, or with --give-up.
    """
    from grader.cli.actions.hints import show_solution  # late: `kata --help` needs none of it

    show_solution(slug, katas, gives_up=gives_up)


def diff(
    slug: BackwardSlugArgument = None,
    katas: KatasOption = None,
) -> None:
    """Show what you have changed in the starter, as a unified diff."""
    from grader.cli.actions.files import show_diff  # late: `kata --help` needs none of it

    show_diff(slug, katas)


def reset(slug: SlugArgument = None, katas: KatasOption = None) -> None:
    """Put the starter back. Your file is kept beside it, with the date and time in its name."""
    from grader.cli.actions.files import reset_kata  # late: `kata --help` needs none of it

    reset_kata(slug, katas)


def open_kata(slug: SlugArgument = None, katas: KatasOption = None) -> None:
    """Open the kata's app.py and README in $VISUAL or $EDITOR."""
    from grader.cli.actions.files import open_files  # late: `kata --help` needs none of it

    open_files(slug, katas)


def progress(
    export_to: Annotated[
        str,
        typer.Option(
            "--export", metavar="FILE", help="Write your progress to this file; - is stdout."
        ),
    ] = "",
    import_from: Annotated[
        str,
        typer.Option(
            "--import",
            metavar="FILE",
            help="Merge the progress in this file into yours; - is stdin. No pass is lost.",
        ),
    ] = "",
    katas: KatasOption = None,
) -> None:
    """Show your progress, or move it to another machine."""
    from grader.cli.actions.progress import show_or_move  # late: `kata --help` needs none of it

    show_or_move(export_to, import_from, katas)


def report(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help=(
                "A saved run (.kata/runs/*.json), or a slug for that kata's last run; "
                "by default the last run of the current kata."
            ),
            show_default=False,
        ),
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where to write the page; .kata/report.html by default.",
            show_default=False,
        ),
    ] = None,
    katas: KatasOption = None,
) -> None:
    """Write a report of a saved run as a web page.

    It explains each check, with a timeline and the changes since the previous run. The page is a single file and needs
    no network.

    Exit codes: 0 written, 2 usage, 4 the run cannot be read or the page cannot be written.
    """
    from grader.cli.actions.report import write_report  # late: `kata --help` needs none of it

    write_report(run, out, katas, opened=opened)
