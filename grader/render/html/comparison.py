"""Compares two reports of the same kata, check by check. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.evidence.claims import Relation
from grader.findings import TooFast
from grader.report import CheckResult, Outcome, Report

FIXED = "passes now"
ROOM = 1.1
"""The scale is this many times as long as the longest bar."""

UPPER = (Relation.AT_MOST, Relation.EQUALS)
"""Relations for which a bar makes sense: a shorter one is never worse."""


@dataclass(frozen=True)
class Change:
    """One check in both reports; None in a report that does not have it."""

    title: str
    before: CheckResult | None
    now: CheckResult | None

    @property
    def is_fixed(self) -> bool:
        """Whether it passes now and did not before."""
        return self.word == FIXED

    @property
    def word(self) -> str:
        """How the outcome changed, in a few words."""
        if self.before is None or self.now is None:
            return "new" if self.before is None else "gone"
        passed, passes = (result.outcome is Outcome.PASSED for result in (self.before, self.now))
        if passed == passes:
            return "passes, as before" if passes else "as before"
        return FIXED if passes else "passed before"

    @property
    def scale(self) -> float | None:
        """The value at the right end of both bars; None if neither side has a number with an upper limit."""
        values = [
            value
            for result in (self.before, self.now)
            if result is not None
            for value in _drawn(result)
        ]
        return max(values) * ROOM if values and max(values) > 0 else None


def compare(before: Report, now: Report) -> tuple[Change, ...]:
    """The checks of both reports in the order of the newer report; checks that only the older one has come last."""
    old = {result.name: result for result in before.checks}
    changes = [Change(result.title, old.pop(result.name, None), result) for result in now.checks]
    return (*changes, *(Change(result.title, result, None) for result in old.values()))


def bar(result: CheckResult | None, scale: float | None) -> tuple[float, float] | None:
    """End and limit of a result's bar, as shares of the scale; None if there is no bar."""
    if result is None or scale is None or not _drawn(result):
        return None
    measured, limit = _drawn(result)
    return _share(measured, scale), _share(limit, scale)


def _drawn(result: CheckResult) -> Sequence[float]:
    """Number and limit of a time, or of a count with an upper limit; empty otherwise."""
    if result.measured is None or result.limit is None or result.outcome is Outcome.NOT_RUN:
        return ()
    if isinstance(result.finding, TooFast):
        return ()
    is_upper = result.relation in UPPER if result.relation is not None else result.unit == "s"
    return (result.measured, result.limit) if is_upper else ()


def _share(value: float, scale: float) -> float:
    return min(max(value / scale, 0.0), 1.0)
