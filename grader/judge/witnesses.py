"""What counts as a witness: evidence, taken outside the solution's process, that the code itself caused a miss by the
clock. Pure.

Own time is defined in `grader.judge.rule.own_s`. Only this module compares it with a limit.
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
from grader.judge.rule import BUSY_SHARE, SENDER_LAG_SHARE, own_s, taken_s


@dataclass(frozen=True)
class Doubt:
    """Why a miss is not certain: noise could have caused it.

    Attributes:
        watch: how busy the machine was meanwhile; None if nothing was timed.
        own_limit_s: an own time above this proves that the code caused the miss; None if no time can prove it.
        is_spoiled: the grader meant to send the requests at once, and did not.
    """

    watch: Watch | None = None
    own_limit_s: float | None = None
    is_spoiled: bool = False


@dataclass(frozen=True)
class Miss:
    """What is wrong in an attempt.

    Attributes:
        doubt: why it is not certain; None if noise cannot have caused it.
        claim: index of the claim that is missed; None if it is about no claim.
    """

    finding: Finding
    doubt: Doubt | None = None
    claim: int | None = None

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
    taken = taken_s(watch)
    return None if taken is None else max(0.0, measured_s - taken)


def is_own_doing(watch: Watch, limit_s: float) -> bool:
    """Whether the code's own time alone exceeds a limit; False if the system does not report CPU times."""
    own = own_s(watch)
    return own is not None and own > limit_s


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
    own = own_time_s(finding.measured_s, watch)
    return not finding.is_cut and (own is None or own <= limit_s)


def is_void(miss: Miss) -> bool:
    """Whether the machine is known to have taken the time, so missing where the reference passes proves nothing.

    This applies to late answers, to bursts that the grader did not send at once, and to attempts in which the grader
    had no core most of the time: observing a solution with a hundred threads costs more than observing the reference,
    and a busy machine may leave time for only one.
    """
    if miss.doubt is None or miss.doubt.watch is None:
        return False
    watch, limit_s = miss.doubt.watch, miss.doubt.own_limit_s
    if isinstance(miss.finding, TooSlow) and limit_s and sender_lagged(watch, limit_s):
        return True
    is_excused = miss.is_late and taken_s(watch) is not None
    return miss.doubt.is_spoiled or is_excused or grader_was_busy(watch)


def sender_lagged(watch: Watch, limit_s: float) -> bool:
    """Whether the grader's event loop lagged too much for its measurements to mean anything at this limit."""
    return watch.loop_lag_s > limit_s * SENDER_LAG_SHARE


def grader_was_busy(watch: Watch) -> bool:
    """Whether the grader computed or waited for a core most of the time, so a miss says nothing about the solution."""
    return (
        watch.grader is not None
        and watch.grader.waited_s + watch.grader.cpu_s > watch.elapsed_s * BUSY_SHARE
    )
