"""`expect` gives the expectation that fits what was seen."""

import pytest

from grader.checks.answers import AnswerExpectation, CrowdExpectation
from grader.checks.expect import expect
from grader.checks.values import NumberExpectation, ValueExpectation
from grader.measure.attempt import AttemptContext
from tests.checks.records import answer, crowd


def test_an_answer_and_a_crowd_need_no_name(attempt: AttemptContext) -> None:
    assert isinstance(expect(answer(attempt)), AnswerExpectation)
    assert isinstance(expect(crowd(attempt, answer(attempt))), CrowdExpectation)


@pytest.mark.parametrize("number", [3, 0.5, True])
def test_a_number_is_compared_by_its_size(number: float) -> None:
    assert isinstance(expect(number, "pieces", "kg"), NumberExpectation)


@pytest.mark.parametrize("value", ["text", ["a"], {"a": 1}])
def test_any_other_value_is_compared_as_json(value: str | list[str] | dict[str, object]) -> None:
    assert isinstance(expect(value, "the order"), ValueExpectation)


@pytest.mark.parametrize("value", [3, "text"])
def test_a_value_without_a_name_is_refused(value: int | str) -> None:
    with pytest.raises(TypeError, match="needs a name for this value"):
        expect(value, "")


@pytest.mark.usefixtures("attempt")
def test_true_counts_as_one() -> None:
    expect(True, "pieces").equals(1)
