"""Computes from start and end times how many things were under way at once. Pure."""

from collections.abc import Iterable
from itertools import accumulate


def peak(intervals: Iterable[tuple[float, float | None]]) -> int:
    """The largest number of intervals that overlap at any moment.

    Args:
        intervals: start and end in seconds; None as the end of an interval that is still open. An interval that ends
            when another starts does not overlap it.
    """
    steps = []
    for began_s, ended_s in intervals:
        steps.append((began_s, 1))
        if ended_s is not None:
            steps.append((ended_s, -1))
    return max(accumulate(step for _, step in sorted(steps)), default=0)
