"""The command `kata run`: the learner's app with its services, for curl, a browser or a debugger.

What the command does is in `grader.cli.actions`, and is imported when it runs: `kata --help` needs none of it.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.options import KatasOption
from grader.errors import UsageError
from grader.harness.sandbox import SandboxMode


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("run")(run)


def run(
    slug: Annotated[
        str | None, typer.Argument(metavar="[SLUG]", help="Which kata; the current one by default.", show_default=False)
    ] = None,
    solution: Annotated[
        Path | None, typer.Option("--solution", metavar="PATH", help="Run this file, folder or archive; needs no workspace.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="N", min=1, max=65535, help="Where the app listens; 8000 or the next free one by default."),
    ] = None,
    load: Annotated[
        int | None,
        typer.Option("--load", metavar="N", min=1, max=1000, help="Also send the kata's load: N requests at once, again and again."),
    ] = None,
    sandbox: Annotated[
        SandboxMode,
        typer.Option("--sandbox", envvar="KATA_SANDBOX", help="There is none here: require refuses to run, auto and off run without."),
    ] = SandboxMode.AUTO,
    katas: KatasOption = None,
) -> None:
    """Run your app with its services, for curl, a browser or a debugger.

    It runs in the foreground, with your own rights and outside of any sandbox, so that a browser reaches it and
    `breakpoint()` works. Ctrl-C stops all.

    Exit codes: 0 stopped by Ctrl-C, 1 the app ended or did not come up, 2 usage, 4 something else failed.
    """
    from grader.cli.actions.run import run_app

    refuse_sandbox(sandbox)
    raise typer.Exit(run_app(slug, solution, katas, port, load))


def refuse_sandbox(sandbox: SandboxMode) -> None:
    """Refuse to run without the sandbox that was asked for.

    Raises:
        UsageError: it was.
    """
    if sandbox is SandboxMode.REQUIRE:
        raise UsageError(
            "`kata run` has no sandbox: a browser could not reach the app in one.",
            "If the code is yours, or you would run it anyway: kata run --sandbox off",
        )
