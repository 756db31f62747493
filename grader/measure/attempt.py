"""The context of an attempt, and how to end an attempt early."""

from collections.abc import Callable
from dataclasses import dataclass

from grader.evidence.run import Subject
from grader.evidence.server import Excess
from grader.judge.rule import PATIENCE
from grader.measure.recorder import Recorder
from grader.measure.timing import Clock, MachineWatcher

DEFAULT_S = 0.5
"""The promise of an attempt that belongs to no kata, in seconds."""


def nothing() -> None:
    """The `on_overdue` of an attempt for which nobody waits."""


class Abort:
    """Ends an attempt before its check has finished.

    Background tasks of the harness call this instead of raising, which would cancel the task that has to clean up.

    Args:
        recorder: of the attempt; records the mishap.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._is_abandoned = False
        self._on_abandon: list[Callable[[], None]] = []
        self._on_break_off: list[Callable[[], None]] = []
        self._on_excess: list[Callable[[Excess], None]] = []

    @property
    def is_abandoned(self) -> bool:
        """Whether the attempt was abandoned, for any reason."""
        return self._is_abandoned

    def on_abandon(self, callback: Callable[[], None]) -> None:
        """Register a callback for when the attempt is abandoned."""
        self._on_abandon.append(callback)

    def on_break_off(self, callback: Callable[[], None]) -> None:
        """Register a callback that cancels the check, for when the harness cannot continue."""
        self._on_break_off.append(callback)

    def on_excess(self, callback: Callable[[Excess], None]) -> None:
        """Register a callback for when a service reports that the solution exceeded a limit."""
        self._on_excess.append(callback)

    def abandon(self) -> None:
        """Abandon the attempt: nothing waits for the server to start any longer."""
        self._is_abandoned = True
        for callback in self._on_abandon:
            callback()

    def break_off(self, mishap: str) -> None:
        """Record what the harness could not do, and end the running check.

        Args:
            mishap: one sentence.
        """
        self._recorder.note_mishap(mishap)
        self.abandon()
        for callback in self._on_break_off:
            callback()

    def report_excess(self, excess: Excess) -> None:
        """Report that the solution exceeded a limit in a service; its server is killed for it.

        Args:
            excess: with `noun` and `of`.
        """
        for callback in self._on_excess:
            callback(excess)


@dataclass(frozen=True)
class AttemptContext:
    """The context of one attempt at one check, shared by all parts of the harness.

    Attributes:
        subject: the code to run.
        clock: the run's clock.
        watcher: attributes elapsed time to the solution, the grader or the machine.
        recorder: takes the evidence.
        abort: ends the attempt early.
        default_s: what the kata's README promises where it says nothing else (`Promises.default_s`).
        cuts_off: whether the grader stops waiting for a burst that has certainly missed its limit.
        on_overdue: called whenever a wait has used up much of its patience, so that the attempt will probably miss.
    """

    subject: Subject
    clock: Clock
    watcher: MachineWatcher
    recorder: Recorder
    abort: Abort
    default_s: float = DEFAULT_S
    cuts_off: bool = True
    on_overdue: Callable[[], None] = nothing

    def patience_s(self, within_s: float | None = None) -> float:
        """How much of the app's own time the grader waits for something that the README promises.

        Args:
            within_s: the promise; by default the kata's `default_s`.
        """
        return PATIENCE * (self.default_s if within_s is None else within_s)


def begin_attempt(
    clock: Clock,
    subject: Subject = Subject.SOLUTION,
    *,
    default_s: float = DEFAULT_S,
    cuts_off: bool = True,
    own_deadline_s: float | None = None,
    on_overdue: Callable[[], None] = nothing,
) -> AttemptContext:
    """Begin an attempt now, with an empty record.

    Args:
        clock: the run's clock.
        subject: the code to run.
        default_s: see `AttemptContext`.
        cuts_off: see `AttemptContext`.
        own_deadline_s: the shortest deadline that the solution must enforce itself; None if the kata names none.
        on_overdue: see `AttemptContext`.
    """
    recorder = Recorder(clock, subject, own_deadline_s)
    return AttemptContext(
        subject=subject,
        clock=clock,
        watcher=MachineWatcher(clock),
        recorder=recorder,
        abort=Abort(recorder),
        default_s=default_s,
        cuts_off=cuts_off,
        on_overdue=on_overdue,
    )
