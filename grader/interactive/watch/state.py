"""What a watch works with, and what it knows at the moment."""

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
    """Makes the gradings of a watch: `grader.grading.pool.Pool`, or a fake."""

    def stand_by(self, job: Job) -> None:
        """Prepare everything for this job."""

    async def grade(self, job: Job, observer: Observer, limit_s: float) -> Graded | GraderError:
        """Grade; a cancelled grading cleans up after itself."""


@dataclass(frozen=True)
class WatchContext:
    """What a watch works with.

    Attributes:
        keyboard: None where there is no terminal.
        run_command: runs a command of `kata` with these arguments about the kata with this slug; called in a thread.
        find_next: the next kata to watch after this one; None when there is none.
        sandbox: whether solutions run in a sandbox.
        polls: compare files at intervals instead of relying on the system's notifications; None lets the platform
            decide.
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
    """What a watch knows at the moment; the parts of the watch share one.

    Attributes:
        target: what is watched; it lies in a workspace.
        wanted: why a grading is due; empty when none is.
        has_passed: the files as they are now have passed.
        end: the number of the signal that ended the watch, 0 for `q`, or the error to raise; None while it goes on.
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
        """How messages name the learner's file."""
        return f"{self.target.path.name}/{ENTRY}"

    def begin(self, target: Target) -> None:
        """Start with this target: it is graded at once if it has an `app.py`."""
        self.target = target
        self.has_passed = False
        self.wanted = "started" if (target.path / ENTRY).exists() else ""

    def note_gone(self, screen: WatchScreen) -> None:
        """The learner's file is gone: there is nothing to grade until it is back."""
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
