"""What counts as a witness: evidence, seen from outside, that a miss by the clock is the code's own doing. Pure.

The code's own time is `Watch.own_s`: what remains of the elapsed time without what the machine and the grader took.
Only this module compares it with a limit.
"""

from dataclasses import dataclass
from typing import assert_never

from grader.evidence.machine import Watch
from grader.findings import (
    Crashed,
    Finding,
    GateNotOpened,
    Hung,
    HungAtStart,
    LimitExceeded,
    Mishap,
    NoAnswer,
    NothingAsserted,
    TooFast,
    TooSlow,
    WrongCount,
    WrongStatus,
    WrongValue,
)
from grader.judge.rule import BUSY_SHARE, SENDER_LAG_SHARE, TAKEN_SHARE


@dataclass(frozen=True)
class Doubt:
    """Noise could have caused a miss.

    Attributes:
        watch: how the machine fared meanwhile; None where nothing was timed.
        own_limit_s: the miss is the code's own doing when its own time was above this; None: no time can show that.
    """

    watch: Watch | None = None
    own_limit_s: float | None = None


@dataclass(frozen=True)
class Miss:
    """What is wrong in an attempt.

    Attributes:
        finding: the facts.
        doubt: why it is not certain; None when noise cannot have caused it.
    """

    finding: Finding
    doubt: Doubt | None = None

    @property
    def is_certain(self) -> bool:
        """Whether noise cannot have caused it."""
        return self.doubt is None

    @property
    def is_late(self) -> bool:
        """Whether a right solution gives such an answer, too, when a deadline of its own has passed."""
        match self.finding:
            case WrongStatus() | WrongValue() | WrongCount():
                return self.finding.is_late
            case Crashed() | HungAtStart() | LimitExceeded() | Hung() | NoAnswer():
                return False
            case TooSlow() | TooFast() | GateNotOpened() | Mishap() | NothingAsserted():
                return False
            case _:
                assert_never(self.finding)


def own_time_s(measured_s: float, watch: Watch) -> float | None:
    """The code's own part of a measured time, in seconds; None where the system does not tell.

    Args:
        measured_s: of the whole watched stretch, or of one exchange in it. The machine may take more from a long
            stretch than one exchange took, so the result is never below 0.
        watch: the stretch.
    """
    return None if watch.taken_s is None else max(0.0, measured_s - watch.taken_s)


def is_own_doing(watch: Watch, limit_s: float) -> bool:
    """Whether the code's own time alone is above a limit; False where the system does not tell."""
    return watch.own_s is not None and watch.own_s > limit_s


def has_witness(miss: Miss) -> bool:
    """Whether a miss by the clock is the code's own doing."""
    if isinstance(miss.finding, Crashed):
        return True
    if miss.doubt is None or miss.doubt.watch is None or miss.doubt.own_limit_s is None:
        return False
    watch, limit_s = miss.doubt.watch, miss.doubt.own_limit_s
    return is_own_doing(watch, limit_s) and not _is_excused(miss.finding, watch, limit_s)


def _is_excused(finding: Finding, watch: Watch, limit_s: float) -> bool:
    """Whether the time that missed a clock limit means nothing, or is not the code's own.

    The watch is that of a whole schedule. An exchange may be a small part of it, during which the machine may have
    taken all that it took from the schedule. What was cut off was certain to be the code's own doing.
    """
    if not isinstance(finding, TooSlow):
        return False
    if sender_lagged(watch, limit_s):
        return True
    own_s = own_time_s(finding.measured_s, watch)
    return not finding.is_cut and (own_s is None or own_s <= limit_s)


def is_void(miss: Miss) -> bool:
    """Whether the machine is known to have taken the time; then not even a lost round proves anything.

    This is so for a late answer, and when the grader itself had no core most of the time: a solution with a hundred
    threads needs more observing than the reference, and a busy machine may leave time for only one of the two.
    """
    if miss.doubt is None or miss.doubt.watch is None:
        return False
    watch = miss.doubt.watch
    return (miss.is_late and watch.taken_s is not None) or grader_was_busy(watch)


def sender_lagged(watch: Watch, limit_s: float) -> bool:
    """Whether the grader itself was too late for its times to mean anything at this limit."""
    return watch.loop_lag_s > limit_s * SENDER_LAG_SHARE


def grader_was_busy(watch: Watch) -> bool:
    """Whether the grader computed or waited for a core most of the time, so that what it missed says nothing."""
    return (
        watch.grader is not None
        and watch.grader.waited_s + watch.grader.cpu_s > watch.elapsed_s * BUSY_SHARE
    )


def may_be_late(watch: Watch | None, own_deadline_s: float | None) -> bool:
    """Whether the machine may have made a deadline pass that the solution keeps itself.

    A right solution under `asyncio.timeout(0.4)` answers 504 when a busy machine takes those 0.4 s from it.

    Args:
        watch: of the whole attempt.
        own_deadline_s: the shortest deadline that the solution keeps; None when it keeps none.
    """
    if own_deadline_s is None or watch is None:
        return False
    return watch.taken_s is None or watch.taken_s > own_deadline_s * TAKEN_SHARE
