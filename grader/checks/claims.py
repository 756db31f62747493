"""Records the claims of a check, each with its evidence, and ends the check at the first one that fails."""

import json
import math
import sys
from contextvars import ContextVar

from grader.evidence.claims import Claim, Relation
from grader.measure.claims import ClaimMissed, canonical, state_claim
from grader.measure.recorder import Recorder

__all__ = ["RECORDER", "ClaimMissed", "assert_claim", "canonical", "finite", "parsed"]

RECORDER: ContextVar[Recorder] = ContextVar("recorder")
"""The recorder of the current attempt; set before each check runs."""


def assert_claim(claim: Claim) -> None:
    """Record a claim and let the judge examine it.

    Raises:
        ClaimMissed: the claim is false.
    """
    state_claim(RECORDER.get(), claim)


def parsed(body: bytes) -> object:
    """The JSON in an answer's body, or the text "not JSON: …"."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return f"not JSON: {body[:200].decode(errors='replace')}"


def finite(number: float, relation: Relation) -> float:
    """A finite float for the evidence. Infinity becomes the largest float, and not-a-number a value that fails the
    claim.

    Checks take numbers from answers, and Python's JSON decoder accepts `NaN`, `Infinity` and integers of any length.
    """
    try:
        value = float(number)
    except OverflowError:
        value = math.inf if number > 0 else -math.inf
    if math.isnan(value):
        return -sys.float_info.max if relation is Relation.AT_LEAST else sys.float_info.max
    return max(-sys.float_info.max, min(sys.float_info.max, value))
