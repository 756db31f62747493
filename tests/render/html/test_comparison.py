"""Two reports of the same kata, check by check."""

from typing import Any

import pytest
from msgspec.structs import replace

from grader.evidence.claims import Relation
from grader.findings import TooFast
from grader.render.html.comparison import Change, bar, compare
from grader.report import CheckResult, Outcome
from tests.render.runs import blocking_run, fixed_run, graded


def result(
    outcome: Outcome = Outcome.PASSED,
    *,
    name: str = "a",
    measured: float | None = 0.1,
    limit: float | None = 0.4,
    **parts: Any,
) -> CheckResult:
    return CheckResult(
        name=name, title=name, outcome=outcome, measured=measured, limit=limit, unit="s", **parts
    )


def test_each_check_says_how_its_outcome_changed() -> None:
    changes = compare(graded(blocking_run()).report, graded(fixed_run()).report)
    assert [change.word for change in changes] == ["passes, as before", "passes now", "passes now"]


@pytest.mark.parametrize(
    ("before", "now", "word"),
    [
        (Outcome.PASSED, Outcome.FAILED, "passed before"),
        (Outcome.FAILED, Outcome.FAILED, "as before"),
        (Outcome.INCONCLUSIVE, Outcome.PASSED, "passes now"),
        (None, Outcome.PASSED, "new"),
        (Outcome.PASSED, None, "gone"),
    ],
)
def test_words_for_a_change(before: Outcome | None, now: Outcome | None, word: str) -> None:
    sides = [result(outcome) if outcome is not None else None for outcome in (before, now)]
    assert Change("a", *sides).word == word


def test_a_check_that_only_one_report_has_is_kept() -> None:
    old, new = graded(blocking_run()).report, graded(fixed_run()).report
    kept = [change.title for change in compare(old, new)]
    fewer = replace(new, checks=new.checks[:1])
    assert sorted(change.title for change in compare(old, fewer)) == sorted(kept)


def test_the_bars_of_both_sides_share_a_scale() -> None:
    change = Change("a", result(Outcome.FAILED, measured=1.0), result(measured=0.2))
    sides = [bar(side, change.scale) for side in (change.before, change.now)]
    assert sides == [pytest.approx((1 / 1.1, 0.4 / 1.1)), pytest.approx((0.2 / 1.1, 0.4 / 1.1))]


@pytest.mark.parametrize(
    "undrawn",
    [
        result(measured=None),
        result(Outcome.NOT_RUN),
        result(relation=Relation.AT_LEAST),
        result(Outcome.FAILED, finding=TooFast(what="GET /x", measured_s=0.1, limit_s=0.4)),
    ],
)
def test_only_a_number_that_must_stay_below_a_limit_has_a_bar(undrawn: CheckResult) -> None:
    change = Change("a", undrawn, undrawn)
    assert change.scale is None
    assert bar(change.now, change.scale) is None
