"""One watch: what happens when a solution is saved, a key is pressed, or a signal comes.

Whatever happens becomes a message. One task takes them, in order, and is the only one that writes to the screen; while
a grading or a command is under way it still hears them, so that a save or `q` breaks it off. All other messages wait
until it is done.
"""

import signal
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

import anyio
from anyio import to_thread

from grader.errors import GraderError, NoWorkspace
from grader.evidence.files import keep_run
from grader.grading.graded import Graded
from grader.grading.messages import Job
from grader.grading.observer import Observer
from grader.interactive.file_watcher import Gone, News, Polls, Saved, WorkspaceGone, follow_saves
from grader.interactive.keyboard import Keyboard
from grader.interactive.notes import note_pass, say_once_without_sandbox, say_unsaved
from grader.interactive.signals import follow_signals, stop_here
from grader.process.sandbox import SandboxMode
from grader.render.terminal.watch import WatchScreen
from grader.report import Report, Verdict
from grader.solution.solution import ENTRY
from grader.tasks import single_error
from grader.workspace.progress import Workspace
from grader.workspace.target import Target

MESSAGES = 1000
"""So many may wait; more than anybody presses keys."""


@dataclass(frozen=True)
class Key:
    """A key and what it does.

    Attributes:
        word: in the line of keys.
        sentence: in the list of keys.
        command: the command of `kata` that it runs; none for the watch's own keys.
        needs_pass: it does something after a pass only.
    """

    character: str
    word: str
    sentence: str
    command: tuple[str, ...] = ()
    needs_pass: bool = False


KEYS = (
    Key("h", "hint", "one hint further", ("hint",)),
    Key("d", "diff", "what you have changed in the starter", ("diff",)),
    Key("l", "list", "all katas, and how far you are", ("list",)),
    Key("n", "next", "on to the next kata, after a pass", ("next",), needs_pass=True),
    Key("r", "rerun", "grade again without a save"),
    Key("w", "report", "the report of the last grading, in the browser", ("report", "--open")),
    Key("q", "quit", "end the watch"),
    Key("?", "help", "this list"),
)


@dataclass(frozen=True)
class Pressed:
    """A key was pressed."""

    character: str


@dataclass(frozen=True)
class Signalled:
    """A signal came that ends the watch."""

    number: int


Message = News | Pressed | Signalled
Result = TypeVar("Result")


class Graders(Protocol):
    """Who grades; `grader.grading.pool.Pool`."""

    def stand_by(self, job: Job) -> None:
        """Make everything ready for this job."""

    async def grade(self, job: Job, observer: Observer, limit_s: float) -> Graded | GraderError:
        """Grade; broken off in order when it is cancelled."""


@dataclass(frozen=True)
class Desk:
    """What a watch works with.

    Attributes:
        keyboard: None where there is no terminal.
        run_command: runs a command of `kata` with these arguments; called in a thread.
        find_next: what is to be watched after this, or None when there is nothing more.
        sandbox: whether solutions run in one.
        polls: whether files are compared instead of being told of by the system; None leaves that to the platform.
    """

    graders: Graders
    screen: WatchScreen
    keyboard: Keyboard | None
    run_command: Callable[[Sequence[str], str], GraderError | None]
    find_next: Callable[[Target], Target | None]
    sandbox: SandboxMode = SandboxMode.AUTO
    polls: bool | None = None


