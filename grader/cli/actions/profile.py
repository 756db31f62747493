"""Profiles an app: `kata profile`."""

from pathlib import Path

from grader.cli.actions.target import need_load, target_of
from grader.cli.probe import Probe
from grader.errors import ExitCode, UsageError
from grader.harness.sandbox import SandboxMode
from grader.render.terminal import Screen


def profile_app(
    slug: str | None,
    solution: Path | None,
    katas: Path | None,
    sandbox: SandboxMode,
    load: int,
    seconds: int,
    out: Path | None,
    *,
    dump: bool,
) -> ExitCode:
    """Profile an app under load; returns how the command ends.

    Args:
        slug: of the kata; None for that of the current folder, or the current one.
        solution: a path outside of any workspace, or None.
        katas: folder of katas, if not the shipped one.
        sandbox: whether the app runs in one.
        load: how many requests come at once.
        seconds: how long to record.
        out: where the flame graph goes; None for `profile-SLUG.svg` here.
        dump: instead, show once where every thread is.

    Raises:
        UsageError: there is nothing to be profiled, or a dump was to be written.
    """
    if dump and out is not None:
        raise UsageError("`--dump` draws no graph, so there is nothing to be written.", "Leave out --dump, or --out.")
    target = target_of(slug, solution, katas, "profile")
    need_load(target.kata)
    screen = Screen()
    screen.say_whole(f"{target.kata.title}  {target.kata.slug}")
    probe = Probe(target.kata, target.path, sandbox, load, screen)
    is_well = probe.show_threads() if dump else probe.draw(seconds, out or Path(f"profile-{target.kata.slug}.svg"))
    return ExitCode.PASSED if is_well else ExitCode.FAILED
