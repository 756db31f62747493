"""The expectations for numbers and all other values that are not answers."""

from grader.checks.claims import assert_claim, canonical, finite
from grader.evidence.claims import CountClaim, Relation, ValueClaim


class NumberExpectation:
    """States what a number must be. Methods return the expectation, so that calls can be chained."""

    def __init__(self, number: float, what: str, unit: str) -> None:
        self._number = number
        self._what = what
        self._unit = unit

    def equals(self, limit: float, *, late: bool = False) -> "NumberExpectation":
        """The number is exactly this.

        Args:
            limit: the right number.
            late: on a busy machine, a deadline that the solution enforces itself can change the number.
        """
        return self._count(Relation.EQUALS, limit, late)

    def at_most(self, limit: float) -> "NumberExpectation":
        """The number is at most this."""
        return self._count(Relation.AT_MOST, limit)

    def at_least(self, limit: float, *, late: bool = False) -> "NumberExpectation":
        """The number is at least this.

        Args:
            limit: the smallest right number.
            late: see `equals`.
        """
        return self._count(Relation.AT_LEAST, limit, late)

    def _count(self, relation: Relation, limit: float, late: bool = False) -> "NumberExpectation":
        measured = finite(self._number, relation)
        assert_claim(
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


class ValueExpectation:
    """States what any other value must be."""

    def __init__(self, value: object, what: str) -> None:
        self._value = value
        self._what = what

    def equals(self, wanted: object) -> "ValueExpectation":
        """The value is equal to this one as JSON."""
        assert_claim(
            ValueClaim(what=self._what, wanted=canonical(wanted), seen=canonical(self._value))
        )
        return self
