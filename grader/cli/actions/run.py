"""Runs an app with its services: `kata run`."""

from pathlib import Path

from grader.cli.actions.target import need_load, target_of
from grader.cli.live import Live
from grader.errors import ExitCode
from grader.grading.descriptors import allow_descriptors
from grader.harness.rundir import temporary_run_dir
from grader.harness.server import in_time
from grader.harness.sockets import listening_at, listening_near
from grader.render.terminal import Screen
from grader.services.running import StandingServices
from grader.workspace.solution import where_to_run

DEFAULT_PORT = 8000


def run_app(slug: str | None, solution: Path | None, katas: Path | None, port: int | None, load: int | None) -> ExitCode:
    """Run an app with its services until Ctrl-C; returns how the command ends.

    Args:
        slug: of the kata; None for that of the current folder, or the current one.
        solution: a path outside of any workspace, or None.
        katas: folder of katas, if not the shipped one.
        port: where the app listens; None for 8000 or the next free one.
        load: how many requests come at once; None for no load.

    Raises:
        UsageError: there is nothing to be run, or the port is in use.
    """
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
    return ExitCode.PASSED if is_well else ExitCode.FAILED
