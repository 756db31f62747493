"""The time limits that a chart shows."""

from collections.abc import Sequence

import pytest

from grader.evidence.claims import ClockClaim, Relation
from grader.evidence.run import Attempt
from grader.render.html.axis import Axis
from grader.render.html.limits import LIMITS_SHOWN, Limit, limits
from tests.judge.records import attempt, exchange, watch
from tests.render.runs import LIMIT_S, blocking_run


def clock(
    limit_s: float = 0.4,
    *,
    exchanges: tuple[int, ...] = (1,),
    relation: Relation = Relation.AT_MOST,
) -> ClockClaim:
    return ClockClaim(
        what="GET /x", exchanges=exchanges, relation=relation, limit_s=limit_s, watch=watch(0.1)
    )


def limits_of(claims: Sequence[ClockClaim]) -> tuple[Limit, ...]:
    made = attempt(exchanges=(exchange(1), exchange(2)), claims=tuple(claims))
    return limits(made, Axis(made))


def test_a_limit_is_where_its_time_is_over() -> None:
    burst: Attempt = blocking_run().checks[1].attempts[0]
    (limit,) = limits(burst, Axis(burst))
    assert limit.at_s == pytest.approx(LIMIT_S)
    assert (limit.limit_s, limit.what) == (LIMIT_S, "12 × GET /labels/801")


def test_the_same_limit_is_shown_once() -> None:
    assert limits_of([clock(0.4), clock(0.4), clock(0.5)]) == (
        Limit(0.4, 0.4, "GET /x"),
        Limit(0.5, 0.5, "GET /x"),
    )


@pytest.mark.parametrize(
    "claim", [clock(relation=Relation.AT_LEAST), clock(exchanges=(77,)), clock(exchanges=())]
)
def test_a_lower_limit_and_one_without_requests_are_not_shown(claim: ClockClaim) -> None:
    assert limits_of([claim]) == ()


def test_only_the_first_limits_of_many_are_shown() -> None:
    many = [clock(0.1 * i) for i in range(1, LIMITS_SHOWN + 3)]
    assert [limit.limit_s for limit in limits_of(many)] == [
        claim.limit_s for claim in many[:LIMITS_SHOWN]
    ]
