"""What is known of an attempt when it begins, and how it is ended early."""

from collections.abc import Callable
from dataclasses import dataclass

from grader.evidence.run import Subject
from grader.evidence.server import Excess
from grader.measure.recorder import Recorder
from grader.measure.timing import Clock, MachineWatcher


class Abort:
    """Ends an attempt before its check has finished. Callable from any background task of the harness: raising there
    instead would cancel the very task that has to clean up.

    Args:
        recorder: of the attempt; it keeps the mishap.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._is_abandoned = False
        self._on_abandon: list[Callable[[], None]] = []
        self._on_break_off: list[Callable[[], None]] = []
        self._on_excess: list[Callable[[Excess], None]] = []

    @property
    def is_abandoned(self) -> bool:
        """Whether the attempt has been given up, for whatever reason."""
        return self._is_abandoned

    def on_abandon(self, callback: Callable[[], None]) -> None:
        """Call this when the attempt is given up."""
        self._on_abandon.append(callback)

    def on_break_off(self, callback: Callable[[], None]) -> None:
        """Call this when the harness cannot go on; it cancels the check."""
        self._on_break_off.append(callback)

    def on_excess(self, callback: Callable[[Excess], None]) -> None:
        """Call this when a service reports that the solution exceeded a limit."""
        self._on_excess.append(callback)

    def abandon(self) -> None:
        """Give the attempt up: nothing waits for the server's start any longer."""
        self._is_abandoned = True
        for callback in self._on_abandon:
            callback()

    def break_off(self, mishap: str) -> None:
        """Record what the harness could not do, and end the check that is running.

        Args:
            mishap: one sentence.
        """
        self._recorder.note_mishap(mishap)
        self.abandon()
        for callback in self._on_break_off:
            callback()

    def report_excess(self, excess: Excess) -> None:
        """Report a limit that the solution exceeded outside its own processes; its server is killed for it.

        Args:
            excess: with the service's own words, `noun` and `of`.
        """
        for callback in self._on_excess:
            callback(excess)


@dataclass(frozen=True)
class AttemptContext:
    """One attempt at one check, as every part of the harness gets it.

    Attributes:
        subject: the code that is run.
        clock: the run's clock.
        watcher: attributes elapsed time to the solution, the grader or the machine.
        recorder: takes the evidence.
        abort: ends the attempt early.
        patience_scale: the share of the default patience that gates and visitors have; 1 is all of it.
        cuts_off: whether a burst is cut off once it is certain to miss its limit.
    """

    subject: Subject
    clock: Clock
    watcher: MachineWatcher
    recorder: Recorder
    abort: Abort
    patience_scale: float = 1.0
    cuts_off: bool = True


def begin_attempt(
    clock: Clock,
    subject: Subject = Subject.SOLUTION,
    *,
    patience_scale: float = 1.0,
    cuts_off: bool = True,
    own_deadline_s: float | None = None,
) -> AttemptContext:
    """Begin an attempt now, with an empty record.

    Args:
        clock: the run's clock.
        subject: the code that is run.
        patience_scale: see `AttemptContext`.
        cuts_off: see `AttemptContext`.
        own_deadline_s: the shortest deadline that the solution keeps itself, if the kata names one.
    """
    recorder = Recorder(clock, subject, own_deadline_s)
    return AttemptContext(
        subject, clock, MachineWatcher(clock), recorder, Abort(recorder), patience_scale, cuts_off
    )
