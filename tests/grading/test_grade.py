"""`grade()`: one solution of one kata."""

from pathlib import Path

import pytest

from grader.catalog.manifest import Kata
from grader.errors import SolutionError
from grader.grading.grade import grade
from grader.grading.session import Settings
from grader.report import Outcome, Verdict
from tests.grading.notes import Notes


def test_a_grading_gives_evidence_and_report_and_tells_the_observer(tiny: Kata) -> None:
    notes = Notes()
    graded = grade(tiny, tiny.reference, Settings(notes))
    assert graded.report.verdict is Verdict.PASSED
    assert [record.name for record in graded.run.checks] == ["test_it_answers"]
    assert notes.begun == ["It answers with yes."]
    assert [result.outcome for result in notes.results] == [Outcome.PASSED]


def test_a_wrong_solution_fails(tiny: Kata) -> None:
    assert grade(tiny, tiny.starter).report.verdict is Verdict.FAILED


def test_a_solution_that_does_not_exist_is_an_expected_error(tiny: Kata, tmp_path: Path) -> None:
    with pytest.raises(SolutionError):
        grade(tiny, tmp_path / "none.py")
