"""The number that decided a check."""

from typing import Any

import pytest

from grader.evidence.claims import Relation
from grader.evidence.run import Attempt
from grader.evidence.traffic import ExchangeError
from grader.findings import (
    Crashed,
    Finding,
    GateNotOpened,
    Hung,
    HungAtStart,
    LimitExceeded,
    Mishap,
    NoAnswer,
    NothingAsserted,
    TooFast,
    TooSlow,
    WrongCount,
    WrongStatus,
    WrongValue,
)
from grader.judge.attempts import exchanges_by_id
from grader.judge.figures import Figures, figures_of_finding, figures_of_pass
from tests.findings import KINDS, finding_of
from tests.judge.records import answered, counted, exchange, gated, timed

FIGURES: dict[Any, Figures] = {
    Crashed: Figures(),
    HungAtStart: Figures(1.0, 1.0, "s"),
    LimitExceeded: Figures(2.0, 1.0),
    Hung: Figures(1.0, 1.0, "s"),
    NoAnswer: Figures(1.0, 1.0, "s"),
    WrongStatus: Figures(),
    WrongValue: Figures(),
    WrongCount: Figures(1.0, 2.0, "x", Relation.EQUALS),
    TooSlow: Figures(2.0, 1.0, "s"),
    TooFast: Figures(1.0, 2.0, "s"),
    GateNotOpened: Figures(1, 2),
    Mishap: Figures(),
    NothingAsserted: Figures(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_finding_has_its_figures(kind: type[Finding]) -> None:
    assert figures_of_finding(finding_of("x", kind)) == FIGURES[kind]


def test_a_connection_that_was_closed_has_no_time() -> None:
    closed = NoAnswer(request="GET /x", reason=ExchangeError.CLOSED, waited_s=0.2, count=1, total=1)
    assert figures_of_finding(closed) == Figures(unit="s")


@pytest.mark.parametrize(
    ("attempt", "figures"),
    [
        (timed(0.1), Figures(0.1, 0.4, "s")),
        (counted(1), Figures(1, 2, "", Relation.AT_MOST)),
        (gated(3), Figures(3, 3, "", Relation.AT_LEAST)),
        (answered(exchange()), Figures()),
    ],
)
def test_a_pass_turns_on_its_clock_its_count_or_its_gate(
    attempt: Attempt, figures: Figures
) -> None:
    assert figures_of_pass(attempt, exchanges_by_id(attempt)) == figures