class WatchLoop:
    """A watch from its beginning to its end.

    Args:
        target: what is watched first; it lies in a workspace.
        desk: what to work with.
    """

    def __init__(self, target: Target, desk: Desk) -> None:
        self._target = target
        self._desk = desk
        self._screen = desk.screen
        self._send, self._receive = anyio.create_memory_object_stream[Message](MESSAGES)
        self._later: deque[Message] = deque()
        self._wanted = ""
        self._is_busy = False
        self._has_passed = False
        self._end: int | GraderError | None = None

    # ---- what comes in --------------------------------------------------------------------------------------------

    def tell(self, message: Message) -> None:
        """Take a message in."""
        with suppress(anyio.WouldBlock):  # a thousand keys: what follows may as well be forgotten
            self._send.send_nowait(message)

    async def run(self) -> int:
        """Watch until it ends; returns the number of the signal that ended it, or 0.

        Raises:
            NoWorkspace: the workspace went away.
            HarnessError: the files cannot be watched, or there is no more grading.
        """
        keyboard = self._desk.keyboard
        with self._send, self._receive:
            async with single_error(), anyio.create_task_group() as tasks:
                tasks.start_soon(
                    follow_signals,
                    lambda number: self.tell(Signalled(number)),
                    self._pause,
                    self._go_on,
                )
                if keyboard is not None:
                    tasks.start_soon(
                        keyboard.follow,
                        lambda key: self.tell(Pressed(key)),
                        lambda: self.tell(Signalled(signal.SIGHUP)),
                    )
                try:
                    while self._end is None:
                        await self._watch(self._target)
                finally:
                    with suppress(OSError):  # the terminal may have gone
                        self._screen.stop()
                tasks.cancel_scope.cancel()
        if isinstance(self._end, GraderError):
            raise self._end
        return self._end or 0

    async def _watch(self, target: Target) -> None:
        """Watch one kata, until this ends or it is another one's turn."""
        self._screen.say(
            "", f"Watching {target.path.name}/: each save is graded. Ctrl-C ends this."
        )
        self._has_passed = False
        self._wanted = "started" if (target.path / ENTRY).exists() else ""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(
                partial(
                    follow_saves,
                    target.path,
                    _workspace(target).root,
                    self.tell,
                    polls=self._desk.polls,
                )
            )
            while self._end is None and self._target is target:
                self._collect()
                if self._wanted and not self._later:
                    await self._grade()
                else:
                    await self._answer(
                        self._later.popleft() if self._later else await self._receive.receive()
                    )
            tasks.cancel_scope.cancel()

    def _collect(self) -> None:
        """Take what has come meanwhile; all saves so far are one, as a grading reads what is there now."""
        with suppress(anyio.WouldBlock):
            while True:
                message = self._receive.receive_nowait()
                if isinstance(message, Saved):
                    self._wanted = self._wanted or "saved"
                    self._later = deque(
                        one for one in self._later if not isinstance(one, Gone)
                    )  # it is back
                else:
                    self._later.append(message)

    async def _answer(self, message: Message) -> None:
        if isinstance(message, Saved):
            self._wanted = self._wanted or "saved"
        elif isinstance(message, Gone):
            self._note_gone()
        elif isinstance(message, Polls):
            self._screen.note(
                f"The system does not tell of changes ({message.reason}), so files are compared five times a second."
            )
        elif isinstance(message, Pressed):
            await self._press(message.character)
        else:
            self._end_with(message)

    def _end_with(self, message: WorkspaceGone | Signalled) -> None:
        if isinstance(message, Signalled):
            self._end = message.number
        else:
            root = _workspace(self._target).root
            self._end = NoWorkspace(
                f"The workspace {root} is gone, so there is nothing to watch any more.",
                "`kata next` makes one anew.",
            )

    def _note_gone(self) -> None:
        self._has_passed = False
        self._wanted = ""
        self._screen.note(f"{self._target.path.name}/{ENTRY} is gone. Waiting until it is back.")

    # ---- grading --------------------------------------------------------------------------------------------------

    async def _grade(self) -> None:
        why, self._wanted = self._wanted, ""
        self._has_passed = False
        target, screen = self._target, self._screen
        screen.rule(datetime.now().astimezone(), why)
        screen.begin(target.kata)
        limit_s = target.kata.limits.grading_s
        result = await self._attend(
            partial(self._desk.graders.grade, self._job, screen, limit_s), self._breaks_off_grading
        )
        screen.stop()
        if result is None:
            return
        if isinstance(result, GraderError):
            screen.error(result)
        else:
            kept = await to_thread.run_sync(keep_run, result.run, _workspace(target).runs_folder)
            self._show(result.report, kept.unsaved)
        self._show_keys()
        self._desk.graders.stand_by(self._job)

    def _show(self, report: Report, unsaved: str) -> None:
        self._has_passed = report.verdict is Verdict.PASSED
        error = self._note_pass(report)
        self._screen.finish(report, self._advice(report.verdict))
        say_unsaved(self._screen, unsaved)
        say_once_without_sandbox(self._screen, report, self._desk.sandbox)
        if error is not None:
            self._screen.error(error)

    def _note_pass(self, report: Report) -> GraderError | None:
        """Note a pass before it is shown: who reads of it may go on at once. What prevents that is said after the
        verdict.
        """
        try:
            note_pass(self._target, report)
        except GraderError as error:
            return error
        return None

    def _advice(self, verdict: Verdict) -> str:
        again = "save again" if self._desk.keyboard is None else "press r"
        if verdict is Verdict.PASSED:
            return (
                "Next: kata next" if self._desk.keyboard is None else "Press n for the next kata."
            )
        if verdict is Verdict.FAILED:
            return f"Mend {self._target.path.name}/{ENTRY}, and save it."
        if verdict is Verdict.INCONCLUSIVE:
            return f"Close what keeps this machine busy, then {again}."
        return f"When that is mended, {again}."

    def _breaks_off_grading(self, message: Message) -> bool:
        """Whether this ends the grading under way; what is to happen then is noted."""
        if isinstance(message, Saved) or message == Pressed("r"):
            self._wanted = "saved again" if isinstance(message, Saved) else "again"
            self._screen.note(
                "Saved again: starting anew." if isinstance(message, Saved) else "Starting anew."
            )
            self._desk.graders.stand_by(self._job)
        elif isinstance(message, Gone):
            self._note_gone()
        elif message == Pressed("q"):
            self._end = 0
        elif isinstance(message, WorkspaceGone | Signalled):
            self._end_with(message)
        else:
            self._later.append(message)
            return False
        return True

    @property
    def _job(self) -> Job:
        target = self._target
        return Job(
            str(target.catalog.folder), target.kata.slug, str(target.path), self._desk.sandbox
        )

    async def _attend(
        self, work: Callable[[], Awaitable[Result]], breaks_off: Callable[[Message], bool]
    ) -> Result | None:
        """Do some work and hear messages meanwhile; None when one of them broke it off."""
        result: Result | None = None
        self._is_busy = True
        try:
            async with anyio.create_task_group() as tasks:

                async def listen() -> None:
                    while not breaks_off(await self._receive.receive()):
                        pass
                    tasks.cancel_scope.cancel()

                tasks.start_soon(listen)
                result = await work()
                tasks.cancel_scope.cancel()
        finally:
            self._is_busy = False
        return result

    # ---- keys -----------------------------------------------------------------------------------------------------

    async def _press(self, character: str) -> None:
        key = next((key for key in KEYS if key.character == character), None)
        if key is None:
            return
        if key.needs_pass and not self._has_passed:
            self._screen.note(f"`{character}` takes you on when all checks hold.")
        elif key.command:
            await self._run(key)
        elif character == "q":
            self._end = 0
        elif character == "r":
            self._wanted = "again"
        else:
            self._screen.explain([(key.character, key.sentence) for key in KEYS])

    async def _run(self, key: Key) -> None:
        """Run the command of a key, the terminal being as it is for any command."""
        target = self._target
        self._screen.say("")
        run = partial(self._desk.run_command, key.command, target.kata.slug)
        with self._desk.keyboard.released() if self._desk.keyboard is not None else nullcontext():
            error = await self._attend(
                partial(to_thread.run_sync, run, abandon_on_cancel=True), self._breaks_off_command
            )
        if error is None and key.needs_pass:
            error = self._go_to_next()
        if error is not None:
            self._screen.error(error)
        if self._end is None and self._target is target:
            self._show_keys()

    def _breaks_off_command(self, message: Message) -> bool:
        if isinstance(message, WorkspaceGone | Signalled):
            self._end_with(message)
            return True
        self._later.append(message)
        return False

    def _go_to_next(self) -> GraderError | None:
        try:
            self._target = self._desk.find_next(self._target) or self._target
        except GraderError as error:
            return error
        return None

    def _show_keys(self) -> None:
        if self._desk.keyboard is not None:
            self._screen.keys(
                [
                    (key.character, key.word)
                    for key in KEYS
                    if self._has_passed or not key.needs_pass
                ]
            )

    # ---- job control ----------------------------------------------------------------------------------------------

    def _pause(self) -> None:
        """Ctrl-Z: give the terminal back, and stop; a grading under way goes on, and is shown afterwards."""
        self._screen.pause()
        with self._desk.keyboard.released() if self._desk.keyboard is not None else nullcontext():
            stop_here()
        self._screen.resume()
        if not self._is_busy:
            self._show_keys()

    def _go_on(self) -> None:
        if self._desk.keyboard is not None:
            self._desk.keyboard.take()


def _workspace(target: Target) -> Workspace:
    if target.workspace is None:
        raise ValueError("only what lies in a workspace is watched")
    return target.workspace
