"""Grades every save: `kata watch`."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import anyio
import typer
from typer.core import TyperGroup

from grader.errors import GraderError
from grader.grading.pool import running_pool
from grader.interactive.changes import show_changes
from grader.interactive.signals import restored_handlers
from grader.interactive.watch.keyboard import Keyboard
from grader.interactive.watch.lock import hold_watch_lock
from grader.interactive.watch.loop import WatchLoop
from grader.interactive.watch.state import Graders, WatchContext
from grader.process.sandbox import SandboxMode
from grader.render.terminal.watch import WatchScreen
from grader.render.terminal.workspace import WorkspaceScreen
from grader.workspace.current import current_slug
from grader.workspace.progress import Workspace, require_workspace
from grader.workspace.target import Target, target_of


def watch_kata(
    context: typer.Context,
    slug: str | None,
    sandbox: SandboxMode,
    katas: Path | None,
    *,
    polls: bool,
) -> None:
    """Grade every save. A signal that ends the watch also ends this process.

    Args:
        context: the application's context; keys run its commands.
        slug: None means the current kata.
        sandbox: whether solutions run in a sandbox.
        katas: folder of katas; None means the built-in ones.
        polls: poll instead of relying on the system's notifications.
    """
    target, workspace = target_of(slug, None, katas, "watch"), require_workspace(Path.cwd())
    with hold_watch_lock(workspace), running_pool() as pool:
        show_changes(WorkspaceScreen(), target.catalog, workspace, target.kata.slug)
        number = run_watch(target, pool, context, katas, sandbox=sandbox, polls=polls or None)
    end_with(number)


def end_with(number: int) -> None:
    """End this process with this signal; 0 does nothing."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    if number:
        signal.raise_signal(number)


def run_watch(
    target: Target,
    graders: Graders,
    context: typer.Context,
    katas: Path | None,
    *,
    sandbox: SandboxMode,
    polls: bool | None,
) -> int:
    """Watch until it ends; returns the number of the signal that ended it, or 0.

    Args:
        target: the first solution to watch.
        graders: runs the gradings.
        context: the application's context; keys run its commands.
        katas: folder of katas; None means the built-in ones.
        sandbox: whether solutions run in a sandbox.
        polls: poll instead of relying on the system's notifications; None lets the platform decide.
    """
    if katas is not None:
        os.environ["KATA_PATH"] = str(katas.resolve())  # for commands that keys run
    with _keyboard() as keyboard, restored_handlers():
        watch_context = WatchContext(
            graders, WatchScreen(), keyboard, _command_runner(context), _next_target, sandbox, polls
        )
        return anyio.run(WatchLoop(target, watch_context).run)


@contextlib.contextmanager
def _keyboard() -> Iterator[Keyboard | None]:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield None
        return

    keyboard = Keyboard(sys.stdin.fileno())
    with keyboard.listening():
        yield keyboard


def _command_runner(context: typer.Context) -> Callable[[Sequence[str], str], GraderError | None]:
    """A function that runs one of the application's commands in this process, with the slug if the command takes it."""
    application = context.find_root().command

    def run(words: Sequence[str], slug: str) -> GraderError | None:
        command = (
            application.get_command(context, words[0])
            if isinstance(application, TyperGroup)
            else None
        )
        takes_slug = command is not None and any(
            parameter.name == "slug" for parameter in command.params
        )
        try:
            application.main(
                [*words, slug] if takes_slug else list(words),
                prog_name="kata",
                standalone_mode=False,
            )
        except GraderError as error:
            return error
        return None

    return run


def _next_target(target: Target) -> Target | None:
    """The current kata after `kata next`; None if there is none or it has not changed."""
    workspace: Workspace | None = target.workspace
    slug = (
        current_slug(target.catalog, workspace.states(target.catalog.renamed))
        if workspace is not None
        else None
    )
    return (
        target_of(slug, None, target.catalog.folder, "watch")
        if slug not in (None, target.kata.slug)
        else None
    )
