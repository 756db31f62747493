"""The command `kata profile`: where the event loop's thread spends its time under the kata's load.

What the command does is in `grader.cli.actions`, and is imported when it runs: `kata --help` needs none of it.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.options import KatasOption, SandboxOption
from grader.harness.sandbox import SandboxMode

SECONDS = 5
VISITORS = 12


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("profile")(profile)


def profile(
    slug: Annotated[
        str | None, typer.Argument(metavar="[SLUG]", help="Which kata; the current one by default.", show_default=False)
    ] = None,
    solution: Annotated[
        Path | None, typer.Option("--solution", metavar="PATH", help="Profile this file, folder or archive; needs no workspace.")
    ] = None,
    seconds: Annotated[int, typer.Option("--seconds", metavar="S", min=1, max=60, help="How long to record.")] = SECONDS,
    load: Annotated[int, typer.Option("--load", metavar="N", min=1, max=1000, help="How many requests come at once.")] = VISITORS,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.svg", help="Where the flame graph goes; profile-SLUG.svg here by default.")
    ] = None,
    dump: Annotated[bool, typer.Option("--dump", help="Instead, show once where every thread is at that moment.")] = False,
    sandbox: SandboxOption = SandboxMode.AUTO,
    katas: KatasOption = None,
) -> None:
    """Show where the event loop spends its time under the kata's load, with py-spy, and draw a flame graph.

    Exit codes: 0 recorded, 1 the app did not start or ended, 2 usage, 4 this machine does not let a profiler look into it.
    """
    from grader.cli.actions.profile import profile_app

    raise typer.Exit(profile_app(slug, solution, katas, sandbox, load=load, seconds=seconds, out=out, dump=dump))
