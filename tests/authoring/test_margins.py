"""Margins of clock limits, on made-up trials."""

from dataclasses import replace

import pytest

from grader.authoring.margins import margin_problems, margins_of, offenders
from grader.authoring.proof import Problem, Trial
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


def judge(*trials: Trial) -> list[Problem]:
    return list(margin_problems(margins_of(trials)))


# ---- accepted examples


def test_a_limit_between_both_sides_is_right() -> None:
    trials = (*right(0.1), *wrong(0.9))
    (margin,) = margins_of(trials)
    assert margin.above == pytest.approx(3)
    assert margin.below == pytest.approx(3)
    assert judge(*trials) == []


def test_a_limit_of_three_times_the_slowest_accepted_example_is_enough_and_a_little_less_is_not() -> (
    None
):
    assert judge(*right(0.1), *wrong(9)) == []
    (problem,) = judge(*right(0.101), *wrong(9))
    assert (
        "only 3.0 × the slowest accepted example (accepted/reference, 0.101 s of own time); 3 × is required"
        in problem.text
    )
    assert problem.text.endswith("Raise the limit to 0.31 s or more.")


def test_the_time_of_one_request_alone_is_not_part_of_the_factor() -> None:
    assert judge(*right(0.2, limit_s=0.4, alone_s=0.1), *wrong(9, limit_s=0.4, alone_s=0.1)) == []
    (problem,) = judge(*right(0.21, limit_s=0.4, alone_s=0.1), *wrong(9, limit_s=0.4, alone_s=0.1))
    assert (
        "only 2.7 × the slowest accepted example (accepted/reference, 0.210 s of own time), less the 0.1 s of one"
        in problem.text
    )
    assert problem.text.endswith("Raise the limit to 0.43 s or more.")


def test_an_app_as_fast_as_one_request_alone_suits_any_limit() -> None:
    trials = (*right(0.09, limit_s=0.11, alone_s=0.1), *wrong(9, limit_s=0.11, alone_s=0.1))
    (margin,) = margins_of(trials)
    assert margin.above is None
    assert judge(*trials) == []


def test_an_accepted_example_is_judged_by_its_fastest_round() -> None:
    assert judge(*right(0.28, 0.1, 0.25), *wrong(9)) == []


def test_the_slowest_accepted_example_decides() -> None:
    other = trial(replace(ACCEPTED, name="thread"), PASS, PASS, at(0.2))
    (problem,) = judge(*right(0.01), other, *wrong(9))
    assert "accepted/thread, 0.200 s" in problem.text


def test_an_attempt_that_reaches_a_limit_twice_is_judged_by_the_slower_time() -> None:
    (margin,) = margins_of([trial(ACCEPTED, PASS, PASS, at(0.01), at(0.2))])
    assert margin.accepted[0].judged_s == 0.2
    (margin,) = margins_of([trial(ACCEPTED, PASS, PASS, at(0.01), at(0.2, attempt=1))])
    assert margin.accepted[0].judged_s == 0.01


def test_an_inconclusive_round_of_an_accepted_example_is_ignored() -> None:
    (margin,) = margins_of([trial(ACCEPTED, UNCLEAR, PASS, at(0.29, missed=True)), *wrong(9)])
    assert margin.accepted == ()


def test_the_measured_time_counts_where_own_time_is_unknown() -> None:
    assert judge(trial(ACCEPTED, PASS, PASS, at(None, measured_s=0.1)), *wrong(9)) == []
    (problem,) = judge(trial(ACCEPTED, PASS, PASS, at(None, measured_s=0.2)), *wrong(9))
    assert "(accepted/reference, 0.200 s); 3 × is required" in problem.text


def test_a_leisurely_example_needs_0_05_s_and_no_factor() -> None:
    calm = (*right(0.25, example=LEISURELY), *right(0.01), *wrong(9))
    assert judge(*calm) == []
    (margin,) = margins_of(calm)
    assert margin.above == pytest.approx(30)
    (problem,) = judge(*right(0.251, example=LEISURELY), *wrong(9))
    assert (
        "only 0.049 s above the slowest leisurely example (accepted/calm, 0.251 s of own time); 0.05 s is required"
        in problem.text
    )
    assert problem.text.endswith("Raise the limit to 0.31 s or more.")


