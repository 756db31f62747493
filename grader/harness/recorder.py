"""Collects what is seen during one attempt, and freezes it into evidence."""

from collections.abc import Callable

from grader.evidence.model import (
    Attempt,
    Burst,
    CallEnd,
    Claim,
    Connection,
    Exchange,
    Sample,
    ServerLife,
    Stall,
    Subject,
    UpstreamCall,
    WaitingTask,
    Watch,
)
from grader.harness.watch import Clock, Watcher


class Recorder:
    """The open record of one attempt. Harness parts add to it; nobody reads it before it is frozen.

    Args:
        clock: the run's clock.
        subject: whose attempt it is.
        haste: the share of default patience that gates and visitors have; 1 is all of it.
    """

    def __init__(self, clock: Clock, subject: Subject, haste: float = 1.0) -> None:
        self.clock = clock
        self.watcher = Watcher(clock)
        self.subject = subject
        self.haste = haste
        self.started_s = clock.now()
        self.life: ServerLife | None = None
        self.exchanges: list[Exchange] = []
        self.bursts: list[Burst] = []
        self.calls: list[UpstreamCall] = []
        self.connections: list[Connection] = []
        self.samples: list[Sample] = []
        self.stalls: list[Stall] = []
        self.waiting: list[WaitingTask] = []
        self.claims: list[Claim] = []
        self.watch: Watch | None = None
        self.own_deadline_s: float | None = None
        self.hung_in_s: float | None = None
        self.mishap = ""
        self.abandoned = False
        self.cuts_off = True
        self.on_abandon: Callable[[], None] | None = None
        self.on_break_off: Callable[[], None] | None = None
        self.on_excess: Callable[[str, float, float], None] | None = None
        self._last_id = 0

    def break_off(self, mishap: str) -> None:
        """Note what the harness could not do, and end the check under way; callable from any of its background tasks.

        Raising there instead would cancel the very task that has to clean up.
        """
        self.mishap = self.mishap or mishap
        self.abandon()
        if self.on_break_off is not None:
            self.on_break_off()

    def exceed(self, what: str, limit: float, seen: float) -> None:
        """Note a limit that the solution exceeded outside of its own processes; they are ended for it."""
        if self.on_excess is not None:
            self.on_excess(what, limit, seen)

    def abandon(self) -> None:
        """Give the attempt up: whoever waits for the server's start stops waiting."""
        self.abandoned = True
        if self.on_abandon is not None:
            self.on_abandon()

    def forget_ended(self) -> None:
        """Forget what is over: exchanges, calls and connections that have ended. For use that is no grading and has no end."""
        self.exchanges.clear()
        self.bursts.clear()
        self.calls = [call for call in self.calls if call.end is CallEnd.OPEN]
        self.connections = [connection for connection in self.connections if connection.closed_s is None]

    def new_id(self) -> int:
        """An id that is unique in this attempt."""
        self._last_id += 1
        return self._last_id

    def freeze(self) -> Attempt:
        """The evidence of this attempt as it stands now."""
        return Attempt(
            subject=self.subject,
            started_s=self.started_s,
            ended_s=self.clock.now(),
            life=self.life,
            exchanges=tuple(self.exchanges),
            bursts=tuple(self.bursts),
            calls=tuple(self.calls),
            connections=tuple(self.connections),
            samples=tuple(self.samples),
            stalls=tuple(self.stalls),
            waiting=tuple(self.waiting),
            claims=tuple(self.claims),
            watch=self.watch,
            own_deadline_s=self.own_deadline_s,
            hung_in_s=self.hung_in_s,
            mishap=self.mishap,
        )
