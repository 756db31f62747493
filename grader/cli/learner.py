"""Commands that hand out and grade katas: next, check.

Each command imports its implementation from `grader.cli.actions` when it runs, which keeps `kata --help` fast.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.completion import SlugArgument
from grader.cli.options import KatasOption, SandboxOption
from grader.process.sandbox import SandboxMode


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("next")(next_kata)
    app.command("check")(check)


def next_kata(
    skip: Annotated[
        bool,
        typer.Option("--skip", help="Skip the current kata; you can still check it later."),
    ] = False,
    katas: KatasOption = None,
) -> None:
    """Hand out the first kata that you have not passed yet."""
    from grader.cli.actions.handout import hand_out_next  # late: `kata --help` needs none of it

    hand_out_next(skip, katas)


def check(
    slug: SlugArgument = None,
    solution: Annotated[
        Path | None,
        typer.Option(
            "--solution",
            metavar="PATH",
            help="Grade this file, folder or archive; needs no workspace.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
    ] = False,
    replayed: Annotated[
        Path | None,
        typer.Option(
            "--replay",
            metavar="RUN",
            help="Judge a saved run (.kata/runs/*.json) again, without a server.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Also write the report as a web page, a single file.",
        ),
    ] = None,
    sandbox: SandboxOption = SandboxMode.AUTO,
    katas: KatasOption = None,
) -> None:
    """Grade a solution under load. If it fails, the report says where and why.

    Exit codes: 0 passed, 1 failed, 2 usage, 3 inconclusive, 4 broken.
    """
    from grader.cli.actions.check import check_again, check_solution  # late: --help needs neither

    if replayed is not None:
        raise typer.Exit(check_again(replayed, katas, html, as_json=as_json))
    raise typer.Exit(check_solution(slug, solution, katas, sandbox, html, as_json=as_json))
