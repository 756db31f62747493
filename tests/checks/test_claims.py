"""How claims are recorded, and what ends a check."""

import math
import sys

import pytest

from grader.checks.claims import ClaimMissed, assert_claim, canonical, finite, parsed
from grader.evidence.claims import ClockClaim, CountClaim, Relation
from grader.measure.attempt import AttemptContext
from grader.measure.claims import VALUE_CHARS
from tests.checks.records import WATCH, answer

LARGEST = sys.float_info.max


def count(measured: float) -> CountClaim:
    return CountClaim(what="calls", measured=measured, relation=Relation.EQUALS, limit=1.0)


def test_a_claim_that_passes_is_recorded(attempt: AttemptContext) -> None:
    assert_claim(count(1.0))
    assert attempt.recorder.claims == (count(1.0),)


def test_a_claim_that_fails_is_recorded_and_ends_the_check(attempt: AttemptContext) -> None:
    with pytest.raises(ClaimMissed) as missed:
        assert_claim(count(2.0))
    assert attempt.recorder.claims == (count(2.0),)
    assert not missed.value.by_clock


def test_a_missed_time_limit_may_be_the_machine_s_fault(attempt: AttemptContext) -> None:
    slow = answer(attempt, took_s=1.0)
    claim = ClockClaim(
        what="GET /x",
        exchanges=(slow.exchange.id,),
        relation=Relation.AT_MOST,
        limit_s=0.5,
        watch=WATCH,
    )
    with pytest.raises(ClaimMissed) as missed:
        assert_claim(claim)
    assert missed.value.by_clock


def test_values_that_are_equal_as_json_have_one_form() -> None:
    assert canonical({"b": 1, "a": (2, "é")}) == canonical({"a": [2, "é"], "b": 1})


def test_a_long_value_is_shortened_and_still_told_from_others() -> None:
    one, other = canonical("x" * 10_000), canonical("x" * 9_999 + "y")
    assert one != other
    assert len(one) < VALUE_CHARS + 200
    assert "10002 characters" in one


def test_half_a_character_can_be_saved() -> None:
    assert canonical("\ud800").encode() == b'"\\ud800"'


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_a_text_that_says_so(body: bytes) -> None:
    text = parsed(body)
    assert isinstance(text, str)
    assert text.startswith("not JSON: ")


@pytest.mark.parametrize(
    ("number", "relation", "seen"),
    [
        (2, Relation.EQUALS, 2.0),
        (True, Relation.EQUALS, 1.0),
        (math.inf, Relation.AT_MOST, LARGEST),
        (-math.inf, Relation.AT_LEAST, -LARGEST),
        (10**400, Relation.EQUALS, LARGEST),
        (-(10**400), Relation.EQUALS, -LARGEST),
        (math.nan, Relation.AT_MOST, LARGEST),
        (math.nan, Relation.EQUALS, LARGEST),
        (math.nan, Relation.AT_LEAST, -LARGEST),
    ],
)
def test_any_number_becomes_one_that_json_can_hold(
    number: float, relation: Relation, seen: float
) -> None:
    assert finite(number, relation) == seen
