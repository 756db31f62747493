"""The time limits that a check sets for its requests. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from grader.evidence.claims import ClockClaim, Relation
from grader.evidence.run import Attempt
from grader.render.html.axis import Axis

LIMITS_SHOWN = 8


@dataclass(frozen=True)
class Limit:
    """The time by which requests had to be answered.

    Attributes:
        at_s: on the axis.
        limit_s: how long the requests were allowed to take.
        what: the requests: "12 × GET /labels/{n}".
    """

    at_s: float
    limit_s: float
    what: str


def limits(attempt: Attempt, axis: Axis) -> tuple[Limit, ...]:
    """The distinct limits of an attempt, in the order in which its check asserts them."""
    found = {
        Limit(axis.at(started_s + claim.limit_s), claim.limit_s, claim.what): None
        for claim, started_s in _clocks(attempt)
    }
    return tuple(found)[:LIMITS_SHOWN]


def _clocks(attempt: Attempt) -> Iterator[tuple[ClockClaim, float]]:
    """Each upper limit on a time, and the time of the run from which it counts."""
    planned = {exchange.id: exchange.planned_s for exchange in attempt.exchanges}
    for claim in attempt.claims:
        if isinstance(claim, ClockClaim) and claim.relation is Relation.AT_MOST:
            started = [planned[number] for number in claim.exchanges if number in planned]
            if started:
                yield claim, min(started)
