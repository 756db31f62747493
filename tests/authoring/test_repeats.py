"""Which examples are graded again, decided on made-up trials."""

from pathlib import Path

import pytest

from grader.authoring.examples import Example, Kind
from grader.authoring.proof import Trial
from grader.authoring.repeats import to_repeat
from grader.report import Outcome
from tests.authoring.trials import (
    ACCEPTED,
    CHECK_NAMES,
    FAIL,
    JUNK,
    LEISURELY,
    NOT_RUN,
    PASS,
    REJECTED,
    RIGHT,
    STARTER,
    UNCLEAR,
    at,
    right,
    trial,
    wrong,
)


def repeated(*trials: Trial) -> tuple[Example, ...]:
    return to_repeat(trials, CHECK_NAMES)


def test_an_example_as_declared_and_far_from_every_limit_is_graded_once() -> None:
    assert repeated(*RIGHT) == ()
    assert repeated(*right(0.1), *wrong(0.45)) == ()


def test_examples_too_close_to_a_limit_are_graded_again_until_they_have_three_rounds() -> None:
    assert repeated(*right(0.11), *wrong(0.44)) == (ACCEPTED, STARTER)
    assert repeated(*right(0.11, 0.11), *wrong(0.44, 0.44)) == (ACCEPTED, STARTER)
    assert repeated(*right(0.11, 0.11, 0.11), *wrong(0.44, 0.44, 0.44)) == ()


def test_an_example_that_turns_out_far_enough_is_not_graded_again() -> None:
    assert repeated(*right(0.11, 0.1), *wrong(0.44, 0.9)) == (
        STARTER,
    )  # the lower of two is not a median yet
    assert repeated(*right(0.11, 0.1), *wrong(0.44, 0.9, 0.9)) == ()


def test_a_leisurely_example_with_less_than_0_05_s_left_is_graded_again() -> None:
    assert repeated(*right(0.251, example=LEISURELY), *wrong(0.9)) == (LEISURELY,)
    assert repeated(*right(0.25, example=LEISURELY), *wrong(0.9)) == ()


@pytest.mark.parametrize("outcome", [FAIL, NOT_RUN])
def test_an_undeclared_failure_is_settled_in_three_rounds(outcome: Outcome) -> None:
    more = trial(STARTER, FAIL, outcome)
    assert repeated(*RIGHT[1:], more) == (STARTER,)
    assert repeated(*RIGHT[1:], more, RIGHT[0]) == (STARTER,)
    assert repeated(*RIGHT[1:], more, RIGHT[0], RIGHT[0]) == ()


@pytest.mark.parametrize("example", [STARTER, ACCEPTED, REJECTED])
def test_an_example_without_a_clear_result_is_graded_again_until_it_has_one(
    example: Example,
) -> None:
    clear = next(right for right in RIGHT if right.example == example)
    unclear = trial(example, UNCLEAR, clear.outcome("test_b"))
    others = [right for right in RIGHT if right.example != example]
    assert repeated(*others, unclear) == (example,)
    assert repeated(*others, unclear, unclear) == (example,)
    assert repeated(*others, unclear, unclear, unclear) == ()
    assert repeated(*others, unclear, clear) == ()


@pytest.mark.parametrize(
    "contradiction",
    [
        trial(ACCEPTED, FAIL, UNCLEAR, at(0.29)),
        trial(STARTER, PASS, FAIL),
        trial(REJECTED, FAIL, PASS),
        trial(REJECTED, UNCLEAR, PASS),
    ],
)
def test_an_example_that_is_certainly_wrong_is_not_graded_again(contradiction: Trial) -> None:
    assert (
        repeated(
            *(right for right in RIGHT if right.example != contradiction.example), contradiction
        )
        == ()
    )


@pytest.mark.parametrize("outcome", [PASS, UNCLEAR])
def test_junk_is_never_graded_again(outcome: Outcome) -> None:
    assert repeated(*RIGHT[:3], trial(JUNK, outcome, outcome)) == ()


def test_an_example_that_broke_the_grader_is_not_graded_again() -> None:
    assert (
        repeated(trial(STARTER, Outcome.BROKEN, NOT_RUN), trial(ACCEPTED, UNCLEAR, Outcome.BROKEN))
        == ()
    )


def test_an_undeclared_example_is_not_graded_again() -> None:
    assert (
        repeated(trial(Example(Kind.REJECTED, "new", Path("rejected/new.py"), None), UNCLEAR, PASS))
        == ()
    )


def test_an_example_with_more_than_three_rounds_is_not_graded_again() -> None:
    assert repeated(*[trial(STARTER, FAIL, FAIL)] * 5) == ()
