"""The time axis of one attempt. Pure."""

from math import isfinite, isnan

from grader.evidence.run import Attempt

FARTHEST_S = 86_400.0
"""Times are clamped to one day around zero; only a damaged run exceeds it."""


class Axis:
    """Converts times of a run to seconds since the first request was due.

    A limit of 0.5 s is therefore at 0.5 s. Without requests, the axis has its zero at the start of the attempt.

    Attributes:
        begins_s: start of the attempt.
        ends_s: end of the attempt, never before its start.
    """

    def __init__(self, attempt: Attempt) -> None:
        planned = [exchange.planned_s for exchange in attempt.exchanges]
        self._zero_s = min(filter(isfinite, planned or [attempt.started_s]), default=0.0)
        self.begins_s = self.at(attempt.started_s)
        self.ends_s = max(self.at(attempt.ended_s), self.begins_s)

    def at(self, time_s: float) -> float:
        """The time on the axis; always finite, even for a damaged run."""
        since_s = time_s - self._zero_s
        return 0.0 if isnan(since_s) else min(max(since_s, -FARTHEST_S), FARTHEST_S)

    def interval(self, from_s: float, to_s: float | None) -> tuple[float, float, bool]:
        """Start and end in order, and whether the end was missing and replaced by the attempt's end."""
        start_s = self.at(from_s)
        return start_s, max(start_s, self.ends_s if to_s is None else self.at(to_s)), to_s is None

    def between(self, time_s: float | None, start_s: float, end_s: float) -> float | None:
        """A time on the axis, clamped to an interval of the axis; None stays None."""
        return None if time_s is None else min(max(self.at(time_s), start_s), end_s)
