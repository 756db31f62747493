"""The collaborators, settings and state of a watch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from grader.errors import GraderError, NoWorkspace
from grader.grading.graded import Graded
from grader.grading.messages import Job
from grader.grading.observer import Observer
from grader.interactive.watch.file_watcher import WorkspaceGone
from grader.interactive.watch.keyboard import Keyboard
from grader.interactive.watch.messages import Signalled
from grader.process.sandbox import SandboxMode
from grader.render.terminal.watch import WatchScreen
from grader.solution.solution import ENTRY
from grader.workspace.progress import Workspace
from grader.workspace.target import Target


class Graders(Protocol):
    """Grades for a watch: `grader.grading.pool.Pool`, or a fake."""

    def stand_by(self, job: Job) -> None:
        """Prepare for this job."""

    async def grade(self, job: Job, observer: Observer, limit_s: float) -> Graded | GraderError:
        """Grade; a cancelled grading cleans up after itself."""


@dataclass(frozen=True)
class WatchContext:
    """Collaborators and settings of a watch.

    Attributes:
        keyboard: None without a terminal.
        run_command: runs a `kata` command, given as words, for a slug; called in a thread.
        find_next: the kata to watch after this one; None if there is none.
        sandbox: whether solutions run in a sandbox.
        polls: poll instead of relying on the system's notifications; None lets the platform decide.
    """

    graders: Graders
    screen: WatchScreen
    keyboard: Keyboard | None
    run_command: Callable[[Sequence[str], str], GraderError | None]
    find_next: Callable[[Target], Target | None]
    sandbox: SandboxMode = SandboxMode.AUTO
    polls: bool | None = None


@dataclass
class WatchState:
    """The mutable state of a watch, shared by its parts.

    Attributes:
        target: the watched solution; must be in a workspace.
        wanted: why a grading is due, for the heading; empty if none is due.
        has_passed: whether the current files have passed.
        end: the number of the signal that ended the watch, 0 for `q`, or the error to raise; None while it runs.
    """

    target: Target
    wanted: str = ""
    has_passed: bool = False
    end: int | GraderError | None = None

    @property
    def workspace(self) -> Workspace:
        """The workspace of the target."""
        if self.target.workspace is None:
            raise ValueError("a watch needs a target in a workspace")
        return self.target.workspace

    @property
    def entry_name(self) -> str:
        """The learner's file, as named in messages."""
        return f"{self.target.path.name}/{ENTRY}"

    def begin(self, target: Target) -> None:
        """Switch to this target, and grade it at once if it has an `app.py`."""
        self.target = target
        self.has_passed = False
        self.wanted = "started" if (target.path / ENTRY).exists() else ""

    def note_gone(self, screen: WatchScreen) -> None:
        """Cancel a due grading, because the learner's file is gone."""
        self.has_passed = False
        self.wanted = ""
        screen.note(f"{self.entry_name} is gone. Waiting until it is back.")

    def end_with(self, message: WorkspaceGone | Signalled) -> None:
        """End the watch for this reason."""
        if isinstance(message, Signalled):
            self.end = message.number
        else:
            self.end = NoWorkspace(
                f"The workspace {self.workspace.root} is gone, so there is nothing left to watch.",
                "`kata next` creates a new one.",
            )
