"""`expect`: states what must hold, in the words of a check.

Each call records a claim with its evidence and lets the judge examine it at once; a claim that does not hold ends the
check. The same claims are judged again when a saved run is replayed.
"""

import hashlib
import json
import math
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, overload

from grader.evidence.claims import Claim, ClockClaim, CountClaim, Relation, StatusClaim, ValueClaim
from grader.evidence.traffic import ExchangeError
from grader.judge.claims import examine_claim
from grader.load.client import Answer, Crowd
from grader.measure.recorder import Recorder

VALUE_CHARS = 4000
"""How much of a value goes into the evidence."""

RECORDER: ContextVar[Recorder] = ContextVar("recorder")
"""The record of the attempt under way; set by the plugin around each check."""


class ClaimMissed(Exception):
    """A claim did not hold; it is the last one in the recorder. `by_clock`: noise could have caused it."""

    def __init__(self, by_clock: bool) -> None:
        super().__init__()
        self.by_clock = by_clock


def _state(claim: Claim) -> None:
    recorder = RECORDER.get()
    recorder.add(claim)
    finding = examine_claim(claim, recorder.exchanges)
    if finding is not None:
        raise ClaimMissed(finding.by_clock)


def _canonical(value: object) -> str:
    # Half of a surrogate pair is valid JSON and no valid Unicode: it could not be saved.
    text = (
        json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
        .encode(errors="backslashreplace")
        .decode()
    )
    return (
        text
        if len(text) <= VALUE_CHARS
        else f"{text[:VALUE_CHARS]}… {len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()}"
    )


def _parsed(answer: Answer) -> object:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return f"not JSON: {answer.body[:200].decode(errors='replace')}"


class AnswerExpectation:
    """What one answer must be; each method returns the expectation, to be chained."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def status(
        self, *allowed: int, late: int | None = None, not_before_s: float = 0.0
    ) -> "AnswerExpectation":
        """Answered in full, with one of these statuses.

        Args:
            allowed: the right statuses.
            late: the status by which the app says that a deadline of its own has passed. On a machine that is known to
                be busy it is no proof against the app; needs `own_deadline_s` in kata.toml.
            not_before_s: a late status that comes earlier than this is wrong whatever the machine.
        """
        _state(
            StatusClaim(
                exchanges=(self._answer.exchange.id,),
                allowed=allowed,
                watch=self._answer.watch,
                late=() if late is None else (late,),
                not_before_s=not_before_s,
            )
        )
        return self

    def json(self, wanted: object, *, late: object = None) -> "AnswerExpectation":
        """The body is exactly this JSON.

        Args:
            wanted: the right body.
            late: the body that a right app gives when a deadline of its own has passed; as for `status`.
        """
        seen = _canonical(_parsed(self._answer))
        _state(
            ValueClaim(
                what="the body",
                wanted=_canonical(wanted),
                seen=seen,
                exchange=self._answer.exchange.id,
                late=None if late is None else _canonical(late),
            )
        )
        return self

    def field(self, name: str, wanted: object) -> "AnswerExpectation":
        """The body is a JSON object that has this value under this name."""
        body = _parsed(self._answer)
        seen = _canonical(body[name]) if isinstance(body, dict) and name in body else "missing"
        _state(
            ValueClaim(
                what=f"`{name}`",
                wanted=_canonical(wanted),
                seen=seen,
                exchange=self._answer.exchange.id,
            )
        )
        return self

    def within(self, limit_s: float) -> "AnswerExpectation":
        """The whole answer came within so many seconds. Margins: 3 × what right apps take; wrong ones take 1.5 × the
        limit.
        """
        return self._clock(Relation.AT_MOST, limit_s)

    def at_least(self, limit_s: float) -> "AnswerExpectation":
        """The answer took so long: the work was really done."""
        return self._clock(Relation.AT_LEAST, limit_s)

    def _clock(self, relation: Relation, limit_s: float) -> "AnswerExpectation":
        exchange = self._answer.exchange
        what = f"{exchange.method} {exchange.path}"
        _state(
            ClockClaim(
                what=what,
                exchanges=(exchange.id,),
                relation=relation,
                limit_s=limit_s,
                watch=self._answer.watch,
            )
        )
        return self


class CrowdExpectation:
    """What the answers to a crowd must be; each method returns the expectation, to be chained."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd

    def statuses(self, *allowed: int) -> "CrowdExpectation":
        """All answered in full, each with one of these statuses."""
        _state(
            StatusClaim(
                exchanges=self._crowd.burst.exchanges,
                allowed=allowed,
                watch=self._crowd.burst.watch,
            )
        )
        return self

    def json(self, wanted: Callable[[Answer], object]) -> "CrowdExpectation":
        """Each body is exactly the JSON that this function makes for it."""
        for answer in self._whole:
            AnswerExpectation(answer).json(wanted(answer))
        return self

    def within(self, limit_s: float, *, alone_s: float | None = None) -> "CrowdExpectation":
        """All together were answered within so many seconds.

        Args:
            limit_s: leaves right apps 3 × what they need beyond `alone_s`; wrong ones take 1.5 × the limit.
            alone_s: what one request alone takes; explains a miss, and is no part of the margin's factor.
        """
        first = self._crowd.answers[0].exchange
        self._clock(
            f"{len(self._crowd)} × {first.method} {first.path}",
            self._crowd.burst.exchanges,
            Relation.AT_MOST,
            limit_s,
            alone_s,
        )
        return self

    def each_within(self, limit_s: float) -> "CrowdExpectation":
        """Each was answered within so many seconds of its own planned moment: the slowest is what counts."""
        self._one(max(self._crowd, key=lambda answer: answer.elapsed_s), Relation.AT_MOST, limit_s)
        return self

    def each_at_least(self, limit_s: float) -> "CrowdExpectation":
        """Each took so long, so the work was really done for every one: the fastest is what counts."""
        if self._whole:
            self._one(
                min(self._whole, key=lambda answer: answer.elapsed_s), Relation.AT_LEAST, limit_s
            )
        return self

    @property
    def _whole(self) -> list[Answer]:
        """The answers that the grader did not cut off itself."""
        return [
            answer for answer in self._crowd if answer.exchange.error is not ExchangeError.CUT_OFF
        ]

    def _one(self, answer: Answer, relation: Relation, limit_s: float) -> None:
        self._clock(
            f"{answer.exchange.method} {answer.exchange.path}",
            (answer.exchange.id,),
            relation,
            limit_s,
        )

    def _clock(
        self,
        what: str,
        exchanges: tuple[int, ...],
        relation: Relation,
        limit_s: float,
        alone_s: float | None = None,
    ) -> None:
        burst = self._crowd.burst
        _state(
            ClockClaim(
                what=what,
                exchanges=exchanges,
                burst=burst.id,
                relation=relation,
                limit_s=limit_s,
                alone_s=alone_s,
                watch=burst.watch,
            )
        )


