"""How much of a run fits into one page. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from grader.evidence.run import Attempt
from grader.grading.graded import Graded

PAGE_BYTES = 1_000_000
"""No page is larger."""


@dataclass(frozen=True)
class Bounds:
    """How much of a run is shown.

    Attributes:
        rows: of each lane of a timeline.
        log_lines: of each server's output, the last ones.
        attempts: of each check.
    """

    rows: int
    log_lines: int
    attempts: int


BOUNDS = (
    Bounds(200, 200, 8), Bounds(100, 100, 8), Bounds(60, 60, 8), Bounds(40, 40, 8), Bounds(25, 25, 7),
    Bounds(10, 10, 4), Bounds(3, 3, 1),
)  # fmt: skip
"""From what nearly every run fits into to what every run fits into."""

ROWS_LIKELY = 3000
"""A page with more rows than this hardly ever fits, so it is not even rendered."""


def likely_bounds(now: Graded, before: Graded | None) -> list[Bounds]:
    """The bounds that are worth trying for a page, the most generous first; at least one."""
    likely = [bounds for bounds in BOUNDS if _rows(now, before, bounds) <= ROWS_LIKELY]
    return likely or [BOUNDS[-1]]


def _rows(now: Graded, before: Graded | None, bounds: Bounds) -> int:
    """About how many rows all timelines have together."""
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
