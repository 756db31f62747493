"""What a check can expect of one answer, and of the answers to a crowd."""

from collections.abc import Callable

import pytest

from grader.checks.answers import AnswerExpectation, CrowdExpectation
from grader.checks.claims import ClaimMissed
from grader.evidence.claims import ClockClaim, Relation, StatusClaim, ValueClaim
from grader.evidence.traffic import ExchangeError
from grader.measure.attempt import AttemptContext
from tests.checks.records import answer, crowd


def missed(state: Callable[[], object]) -> bool:
    """Whether what is stated fails."""
    try:
        state()
    except ClaimMissed:
        return True
    return False


# ---- one answer ---------------------------------------------------------------------------------


def test_any_of_the_allowed_statuses_passes(attempt: AttemptContext) -> None:
    made = AnswerExpectation(answer(attempt, status=404))
    made.status(200, 404)
    assert missed(lambda: made.status(200))


def test_a_missing_answer_has_no_status(attempt: AttemptContext) -> None:
    closed = AnswerExpectation(answer(attempt, status=None, error=ExchangeError.CLOSED))
    assert missed(lambda: closed.status(200))


def test_a_late_status_fails_but_is_marked(attempt: AttemptContext) -> None:
    made = AnswerExpectation(answer(attempt, status=504))
    assert missed(lambda: made.status(200, late=504, not_before_s=0.05))
    (claim,) = attempt.recorder.claims
    assert isinstance(claim, StatusClaim)
    assert (claim.late, claim.not_before_s) == ((504,), 0.05)


def test_the_body_is_compared_as_json(attempt: AttemptContext) -> None:
    made = AnswerExpectation(answer(attempt, b'{"b": 2, "a": [1]}'))
    made.json({"a": [1], "b": 2})
    assert missed(lambda: made.json({"a": [1]}))
    assert missed(lambda: AnswerExpectation(answer(attempt, b"oops")).json({}))


def test_the_late_body_is_marked(attempt: AttemptContext) -> None:
    made = AnswerExpectation(answer(attempt, b'"gave up"'))
    assert missed(lambda: made.json("done", late="gave up"))
    (claim,) = attempt.recorder.claims
    assert isinstance(claim, ValueClaim)
    assert claim.late == claim.seen


def test_one_field_of_the_body_is_compared(attempt: AttemptContext) -> None:
    made = AnswerExpectation(answer(attempt, b'{"a": 1, "b": null}'))
    made.field("a", 1).field("b", None)
    assert missed(lambda: made.field("a", 2))
    assert missed(lambda: made.field("c", None))
    assert missed(lambda: AnswerExpectation(answer(attempt, b"[1]")).field("a", 1))


def test_an_answer_has_an_upper_and_a_lower_limit_of_time(attempt: AttemptContext) -> None:
    made = AnswerExpectation(answer(attempt, took_s=0.5))
    made.within(0.5).at_least(0.5)
    assert missed(lambda: made.within(0.4))
    assert missed(lambda: made.at_least(0.6))


# ---- a crowd ------------------------------------------------------------------------------------


def test_every_answer_of_a_crowd_must_have_an_allowed_status(attempt: AttemptContext) -> None:
    CrowdExpectation(crowd(attempt, answer(attempt), answer(attempt))).statuses(200)
    mixed = CrowdExpectation(crowd(attempt, answer(attempt), answer(attempt, status=500)))
    assert missed(lambda: mixed.statuses(200))


def test_every_body_of_a_crowd_is_compared_with_its_own(attempt: AttemptContext) -> None:
    answers = [answer(attempt, body) for body in (b"1", b"2")]
    made = CrowdExpectation(crowd(attempt, *answers))
    made.json(lambda one: int(one.body))
    assert missed(lambda: made.json(lambda one: 1))


def test_an_answer_that_the_grader_cut_off_has_no_body_to_compare(attempt: AttemptContext) -> None:
    cut = answer(attempt, b"", status=None, error=ExchangeError.CUT_OFF)
    CrowdExpectation(crowd(attempt, answer(attempt, b"1"), cut)).json(lambda one: 1)
    assert len(attempt.recorder.claims) == 1


def test_a_crowd_s_time_ends_with_its_last_answer(attempt: AttemptContext) -> None:
    made = CrowdExpectation(
        crowd(attempt, answer(attempt, took_s=0.1), answer(attempt, took_s=0.5))
    )
    made.within(0.5, alone_s=0.1)
    assert missed(lambda: made.within(0.4))
    claim = attempt.recorder.claims[0]
    assert isinstance(claim, ClockClaim)
    assert (claim.what, claim.alone_s, claim.relation) == ("2 × GET /x", 0.1, Relation.AT_MOST)


def test_the_slowest_must_be_within_the_limit_and_the_fastest_above_it(
    attempt: AttemptContext,
) -> None:
    made = CrowdExpectation(
        crowd(attempt, answer(attempt, took_s=0.2), answer(attempt, took_s=0.5))
    )
    made.each_within(0.5).each_at_least(0.2)
    assert missed(lambda: made.each_within(0.4))
    assert missed(lambda: made.each_at_least(0.3))


def test_the_shortest_time_is_not_that_of_an_answer_that_was_cut_off(
    attempt: AttemptContext,
) -> None:
    cut = answer(attempt, status=None, took_s=0.1, error=ExchangeError.CUT_OFF)
    CrowdExpectation(crowd(attempt, cut, answer(attempt, took_s=0.5))).each_at_least(0.4)
    CrowdExpectation(crowd(attempt, cut)).each_at_least(0.4)
    assert len(attempt.recorder.claims) == 1


@pytest.mark.parametrize("name", ["statuses", "each_within", "within"])
def test_expectations_of_a_crowd_can_be_chained(attempt: AttemptContext, name: str) -> None:
    made = CrowdExpectation(crowd(attempt, answer(attempt)))
    assert getattr(made, name)(200) is made