class NumberExpectation:
    """What a count must be; each method returns the expectation, to be chained."""

    def __init__(self, number: float, what: str, unit: str) -> None:
        self._number = number
        self._what = what
        self._unit = unit

    def equals(self, limit: float, *, late: bool = False) -> "NumberExpectation":
        """Exactly so many; with `late`, a deadline that the solution keeps itself can change that on a busy machine."""
        return self._count(Relation.EQUALS, limit, late)

    def at_most(self, limit: float) -> "NumberExpectation":
        """So many or fewer."""
        return self._count(Relation.AT_MOST, limit)

    def at_least(self, limit: float, *, late: bool = False) -> "NumberExpectation":
        """So many or more; `late` as for `equals`."""
        return self._count(Relation.AT_LEAST, limit, late)

    def _count(self, relation: Relation, limit: float, late: bool = False) -> "NumberExpectation":
        measured = _finite(self._number, relation)
        _state(
            CountClaim(
                what=self._what,
                measured=measured,
                relation=relation,
                limit=float(limit),
                unit=self._unit,
                late=late,
            )
        )
        return self


def _finite(number: float, relation: Relation) -> float:
    """The number as evidence can hold it; what is no number, or beyond all numbers, misses as it would by itself.

    A check may have it from an answer, and JSON as Python reads it has `NaN`, `Infinity` and integers of any length.
    """
    try:
        value = float(number)
    except OverflowError:
        value = math.inf if number > 0 else -math.inf
    if math.isnan(value):
        return -sys.float_info.max if relation is Relation.AT_LEAST else sys.float_info.max
    return max(-sys.float_info.max, min(sys.float_info.max, value))


class ValueExpectation:
    """What any other value must be."""

    def __init__(self, value: object, what: str) -> None:
        self._value = value
        self._what = what

    def equals(self, wanted: object) -> "ValueExpectation":
        """Equal as JSON."""
        _state(ValueClaim(what=self._what, wanted=_canonical(wanted), seen=_canonical(self._value)))
        return self


@overload
def expect(seen: Answer) -> AnswerExpectation: ...
@overload
def expect(seen: Crowd) -> CrowdExpectation: ...
@overload
def expect(seen: float, what: str, unit: str = "") -> NumberExpectation: ...
@overload
def expect(seen: str | Sequence[object] | dict[str, object], what: str) -> ValueExpectation: ...
def expect(seen: Any, what: str = "", unit: str = "") -> Any:
    """State what must hold of something that was seen.

    Args:
        seen: an answer, a crowd's answers, a count, or any other value.
        what: for counts and values: what it is, in the learner's words: "connections opened to the upstream".
        unit: of a count, if it has one.
    """
    if isinstance(seen, Answer):
        return AnswerExpectation(seen)
    if isinstance(seen, Crowd):
        return CrowdExpectation(seen)
    if not what:
        raise TypeError(
            "expect() needs to be told what this value is: expect(value, 'connections opened to the upstream')"
        )
    if isinstance(seen, int | float):
        return NumberExpectation(seen, what, unit)
    return ValueExpectation(seen, what)
