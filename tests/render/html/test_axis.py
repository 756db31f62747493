"""Times of a run on the axis of its chart."""

from math import inf, nan

import pytest

from grader.evidence.run import Attempt, Subject
from grader.render.html.axis import FARTHEST_S, Axis
from tests.judge.records import attempt
from tests.render.runs import blocking_run


def blocking_axis() -> Axis:
    """The first request is due 2 s after the run began, and the attempt starts 0.05 s before that."""
    return Axis(blocking_run().checks[1].attempts[1])


def test_zero_is_the_moment_at_which_the_first_request_was_due() -> None:
    axis = blocking_axis()
    assert axis.at(2.0) == 0.0
    assert axis.at(2.5) == pytest.approx(0.5)
    assert axis.begins_s == pytest.approx(-0.05)


def test_an_attempt_without_requests_starts_at_zero() -> None:
    axis = Axis(Attempt(subject=Subject.SOLUTION, started_s=5.0, ended_s=7.0))
    assert (axis.begins_s, axis.ends_s) == (0.0, 2.0)


def test_an_interval_without_an_end_lasts_until_the_end_of_the_attempt() -> None:
    axis = Axis(attempt())
    assert axis.interval(0.25, None) == (0.25, 1.0, True)
    assert axis.interval(0.25, 0.5) == (0.25, 0.5, False)


def test_an_interval_never_ends_before_it_starts() -> None:
    assert Axis(attempt()).interval(0.5, 0.25) == (0.5, 0.5, False)


@pytest.mark.parametrize(
    ("time_s", "shown_s"),
    [(nan, 0.0), (inf, FARTHEST_S), (-inf, -FARTHEST_S), (1e300, FARTHEST_S)],
)
def test_every_time_of_a_damaged_run_has_a_place(time_s: float, shown_s: float) -> None:
    assert Axis(attempt()).at(time_s) == shown_s


@pytest.mark.parametrize(("time_s", "shown_s"), [(None, None), (0.0, 0.2), (0.3, 0.3), (0.9, 0.4)])
def test_a_time_within_an_interval_is_clamped_to_it(
    time_s: float | None, shown_s: float | None
) -> None:
    assert Axis(attempt()).between(time_s, 0.2, 0.4) == shown_s
