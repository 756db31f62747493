"""Which examples are graded once more, on made-up trials."""

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


def test_what_is_as_declared_and_far_from_every_limit_is_graded_once() -> None:
    assert repeated(*RIGHT) == ()
    assert repeated(*right(0.1), *wrong(0.45)) == ()


def test_examples_on_the_offending_side_of_a_margin_are_graded_again_until_they_have_three_rounds() -> (
    None
):
    assert repeated(*right(0.11), *wrong(0.44)) == (ACCEPTED, STARTER)
    assert repeated(*right(0.11, 0.11), *wrong(0.44, 0.44)) == (ACCEPTED, STARTER)
    assert repeated(*right(0.11, 0.11, 0.11), *wrong(0.44, 0.44, 0.44)) == ()


def test_an_example_that_is_on_the_right_side_after_all_is_graded_no_more() -> None:
    assert repeated(*right(0.11, 0.1), *wrong(0.44, 0.9)) == (
        STARTER,
    )  # the lower of two is no median yet
    assert repeated(*right(0.11, 0.1), *wrong(0.44, 0.9, 0.9)) == ()


def test_a_leisurely_example_is_graded_again_without_its_little_room() -> None:
    assert repeated(*right(0.251, example=LEISURELY), *wrong(0.9)) == (LEISURELY,)
    assert repeated(*right(0.25, example=LEISURELY), *wrong(0.9)) == ()


@pytest.mark.parametrize("outcome", [FAIL, NOT_RUN])
def test_an_undeclared_failure_is_looked_at_in_three_rounds(outcome: Outcome) -> None:
    more = trial(STARTER, FAIL, outcome)
    assert repeated(*RIGHT[1:], more) == (STARTER,)
    assert repeated(*RIGHT[1:], more, RIGHT[0]) == (STARTER,)
    assert repeated(*RIGHT[1:], more, RIGHT[0], RIGHT[0]) == ()


@pytest.mark.parametrize("example", [STARTER, ACCEPTED, REJECTED])
def test_a_check_that_was_never_clear_is_tried_again_until_it_is(example: Example) -> None:
    clear = next(right for right in RIGHT if right.example == example)
    unclear = trial(example, UNCLEAR, clear.outcome("test_b"))
    others = [right for right in RIGHT if right.example != example]
    assert repeated(*others, unclear) == (example,)
    assert repeated(*others, unclear, unclear) == (example,)
    assert repeated(*others, unclear, unclear, unclear) == ()
    assert repeated(*others, unclear, clear) == ()


@pytest.mark.parametrize(
    "wrong_already",
    [
        trial(ACCEPTED, FAIL, UNCLEAR, at(0.29)),
        trial(STARTER, PASS, FAIL),
        trial(REJECTED, FAIL, PASS),
        trial(REJECTED, UNCLEAR, PASS),
    ],
)
def test_what_is_wrong_already_is_graded_no_more(wrong_already: Trial) -> None:
    assert (
        repeated(
            *(right for right in RIGHT if right.example != wrong_already.example), wrong_already
        )
        == ()
    )


@pytest.mark.parametrize("outcome", [PASS, UNCLEAR])
def test_junk_is_never_graded_again(outcome: Outcome) -> None:
    assert repeated(*RIGHT[:3], trial(JUNK, outcome, outcome)) == ()


def test_what_broke_is_graded_no_more() -> None:
    assert (
        repeated(trial(STARTER, Outcome.BROKEN, NOT_RUN), trial(ACCEPTED, UNCLEAR, Outcome.BROKEN))
        == ()
    )


def test_an_example_of_which_nothing_is_declared_is_graded_no_more() -> None:
    assert (
        repeated(trial(Example(Kind.REJECTED, "new", Path("rejected/new.py"), None), UNCLEAR, PASS))
        == ()
    )


def test_more_rounds_than_three_need_no_more() -> None:
    assert repeated(*[trial(STARTER, FAIL, FAIL)] * 5) == ()
