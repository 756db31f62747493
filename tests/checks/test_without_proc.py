"""Where the system does not tell who waited for a core (macOS), rounds in turn with the reference decide.

A machine that is too busy for that makes a verdict inconclusive, here more often than elsewhere.
"""

from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.evidence.files import load_run
from grader.evidence.model import Subject
from grader.grading.grade import Settings, grade
from grader.report import Outcome, Verdict

pytestmark = pytest.mark.slow

SLEEPY = find_catalog().kata("sleepy-handler")


@pytest.fixture(autouse=True)
def nothing_in_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take schedstat away from the sampler, as on a system without it."""
    monkeypatch.setattr("grader.harness.sampler._schedstat", lambda path: None)


def test_a_right_solution_is_not_refused() -> None:
    assert grade(SLEEPY, SLEEPY.folder / "accepted" / "plain_def.py").verdict is not Verdict.FAILED


def test_a_blocking_solution_is_held_against_the_reference_in_turn(tmp_path: Path) -> None:
    report = grade(SLEEPY, SLEEPY.starter, Settings(runs_folder=tmp_path))
    assert report.verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE)
    assert {check.name for check in report.checks if check.outcome is not Outcome.PASSED} == set(SLEEPY.starter_fails)
    assert report.run_path is not None
    attempts = [attempt for check in load_run(report.run_path).checks for attempt in check.attempts]
    assert any(attempt.subject is Subject.REFERENCE for attempt in attempts)
    assert all(attempt.watch is None or attempt.watch.own_s is None for attempt in attempts)
