"""Before and after: two reports of the same kata, check by check. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.evidence.claims import Relation
from grader.findings import TooFast
from grader.report import CheckResult, Outcome, Report

MENDED = "holds now"
ROOM = 1.1
"""A scale is this much longer than the longest bar."""

UPPER = (Relation.AT_MOST, Relation.EQUALS)
"""Counts of which more is worse, or at least not better."""


@dataclass(frozen=True)
class Change:
    """One check before and after; None: that report does not have it."""

    title: str
    before: CheckResult | None
    now: CheckResult | None

    @property
    def is_mended(self) -> bool:
        """Whether it did not hold before and holds now."""
        return self.word == MENDED

    @property
    def word(self) -> str:
        """What has become of it, in short."""
        if self.before is None or self.now is None:
            return "new" if self.before is None else "gone"
        was, holds = self.before.outcome is Outcome.PASSED, self.now.outcome is Outcome.PASSED
        if was == holds:
            return "holds, as before" if holds else "as before"
        return MENDED if holds else "held before"

    @property
    def scale(self) -> float | None:
        """Up to what the bars of a number that must stay below its limit are drawn; None when there
        is no such number.
        """
        values = [
            value
            for result in (self.before, self.now)
            if result is not None
            for value in _drawn(result)
        ]
        return max(values) * ROOM if values and max(values) > 0 else None


def compare(before: Report, now: Report) -> tuple[Change, ...]:
    """Each check of either report, in the order of the newer one."""
    old = {result.name: result for result in before.checks}
    changes = [Change(result.title, old.pop(result.name, None), result) for result in now.checks]
    return (*changes, *(Change(result.title, result, None) for result in old.values()))


def bar(result: CheckResult | None, scale: float | None) -> tuple[float, float] | None:
    """Where the bar of a result ends and where its limit stands, both as a share of the scale; None when it has no such
    number.
    """
    if result is None or scale is None or not _drawn(result):
        return None
    measured, limit = _drawn(result)
    return _share(measured, scale), _share(limit, scale)


def _drawn(result: CheckResult) -> Sequence[float]:
    """Number and limit, where less is better: times, and counts that have an upper limit."""
    if result.measured is None or result.limit is None or result.outcome is Outcome.NOT_RUN:
        return ()
    if isinstance(result.finding, TooFast):
        return ()
    is_upper = result.relation in UPPER if result.relation is not None else result.unit == "s"
    return (result.measured, result.limit) if is_upper else ()


def _share(value: float, scale: float) -> float:
    return min(max(value / scale, 0.0), 1.0)
