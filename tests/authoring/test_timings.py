"""Times at clock limits, read from made-up evidence."""

import pytest

from grader.authoring.timings import timings_of, without_numbers
from grader.evidence.run import CheckRecord
from grader.evidence.traffic import ExchangeError
from tests.judge.records import answered, exchange, timed


def test_times_are_read_from_the_evidence() -> None:
    record = CheckRecord(name="test_a", title="", attempts=(timed(1.2), timed(0.1, waited_s=0.03)))
    slow, fast = timings_of([record])
    assert (slow.what, slow.limit_s, slow.measured_s, slow.own_s, slow.missed) == (
        "# × GET /x",
        0.4,
        1.2,
        1.2,
        True,
    )
    assert (fast.measured_s, fast.alone_s, fast.missed) == (0.1, 0.1, False)
    assert fast.own_s == pytest.approx(0.07)
    assert (slow.attempt, fast.attempt) == (0, 1)


def test_own_time_is_unknown_where_the_system_does_not_report_it() -> None:
    (timing,) = timings_of(
        [CheckRecord(name="test_a", title="", attempts=(timed(0.2, waited_s=None),))]
    )
    assert timing.own_s is None
    assert timing.judged_s == 0.2


def test_a_visitor_who_gave_up_gives_a_lower_bound() -> None:
    soon = exchange(3, took_s=2.5, status=None, error=ExchangeError.TIMED_OUT)
    late = exchange(2, took_s=3.0, status=None, error=ExchangeError.TIMED_OUT)
    (timing,) = timings_of(
        [
            CheckRecord(
                name="test_a", title="", attempts=(answered(exchange(1), soon, late, waited_s=1.0),)
            )
        ]
    )
    assert (timing.what, timing.measured_s, timing.is_bound) == ("GET /x", 3.0, True)
    assert timing.own_s == pytest.approx(2.0)


def test_numbers_that_differ_between_runs_are_left_out() -> None:
    assert without_numbers("12 × GET /labels/83921?key=a1") == "# × GET /labels/#"
