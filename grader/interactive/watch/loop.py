"""The event loop of a watch: reacts to saves, keys and signals.

Each event becomes a message. A single task reads the messages in order, and only that task writes to the screen. It
keeps reading during a grading or a command, so that a save or `q` can interrupt; other messages wait until it is done.
"""

import signal
from contextlib import nullcontext, suppress
from functools import partial

import anyio
import anyio.abc

from grader.errors import GraderError
from grader.interactive.signals import follow_signals, stop_here
from grader.interactive.watch.file_watcher import Gone, PollingStarted, Saved, follow_saves
from grader.interactive.watch.grading import WatchGrading
from grader.interactive.watch.keys import KeyCommands
from grader.interactive.watch.messages import Inbox, Message, Pressed, Signalled
from grader.interactive.watch.state import WatchContext, WatchState
from grader.tasks import single_error
from grader.workspace.target import Target


class WatchLoop:
    """Runs one watch.

    Args:
        target: the first solution to watch; must be in a workspace.
        context: collaborators and settings.
    """

    def __init__(self, target: Target, context: WatchContext) -> None:
        self._context = context
        self._inbox = Inbox()
        self._state = WatchState(target)
        self._grading = WatchGrading(self._state, self._inbox, context)
        self._keys = KeyCommands(self._state, self._inbox, context)

    def tell(self, message: Message) -> None:
        """Queue a message for the loop."""
        self._inbox.put(message)

    async def run(self) -> int:
        """Watch until it ends; returns the number of the signal that ended it, or 0.

        Raises:
            NoWorkspace: the workspace is gone.
            HarnessError: the files cannot be watched, or the pool cannot grade any more.
        """
        try:
            async with single_error(), anyio.create_task_group() as tasks:
                self._follow_signals_and_keys(tasks)
                try:
                    while self._state.end is None:
                        await self._watch(self._state.target)
                finally:
                    with suppress(OSError):  # the terminal may be gone
                        self._context.screen.stop()
                tasks.cancel_scope.cancel()
        finally:
            self._inbox.close()
        if isinstance(self._state.end, GraderError):
            raise self._state.end
        return self._state.end or 0

    def _follow_signals_and_keys(self, tasks: anyio.abc.TaskGroup) -> None:
        tasks.start_soon(
            follow_signals, lambda number: self.tell(Signalled(number)), self._pause, self._resume
        )
        if self._context.keyboard is not None:
            tasks.start_soon(
                self._context.keyboard.follow,
                lambda key: self.tell(Pressed(key)),
                lambda: self.tell(Signalled(signal.SIGHUP)),
            )

    async def _watch(self, target: Target) -> None:
        """Watch one kata until the watch ends or moves on to another kata."""
        state = self._state
        self._context.screen.say(
            "", f"Watching {target.path.name}/: every save is graded. Ctrl-C ends the watch."
        )
        state.begin(target)
        follow = partial(
            follow_saves, target.path, state.workspace.root, self.tell, polls=self._context.polls
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            while state.end is None and state.target is target:
                await self._step()
            tasks.cancel_scope.cancel()

    async def _step(self) -> None:
        """Grade if a grading is due and no message is waiting; otherwise handle the next message."""
        if self._inbox.collect():
            self._want_grading()
        if not self._state.wanted or self._inbox.has_postponed:
            await self._handle(await self._inbox.next())
        elif await self._grading.grade():
            self._keys.show()
            self._grading.stand_by()

    async def _handle(self, message: Message) -> None:
        if isinstance(message, Saved):
            self._want_grading()
        elif isinstance(message, Gone):
            self._state.note_gone(self._context.screen)
        elif isinstance(message, PollingStarted):
            self._context.screen.note(
                f"The system does not report changes ({message.reason}): files are checked five times a second."
            )
        elif isinstance(message, Pressed):
            await self._keys.press(message.character)
        else:
            self._state.end_with(message)

    def _want_grading(self) -> None:
        self._state.wanted = self._state.wanted or "saved"

    def _pause(self) -> None:
        """On Ctrl-Z, restore the terminal and suspend this process. A grading in progress continues meanwhile."""
        keyboard = self._context.keyboard
        self._context.screen.pause()
        with keyboard.released() if keyboard is not None else nullcontext():
            stop_here()
        self._context.screen.resume()
        if not self._inbox.is_attending:
            self._keys.show()

    def _resume(self) -> None:
        if self._context.keyboard is not None:
            self._context.keyboard.take()
