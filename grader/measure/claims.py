"""States a claim: records it, lets the judge examine it, and ends the check if it is false."""

import hashlib
import json

from grader.evidence.claims import Claim
from grader.judge.claims import examine_claim
from grader.measure.recorder import Recorder

VALUE_CHARS = 4000
"""Maximum length of a value in the evidence."""


class ClaimMissed(Exception):
    """A claim failed. It is the last one in the recorder.

    Args:
        by_clock: whether a busy machine could have caused it.
    """

    def __init__(self, by_clock: bool) -> None:
        super().__init__()
        self.by_clock = by_clock


def state_claim(recorder: Recorder, claim: Claim) -> None:
    """Record a claim and let the judge examine it.

    Raises:
        ClaimMissed: the claim is false.
    """
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
