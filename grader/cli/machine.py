"""Commands about the machine on which katas are graded: doctor.

Each command imports its implementation from `grader.cli.actions` when it runs, which keeps `kata --help` fast.
"""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("doctor")(doctor)


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
    ] = False,
) -> None:
    """Check whether katas can be graded on this machine, and how to get what is missing. Takes several seconds.

    Exit codes: 0 katas can be graded here, 4 something prevents it.
    """
    from grader.cli.actions.doctor import examine  # late: `kata --help` needs none of it

    raise typer.Exit(examine(as_json=as_json))
