"""Margins of clock limits, on made-up trials."""

from dataclasses import replace

import pytest

from grader.authoring.margins import (
    margin_problems,
    margins_of,
    offenders,
    timings_of,
    without_numbers,
)
from grader.authoring.proof import Problem, Trial
from grader.evidence.run import CheckRecord
from grader.evidence.traffic import ExchangeError
from tests.authoring.trials import (
    ACCEPTED,
    FAIL,
    JUNK,
    LEISURELY,
    PASS,
    REJECTED,
    STARTER,
    UNCLEAR,
    at,
    right,
    trial,
    wrong,
)
from tests.judge.records import answered, exchange, timed


def judge(*trials: Trial) -> list[Problem]:
    return list(margin_problems(margins_of(trials)))


# ---- accepted examples
# ------------------------------------------------------------------------------------------------


def test_a_limit_in_the_middle_is_no_problem() -> None:
    trials = (*right(0.1), *wrong(0.9))
    (margin,) = margins_of(trials)
    assert margin.above == pytest.approx(3)
    assert margin.below == pytest.approx(3)
    assert judge(*trials) == []


def test_a_limit_that_leaves_a_third_is_wide_enough_and_a_little_less_is_not() -> None:
    assert judge(*right(0.1), *wrong(9)) == []
    (problem,) = judge(*right(0.101), *wrong(9))
    assert (
        "only 3.0 × the slowest accepted (accepted/reference, 0.101 s of its own), 3 × is needed"
        in problem.text
    )
    assert problem.text.endswith("raise it to 0.31 s or more.")


def test_what_one_request_takes_alone_is_no_part_of_the_factor() -> None:
    assert judge(*right(0.2, limit_s=0.4, alone_s=0.1), *wrong(9, limit_s=0.4, alone_s=0.1)) == []
    (problem,) = judge(*right(0.21, limit_s=0.4, alone_s=0.1), *wrong(9, limit_s=0.4, alone_s=0.1))
    assert (
        "only 2.7 × the slowest accepted (accepted/reference, 0.210 s of its own), both without the 0.1 s"
        in problem.text
    )
    assert problem.text.endswith("raise it to 0.43 s or more.")


def test_an_app_that_needs_no_more_than_one_request_alone_leaves_any_room() -> None:
    trials = (*right(0.09, limit_s=0.11, alone_s=0.1), *wrong(9, limit_s=0.11, alone_s=0.1))
    (margin,) = margins_of(trials)
    assert margin.above is None
    assert judge(*trials) == []


def test_the_least_time_of_an_accepted_example_counts() -> None:
    assert judge(*right(0.28, 0.1, 0.25), *wrong(9)) == []


def test_the_slowest_accepted_example_counts_whatever_the_others_take() -> None:
    other = trial(replace(ACCEPTED, name="thread"), PASS, PASS, at(0.2))
    (problem,) = judge(*right(0.01), other, *wrong(9))
    assert "accepted/thread, 0.200 s" in problem.text


def test_of_an_attempt_that_comes_to_a_limit_twice_the_slower_time_counts() -> None:
    (margin,) = margins_of([trial(ACCEPTED, PASS, PASS, at(0.01), at(0.2))])
    assert margin.accepted[0].judged_s == 0.2
    (margin,) = margins_of([trial(ACCEPTED, PASS, PASS, at(0.01), at(0.2, attempt=1))])
    assert margin.accepted[0].judged_s == 0.01


def test_an_inconclusive_round_says_nothing_of_an_accepted_example() -> None:
    (margin,) = margins_of([trial(ACCEPTED, UNCLEAR, PASS, at(0.29, missed=True)), *wrong(9)])
    assert margin.accepted == ()


def test_where_the_system_does_not_tell_the_measured_time_counts() -> None:
    assert judge(trial(ACCEPTED, PASS, PASS, at(None, measured_s=0.1)), *wrong(9)) == []
    (problem,) = judge(trial(ACCEPTED, PASS, PASS, at(None, measured_s=0.2)), *wrong(9))
    assert "(accepted/reference, 0.200 s), 3 × is needed" in problem.text


def test_a_leisurely_example_needs_a_little_room_and_no_factor() -> None:
    calm = (*right(0.25, example=LEISURELY), *right(0.01), *wrong(9))
    assert judge(*calm) == []
    (margin,) = margins_of(calm)
    assert margin.above == pytest.approx(30)
    (problem,) = judge(*right(0.251, example=LEISURELY), *wrong(9))
    assert (
        "only 0.049 s above the slowest leisurely accepted (accepted/calm, 0.251 s of its own), 0.05 s is needed"
        in problem.text
    )
    assert problem.text.endswith("raise it to 0.31 s or more.")


