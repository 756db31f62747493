"""The expectations for the solution's answers: to one request, or to a crowd."""

from collections.abc import Callable

from grader.checks.claims import assert_claim, canonical, parsed
from grader.evidence.claims import ClockClaim, Relation, StatusClaim, ValueClaim
from grader.evidence.traffic import ExchangeError
from grader.load.answers import Answer, Crowd


class AnswerExpectation:
    """States what one answer must be. Methods return the expectation, so that calls can be chained."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def status(
        self, *allowed: int, late: int | None = None, not_before_s: float = 0.0
    ) -> "AnswerExpectation":
        """The answer is complete and has one of these statuses.

        Args:
            allowed: the right statuses.
            late: the status with which a right app reports that a deadline it enforces itself has passed. On a busy
                machine it counts against the app only if the app had clearly more time of its own than the reference
                needs. Needs `own_deadline_s` in kata.toml.
            not_before_s: a late status that comes earlier is wrong however busy the machine is.
        """
        assert_claim(
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
            late: the body that a right app returns once a deadline that it enforces itself has passed; see `status`.
        """
        seen = canonical(parsed(self._answer.body))
        assert_claim(
            ValueClaim(
                what="the body",
                wanted=canonical(wanted),
                seen=seen,
                exchange=self._answer.exchange.id,
                late=None if late is None else canonical(late),
            )
        )
        return self

    def field(self, name: str, wanted: object) -> "AnswerExpectation":
        """The body is a JSON object with this value under this name."""
        body = parsed(self._answer.body)
        seen = canonical(body[name]) if isinstance(body, dict) and name in body else "missing"
        assert_claim(
            ValueClaim(
                what=f"`{name}`",
                wanted=canonical(wanted),
                seen=seen,
                exchange=self._answer.exchange.id,
            )
        )
        return self

    def within(self, limit_s: float) -> "AnswerExpectation":
        """The whole answer arrived within this many seconds. Choose a limit of at least 3 × what right apps need; wrong
        apps must take 1.5 × the limit.
        """
        return self._clock(Relation.AT_MOST, limit_s)

    def at_least(self, limit_s: float) -> "AnswerExpectation":
        """The answer took at least this many seconds, so the app really did the work."""
        return self._clock(Relation.AT_LEAST, limit_s)

    def _clock(self, relation: Relation, limit_s: float) -> "AnswerExpectation":
        exchange = self._answer.exchange
        what = f"{exchange.method} {exchange.path}"
        assert_claim(
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
    """States what the answers to a crowd must be. Methods return the expectation, so that calls can be chained."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd

    def statuses(self, *allowed: int) -> "CrowdExpectation":
        """All answers are complete, each with one of these statuses."""
        assert_claim(
            StatusClaim(
                exchanges=self._crowd.burst.exchanges,
                allowed=allowed,
                watch=self._crowd.burst.watch,
            )
        )
        return self

    def json(self, wanted: Callable[[Answer], object]) -> "CrowdExpectation":
        """Each body is exactly the JSON that this function returns for the answer."""
        for answer in self._whole:
            AnswerExpectation(answer).json(wanted(answer))
        return self

    def within(self, limit_s: float, *, alone_s: float | None = None) -> "CrowdExpectation":
        """All answers arrived within this many seconds of the first planned request.

        Args:
            limit_s: at least `alone_s` plus 3 × what right apps need beyond it; wrong apps must take 1.5 × the limit.
            alone_s: how long one request alone takes; explains a miss.
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
        """Each answer arrived within this many seconds of its own planned request."""
        self._clock_one(
            max(self._crowd, key=lambda answer: answer.elapsed_s), Relation.AT_MOST, limit_s
        )
        return self

    def each_at_least(self, limit_s: float) -> "CrowdExpectation":
        """Each answer took at least this many seconds, so the app really did the work for each visitor."""
        if self._whole:
            self._clock_one(
                min(self._whole, key=lambda answer: answer.elapsed_s), Relation.AT_LEAST, limit_s
            )
        return self

    @property
    def _whole(self) -> list[Answer]:
        """The answers that the grader did not cut off."""
        return [
            answer for answer in self._crowd if answer.exchange.error is not ExchangeError.CUT_OFF
        ]

    def _clock_one(self, answer: Answer, relation: Relation, limit_s: float) -> None:
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
        assert_claim(
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
