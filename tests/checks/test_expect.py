"""What `expect` puts into the evidence."""

import math

import msgspec
import pytest

from grader.checks.claims import ClaimMissed
from grader.checks.expect import expect
from grader.evidence.claims import Claim, CountClaim
from grader.measure.recorder import Recorder


@pytest.mark.parametrize("number", [math.nan, math.inf, 10**400])
@pytest.mark.parametrize("relation", ["equals", "at_most"])
def test_a_number_beyond_all_numbers_is_none_that_is_wanted(
    recorder: Recorder, number: float, relation: str
) -> None:
    with pytest.raises(ClaimMissed):
        getattr(expect(number, "pieces"), relation)(3)
    assert can_be_read_again(recorder)


@pytest.mark.parametrize("number", [math.nan, -math.inf, -(10**400)])
def test_what_is_no_number_is_not_enough_either(recorder: Recorder, number: float) -> None:
    with pytest.raises(ClaimMissed):
        expect(number, "pieces").at_least(3)
    assert can_be_read_again(recorder)


def test_true_counts_as_one(recorder: Recorder) -> None:
    expect(True, "pieces").equals(1)
    assert can_be_read_again(recorder)


def can_be_read_again(recorder: Recorder) -> bool:
    """Whether the claim is evidence that can be saved."""
    (claim,) = recorder.claims
    assert isinstance(claim, CountClaim)
    return msgspec.json.decode(msgspec.json.encode(claim), type=Claim) == claim