# ---- the starter and rejected examples
# --------------------------------------------------------------------------------


def test_a_rejected_example_is_caught_well_beyond_the_limit() -> None:
    assert judge(*right(0.01), *wrong(0.45)) == []
    (problem,) = judge(*right(0.01), *wrong(0.449))
    assert (
        "the fastest rejected takes only 1.5 × that (starter/app, 0.449 s of its own), 1.5 × is needed"
        in problem.text
    )
    assert problem.text.endswith("lower it to 0.29 s or less.")


def test_the_median_of_a_rejected_example_counts() -> None:
    assert judge(*right(0.01), *wrong(0.31, 0.6, 0.7)) == []
    (problem,) = judge(*right(0.01), *wrong(0.31, 0.32, 0.7))
    assert "0.320 s" in problem.text


def test_the_fastest_rejected_example_counts_whatever_the_others_take() -> None:
    (margin,) = margins_of([*wrong(0.9), trial(REJECTED, FAIL, FAIL, at(0.5, missed=True))])
    assert [side.example for side in margin.rejected] == [REJECTED, STARTER]


def test_visitors_who_gave_up_count_as_the_time_that_they_waited() -> None:
    assert judge(*right(0.01), *wrong(0.45, is_bound=True)) == []
    (problem,) = judge(*right(0.01), *wrong(0.44, is_bound=True))
    assert "(starter/app, at least 0.440 s of its own)" in problem.text
    assert (
        "let the visitors wait 0.45 s before they give up, or lower it to 0.29 s or less"
        in problem.text
    )


def test_sides_that_are_too_near_to_each_other_must_be_moved_apart() -> None:
    problems = judge(*right(0.2), *wrong(0.4))
    assert ["larger crowd" in problem.text for problem in problems] == [True, True]
    problems = judge(*right(0.2), *wrong(0.9))
    assert ["larger crowd" in problem.text for problem in problems] == [False]


@pytest.mark.parametrize(("accepted_s", "rejected_s"), [(0.2, 6.0), (0.1937, 6.0), (0.01, 0.3457)])
def test_a_limit_that_is_moved_as_advised_is_far_enough(
    accepted_s: float, rejected_s: float
) -> None:
    (problem,) = judge(*right(accepted_s, alone_s=0.1), *wrong(rejected_s, alone_s=0.1))
    limit_s = float(problem.text.split(" it to ")[1].split(" s ")[0])
    assert (
        judge(
            *right(accepted_s, limit_s=limit_s, alone_s=0.1),
            *wrong(rejected_s, limit_s=limit_s, alone_s=0.1),
        )
        == []
    )


def test_a_limit_that_catches_nobody_is_a_problem() -> None:
    (problem,) = judge(*right(0.01), trial(REJECTED, PASS, FAIL, at(0.01)))
    assert "caught no rejected example" in problem.text


def test_a_limit_of_which_the_machine_could_not_tell_may_catch_somebody() -> None:
    assert judge(*right(0.01), trial(STARTER, UNCLEAR, PASS, at(0.5, missed=True))) == []


def test_junk_is_no_measure() -> None:
    (problem,) = judge(*right(0.01), trial(JUNK, FAIL, PASS, at(9.0, missed=True)))
    assert "caught no rejected example" in problem.text


def test_every_example_on_the_offending_side_is_an_offender() -> None:
    calm = right(0.26, example=LEISURELY)
    near = trial(REJECTED, FAIL, FAIL, at(0.44, missed=True))
    assert offenders([*right(0.2), *calm, *wrong(0.44), near]) == {
        ACCEPTED,
        LEISURELY,
        STARTER,
        REJECTED,
    }
    assert offenders([*right(0.1), *right(0.25, example=LEISURELY), *wrong(0.45)]) == set()


# ---- times from the evidence
# ------------------------------------------------------------------------------------------


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


def test_own_time_is_unknown_where_the_system_does_not_tell() -> None:
    (timing,) = timings_of(
        [CheckRecord(name="test_a", title="", attempts=(timed(0.2, waited_s=None),))]
    )
    assert timing.own_s is None
    assert timing.judged_s == 0.2


def test_giving_up_is_read_from_the_evidence() -> None:
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


def test_numbers_that_change_are_left_out() -> None:
    assert without_numbers("12 × GET /labels/83921?key=a1") == "# × GET /labels/#"
