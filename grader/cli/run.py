"""`kata run`: the learner's app with its services, for curl, a browser or a debugger.

What the command alone needs is imported inside of it: `kata --help` and `kata list` stay under 0.3 s that way.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.learner import KatasOption, target_of
from grader.errors import ExitCode, KataPackageError, UsageError
from grader.harness.sandbox import SandboxMode

if TYPE_CHECKING:
    from grader.catalog.manifest import Kata

DEFAULT_PORT = 8000


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
    """Run your app with its upstream, database and files, for curl, a browser or a debugger.

    It runs in the foreground, with your own rights and outside of any sandbox, so that a browser reaches it and
    `breakpoint()` works. Ctrl-C stops all.

    Exit codes: 0 stopped by Ctrl-C, 1 the app ended or did not come up, 2 usage, 4 something else failed.
    """
    from grader.cli.live import Live
    from grader.grading.descriptors import allow_descriptors
    from grader.harness.rundir import temporary_run_dir
    from grader.harness.server import in_time
    from grader.harness.sockets import listening_at, listening_near
    from grader.render.terminal import Screen
    from grader.services.running import StandingServices
    from grader.workspace.solution import where_to_run

    refuse_sandbox(sandbox)
    target = target_of(slug, solution, katas, "run")
    kata = target.kata
    if load is not None:
        need_load(kata)
    allow_descriptors()
    screen = Screen()
    screen.say_whole(f"{kata.title}  {kata.slug}")
    with temporary_run_dir() as run_dir:
        folder = where_to_run(target.path, run_dir / "solution")
        listening = in_time(listening_at(port) if port is not None else listening_near(DEFAULT_PORT))
        got = listening.getsockname()[1]
        if port is None and got != DEFAULT_PORT:
            screen.say(f"Port {DEFAULT_PORT} is in use, so the app will be at {got}.")
        services = StandingServices(kata, run_dir)
        with listening, services.started():
            is_well = Live(kata, folder, run_dir, services, listening, load or 0, screen).run()
    raise typer.Exit(ExitCode.PASSED if is_well else ExitCode.FAILED)


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


def need_load(kata: "Kata") -> None:
    """Make sure that a kata says what its load is.

    Raises:
        KataPackageError: it does not.
    """
    if not kata.run.load:
        raise KataPackageError(f"The kata {kata.slug} does not say what its load is.", "Its author can say so in kata.toml: [run] load = …")
