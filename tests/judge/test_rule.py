"""What attempts say together, by the rule alone: no evidence, only summaries."""

import pytest

from grader.judge.rule import ROUNDS, WITNESSES, AttemptSummary, Step, next_step

PASSED = AttemptSummary()
WRONG = AttemptSummary(is_missed=True, is_certain=True)
WITNESSED = AttemptSummary(is_missed=True, has_witness=True)
DOUBTFUL = AttemptSummary(is_missed=True)
VOID = AttemptSummary(is_missed=True, is_void=True)
KILLED = AttemptSummary(is_missed=True, has_witness=True, must_recur=True)
BROKEN = AttemptSummary(is_missed=True, is_certain=True, is_broken=True)

REFERENCE_PASSED = AttemptSummary(ran_solution=False)
REFERENCE_MISSED = AttemptSummary(ran_solution=False, is_missed=True)
REFERENCE_BROKEN = AttemptSummary(
    ran_solution=False, is_missed=True, is_certain=True, is_broken=True
)


@pytest.mark.parametrize(
    ("summaries", "step"),
    [
        ([], Step.TRY_SOLUTION),
        ([PASSED], Step.PASS),
        ([WRONG], Step.FAIL),
        ([WITNESSED], Step.TRY_SOLUTION),
        ([DOUBTFUL], Step.TRY_REFERENCE),
        ([VOID], Step.TRY_REFERENCE),
        ([BROKEN], Step.BROKEN),
    ],
)
def test_the_first_attempt(summaries: list[AttemptSummary], step: Step) -> None:
    assert next_step(summaries) is step


@pytest.mark.parametrize("before", [WITNESSED, DOUBTFUL, VOID, KILLED])
def test_a_pass_is_final_after_any_doubtful_miss(before: AttemptSummary) -> None:
    assert next_step([before, PASSED]) is Step.PASS


@pytest.mark.parametrize("before", [WITNESSED, DOUBTFUL, VOID, KILLED])
def test_a_certain_miss_is_final_after_any_doubtful_one(before: AttemptSummary) -> None:
    assert next_step([before, WRONG]) is Step.FAIL


def test_two_witnesses_fail_a_check_and_one_does_once_the_verdict_stands() -> None:
    assert next_step([WITNESSED] * (WITNESSES - 1)) is Step.TRY_SOLUTION
    assert next_step([WITNESSED] * WITNESSES) is Step.FAIL
    assert next_step([WITNESSED], failed_already=True) is Step.FAIL
    assert next_step([DOUBTFUL], failed_already=True) is Step.TRY_REFERENCE


def test_what_must_recur_needs_two_witnesses_even_when_the_verdict_stands() -> None:
    assert next_step([KILLED], failed_already=True) is Step.TRY_SOLUTION
    assert next_step([KILLED, KILLED], failed_already=True) is Step.FAIL


def test_a_miss_before_and_after_a_reference_that_passed_fails() -> None:
    assert next_step([DOUBTFUL, REFERENCE_PASSED]) is Step.TRY_SOLUTION
    assert next_step([DOUBTFUL, REFERENCE_PASSED, DOUBTFUL]) is Step.FAIL


def test_a_round_that_the_reference_misses_decides_nothing() -> None:
    assert next_step([DOUBTFUL, REFERENCE_MISSED, DOUBTFUL]) is Step.TRY_REFERENCE


def test_a_void_miss_is_no_lost_round() -> None:
    assert next_step([DOUBTFUL, REFERENCE_PASSED, VOID]) is Step.TRY_REFERENCE
    assert next_step([VOID, REFERENCE_PASSED, DOUBTFUL]) is Step.FAIL


@pytest.mark.parametrize("reference", [REFERENCE_MISSED, REFERENCE_PASSED])
def test_after_the_last_round_the_result_is_inconclusive(reference: AttemptSummary) -> None:
    rounds = [VOID, reference] * ROUNDS
    assert next_step(rounds) is Step.TRY_SOLUTION
    assert next_step([*rounds, VOID]) is Step.INCONCLUSIVE


def test_witnesses_count_across_rounds() -> None:
    assert next_step([WITNESSED, DOUBTFUL, REFERENCE_MISSED, WITNESSED]) is Step.FAIL


def test_a_reference_that_breaks_breaks_the_check() -> None:
    assert next_step([DOUBTFUL, REFERENCE_BROKEN]) is Step.BROKEN
    assert next_step([PASSED, REFERENCE_BROKEN]) is Step.BROKEN
