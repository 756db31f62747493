"""The report of a grading."""

import pytest

from grader.report import CheckResult, GraderInfo, Outcome, Report, Verdict


def report_of(*outcomes: Outcome) -> Report:
    return Report(
        kata="k",
        title="K",
        solution="s",
        verdict=Verdict.FAILED,
        duration_s=1.0,
        checks=tuple(
            CheckResult(name=f"test_{place}", title="A.", outcome=outcome)
            for place, outcome in enumerate(outcomes)
        ),
        grader=GraderInfo(version="1", python="3", cores=2),
    )


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.BROKEN])
def test_the_cause_is_the_first_check_that_did_not_pass(outcome: Outcome) -> None:
    cause = report_of(Outcome.PASSED, Outcome.NOT_RUN, outcome, Outcome.FAILED).cause
    assert cause is not None
    assert cause.name == "test_2"


def test_without_a_check_that_failed_there_is_no_cause() -> None:
    assert report_of(Outcome.PASSED, Outcome.NOT_RUN).cause is None
    assert report_of().cause is None
