"""What counts as a witness: evidence, taken outside the solution's process, that the code itself caused a miss by the
clock. Pure.

The code's own time is `Watch.own_s`: the elapsed time minus the time that the machine and the grader took. Only this
module compares it with a limit.
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
    """Why a miss is not certain: noise could have caused it.

    Attributes:
        watch: how busy the machine was meanwhile; None if nothing was timed.
        own_limit_s: an own time above this proves that the code caused the miss; None if no time can prove it.
    """

    watch: Watch | None = None
    own_limit_s: float | None = None


@dataclass(frozen=True)
class Miss:
    """What is wrong in an attempt.

    Attributes:
        doubt: why it is not certain; None if noise cannot have caused it.
    """

    finding: Finding
    doubt: Doubt | None = None

    @property
    def is_certain(self) -> bool:
        """Whether noise cannot have caused it."""
        return self.doubt is None

    @property
    def is_late(self) -> bool:
        """Whether a right solution also gives such an answer once a deadline that it enforces itself has passed."""
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
    """The code's own part of a measured time, in seconds, never below 0; None if the system does not report CPU times.

    Args:
        measured_s: length of the watch, or of one exchange during it. The machine can take more from a long watch than
            one exchange lasted.
        watch: the stretch in which it was measured.
    """
    return None if watch.taken_s is None else max(0.0, measured_s - watch.taken_s)


def is_own_doing(watch: Watch, limit_s: float) -> bool:
    """Whether the code's own time alone exceeds a limit; False if the system does not report CPU times."""
    return watch.own_s is not None and watch.own_s > limit_s


def has_witness(miss: Miss) -> bool:
    """Whether the evidence shows that the code itself caused this miss."""
    if isinstance(miss.finding, Crashed):
        return True
    if miss.doubt is None or miss.doubt.watch is None or miss.doubt.own_limit_s is None:
        return False
    watch, limit_s = miss.doubt.watch, miss.doubt.own_limit_s
    return is_own_doing(watch, limit_s) and not _is_excused(miss.finding, watch, limit_s)


def _is_excused(finding: Finding, watch: Watch, limit_s: float) -> bool:
    """Whether a miss of a clock limit proves nothing: the time is meaningless, or the code did not take it.

    The watch covers the whole schedule, and the measured exchange may be a small part of it. The machine may have taken
    all of its time during that part, so all of it is subtracted. A miss that was cut off is certain already.
    """
    if not isinstance(finding, TooSlow):
        return False
    if sender_lagged(watch, limit_s):
        return True
    own_s = own_time_s(finding.measured_s, watch)
    return not finding.is_cut and (own_s is None or own_s <= limit_s)


def is_void(miss: Miss) -> bool:
    """Whether the machine is known to have taken the time, so missing where the reference passes proves nothing.

    This applies to late answers, and to attempts in which the grader had no core most of the time: observing a solution
    with a hundred threads costs more than observing the reference, and a busy machine may leave time for only one.
    """
    if miss.doubt is None or miss.doubt.watch is None:
        return False
    watch = miss.doubt.watch
    return (miss.is_late and watch.taken_s is not None) or grader_was_busy(watch)


def sender_lagged(watch: Watch, limit_s: float) -> bool:
    """Whether the grader's event loop lagged too much for its measurements to mean anything at this limit."""
    return watch.loop_lag_s > limit_s * SENDER_LAG_SHARE


def grader_was_busy(watch: Watch) -> bool:
    """Whether the grader computed or waited for a core most of the time, so a miss says nothing about the solution."""
    return (
        watch.grader is not None
        and watch.grader.waited_s + watch.grader.cpu_s > watch.elapsed_s * BUSY_SHARE
    )


def may_be_late(watch: Watch | None, own_deadline_s: float | None) -> bool:
    """Whether a busy machine may have exhausted a deadline that the solution enforces itself.

    A right solution under `asyncio.timeout(0.4)` answers 504 when a busy machine takes those 0.4 s from it.

    Args:
        watch: of the whole attempt.
        own_deadline_s: the shortest deadline that the solution enforces; None if there is none.
    """
    if own_deadline_s is None or watch is None:
        return False
    return watch.taken_s is None or watch.taken_s > own_deadline_s * TAKEN_SHARE
