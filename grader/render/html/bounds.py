"""Limits on how much of a run a page shows, so that it fits. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from grader.evidence.run import Attempt
from grader.grading.graded import Graded

PAGE_BYTES = 1_000_000
"""Maximum size of a page."""


@dataclass(frozen=True)
class Bounds:
    """How much of a run is shown.

    Attributes:
        rows: per lane of a timeline.
        log_lines: last lines of each server's output.
        attempts: per check.
    """

    rows: int
    log_lines: int
    attempts: int


BOUNDS = (
    Bounds(200, 200, 8), Bounds(100, 100, 8), Bounds(60, 60, 8), Bounds(40, 40, 8), Bounds(25, 25, 7),
    Bounds(10, 10, 4), Bounds(3, 3, 1),
)  # fmt: skip
"""From the most generous, which suit nearly all runs, to the strictest, which suit every run."""

ROWS_LIKELY = 3000
"""Pages with more rows than this rarely fit, so they are not rendered at all."""


def likely_bounds(now: Graded, before: Graded | None) -> list[Bounds]:
    """The bounds to try, most generous first; at least one."""
    likely = [bounds for bounds in BOUNDS if _rows(now, before, bounds) <= ROWS_LIKELY]
    return likely or [BOUNDS[-1]]


def _rows(now: Graded, before: Graded | None, bounds: Bounds) -> int:
    """The approximate number of rows in all timelines."""
    lanes = (
        lane
        for attempt in _attempts(now, before, bounds)
        for lane in (attempt.exchanges, attempt.events, attempt.stalls, attempt.connections)
    )
    return sum(min(len(lane), bounds.rows) for lane in lanes)


def _attempts(now: Graded, before: Graded | None, bounds: Bounds) -> Iterator[Attempt]:
    for record in now.run.checks:
        yield from record.attempts[: bounds.attempts]
    if before is not None:
        for record in before.run.checks:
            yield from record.attempts[:1]
