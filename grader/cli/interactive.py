"""Long-running commands: watch, run, profile.

Each command imports its implementation from `grader.interactive` when it runs, which keeps `kata --help` fast.
"""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.options import KatasOption, SandboxOption
from grader.errors import UsageError
from grader.process.sandbox import SandboxMode

SECONDS = 5
VISITORS = 12


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("watch")(watch)
    app.command("run")(run)
    app.command("profile")(profile)


def watch(
    context: typer.Context,
    slug: Annotated[
        str | None,
        typer.Argument(
            metavar="[SLUG]", help="Which kata; the current one by default.", show_default=False
        ),
    ] = None,
    poll: Annotated[
        bool,
        typer.Option(
            "--poll",
            help="Check the files five times a second: for network and shared drives.",
        ),
    ] = False,
    sandbox: SandboxOption = SandboxMode.AUTO,
    katas: KatasOption = None,
) -> None:
    """Grade every save until you press q or Ctrl-C.

    Keys in a terminal: h hint, d diff from the starter, l list, n next kata (after a pass), r rerun, w report in the
    browser, q quit, ? all keys.

    Exit codes: 0 after q, 2 usage, 4 broken, 130 after Ctrl-C.
    """
    from grader.interactive.watch.watch import watch_kata  # late: `kata --help` needs none of it

    watch_kata(context, slug, sandbox, katas, polls=poll)


def run(
    slug: Annotated[
        str | None,
        typer.Argument(
            metavar="[SLUG]", help="Which kata; the current one by default.", show_default=False
        ),
    ] = None,
    solution: Annotated[
        Path | None,
        typer.Option(
            "--solution",
            metavar="PATH",
            help="Run this file, folder or archive; needs no workspace.",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=1,
            max=65535,
            help="Where the app listens; 8000 or the next free one by default.",
        ),
    ] = None,
    load: Annotated[
        int | None,
        typer.Option(
            "--load",
            metavar="N",
            min=1,
            max=1000,
            help="Also send the kata's load: N requests at once, round after round.",
        ),
    ] = None,
    sandbox: Annotated[
        SandboxMode,
        typer.Option(
            "--sandbox",
            envvar="KATA_SANDBOX",
            help="`kata run` never uses a sandbox: require refuses to run; auto and off make no difference.",
        ),
    ] = SandboxMode.AUTO,
    katas: KatasOption = None,
) -> None:
    """Run your app with its services, for curl, browser or debugger.

    It runs in the foreground, with your own permissions and outside any sandbox, so that a browser can reach it and
    `breakpoint()` works. Ctrl-C stops everything.

    Exit codes: 0 stopped by Ctrl-C, 1 the app exited or did not start, 2 usage, 4 something else failed.
    """
    from grader.interactive.run import run_app  # late: `kata --help` needs none of it

    refuse_sandbox(sandbox)
    raise typer.Exit(run_app(slug, solution, katas, port, load))


def refuse_sandbox(sandbox: SandboxMode) -> None:
    """Refuse `--sandbox require`.

    Raises:
        UsageError: a sandbox is required.
    """
    if sandbox is SandboxMode.REQUIRE:
        raise UsageError(
            "`kata run` has no sandbox, because a browser could not reach the app in one.",
            "If you trust the code: kata run --sandbox off",
        )


def profile(
    slug: Annotated[
        str | None,
        typer.Argument(
            metavar="[SLUG]", help="Which kata; the current one by default.", show_default=False
        ),
    ] = None,
    solution: Annotated[
        Path | None,
        typer.Option(
            "--solution",
            metavar="PATH",
            help="Profile this file, folder or archive; needs no workspace.",
        ),
    ] = None,
    seconds: Annotated[
        int, typer.Option("--seconds", metavar="S", min=1, max=60, help="How long to record.")
    ] = SECONDS,
    load: Annotated[
        int,
        typer.Option(
            "--load", metavar="N", min=1, max=1000, help="How many requests are sent at once."
        ),
    ] = VISITORS,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE.svg",
            help="Where the flame graph goes; profile-SLUG.svg here by default.",
        ),
    ] = None,
    dump: Annotated[
        bool,
        typer.Option("--dump", help="Instead, show once what every thread is doing."),
    ] = False,
    sandbox: SandboxOption = SandboxMode.AUTO,
    katas: KatasOption = None,
) -> None:
    """Show where the event loop spends its time under load. Samples the app with py-spy and draws a flame graph.

    Exit codes: 0 recorded, 1 the app did not start or exited, 2 usage, 4 this machine does not allow profiling.
    """
    from grader.interactive.profile import profile_app  # late: `kata --help` needs none of it

    raise typer.Exit(
        profile_app(slug, solution, katas, sandbox, load=load, seconds=seconds, out=out, dump=dump)
    )
