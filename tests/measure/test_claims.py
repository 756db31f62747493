"""How a claim is stated below the check API."""

import pytest

from grader.evidence.claims import CountClaim, Relation
from grader.measure.attempt import AttemptContext
from grader.measure.claims import ClaimMissed, canonical, state_claim


def count(measured: float) -> CountClaim:
    return CountClaim(what="calls", measured=measured, relation=Relation.EQUALS, limit=1.0)


def test_a_false_claim_is_recorded_and_ends_the_check(attempt: AttemptContext) -> None:
    state_claim(attempt.recorder, count(1.0))
    with pytest.raises(ClaimMissed) as missed:
        state_claim(attempt.recorder, count(2.0))
    assert not missed.value.by_clock
    assert attempt.recorder.claims == (count(1.0), count(2.0))


def test_values_that_are_equal_as_json_have_one_form() -> None:
    assert canonical({"b": 1, "a": (2,)}) == canonical({"a": [2], "b": 1})