# ---- the starter and rejected examples ------------------------------------------------------------------------------


def test_a_rejected_example_must_take_one_and_a_half_times_the_limit() -> None:
    assert judge(*right(0.01), *wrong(0.45)) == []
    (problem,) = judge(*right(0.01), *wrong(0.449))
    assert (
        "too close to the fastest rejected example (starter/app, 0.449 s of own time), which takes only 1.5 × the limit"
        in problem.text
    )
    assert problem.text.endswith("Lower the limit to 0.29 s or less.")


def test_a_rejected_example_is_judged_by_its_median() -> None:
    assert judge(*right(0.01), *wrong(0.31, 0.6, 0.7)) == []
    (problem,) = judge(*right(0.01), *wrong(0.31, 0.32, 0.7))
    assert "0.320 s" in problem.text


def test_the_fastest_rejected_example_decides() -> None:
    (margin,) = margins_of([*wrong(0.9), trial(REJECTED, FAIL, FAIL, at(0.5, missed=True))])
    assert [side.example for side in margin.rejected] == [REJECTED, STARTER]


def test_visitors_who_gave_up_count_with_the_time_they_waited() -> None:
    assert judge(*right(0.01), *wrong(0.31, is_bound=True)) == []
    (problem,) = judge(*right(0.01), *wrong(0.29, is_bound=True))
    assert "(starter/app, at least 0.290 s of own time), whose visitors give up" in problem.text
    assert problem.text.endswith(
        "Give its visitors the limit as `within_s`, or lower the limit to 0.29 s or less."
    )


def test_where_no_limit_fits_wrong_apps_must_become_slower() -> None:
    problems = judge(*right(0.2), *wrong(0.4))
    assert ["larger crowd" in problem.text for problem in problems] == [True, True]
    problems = judge(*right(0.2), *wrong(0.9))
    assert ["larger crowd" in problem.text for problem in problems] == [False]


@pytest.mark.parametrize(("accepted_s", "rejected_s"), [(0.2, 6.0), (0.1937, 6.0), (0.01, 0.3457)])
def test_a_limit_that_is_changed_as_advised_is_right(accepted_s: float, rejected_s: float) -> None:
    (problem,) = judge(*right(accepted_s, alone_s=0.1), *wrong(rejected_s, alone_s=0.1))
    limit_s = float(problem.text.split(" the limit to ")[1].split(" s ")[0])
    assert (
        judge(
            *right(accepted_s, limit_s=limit_s, alone_s=0.1),
            *wrong(rejected_s, limit_s=limit_s, alone_s=0.1),
        )
        == []
    )


def test_a_limit_that_catches_no_example_is_a_problem() -> None:
    (problem,) = judge(*right(0.01), trial(REJECTED, PASS, FAIL, at(0.01)))
    assert "caught no rejected example" in problem.text


def test_a_limit_with_only_inconclusive_misses_is_not_a_problem() -> None:
    assert judge(*right(0.01), trial(STARTER, UNCLEAR, PASS, at(0.5, missed=True))) == []


def test_junk_has_no_part_in_margins() -> None:
    (problem,) = judge(*right(0.01), trial(JUNK, FAIL, PASS, at(9.0, missed=True)))
    assert "caught no rejected example" in problem.text


def test_every_example_that_is_too_slow_or_too_fast_is_an_offender() -> None:
    calm = right(0.26, example=LEISURELY)
    near = trial(REJECTED, FAIL, FAIL, at(0.44, missed=True))
    assert offenders([*right(0.2), *calm, *wrong(0.44), near]) == {
        ACCEPTED,
        LEISURELY,
        STARTER,
        REJECTED,
    }
    assert offenders([*right(0.1), *right(0.25, example=LEISURELY), *wrong(0.45)]) == set()
