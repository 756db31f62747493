"""Where the system does not report waits for a core (macOS), rounds in turn with the reference decide.

On a machine that is too busy for that a verdict is inconclusive, more often than on Linux.
"""

import pytest

from grader.catalog.find import find_catalog
from grader.evidence.run import Subject
from grader.grading.grade import grade
from grader.judge.rule import own_s
from grader.report import Outcome, Verdict

pytestmark = pytest.mark.slow

SLEEPY = find_catalog().kata("sleepy-handler")


@pytest.fixture(autouse=True)
def nothing_in_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide schedstat from the sampler, as on a system that lacks it."""
    monkeypatch.setattr("grader.measure.sampler._schedstat", lambda path: None)


def test_a_right_solution_does_not_fail() -> None:
    assert (
        grade(SLEEPY, SLEEPY.folder / "accepted" / "plain_def.py").report.verdict
        is not Verdict.FAILED
    )


def test_a_blocking_solution_is_compared_with_the_reference_in_turn() -> None:
    graded = grade(SLEEPY, SLEEPY.starter)
    report = graded.report
    assert report.verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE)
    assert {check.name for check in report.checks if check.outcome is not Outcome.PASSED} == set(
        SLEEPY.starter_fails
    )
    attempts = [attempt for check in graded.run.checks for attempt in check.attempts]
    assert any(attempt.subject is Subject.REFERENCE for attempt in attempts)
    assert all(attempt.watch is None or own_s(attempt.watch) is None for attempt in attempts)
