"""The number that decided a check: from a finding, or from an attempt that passed. Pure."""

from typing import NamedTuple, assert_never

from grader.evidence.claims import ClockClaim, CountClaim, GateClaim, Relation
from grader.evidence.run import Attempt
from grader.evidence.traffic import ExchangeError
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
from grader.judge.claims import Exchanges, measured_time_s


class Figures(NamedTuple):
    """A measured number and its limit, both in `unit`, with the required relation for a count."""

    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    relation: Relation | None = None


def figures_of_finding(finding: Finding) -> Figures:
    """The number that misses its limit; empty for findings that have none."""
    match finding:
        case Crashed() | WrongStatus() | WrongValue() | Mishap() | NothingAsserted():
            figures = Figures()
        case HungAtStart():
            figures = Figures(finding.waited_s, finding.waited_s, "s")
        case Hung():
            figures = Figures(finding.deadline_s, finding.deadline_s, "s")
        case NoAnswer() if finding.reason is ExchangeError.TIMED_OUT:
            figures = Figures(finding.waited_s, finding.waited_s, "s")
        case NoAnswer():
            figures = Figures(unit="s")
        case LimitExceeded():
            figures = Figures(finding.excess.seen, finding.excess.limit)
        case WrongCount():
            figures = Figures(finding.measured, finding.limit, finding.unit, finding.relation)
        case TooSlow() | TooFast():
            figures = Figures(finding.measured_s, finding.limit_s, "s")
        case GateNotOpened():
            figures = Figures(finding.seen, finding.wanted)
        case _:
            assert_never(finding)
    return figures


def figures_of_pass(attempt: Attempt, exchanges: Exchanges) -> Figures:
    """The number that decided an attempt that passed: from its first upper clock limit, else its first count, else its
    first gate.
    """
    for claim in attempt.claims:
        if isinstance(claim, ClockClaim) and claim.relation is Relation.AT_MOST:
            return Figures(measured_time_s(claim, exchanges), claim.limit_s, "s")
    for claim in attempt.claims:
        if isinstance(claim, CountClaim):
            return Figures(claim.measured, claim.limit, claim.unit, claim.relation)
    for claim in attempt.claims:
        if isinstance(claim, GateClaim):
            return Figures(claim.seen, claim.wanted, relation=Relation.AT_LEAST)
    return Figures()
