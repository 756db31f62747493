"""The keys of a watch and their actions."""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

from anyio import to_thread

from grader.errors import GraderError
from grader.interactive.watch.file_watcher import WorkspaceGone
from grader.interactive.watch.messages import Inbox, Message, Signalled
from grader.interactive.watch.state import WatchContext, WatchState


@dataclass(frozen=True)
class Key:
    """A key and its action.

    Attributes:
        word: label in the line of keys below a verdict.
        sentence: description in the list that `?` shows.
        command: the `kata` command that it runs; empty if the watch handles the key itself.
        needs_pass: works only after a pass.
    """

    character: str
    word: str
    sentence: str
    command: tuple[str, ...] = ()
    needs_pass: bool = False


KEYS = (
    Key("h", "hint", "show one more hint", ("hint",)),
    Key("d", "diff", "show your changes to the starter", ("diff",)),
    Key("l", "list", "show all katas and your progress", ("list",)),
    Key("n", "next", "go on to the next kata, after a pass", ("next",), needs_pass=True),
    Key("r", "rerun", "grade again without a save"),
    Key("w", "report", "open the report of the last grading in the browser", ("report", "--open")),
    Key("q", "quit", "end the watch"),
    Key("?", "help", "show this list"),
)


class KeyCommands:
    """Performs the actions of keys.

    Args:
        state: the watch's state.
        inbox: read while a command runs, which a signal or the removal of the workspace interrupts.
        context: collaborators and settings.
    """

    def __init__(self, state: WatchState, inbox: Inbox, context: WatchContext) -> None:
        self._state = state
        self._inbox = inbox
        self._context = context

    def show(self) -> None:
        """Show the line of keys, if there is a keyboard."""
        if self._context.keyboard is not None:
            usable = [key for key in KEYS if self._state.has_passed or not key.needs_pass]
            self._context.screen.keys([(key.character, key.word) for key in usable])

    async def press(self, character: str) -> None:
        """Perform the action of a key; unknown keys do nothing."""
        key = next((key for key in KEYS if key.character == character), None)
        if key is None:
            return
        if key.needs_pass and not self._state.has_passed:
            self._context.screen.note(f"`{character}` works once all checks pass.")
        elif key.command:
            await self._run(key)
        elif character == "q":
            self._state.end = 0
        elif character == "r":
            self._state.wanted = "again"
        else:
            self._context.screen.explain([(key.character, key.sentence) for key in KEYS])

    async def _run(self, key: Key) -> None:
        """Run the command of a key, with the terminal in its original modes."""
        state, keyboard = self._state, self._context.keyboard
        target = state.target
        self._context.screen.say("")
        run = partial(self._context.run_command, key.command, target.kata.slug)
        with keyboard.released() if keyboard is not None else nullcontext():
            error = await self._inbox.attend(
                partial(to_thread.run_sync, run, abandon_on_cancel=True), self._interrupts
            )
        if error is None and key.needs_pass:
            error = self._go_to_next()
        if error is not None:
            self._context.screen.error(error)
        if state.end is None and state.target is target:
            self.show()

    def _interrupts(self, message: Message) -> bool:
        """Act on a message while a command runs; returns whether it interrupts the command."""
        if isinstance(message, WorkspaceGone | Signalled):
            self._state.end_with(message)
            return True
        self._inbox.postpone(message)
        return False

    def _go_to_next(self) -> GraderError | None:
        try:
            self._state.target = self._context.find_next(self._state.target) or self._state.target
        except GraderError as error:
            return error
        return None
