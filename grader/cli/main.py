"""The application `kata`, and the only place that turns exceptions into exit codes."""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Annotated

import typer

from grader.cli import instructor, interactive, learner, machine, workspace
from grader.errors import ExitCode, GraderError

app = typer.Typer(
    name="kata",
    help="Learn FastAPI's concurrency from apps that work alone and break under load.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
learner.register(app)
workspace.register(app)
instructor.register(app)
machine.register(app)
interactive.register(app)


def _show_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version  # late: it imports the email package, which is slow

        typer.echo(f"kata {version('fastapi-katas')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Learn FastAPI's concurrency from apps that work alone and break under load."""
    if context.invoked_subcommand is None:
        from grader.cli.actions.overview import show_overview  # late: --help needs none of it

        show_overview()


class Terminated(BaseException):
    """Raised on SIGTERM, so that everything is cleaned up as after Ctrl-C."""


def run() -> None:
    """Run the application and exit with its code."""
    with _sigterm_unwinds():
        sys.exit(_exit_code())


def _exit_code() -> int:
    try:
        app(prog_name="kata")
    except SystemExit as end:
        if end.code == ExitCode.INTERRUPTED:
            print("\nInterrupted. Everything that was started has been stopped.", file=sys.stderr)
        return end.code if isinstance(end.code, int) else ExitCode.PASSED
    except GraderError as error:
        from grader.render.terminal.screen import Screen  # late: rich, needed only for errors

        Screen(to_stderr=True).error(error)
        return error.exit_code
    except Terminated:
        return 128 + signal.SIGTERM
    except Exception:
        from grader.cli.crash import print_crash  # late: needed only after a crash

        print_crash()
        return ExitCode.BROKEN
    return ExitCode.PASSED


@contextlib.contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
