"""Records the claims of a check, each with its evidence, and ends the check at the first one that fails."""

import hashlib
import json
import math
import sys
from contextvars import ContextVar

from grader.evidence.claims import Claim, Relation
from grader.judge.claims import examine_claim
from grader.measure.recorder import Recorder

VALUE_CHARS = 4000
"""Maximum length of a value in the evidence."""

RECORDER: ContextVar[Recorder] = ContextVar("recorder")
"""The recorder of the current attempt; set before each check runs."""


class ClaimMissed(Exception):
    """A claim failed. It is the last one in the recorder.

    Args:
        by_clock: whether a busy machine could have caused it.
    """

    def __init__(self, by_clock: bool) -> None:
        super().__init__()
        self.by_clock = by_clock


def assert_claim(claim: Claim) -> None:
    """Record a claim and let the judge examine it.

    Raises:
        ClaimMissed: the claim is false.
    """
    recorder = RECORDER.get()
    recorder.add(claim)
    miss = examine_claim(claim, recorder.exchanges)
    if miss is not None:
        raise ClaimMissed(by_clock=not miss.is_certain)


def canonical(value: object) -> str:
    """A value as JSON with sorted keys. Beyond `VALUE_CHARS` it is cut, and its length and hash are appended."""
    # JSON may contain half of a surrogate pair, which UTF-8 cannot encode.
    text = (
        json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
        .encode(errors="backslashreplace")
        .decode()
    )
    if len(text) <= VALUE_CHARS:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[:VALUE_CHARS]}… {len(text)} characters, sha256 {digest}"


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
