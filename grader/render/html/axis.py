"""The time axis of one attempt. Pure."""

from math import isfinite, isnan

from grader.evidence.run import Attempt

FARTHEST_S = 86_400.0
"""Times are clamped to a day before or after zero; only a damaged run has any farther away."""


class Axis:
    """Converts times of a run to seconds from the moment at which the first request was due.

    A limit of 0.5 s therefore ends at 0.5 s. An attempt without requests starts at zero.

    Attributes:
        begins_s: start of the attempt.
        ends_s: its end, never before its start.
    """

    def __init__(self, attempt: Attempt) -> None:
        planned = [exchange.planned_s for exchange in attempt.exchanges]
        self._zero_s = min(filter(isfinite, planned or [attempt.started_s]), default=0.0)
        self.begins_s = self.at(attempt.started_s)
        self.ends_s = max(self.at(attempt.ended_s), self.begins_s)

    def at(self, time_s: float) -> float:
        """A finite time on the axis, whatever a saved run holds."""
        since_s = time_s - self._zero_s
        return 0.0 if isnan(since_s) else min(max(since_s, -FARTHEST_S), FARTHEST_S)

    def interval(self, from_s: float, to_s: float | None) -> tuple[float, float, bool]:
        """Start and end in order, and whether the end is missing; the attempt's end takes its place."""
        start_s = self.at(from_s)
        return start_s, max(start_s, self.ends_s if to_s is None else self.at(to_s)), to_s is None

    def between(self, time_s: float | None, start_s: float, end_s: float) -> float | None:
        """A time on the axis, clamped to an interval of the axis; None stays None."""
        return None if time_s is None else min(max(self.at(time_s), start_s), end_s)
