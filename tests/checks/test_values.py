"""What a check can expect of a number, and of any other value."""

import math

import msgspec
import pytest

from grader.checks.claims import ClaimMissed
from grader.checks.values import NumberExpectation, ValueExpectation
from grader.evidence.claims import Claim, CountClaim
from grader.measure.recorder import Recorder


def the_claim(recorder: Recorder) -> CountClaim:
    """The only claim, after it was saved and loaded."""
    (claim,) = recorder.claims
    loaded = msgspec.json.decode(msgspec.json.encode(claim), type=Claim)
    assert loaded == claim
    assert isinstance(loaded, CountClaim)
    return loaded


@pytest.mark.parametrize(
    ("relation", "right", "wrong"),
    [("equals", 3, 2), ("at_most", 2, 4), ("at_least", 4, 2)],
)
def test_a_number_is_compared_with_its_limit(
    recorder: Recorder, relation: str, right: int, wrong: int
) -> None:
    made = NumberExpectation(right, "pieces", "kg")
    assert getattr(made, relation)(3) is made
    with pytest.raises(ClaimMissed):
        getattr(NumberExpectation(wrong, "pieces", "kg"), relation)(3)
    assert [claim.unit for claim in recorder.claims if isinstance(claim, CountClaim)] == ["kg"] * 2


@pytest.mark.parametrize("relation", ["equals", "at_least"])
def test_a_number_that_a_late_solution_may_miss_is_marked(
    recorder: Recorder, relation: str
) -> None:
    getattr(NumberExpectation(3, "pieces", ""), relation)(3, late=True)
    assert the_claim(recorder).late


@pytest.mark.parametrize("number", [math.nan, math.inf, 10**400])
@pytest.mark.parametrize("relation", ["equals", "at_most"])
def test_a_number_beyond_all_floats_is_too_large_and_can_be_saved(
    recorder: Recorder, number: float, relation: str
) -> None:
    with pytest.raises(ClaimMissed):
        getattr(NumberExpectation(number, "pieces", ""), relation)(3)
    assert the_claim(recorder).measured > 3


@pytest.mark.parametrize("number", [math.nan, -math.inf, -(10**400)])
def test_not_a_number_is_never_enough(recorder: Recorder, number: float) -> None:
    with pytest.raises(ClaimMissed):
        NumberExpectation(number, "pieces", "").at_least(3)
    assert the_claim(recorder).measured < 3


@pytest.mark.usefixtures("attempt")
def test_a_value_is_compared_as_json() -> None:
    made = ValueExpectation({"a": (1, 2)}, "the order")
    assert made.equals({"a": [1, 2]}) is made
    with pytest.raises(ClaimMissed):
        made.equals({"a": [2, 1]})
