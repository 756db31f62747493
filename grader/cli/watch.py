"""The command `kata watch`: grades at each save, shows as `kata check` does, and takes keys.

What the command needs is imported inside of it: `kata --help` and `kata list` stay under 0.3 s that way.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from grader.cli.learner import KatasOption, SandboxOption, Target, target_of
from grader.errors import GraderError
from grader.harness.sandbox import SandboxMode

if TYPE_CHECKING:
    from grader.cli.keyboard import Keyboard
    from grader.cli.session import Graders
    from grader.workspace.progress import Workspace


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("watch")(watch)


def watch(
    context: typer.Context,
    slug: Annotated[
        str | None, typer.Argument(metavar="[SLUG]", help="Which kata; the current one by default.", show_default=False)
    ] = None,
    poll: Annotated[
        bool,
        typer.Option(
            "--poll", help="Compare files five times a second instead of being told by the system: for network and shared drives."
        ),
    ] = False,
    sandbox: SandboxOption = SandboxMode.AUTO,
    katas: KatasOption = None,
) -> None:
    """Grade at every save, until you press q or Ctrl-C.

    Keys in a terminal: h hint, d diff to the starter, l list, n next kata (after a pass), r rerun, w report in the browser, q quit.

    Exit codes: 0 after q, 2 usage, 4 broken, 130 after Ctrl-C.
    """
    from grader.cli.news import tell_changes
    from grader.grading.pool import running_pool
    from grader.render.terminal_workspace import WorkspaceScreen
    from grader.watching.lock import only_watch
    from grader.workspace.progress import need_workspace

    target, workspace = target_of(slug, None, katas, "watch"), need_workspace(Path.cwd())
    with only_watch(workspace), running_pool() as pool:
        tell_changes(WorkspaceScreen(), target.catalog, workspace, target.kata.slug)
        number = keep_watch(target, pool, context, katas, sandbox=sandbox, polls=poll or None)
    end_with(number)


def end_with(number: int) -> None:
    """End as a process does that this signal ends; 0 is none."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    if number:
        signal.raise_signal(number)


def keep_watch(
    target: Target, graders: "Graders", context: typer.Context, katas: Path | None, *, sandbox: SandboxMode, polls: bool | None
) -> int:
    """Watch until it ends; returns the number of the signal that ended it, or 0.

    Args:
        target: what is watched first.
        graders: who grades.
        context: of the application, whose commands the keys run.
        katas: folder of katas, if not the shipped one.
        sandbox: whether solutions run in one.
        polls: whether files are compared; None leaves it to the platform.
    """
    import anyio

    from grader.cli.session import Desk, Session
    from grader.cli.signals import kept_handlers
    from grader.render.terminal_watch import WatchScreen

    if katas is not None:
        os.environ["KATA_PATH"] = str(katas.resolve())  # for the commands behind the keys
    with _keyboard() as keyboard, kept_handlers():
        desk = Desk(graders, WatchScreen(), keyboard, _command_runner(context), _next_target, sandbox, polls)
        return anyio.run(Session(target, desk).run)


@contextlib.contextmanager
def _keyboard() -> "Iterator[Keyboard | None]":
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield None
        return
    from grader.cli.keyboard import Keyboard

    keyboard = Keyboard(sys.stdin.fileno())
    with keyboard.listening():
        yield keyboard


def _command_runner(context: typer.Context) -> Callable[[Sequence[str], str], GraderError | None]:
    """What runs a command of the application within this process, about this kata if it is a command about one."""
    application = context.find_root().command

    def run(words: Sequence[str], slug: str) -> GraderError | None:
        command = application.get_command(context, words[0]) if isinstance(application, TyperGroup) else None
        takes_slug = command is not None and any(parameter.name == "slug" for parameter in command.params)
        try:
            application.main([*words, slug] if takes_slug else list(words), prog_name="kata", standalone_mode=False)
        except GraderError as error:
            return error
        return None

    return run


def _next_target(target: Target) -> Target | None:
    """The kata that is current now, after `kata next`; None when there is none, or it is this one still."""
    from grader.workspace.handout import current_slug

    workspace: Workspace | None = target.workspace
    slug = current_slug(target.catalog, workspace.states(target.catalog.renamed)) if workspace is not None else None
    return target_of(slug, None, target.catalog.folder, "watch") if slug not in (None, target.kata.slug) else None
