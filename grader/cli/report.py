"""The command `kata report`: a saved run as a page for the browser.

What the command does is in `grader.cli.actions`, and is imported when it runs: `kata --help` needs none of it.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.options import KatasOption


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("report")(report)


def report(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="A saved run (.kata/runs/*.json), or a kata's name for its last one; the last run of the current kata by default.",
            show_default=False,
        ),
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the page there; .kata/report.html by default.", show_default=False)
    ] = None,
    katas: KatasOption = None,
) -> None:
    """Write a saved run as a page: each check's story, a timeline, what has changed since the run before.

    The page is one file that needs no network. Exit codes: 0 written, 2 usage, 4 it cannot be read or written.
    """
    from grader.cli.actions.report import write_report

    write_report(run, out, katas, opened=opened)
