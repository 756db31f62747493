"""How much of a run is tried on a page."""

from itertools import pairwise

from grader.render.html.bounds import BOUNDS, likely_bounds
from tests.render.runs import blocking_run, fixed_run, graded, large_run


def test_an_ordinary_run_is_shown_with_the_most_generous_bounds() -> None:
    assert likely_bounds(graded(fixed_run()), graded(blocking_run()))[0] == BOUNDS[0]


def test_bounds_that_cannot_fit_are_not_tried() -> None:
    likely = likely_bounds(graded(large_run()), None)
    assert likely == list(BOUNDS[-len(likely) :])
    assert 0 < len(likely) < len(BOUNDS)


def test_the_tightest_bounds_are_tried_however_large_the_run_is() -> None:
    huge = graded(large_run("x", checks=400, attempts=1, many=9))
    assert likely_bounds(huge, huge) == [BOUNDS[-1]]


def test_each_bounds_show_no_more_than_those_before_them() -> None:
    for first, second in pairwise(BOUNDS):
        assert first.rows > second.rows
        assert first.log_lines > second.log_lines
        assert first.attempts >= second.attempts
